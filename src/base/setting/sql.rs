//! SQL of settings and counters.

crate::statements! {
    /// One value.
    GET = "SELECT value FROM setting WHERE name = $1";
    /// Set or replace.
    PUT = "INSERT INTO setting (name, value, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    /// Set what nobody has set.
    CLAIM = "INSERT INTO setting (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    /// Whether there are settings at all: a database without tables has none.
    HAS_SQLITE = "SELECT 1 AS n FROM sqlite_master WHERE type = 'table' AND name = 'setting'";
    /// The same.
    HAS_POSTGRES = "SELECT 1 AS n FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'setting'";
    /// Next number; the row lock gives commit order.
    NEXT_NUMBER = "INSERT INTO counter (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value";
}
