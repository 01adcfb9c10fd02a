//! SQL of settings and counters.

crate::statements! {
    /// One value.
    GET = "SELECT value FROM setting WHERE name = $1";
    /// Set or replace.
    PUT = "INSERT INTO setting (name, value, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    /// Set what nobody has set.
    CLAIM = "INSERT INTO setting (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    /// Next number; the row lock gives commit order.
    NEXT_NUMBER = "INSERT INTO counter (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value";
}
