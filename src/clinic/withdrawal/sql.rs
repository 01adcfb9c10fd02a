//! SQL of withdrawals.

yigong_base::statements! {
    /// Asked for; one at a time.
    ASK = "INSERT INTO withdrawal (id, report, n, cause, reason, state, asked_by, asked_side, asked_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8)
        ON CONFLICT (report) WHERE state = 'open' DO NOTHING";
    /// The one that waits for a report.
    OPEN = "SELECT w.id, w.report, w.n, w.cause, w.reason, w.asked_by, w.asked_side, w.asked_at, a.name AS asked_name, r.pipeline FROM withdrawal w JOIN report r ON r.id = w.report LEFT JOIN account a ON a.id = w.asked_by
        WHERE w.report = $1 AND w.state = 'open'";
    /// Answered.
    CLOSE = "UPDATE withdrawal SET state = $2, closed_by = $3, closed_at = $4, answer = $5 WHERE id = $1 AND state = 'open'";
    /// All that wait in scope, oldest first.
    WAITING = "SELECT w.id, w.report, w.n, w.cause, w.reason, w.asked_by, w.asked_side, w.asked_at, a.name AS asked_name, r.pipeline, r.patient, r.facility, f.name AS facility_name, v.content
        FROM withdrawal w JOIN report r ON r.id = w.report JOIN report_version v ON v.report = w.report AND v.n = w.n JOIN facility f ON f.code = r.facility LEFT JOIN account a ON a.id = w.asked_by
        WHERE w.state = 'open' AND ($1 = '*' OR r.facility = $1) ORDER BY w.asked_at, w.id LIMIT 200";
    /// Confirmed since $2 and not known to the clinic yet: nobody was telephoned, or no doctor has acknowledged on the page.
    UNTOLD = "SELECT w.report, r.current_version AS n, w.closed_at, w.cause, w.reason, w.told_at, w.told_to, t.name AS told_name, r.pipeline, r.patient, r.facility, f.name AS facility_name, f.duty_phone, v.content,
        (SELECT MAX(d.clinically_acked_at) FROM delivery d WHERE d.report = w.report AND d.n = r.current_version) AS acked_at
        FROM withdrawal w JOIN report r ON r.id = w.report JOIN report_version v ON v.report = r.id AND v.n = r.current_version JOIN facility f ON f.code = r.facility LEFT JOIN account t ON t.id = w.told_by
        WHERE w.state = 'confirmed' AND w.closed_at > $2 AND ($1 = '*' OR r.facility = $1) AND (w.told_at IS NULL
        OR EXISTS (SELECT 1 FROM delivery d JOIN destination x ON x.id = d.destination WHERE d.report = w.report AND d.n = r.current_version AND x.kind = 'web' AND d.clinically_acked_at IS NULL))
        ORDER BY w.closed_at, w.id LIMIT 200";
    /// Somebody of the clinic was told by telephone.
    TOLD = "UPDATE withdrawal SET told_at = $2, told_by = $3, told_to = $4 WHERE report = $1 AND state = 'confirmed' AND told_at IS NULL";
    /// The report lets go of what it was of.
    LET_GO = "UPDATE report SET was_subject = subject, subject = id WHERE id = $1 AND state = 'withdrawn' AND was_subject IS NULL";
    /// Work on the subject that nobody needs any more.
    END_WORK = "UPDATE work_item SET state = 'cancelled', holder = NULL, lease_until = NULL, closed_at = $2, version = version + 1 WHERE subject = $1 AND state IN ('queued', 'reading', 'returned')";
    /// A study waits for a person.
    HOLD_STUDY = "UPDATE study SET state = 'held' WHERE id = $1";
    /// A recording waits for a person; `identity` where no study speaks for it.
    HOLD_ECG = "UPDATE ecg_record SET state = 'held', matching = CASE WHEN study IS NULL THEN 'identity' ELSE matching END, version = version + 1 WHERE id = $1";
    /// It names nobody and answers no order.
    NOBODYS_ECG = "UPDATE ecg_record SET patient = $2, order_id = NULL WHERE id = $1";
    /// A study that something holds back.
    BLOCKED = "SELECT id FROM study WHERE id = $1 AND lane IN ('security', 'identity', 'content')";
    /// The study of a recording.
    STUDY_OF_ECG = "SELECT study FROM ecg_record WHERE id = $1";
    /// A recording goes to work again.
    QUEUE_ECG = "UPDATE ecg_record SET state = 'queued', version = version + 1 WHERE id = $1";
}
