//! SQL of the outbox.

use crate::imaging::sql::in_scope;

yigong_base::statements! {
    /// Puts one instance on its way.
    INSERT = "INSERT INTO outgoing (id, peer, facility, batch, cause, originator, study, instance, uid, sop_class, transfer_syntax, object_hash, state, next_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting', $13, $13) ON CONFLICT (batch, instance) DO NOTHING";
    /// Current instances of a study in scope.
    OF_STUDY = concat!(
        "SELECT id, study, uid, sop_class, transfer_syntax, object_hash FROM instance WHERE study = $1 AND current = 1 AND ",
        in_scope!("facility", "study", "$2"),
        " ORDER BY series, number, uid"
    );
    /// What is due for a peer.
    DUE = "SELECT id, batch, originator, instance, uid, sop_class, attempts, created_at FROM outgoing WHERE peer = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, created_at, id LIMIT $3";
    /// When the next one of a peer is due.
    NEXT = "SELECT MIN(next_at) AS at FROM outgoing WHERE peer = $1 AND state = 'waiting'";
    /// It arrived, or never will.
    CLOSE = "UPDATE outgoing SET state = $2, status = $3, error = $4, attempts = attempts + 1, closed_at = $5 WHERE id = $1 AND state = 'waiting'";
    /// Once more later.
    RETRY = "UPDATE outgoing SET next_at = $2, status = $3, error = $4, attempts = attempts + 1 WHERE id = $1 AND state = 'waiting'";
    /// How a batch stands.
    PROGRESS = "SELECT state, COUNT(*) AS n FROM outgoing WHERE batch = $1 GROUP BY state";
    /// UIDs of a batch that failed.
    FAILED = "SELECT uid FROM outgoing WHERE batch = $1 AND state = 'failed' ORDER BY uid";
    /// A batch is no longer wanted.
    CANCEL = "UPDATE outgoing SET state = 'failed', error = 'cancelled', closed_at = $2 WHERE batch = $1 AND state = 'waiting'";
    /// The newest batches in scope, for the page.
    LIST = "SELECT o.batch, o.peer, p.name AS peer_name, o.study, o.cause, MIN(o.created_at) AS at, COUNT(*) AS objects,
        COUNT(CASE WHEN o.state = 'sent' THEN 1 END) AS sent, COUNT(CASE WHEN o.state = 'failed' THEN 1 END) AS failed, MAX(o.error) AS error
        FROM outgoing o JOIN peer p ON p.id = o.peer WHERE ($1 = '*' OR o.facility = $1) GROUP BY o.batch, o.peer, p.name, o.study, o.cause ORDER BY MIN(o.created_at) DESC LIMIT 200";
    /// The objects of a study that a facility may see, for a notification.
    AVAILABLE = concat!(
        "SELECT s.uid AS study_uid, e.uid AS series_uid, i.sop_class, i.uid FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study WHERE i.study = $1 AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$2"),
        " ORDER BY e.number, e.uid, i.number, i.uid"
    );
    /// The performed steps of a study.
    STEPS = "SELECT p.uid FROM procedure_step p JOIN study s ON s.facility = p.facility AND s.uid = p.study_uid WHERE s.id = $1 ORDER BY p.created_at";
    /// The modality of a study.
    MODALITY = "SELECT modality FROM study WHERE id = $1";
    /// Whether a study was put on its way to a peer by a rule.
    FORWARDED = "SELECT instance FROM outgoing WHERE study = $1 AND peer = $2 AND cause = 'forward'";
}
