//! SQL of studies that another archive is asked for.

yigong_base::statements! {
    /// A wish; one that is open already stands.
    ASK = "INSERT INTO study_fetch (id, peer, facility, study_uid, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    /// The open wish of a study.
    OPEN = "SELECT id FROM study_fetch WHERE peer = $1 AND study_uid = $2 AND closed_at IS NULL";
    /// One wish that is still open.
    ONE = "SELECT id, peer, facility, study_uid FROM study_fetch WHERE id = $1 AND closed_at IS NULL";
    /// The archive is sending.
    RUNNING = "UPDATE study_fetch SET state = 'running', completed = $2, failed = $3, remaining = $4 WHERE id = $1 AND closed_at IS NULL";
    /// It has ended.
    CLOSE = "UPDATE study_fetch SET state = $2, completed = $3, failed = $4, remaining = NULL, error = $5, closed_at = $6 WHERE id = $1 AND closed_at IS NULL";
    /// The last ones in scope.
    LIST = "SELECT f.id, f.peer, p.name AS peer_name, f.facility, f.study_uid, f.asked_at, a.name AS asked_by_name, f.state, f.completed, f.failed, f.remaining, f.error, f.closed_at,
        (SELECT s.id FROM study s WHERE s.facility = f.facility AND s.uid = f.study_uid) AS study
        FROM study_fetch f JOIN peer p ON p.id = f.peer LEFT JOIN account a ON a.id = f.asked_by WHERE ($1 = '*' OR f.facility = $1) ORDER BY f.asked_at DESC, f.id DESC LIMIT 50";
    /// Whether the study is here, and how much of it.
    HERE = "SELECT id, instance_count FROM study WHERE facility = $1 AND uid = $2";
}
