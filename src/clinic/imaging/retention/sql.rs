//! SQL of the retention policy.

/// A study that nobody holds, of which nothing is shown, with nothing waiting for a person, and whose report stands.
macro_rules! nothing_against {
    ($study:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.study = ",
            $study,
            ") AND NOT EXISTS (SELECT 1 FROM instance c WHERE c.study = ",
            $study,
            " AND c.current = 1) AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.state = 'open' AND (q.object_id = ",
            $study,
            " OR q.for_study = ",
            $study,
            " OR q.object_id IN (SELECT c.id FROM instance c WHERE c.study = ",
            $study,
            "))) AND EXISTS (SELECT 1 FROM report w WHERE w.state = 'published' AND w.current_version > 0 AND w.subject = ",
            $study,
            ")"
        )
    };
}

yigong_base::statements! {
    /// Studies whose last image is older than $1, with everything that speaks against giving them up.
    OLD = "SELECT s.id, s.facility, f.name AS facility_name, t.name AS patient_name, s.modality, s.study_date, s.state, s.lane, s.last_received_at, s.instance_count, r.state AS report_state, v.kind AS report_kind, v.signed_at,
        (SELECT reason FROM legal_hold h WHERE h.study = s.id) AS hold,
        (SELECT COUNT(*) FROM study_grant g WHERE g.study = s.id AND g.reason <> 'read_task') AS grants,
        (SELECT COUNT(*) FROM quarantine q WHERE q.state = 'open' AND (q.object_id = s.id OR q.for_study = s.id OR q.object_id IN (SELECT i.id FROM instance i WHERE i.study = s.id))) AS entries,
        (SELECT COUNT(*) FROM critical_alert c WHERE c.state <> 'closed' AND (c.subject = s.id OR c.id IN (SELECT k.alert FROM critical_subject k WHERE k.subject = s.id))) AS alerts,
        (SELECT COUNT(*) FROM work_item w WHERE w.subject = s.id AND w.state IN ('queued', 'reading', 'returned')) AS work,
        (SELECT COUNT(*) FROM ecg_record e WHERE e.study = s.id) AS recordings,
        (SELECT MAX(b.at) FROM reconcile b WHERE b.study = s.id AND b.operation = 'restore' AND b.undone_by IS NULL) AS restored_at
        FROM study s JOIN facility f ON f.code = s.facility JOIN patient t ON t.id = s.patient LEFT JOIN report r ON r.subject = s.id LEFT JOIN report_version v ON v.report = r.id AND v.n = r.current_version
        WHERE s.last_received_at < $1 AND s.instance_count > 0 AND ($2 = '*' OR s.facility = $2) AND (s.last_received_at > $3 OR (s.last_received_at = $3 AND s.id > $4)) ORDER BY s.last_received_at, s.id LIMIT $5";
    /// What of a study is shown.
    SHOWN = "SELECT id FROM instance WHERE study = $1 AND current = 1";
    /// Studies that the policy hid for the last time before $1, of which nothing came and nothing was brought back since, with
    /// nothing waiting for a person.
    HIDDEN = concat!("SELECT r.study FROM (SELECT study, MAX(at) AS at, MAX(n) AS n FROM reconcile WHERE operation = 'hide' AND who = 'system' AND undone_by IS NULL GROUP BY study) r
        JOIN study s ON s.id = r.study WHERE r.at < $1 AND s.last_received_at < $1
        AND NOT EXISTS (SELECT 1 FROM reconcile b WHERE b.study = r.study AND b.operation = 'restore' AND b.undone_by IS NULL AND b.n > r.n)
        AND EXISTS (SELECT 1 FROM instance i WHERE i.study = r.study AND i.hidden = '113039' AND i.erased_at IS NULL) AND ", nothing_against!("r.study"));
    /// Nothing about a study changes before the unit ends.
    LOCK = "UPDATE study SET lane = lane WHERE id = $1";
    /// Their bytes are given up: hidden images and the versions beside them, if still nothing speaks against it.
    ERASE = concat!("UPDATE instance SET erased_at = $2 WHERE study = $1 AND current = 0 AND erased_at IS NULL AND ", nothing_against!("$1"));
    /// A hold goes where the images go: $1 to $2.
    FOLLOW = "INSERT INTO legal_hold (study, reason, who, at) SELECT $2, reason, who, at FROM legal_hold WHERE study = $1 ON CONFLICT (study) DO NOTHING";
    /// Pictures made of them go too.
    DROP_SERIES_PICTURES = "UPDATE series SET preview_hash = NULL, thumbnail_hash = NULL WHERE study = $1";
    /// Pictures made of them go too.
    DROP_STUDY_PICTURES = "UPDATE study SET preview_hash = NULL, thumbnail_hash = NULL WHERE id = $1";
    /// Keeps a study whatever the policy says.
    HOLD = "INSERT INTO legal_hold (study, reason, who, at) VALUES ($1, $2, $3, $4) ON CONFLICT (study) DO UPDATE SET reason = excluded.reason, who = excluded.who, at = excluded.at";
    /// Lets the policy speak again.
    UNHOLD = "DELETE FROM legal_hold WHERE study = $1";
    /// A study the caller may decide about.
    STUDY = "SELECT id FROM study WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// What is on hold, newest first.
    HOLDS = "SELECT h.study, h.reason, h.at, h.who, a.name AS who_name, s.study_date, s.modality, s.instance_count AS images, f.name AS facility_name, t.name AS patient_name
        FROM legal_hold h JOIN study s ON s.id = h.study JOIN facility f ON f.code = s.facility JOIN patient t ON t.id = s.patient LEFT JOIN account a ON a.id = h.who
        WHERE ($1 = '*' OR s.facility = $1) ORDER BY h.at DESC, h.study LIMIT 500";
    /// The hold of a study.
    HOLD_OF = "SELECT h.reason, h.at, h.who, a.name AS who_name, s.facility FROM legal_hold h JOIN study s ON s.id = h.study LEFT JOIN account a ON a.id = h.who WHERE h.study = $1";
    /// How many holds, hidden and given-up studies there are in scope.
    NUMBERS = "SELECT (SELECT COUNT(*) FROM legal_hold h JOIN study s ON s.id = h.study WHERE $1 = '*' OR s.facility = $1) AS holds,
        (SELECT COUNT(DISTINCT i.study) FROM instance i WHERE i.erased_at IS NOT NULL AND ($1 = '*' OR i.facility = $1)) AS erased";
    /// Hidden by the policy and not given up yet, in the order of their end.
    LEAVING = "SELECT r.study, MAX(r.at) AS at, s.study_date, s.modality, f.name AS facility_name, t.name AS patient_name, (SELECT COUNT(*) FROM instance i WHERE i.study = r.study AND i.hidden = '113039' AND i.erased_at IS NULL) AS images
        FROM reconcile r JOIN study s ON s.id = r.study JOIN facility f ON f.code = s.facility JOIN patient t ON t.id = s.patient
        WHERE r.operation = 'hide' AND r.who = 'system' AND r.undone_by IS NULL AND EXISTS (SELECT 1 FROM instance i WHERE i.study = r.study AND i.hidden = '113039' AND i.erased_at IS NULL) AND ($1 = '*' OR s.facility = $1)
        GROUP BY r.study, s.study_date, s.modality, f.name, t.name ORDER BY MAX(r.at), r.study LIMIT 200";
    /// Given up, newest first.
    ERASED = "SELECT x.study, x.at, x.images, s.study_date, s.modality, f.name AS facility_name, t.name AS patient_name FROM (
        SELECT study, MAX(erased_at) AS at, COUNT(*) AS images FROM instance WHERE erased_at IS NOT NULL GROUP BY study) x
        JOIN study s ON s.id = x.study JOIN facility f ON f.code = s.facility JOIN patient t ON t.id = s.patient WHERE ($1 = '*' OR s.facility = $1) ORDER BY x.at DESC, x.study LIMIT 200";
}
