//! SQL of the inbox.

crate::statements! {
    /// One received frame and how it ended.
    KEEP = "INSERT INTO inbox (id, kind, peer, facility, received_at, sha256, body, charset, message_type, control_id, state, reason, ack, handled_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $5)";
    /// Earlier frames of the peer with this control id, newest first.
    SAME_ID = "SELECT id, sha256, state, ack, received_at FROM inbox WHERE peer = $1 AND control_id = $2 AND received_at >= $3 ORDER BY received_at DESC, id DESC LIMIT 20";
    /// An earlier frame of the peer with the same bytes since a time.
    SAME_BODY = "SELECT id, sha256, state, ack, received_at FROM inbox WHERE peer = $1 AND sha256 = $2 AND received_at >= $3 ORDER BY received_at DESC LIMIT 1";
    /// How it ended when it was taken again.
    FINISH = "UPDATE inbox SET state = $2, reason = $3, ack = $4, handled_at = $5, charset = $6, message_type = $7, control_id = $8 WHERE id = $1";
}
