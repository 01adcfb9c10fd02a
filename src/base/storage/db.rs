//! The database: SQLite on day one, PostgreSQL when the county grows.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool, Row as _};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use super::conn::{Conn, Link};
use super::readers::Readers;
use super::sql;
use super::tx::{Reader, Tx};
use super::writer::Writer;
use crate::access::Permit;
use crate::fault::{Fault, Result};

/// How often a writer of another process (`yigong import` beside `yigong serve`) is asked whether it is done, and for how long.
const ASK_AGAIN: Duration = Duration::from_millis(5);
const PATIENCE: u32 = 2000;

/// Limits of every PostgreSQL session: what a dead program holds is let go of within a minute, and nobody waits for ever for a row. The
/// server finds out by keepalives that the other end is gone.
const LIMITS: [(&str, &str); 6] = [
    ("lock_timeout", "15s"),
    ("statement_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("tcp_keepalives_idle", "15"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

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
    Sqlite { write: Arc<Mutex<Writer>>, read: Arc<Readers> },
    Postgres { pool: PgPool },
}

/// Handle to the database; cheap to clone. Every use names a [`Permit`] (invariant 8).
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    jobs: Arc<Notify>,
}

impl Db {
    /// Opens (and creates) a SQLite database.
    pub async fn open_sqlite(file: &Path) -> Result<Self> {
        let file = file.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            Ok::<_, Fault>(Pools::Sqlite { write: Writer::start(&file)?, read: Readers::new(file) })
        });
        let pools = opened.await.map_err(|_| Fault::internal("opening the database stopped"))??;
        Ok(Self { pools, jobs: Arc::new(Notify::new()) })
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
            // By statement: a pooler between us and the server takes no other options of a session.
            .after_connect(|session, _| {
                Box::pin(async move {
                    for (name, value) in LIMITS {
                        sqlx::query(sql::SET_POSTGRES).bind(name).bind(value).execute(&mut *session).await?;
                    }
                    Ok(())
                })
            })
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
            Pools::Sqlite { write, .. } => Link::SqliteWrite(open_unit(write).await?),
            Pools::Postgres { pool } => {
                Link::PgWrite(pool.begin().await.map_err(|e| super::conn::fault_of("BEGIN", &e))?)
            }
        };
        Ok(Tx::new(Conn { link }))
    }

    /// A read connection.
    pub async fn read(&self, _permit: &Permit) -> Result<Reader> {
        let link = match &self.pools {
            Pools::Sqlite { read, .. } => Link::SqliteRead(read.take().await?),
            Pools::Postgres { pool } => {
                Link::PgRead(pool.acquire().await.map_err(|e| super::conn::fault_of("ACQUIRE", &e))?)
            }
        };
        Ok(Reader { conn: Conn { link } })
    }

    /// Runs the text of one migration (several statements) and the statement that remembers it as one transaction.
    pub(super) async fn run_script(
        &self,
        permit: &Permit,
        script: &'static str,
        remember: &'static str,
        args: Vec<super::arg::Arg>,
    ) -> Result<()> {
        let mut tx = self.begin(permit).await?;
        match &mut tx.link {
            Link::SqliteWrite(w) => w.work(|c| c.script(script))?,
            Link::PgWrite(t) => {
                // A table may be large, and nobody works meanwhile.
                let unlimited = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
                let set = sqlx::raw_sql(unlimited).execute(&mut **t).await;
                set.map_err(|e| super::conn::fault_of(unlimited, &e))?;
                let done = sqlx::raw_sql(script).execute(&mut **t).await;
                done.map(|_| ()).map_err(|e| super::conn::fault_of(script, &e))?;
            }
            Link::SqliteRead(_) | Link::PgRead(_) => return Err(Fault::internal("a reader cannot migrate")),
        }
        tx.exec(remember, args).await?;
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

/// The writer with a unit open, when it is this unit's turn.
async fn open_unit(write: &Arc<Mutex<Writer>>) -> Result<OwnedMutexGuard<Writer>> {
    let mut writer = Arc::clone(write).lock_owned().await;
    for _ in 0..PATIENCE {
        match writer.open_unit() {
            Err(Fault::Busy { .. }) => tokio::time::sleep(ASK_AGAIN).await,
            opened => return opened.map(|()| writer),
        }
    }
    Err(Fault::Busy { detail: "another process holds the database".into() })
}
