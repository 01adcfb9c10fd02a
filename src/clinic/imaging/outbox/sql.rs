//! SQL of the outbox.

use crate::imaging::sql::in_scope;

/// What every row of the page has: when it was made, and what it is about for one who may see the study now.
macro_rules! about {
    ($table:literal, $study:literal) => {
        concat!(
            "CASE WHEN ",
            in_scope!("s.facility", "s.id", "$1"),
            " THEN s.id ELSE '' END AS study, CASE WHEN ",
            in_scope!("s.facility", "s.id", "$1"),
            " THEN t.name ELSE '' END AS patient_name, COALESCE(s.modality, '') AS modality, COALESCE(s.study_date, '') AS study_date, c.name AS closed_by_name, f.name AS facility_name
            FROM ",
            $table,
            " b JOIN peer p ON p.id = b.peer JOIN facility f ON f.code = b.facility JOIN study s ON s.id = ",
            $study,
            " JOIN patient t ON t.id = s.patient LEFT JOIN account c ON c.id = b.closed_by"
        )
    };
}

/// Scope, state, receiver and place in the list. `$open` narrows it to what has not arrived, in the words of a partial index.
macro_rules! page {
    ($open:literal) => {
        concat!(
            " WHERE ($1 = '*' OR b.facility = $1) AND ($2 = '' OR b.state = $2)",
            $open,
            " AND ($3 = '' OR b.peer = $3) AND ($4 = '' OR b.id = $4)
            AND (b.created_at < $5 OR (b.created_at = $5 AND b.id < $6)) ORDER BY b.created_at DESC, b.id DESC LIMIT $7"
        )
    };
}

/// Columns of a batch.
macro_rules! batches {
    ($open:literal) => {
        concat!(
            "SELECT b.id, b.peer AS receiver, p.name AS receiver_name, b.cause, b.state, b.objects, b.sent, b.failed, b.attempts, b.next_at, b.status, b.error, b.created_at, b.closed_at, b.why, ",
            about!("outgoing_batch", "b.study"),
            page!($open)
        )
    };
}

/// Columns of a notification.
macro_rules! notices {
    ($open:literal) => {
        concat!(
            "SELECT b.id, b.peer AS receiver, p.name AS receiver_name, 'availability' AS cause, b.state, CAST(1 AS BIGINT) AS objects,
            CAST(CASE WHEN b.state = 'sent' THEN 1 ELSE 0 END AS BIGINT) AS sent, CAST(CASE WHEN b.state IN ('failed', 'stopped') THEN 1 ELSE 0 END AS BIGINT) AS failed, b.attempts,
            (SELECT MIN(j.run_at) FROM job j WHERE j.kind = 'availability' AND j.key = b.peer || ' ' || b.study AND j.state = 'waiting' AND b.state = 'waiting') AS next_at,
            CAST(NULL AS BIGINT) AS status, b.error, b.created_at, b.closed_at, b.why, ",
            about!("notice", "b.study"),
            page!($open)
        )
    };
}

yigong_base::statements! {
    /// Puts one instance on its way.
    INSERT = "INSERT INTO outgoing (id, peer, facility, batch, cause, originator, study, instance, uid, sop_class, transfer_syntax, object_hash, state, next_at, created_at, armed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting', $13, $13, $13) ON CONFLICT (batch, instance) DO NOTHING";
    /// The batch it belongs to.
    NEW_BATCH = "INSERT INTO outgoing_batch (id, peer, facility, cause, study, state, next_at, created_at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $6)";
    /// The sums of a batch, written anew from its rows.
    TALLY = "UPDATE outgoing_batch SET objects = (SELECT COUNT(*) FROM outgoing o WHERE o.batch = $1), sent = (SELECT COUNT(*) FROM outgoing o WHERE o.batch = $1 AND o.state = 'sent'),
        failed = (SELECT COUNT(*) FROM outgoing o WHERE o.batch = $1 AND o.state IN ('failed', 'stopped')), attempts = (SELECT COALESCE(MAX(o.attempts), 0) FROM outgoing o WHERE o.batch = $1),
        next_at = (SELECT MIN(o.next_at) FROM outgoing o WHERE o.batch = $1 AND o.state = 'waiting'), error = COALESCE((SELECT MAX(o.error) FROM outgoing o WHERE o.batch = $1 AND o.state <> 'sent'), ''),
        status = (SELECT MAX(o.status) FROM outgoing o WHERE o.batch = $1 AND o.state <> 'sent' AND o.error = (SELECT MAX(e.error) FROM outgoing e WHERE e.batch = $1 AND e.state <> 'sent')),
        state = CASE WHEN EXISTS (SELECT 1 FROM outgoing o WHERE o.batch = $1 AND o.state = 'waiting') THEN 'waiting' WHEN EXISTS (SELECT 1 FROM outgoing o WHERE o.batch = $1 AND o.state = 'stopped') THEN 'stopped'
            WHEN EXISTS (SELECT 1 FROM outgoing o WHERE o.batch = $1 AND o.state = 'failed') THEN 'failed' ELSE 'sent' END,
        closed_at = CASE WHEN EXISTS (SELECT 1 FROM outgoing o WHERE o.batch = $1 AND o.state = 'waiting') THEN NULL ELSE CAST($2 AS BIGINT) END WHERE id = $1";
    /// Whose batch it is.
    BATCH_FACILITY = "SELECT facility FROM outgoing_batch WHERE id = $1";
    /// Current instances of a study in scope.
    OF_STUDY = concat!(
        "SELECT id, study, uid, sop_class, transfer_syntax, object_hash FROM instance WHERE study = $1 AND current = 1 AND ",
        in_scope!("facility", "study", "$2"),
        " ORDER BY series, number, uid"
    );
    /// What is due for a peer.
    DUE = "SELECT id, batch, originator, instance, uid, sop_class, attempts, armed_at FROM outgoing WHERE peer = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, created_at, id LIMIT $3";
    /// When the next one of a peer is due.
    NEXT = "SELECT MIN(next_at) AS at FROM outgoing WHERE peer = $1 AND state = 'waiting'";
    /// It arrived, or never will. What arrived although somebody gave it up meanwhile has arrived.
    CLOSE = "UPDATE outgoing SET state = $2, status = $3, error = $4, attempts = attempts + 1, closed_at = $5 WHERE id = $1 AND (state = 'waiting' OR (state = 'stopped' AND $2 = 'sent'))";
    /// Its turn comes later; it was not tried.
    BEHIND = "UPDATE outgoing SET next_at = $2 WHERE id = $1 AND state = 'waiting'";
    /// It waits for a person, and says so.
    HOLD = "UPDATE outgoing SET next_at = $2, error = $3, status = NULL WHERE id = $1 AND state = 'waiting'";
    /// What of a study waits goes now; for whom.
    GO_ON = "UPDATE outgoing SET next_at = $2, armed_at = $2 WHERE study = $1 AND state = 'waiting' AND next_at > $2 AND error LIKE 'its study waits for a person%'";
    /// Whom something of a study waits for.
    WAITS_FOR = "SELECT DISTINCT peer FROM outgoing WHERE study = $1 AND state = 'waiting'";
    /// Once more later.
    RETRY = "UPDATE outgoing SET next_at = $2, status = $3, error = $4, attempts = attempts + 1 WHERE id = $1 AND state = 'waiting'";
    /// How a batch stands.
    PROGRESS = "SELECT state, COUNT(*) AS n FROM outgoing WHERE batch = $1 GROUP BY state";
    /// UIDs of a batch that failed.
    FAILED = "SELECT uid FROM outgoing WHERE batch = $1 AND state IN ('failed', 'stopped') ORDER BY uid";
    /// A batch is no longer wanted.
    CANCEL = "UPDATE outgoing SET state = 'failed', error = 'cancelled', closed_at = $2 WHERE batch = $1 AND state = 'waiting'";
    /// The batches in scope, newest first: scope, state, peer, one id, before when, before which, how many.
    PAGE = batches!("");
    /// The same for a state other than `sent`.
    PAGE_OPEN = batches!(" AND b.state <> 'sent'");
    /// The notifications in scope, newest first: as `PAGE`.
    NOTICES = notices!("");
    /// The same for a state other than `sent`.
    NOTICES_OPEN = notices!(" AND b.state <> 'sent'");
    /// What waits for whom, and what failed: for the choice of a receiver and the numbers beside it.
    RECEIVERS = "SELECT b.peer AS receiver, p.name AS receiver_name, p.kind, p.enabled, p.last_seen_at, b.state, COUNT(*) AS n, MIN(b.created_at) AS oldest
        FROM (SELECT peer, CASE WHEN state = 'waiting' AND error <> '' THEN 'retrying' ELSE state END AS state, created_at, facility FROM outgoing_batch WHERE state <> 'sent' AND state IN ('waiting', 'failed')
        UNION ALL SELECT peer, CASE WHEN state = 'waiting' AND error <> '' THEN 'retrying' ELSE state END, created_at, facility FROM notice WHERE state <> 'sent' AND state IN ('waiting', 'failed')) b
        JOIN peer p ON p.id = b.peer WHERE ($1 = '*' OR b.facility = $1) GROUP BY b.peer, p.name, p.kind, p.enabled, p.last_seen_at, b.state";
    /// The objects of a batch: what failed first.
    OBJECTS = "SELECT o.uid, o.state, o.attempts, o.next_at, o.status, o.error, o.closed_at, e.number AS series_number, i.number FROM outgoing o JOIN instance i ON i.id = o.instance JOIN series e ON e.id = i.series
        WHERE o.batch = $1 ORDER BY CASE o.state WHEN 'failed' THEN 0 WHEN 'stopped' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END, e.number, i.number, o.uid LIMIT 500";
    /// What was done about an entry.
    HISTORY = "SELECT h.at, h.who, h.action, h.detail, c.name AS who_name FROM audit h LEFT JOIN account c ON c.id = h.who WHERE h.object_kind = $1 AND h.object_id = $2 ORDER BY h.seq DESC LIMIT 50";
    /// A batch in scope, before it is acted on.
    BATCH = "SELECT peer, facility, state FROM outgoing_batch WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// What has not arrived is tried again, at once.
    REARM = "UPDATE outgoing SET state = 'waiting', next_at = $2, armed_at = $2, status = NULL, error = '', closed_at = NULL WHERE batch = $1 AND state IN ('waiting', 'failed', 'stopped')";
    /// What has not arrived is given up.
    STOP = "UPDATE outgoing SET state = 'stopped', closed_at = $2 WHERE batch = $1 AND state IN ('waiting', 'failed')";
    /// Who decided about a batch, and why.
    DECIDED = "UPDATE outgoing_batch SET why = $2, closed_by = $3 WHERE id = $1";
    /// A new notification; one that waits already is enough, and stands still until the new job is there for it.
    NEW_NOTICE = "INSERT INTO notice (id, peer, facility, study, state, created_at) VALUES ($1, $2, $3, $4, 'waiting', $5) ON CONFLICT (peer, study) WHERE state = 'waiting' DO UPDATE SET error = notice.error";
    /// The notification that waits.
    OPEN_NOTICE = "SELECT id, facility FROM notice WHERE peer = $1 AND study = $2 AND state = 'waiting'";
    /// A try that failed.
    NOTICE_TRIED = "UPDATE notice SET attempts = attempts + 1, error = $2 WHERE id = $1";
    /// It ended. What arrived although somebody gave it up meanwhile has arrived.
    NOTICE_CLOSED = "UPDATE notice SET state = $2, error = $3, closed_at = $4, why = '', closed_by = '' WHERE id = $1 AND (state = 'waiting' OR (state = 'stopped' AND $2 = 'sent'))";
    /// A job that was put for a notification that waits while another was on the line: there is more to be told.
    MORE_TO_TELL = "SELECT n.id FROM notice n JOIN job j ON j.kind = 'availability' AND j.key = n.peer || ' ' || n.study AND j.state = 'waiting' WHERE n.id = $1 AND n.state = 'waiting'";
    /// A notification in scope, before it is acted on.
    NOTICE = "SELECT peer, study, facility, state FROM notice WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// It is tried again, unless a newer one waits already.
    NOTICE_REARM = "UPDATE notice SET state = 'waiting', error = '', closed_at = NULL, why = '', closed_by = '' WHERE id = $1 AND state IN ('waiting', 'failed', 'stopped')
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.peer = notice.peer AND n.study = notice.study AND n.state = 'waiting' AND n.id <> notice.id)";
    /// It is given up.
    NOTICE_STOP = "UPDATE notice SET state = 'stopped', closed_at = $2, why = $3, closed_by = $4 WHERE id = $1 AND state IN ('waiting', 'failed')";
    /// The objects of a study that a facility may see, for a notification.
    AVAILABLE = concat!(
        "SELECT s.uid AS study_uid, e.uid AS series_uid, i.sop_class, i.uid FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study WHERE i.study = $1 AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$2"),
        " ORDER BY e.number, e.uid, i.number, i.uid"
    );
    /// The performed steps of a study.
    STEPS = "SELECT p.uid FROM procedure_step p JOIN study s ON s.facility = p.facility AND s.uid = p.study_uid WHERE s.id = $1 ORDER BY p.created_at";
    /// What decides whether and to whom a study goes by itself.
    MODALITY = "SELECT modality, lane FROM study WHERE id = $1";
    /// What of a study a rule has put on its way to a peer, and what has not failed on this side: nobody saw it, or it could not leave then.
    FORWARDED = "SELECT instance FROM outgoing WHERE study = $1 AND peer = $2 AND cause = 'forward' AND (state <> 'failed' OR status IS NOT NULL)";
}
