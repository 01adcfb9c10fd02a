//! SQL of performed procedure steps.

yigong_base::statements! {
    /// A new step.
    INSERT = "INSERT INTO procedure_step (id, facility, peer, uid, state, order_id, study_uid, accession, scheduled_id, modality, station, started, ended, reason, instances, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)";
    /// The step of a UID in one facility.
    BY_UID = "SELECT id, facility, state, study_uid, instances, updated_at, modality, started, ended, reason, order_id FROM procedure_step WHERE facility = $1 AND uid = $2";
    /// The step of a row id.
    BY_ID = "SELECT id, facility, state, study_uid, instances, updated_at FROM procedure_step WHERE id = $1";
    /// Changes a step that is in progress; empty values leave what stands.
    CHANGE = "UPDATE procedure_step SET state = $2, ended = CASE WHEN $3 = '' THEN ended ELSE $3 END, reason = CASE WHEN $4 = '' THEN reason ELSE $4 END,
        instances = CASE WHEN $5 = '[]' THEN instances ELSE $5 END, modality = CASE WHEN $6 = '' THEN modality ELSE $6 END, updated_at = $7 WHERE id = $1 AND state = 'in_progress'";
    /// Keeps an attribute list as it was sent.
    KEEP = "INSERT INTO procedure_step_message (id, step, kind, transfer_syntax, body, received_at) VALUES ($1, $2, $3, $4, $5, $6)";
    /// The lists of a step in the order of their coming.
    KEPT = "SELECT kind, transfer_syntax, body FROM procedure_step_message WHERE step = $1 ORDER BY received_at, id";
    /// The steps of a study.
    OF_STUDY = "SELECT id, uid, state, modality, station, started, ended, reason, instances FROM procedure_step WHERE facility = $1 AND study_uid = $2 AND study_uid <> '' ORDER BY created_at, id";
    /// Whether another step of the study is still in progress.
    OPEN = "SELECT COUNT(*) AS n FROM procedure_step WHERE facility = $1 AND study_uid = $2 AND state = 'in_progress'";
    /// The instances of a study that are here.
    ARRIVED = "SELECT i.uid FROM instance i JOIN study s ON s.id = i.study WHERE s.facility = $1 AND s.uid = $2 AND i.current = 1";
}
