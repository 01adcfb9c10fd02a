//! SQL of critical alerts.

/// Columns of an alert as pages show it.
macro_rules! alert_select {
    () => {
        "SELECT c.id, c.pipeline, c.subject_kind, c.subject, c.patient, c.facility, c.level, c.state, c.finding, c.value, c.rule, c.provisional, c.report, c.raised_by, c.raised_at,
         c.repeats, c.escalation, c.next_escalation_at, c.acked_by, c.acked_at, c.treated_at, c.closed_at, f.name AS facility_name, f.duty_phone,
         rb.name AS raised_by_name, ab.name AS acked_by_name,
         (SELECT w.id FROM work_item w WHERE w.subject = c.subject ORDER BY CASE WHEN w.state = 'cancelled' THEN 1 ELSE 0 END, w.arrived_at DESC, w.id DESC LIMIT 1) AS item
         FROM critical_alert c JOIN facility f ON f.code = c.facility LEFT JOIN account rb ON rb.id = c.raised_by LEFT JOIN account ab ON ab.id = c.acked_by "
    };
}

yigong_base::statements! {
    /// A new alert.
    INSERT = "INSERT INTO critical_alert (id, pipeline, subject_kind, subject, dedupe, patient, facility, level, state, finding, value, rule, provisional, report, raised_by, raised_at, next_escalation_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'raised', $9, $10, $11, $12, $13, $14, $15, $16)";
    /// An alert of the same patient and item since a time that nobody has acknowledged yet: it is still ringing. One that says it was
    /// corrected takes no more in: what comes after that rings by itself.
    OPEN_SAME = "SELECT id, level, value FROM critical_alert WHERE dedupe = $1 AND facility = $2 AND raised_at >= $3 AND state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')
        AND NOT EXISTS (SELECT 1 FROM critical_event e WHERE e.alert = critical_alert.id AND e.action = 'corrected') ORDER BY raised_at DESC LIMIT 1";
    /// One alert of a facility with this dedupe key and source, whatever its state.
    SAME_SOURCE = "SELECT id, level, state FROM critical_alert WHERE dedupe = $1 AND id IN (SELECT alert FROM critical_subject WHERE subject = $2 AND value = $3) ORDER BY raised_at DESC LIMIT 1";
    /// A repeat joins: counted, not rung again. What was raised before stays in sight: a milder value never hides a worse one.
    JOIN = "UPDATE critical_alert SET repeats = repeats + 1, value = CASE WHEN value = $2 THEN value ELSE value || '; ' || $2 END,
        finding = CASE WHEN finding = $3 THEN finding ELSE finding || '; ' || $3 END WHERE id = $1 AND state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')";
    /// Which subject joined, and all that was found in it.
    ADD_SUBJECT = "INSERT INTO critical_subject (alert, subject, value, finding, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (alert, subject) DO UPDATE SET value = excluded.value, at = excluded.at,
        finding = CASE WHEN critical_subject.finding IS NULL OR critical_subject.finding = excluded.finding THEN excluded.finding ELSE critical_subject.finding || '; ' || excluded.finding END";
    /// Alerts of a subject, its own and those it joined, stand still until the unit is over: what was answered is read after this.
    LOCK_OF = "UPDATE critical_alert SET id = id WHERE subject = $1 OR id IN (SELECT k.alert FROM critical_subject k WHERE k.subject = $1)";
    /// The parts of an alert that are left.
    PARTS = "SELECT value, finding FROM critical_subject WHERE alert = $1 ORDER BY at, subject";
    /// Its words are those of its parts.
    SET_WORDS = "UPDATE critical_alert SET finding = $2, value = $3 WHERE id = $1";
    /// How a subject ($1) stands in its alerts, and whether another one ($2) is in them, too.
    STANDING = "SELECT c.id, CAST(CASE WHEN c.subject = $1 THEN 1 ELSE 0 END AS BIGINT) AS owner, k.value, k.finding, k.at, (SELECT COUNT(*) FROM critical_subject o WHERE o.alert = c.id AND o.subject = $2) AS had
        FROM critical_alert c LEFT JOIN critical_subject k ON k.alert = c.id AND k.subject = $1
        WHERE c.id IN (SELECT a.id FROM critical_alert a WHERE a.subject = $1 UNION SELECT j.alert FROM critical_subject j WHERE j.subject = $1) ORDER BY c.id";
    /// It stands for another subject ($3) as it stood for one ($2), unless it stands for that one already.
    RELINK = "INSERT INTO critical_subject (alert, subject, value, finding, at) SELECT k.alert, $3, k.value, k.finding, k.at FROM critical_subject k WHERE k.alert = $1 AND k.subject = $2 ON CONFLICT (alert, subject) DO NOTHING";
    /// Alerts raised on a subject.
    OWNED = "SELECT id, facility, dedupe, level FROM critical_alert WHERE subject = $1 ORDER BY raised_at, id";
    /// An alert that belonged to nobody has found its subject and place.
    BELONG = "UPDATE critical_alert SET subject_kind = $2, subject = $3, facility = $4, dedupe = $5 WHERE id = $1";
    /// A worse repeat rings again.
    WORSEN = "UPDATE critical_alert SET repeats = repeats + 1, level = $2, value = CASE WHEN value = $3 THEN value ELSE value || '; ' || $3 END,
        finding = CASE WHEN finding = $4 THEN finding ELSE finding || '; ' || $4 END, state = 'raised', next_escalation_at = $5 WHERE id = $1 AND state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')";
    /// Alerts of a subject, its own and those it joined, that name another patient: the same person under another number, or one who was known?
    OF_ANOTHER = "SELECT c.id, c.patient, c.dedupe, c.level, c.state, c.acked_by, c.acked_at, c.treated_at, c.closed_at, c.next_escalation_at, COALESCE(k.value, c.value) AS part,
        CAST(CASE WHEN p.person = me.person THEN 1 ELSE 0 END AS BIGINT) AS same, p.identified AS known
        FROM critical_alert c JOIN patient p ON p.id = c.patient JOIN patient me ON me.id = $2 LEFT JOIN critical_subject k ON k.alert = c.id AND k.subject = $1
        WHERE (c.subject = $1 OR c.id IN (SELECT j.alert FROM critical_subject j WHERE j.subject = $1)) AND c.patient <> $2 ORDER BY c.raised_at, c.id";
    /// What else an alert stands for.
    OTHER_SUBJECTS = "SELECT subject FROM critical_subject WHERE alert = $1 AND subject <> $2 ORDER BY at, subject";
    /// The part of an alert ($1) that a subject ($3) has in it, as an alert of its own.
    PART = "INSERT INTO critical_alert (id, pipeline, subject_kind, subject, dedupe, patient, facility, level, state, finding, value, rule, provisional, report, raised_by, raised_at, next_escalation_at)
        SELECT $2, c.pipeline, c.subject_kind, $3, $5, $4, c.facility, c.level, 'raised', COALESCE((SELECT k.finding FROM critical_subject k WHERE k.alert = c.id AND k.subject = $3), c.finding), COALESCE((SELECT k.value FROM critical_subject k WHERE k.alert = c.id AND k.subject = $3), c.value), c.rule, c.provisional, NULL, c.raised_by, $6, $7
        FROM critical_alert c WHERE c.id = $1";
    /// It stands for this subject no more.
    LEAVE_SUBJECT = "DELETE FROM critical_subject WHERE alert = $1 AND subject = $2";
    /// Where that was the first one, another one is.
    NEW_OWNER = "UPDATE critical_alert SET subject = $3 WHERE id = $1 AND subject = $2";
    /// When an alert was taken from a patient, newest first.
    LEFT = "SELECT detail FROM critical_event WHERE alert = $1 AND action = 'another_patient' ORDER BY at DESC, id DESC";
    /// What had been done for the patient it comes back to stands again.
    COME_BACK = "UPDATE critical_alert SET patient = $2, dedupe = $3, state = $4, acked_by = $5, acked_at = $6, treated_at = $7, closed_at = $8, next_escalation_at = $9 WHERE id = $1";
    /// It names another row of the person, or the one it was raised on while nobody knew him.
    GO_ALONG = "UPDATE critical_alert SET patient = $2, dedupe = $3 WHERE id = $1";
    /// It is somebody else's, and rings for him.
    RING_AGAIN = "UPDATE critical_alert SET patient = $2, dedupe = $3, state = 'raised', escalation = 0, next_escalation_at = $4, acked_by = '', acked_at = NULL, treated_at = NULL, closed_at = NULL WHERE id = $1";
    /// Alerts of a subject ($1), its own and those it joined, that were raised before $2.
    TOLD = "SELECT c.id, c.level, c.state, c.dedupe, c.acked_by, COALESCE(k.value, c.value) AS part FROM critical_alert c LEFT JOIN critical_subject k ON k.alert = c.id AND k.subject = $1 WHERE (c.subject = $1 OR c.id IN (SELECT j.alert FROM critical_subject j WHERE j.subject = $1)) AND c.raised_at < $2 ORDER BY c.raised_at, c.id";
    /// The value is not what stands: the same one, should it come again, is news.
    SPOKEN = "UPDATE critical_subject SET value = value || ' *' WHERE alert = $1 AND subject = $2";
    /// What was told was corrected: it rings again.
    CORRECTED = "UPDATE critical_alert SET state = 'raised', escalation = 0, next_escalation_at = $2, acked_by = '', acked_at = NULL, treated_at = NULL, closed_at = NULL WHERE id = $1";
    /// One alert in scope.
    FIND = "SELECT id, state, facility, level, patient, pipeline, subject_kind FROM critical_alert WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Whom a call reached; an alert that was acknowledged meanwhile stays so.
    CALLED = "UPDATE critical_alert SET state = $2 WHERE id = $1 AND state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')";
    /// Acknowledged by a clinic doctor: escalation ends, the treatment reminder starts.
    ACKNOWLEDGE = "UPDATE critical_alert SET state = 'clinician_ack', acked_by = $2, acked_at = $3, next_escalation_at = $4 WHERE id = $1 AND state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')";
    /// Treated.
    TREAT = "UPDATE critical_alert SET state = 'treated', treated_at = $2, next_escalation_at = NULL WHERE id = $1 AND state IN ('clinician_ack', 'treated')";
    /// Closed.
    CLOSE = "UPDATE critical_alert SET state = 'closed', closed_at = $2, next_escalation_at = NULL WHERE id = $1 AND state = 'treated'";
    /// The physician confirmed what the machine raised.
    CONFIRM = "UPDATE critical_alert SET provisional = 0, report = $2 WHERE subject = $1 AND provisional = 1";
    /// Connect the alerts of a subject with its report.
    SET_REPORT = "UPDATE critical_alert SET report = $2 WHERE subject = $1 AND report IS NULL";
    /// Alerts whose clock ran out.
    DUE = "SELECT id, facility, escalation, state FROM critical_alert WHERE next_escalation_at <= $1 AND state <> 'closed' ORDER BY next_escalation_at LIMIT 100";
    /// Next step of the escalation, of an alert that stands as it was found: an answer in between wins.
    ESCALATE = "UPDATE critical_alert SET escalation = $2, next_escalation_at = $3 WHERE id = $1 AND escalation = $4 AND state = $5 AND next_escalation_at <= $6";
    /// Something happened to an alert.
    ADD_EVENT = "INSERT INTO critical_event (id, alert, at, who, action, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    /// What happened.
    EVENTS = "SELECT e.at, e.who, e.action, e.detail, a.name FROM critical_event e LEFT JOIN account a ON a.id = e.who WHERE e.alert = $1 ORDER BY e.at, e.id";
    /// Alerts in scope that nobody of the clinic has answered, worst and oldest first. All of them: one that is not in the list does not ring.
    LIST_RINGING = concat!(alert_select!(), "WHERE c.state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable') AND ($1 = '*' OR c.facility = $1) ORDER BY c.level DESC, c.raised_at, c.id");
    /// Answered ones that are not treated or not closed, newest first.
    LIST_ANSWERED = concat!(alert_select!(), "WHERE c.state IN ('clinician_ack', 'treated') AND ($1 = '*' OR c.facility = $1) ORDER BY c.level DESC, c.state, c.raised_at DESC, c.id LIMIT 200");
    /// How many ring in a facility, and since when the last one does: for a page that shows nothing else.
    RINGING = "SELECT COUNT(*) AS n, MAX(c.raised_at) AS raised_at, (SELECT MAX(e.at) FROM critical_event e JOIN critical_alert r ON r.id = e.alert WHERE r.facility = $1 AND r.level = 'red' AND e.action IN ('corrected', 'another_patient', 'belongs')
        AND r.state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')) AS changed_at FROM critical_alert c
        WHERE c.facility = $1 AND c.level = 'red' AND c.state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')";
    /// All alerts in scope, newest first.
    LIST_ALL = concat!(alert_select!(), "WHERE ($1 = '*' OR c.facility = $1) ORDER BY c.raised_at DESC LIMIT 200");
    /// Alerts of a subject.
    OF_SUBJECT = concat!(alert_select!(), "WHERE (c.subject = $2 OR c.id IN (SELECT k.alert FROM critical_subject k WHERE k.subject = $2)) AND ($1 = '*' OR c.facility = $1) ORDER BY c.raised_at");
    /// One alert.
    ONE = concat!(alert_select!(), "WHERE c.id = $2 AND ($1 = '*' OR c.facility = $1)");
    /// Open alerts of a facility not yet acknowledged.
    COUNT_OPEN = "SELECT COUNT(*) AS n FROM critical_alert WHERE facility = $1 AND state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')";
}
