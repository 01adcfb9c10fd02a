//! The database: SQLite on day one, PostgreSQL when the county grows.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, Row as _, SqlitePool};
use tokio::sync::{Mutex, Notify};

use super::conn::{Conn, Link};
use super::tx::{Reader, Tx};
use super::writer::Writer;
use crate::access::Permit;
use crate::fault::{Fault, Result};

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, WAL, synchronous=FULL.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

#[derive(Clone)]
enum Pools {
    Sqlite { write: Arc<Mutex<Writer>>, read: SqlitePool },
    Postgres { pool: PgPool },
}

/// Handle to the database; cheap to clone. Every use names a [`Permit`] (invariant 8).
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    jobs: Arc<Notify>,
}

impl Db {
    /// Opens (and creates) a SQLite database. The durability settings are read back: a build or a file system
    /// that does not honour them must not start.
    pub async fn open_sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("temp_store", "MEMORY")
            // Pages of indexes change with every object: the longer the log, the fewer of them are written twice.
            .pragma("wal_autocheckpoint", "4000")
            .statement_cache_capacity(500)
            .disable_statement_logging();
        let step = |e: sqlx::Error| Fault::storage(format!("open {}: {e}", file.display()));
        let mut writer = options.connect().await.map_err(step)?;
        let mode: String =
            sqlx::query("PRAGMA journal_mode").fetch_one(&mut writer).await.map_err(step)?.get(0);
        let sync: i64 = sqlx::query("PRAGMA synchronous").fetch_one(&mut writer).await.map_err(step)?.get(0);
        if !mode.eq_ignore_ascii_case("wal") || sync != 2 {
            return Err(Fault::storage(format!(
                "{}: journal_mode is {mode} and synchronous is {sync}; need wal and 2 (full)",
                file.display()
            )));
        }
        let read = SqlitePoolOptions::new()
            .max_connections(8)
            .connect_with(options.read_only(true))
            .await
            .map_err(step)?;
        Ok(Self {
            pools: Pools::Sqlite { write: Writer::start(writer), read },
            jobs: Arc::new(Notify::new()),
        })
    }

    /// Opens a PostgreSQL database. `fsync` and `synchronous_commit` are read back.
    pub async fn open_postgres(url: &str) -> Result<Self> {
        // The URL may hold a password: it is never part of a message.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| Fault::invalid("storage.database", "not a postgres:// address"))?
            .disable_statement_logging();
        let step = |e: sqlx::Error| Fault::storage(format!("open postgresql: {e}"));
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(step)?;
        for name in ["fsync", "synchronous_commit"] {
            let value: String = sqlx::query("SELECT current_setting($1)")
                .bind(name)
                .fetch_one(&pool)
                .await
                .map_err(step)?
                .get(0);
            if value == "off" {
                return Err(Fault::storage(format!("postgresql runs with {name}=off; need on")));
            }
        }
        Ok(Self { pools: Pools::Postgres { pool }, jobs: Arc::new(Notify::new()) })
    }

    /// Which engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Begins a unit of work; the only way to change anything.
    pub async fn begin(&self, _permit: &Permit) -> Result<Tx> {
        let link = match &self.pools {
            Pools::Sqlite { write, .. } => {
                let mut writer = Arc::clone(write).lock_owned().await;
                writer.open_unit().await?;
                Link::SqliteWrite(writer)
            }
            Pools::Postgres { pool } => {
                Link::PgWrite(pool.begin().await.map_err(|e| super::conn::fault_of("BEGIN", &e))?)
            }
        };
        Ok(Tx::new(Conn { link }))
    }

    /// A read connection.
    pub async fn read(&self, _permit: &Permit) -> Result<Reader> {
        let link = match &self.pools {
            Pools::Sqlite { read, .. } => {
                Link::SqliteRead(read.acquire().await.map_err(|e| super::conn::fault_of("ACQUIRE", &e))?)
            }
            Pools::Postgres { pool } => {
                Link::PgRead(pool.acquire().await.map_err(|e| super::conn::fault_of("ACQUIRE", &e))?)
            }
        };
        Ok(Reader { conn: Conn { link } })
    }

    /// Runs the text of one migration as one transaction (several statements).
    pub(super) async fn run_script(&self, permit: &Permit, script: &'static str) -> Result<()> {
        let mut tx = self.begin(permit).await?;
        let done = match &mut tx.link {
            Link::SqliteWrite(w) => sqlx::raw_sql(script).execute(w.connection()).await.map(|_| ()),
            Link::PgWrite(t) => sqlx::raw_sql(script).execute(&mut **t).await.map(|_| ()),
            Link::SqliteRead(_) | Link::PgRead(_) => return Err(Fault::internal("a reader cannot migrate")),
        };
        done.map_err(|e| super::conn::fault_of(script, &e))?;
        tx.commit().await
    }

    /// Creates a database on a PostgreSQL server; for tests. The name is made by the caller of lower-case letters, digits and `_`.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let Pools::Postgres { pool } = &self.pools else { return Err(Fault::internal("not postgresql")) };
        if !plain {
            return Err(Fault::internal("database name"));
        }
        let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(statement)
            .execute(pool)
            .await
            .map(|_| ())
            .map_err(|e| super::conn::fault_of("CREATE DATABASE", &e))
    }

    /// Rung when a job was enqueued.
    #[must_use]
    pub fn job_bell(&self) -> &Arc<Notify> {
        &self.jobs
    }
}
