//! SQL of the audit chain.

crate::statements! {
    /// The last of the next $1 numbers and the hash before the first, in one step: there is one writer.
    NEXT_SQLITE = "INSERT INTO counter (name, value) VALUES ('audit', $1) ON CONFLICT (name) DO UPDATE SET value = counter.value + $1
        RETURNING value, (SELECT a.hash FROM audit a WHERE a.seq = counter.value - $1) AS prev";
    /// The last of the next $1 numbers. The counter row serialises writers of the chain; who waited for it must look for the hash with a new snapshot.
    NEXT_POSTGRES = "INSERT INTO counter (name, value) VALUES ('audit', $1) ON CONFLICT (name) DO UPDATE SET value = counter.value + $1 RETURNING value";
    /// Hash of the row before.
    HASH_AT = "SELECT hash AS prev FROM audit WHERE seq = $1";
    /// One event.
    INSERT = "INSERT INTO audit (seq, at, who, role, facility, action, object_kind, object_id, detail, prev, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// A page of the chain, in order.
    PAGE = "SELECT seq, at, who, role, facility, action, object_kind, object_id, detail, prev, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT 1000";
    /// The last event.
    LAST = "SELECT seq, at, hash FROM audit ORDER BY seq DESC LIMIT 1";
    /// Head of the chain by its counter.
    HEAD = "SELECT value FROM counter WHERE name = 'audit'";
    /// For the administrator's page, newest first.
    SEARCH = "SELECT a.seq, a.at, a.who, a.role, a.facility, a.action, a.object_kind, a.object_id, a.detail, COALESCE(c.name, a.who) AS who_name
        FROM audit a LEFT JOIN account c ON c.id = a.who
        WHERE a.seq < $1 AND ($2 = '' OR a.object_id = $2) AND ($3 = '' OR a.action LIKE $3 OR a.who LIKE $3) ORDER BY a.seq DESC LIMIT 100";
}
