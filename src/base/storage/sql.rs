//! SQL of the migration ledger and of a session's settings.

crate::statements! {
    /// The table that remembers what was applied.
    CREATE_LEDGER = "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";
    /// A copy of the database in a new file, as one reader sees it.
    SNAPSHOT_SQLITE = "VACUUM INTO $1";
    /// A setting of this session.
    SET_POSTGRES = "SELECT set_config($1, $2, false)";
    /// What was applied.
    LIST_APPLIED = "SELECT version FROM schema_migration ORDER BY version";
    /// Remember one.
    REMEMBER = "INSERT INTO schema_migration (version, name, applied_at) VALUES ($1, $2, $3)";
}
