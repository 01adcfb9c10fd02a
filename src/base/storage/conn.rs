//! One connection of either engine: the methods statements run through.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, PgConnection, Postgres};
use tokio::sync::OwnedMutexGuard;

use super::Engine;
use super::arg::Arg;
use super::readers::Borrowed;
use super::row::Row;
use super::sqlite::Sqlite;
use super::writer::Writer;
use crate::fault::{Fault, Result};

/// How long an answer of PostgreSQL may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the connection comes from.
pub(super) enum Link {
    /// The single SQLite writer, held for one unit.
    SqliteWrite(OwnedMutexGuard<Writer>),
    /// A SQLite read connection.
    SqliteRead(Borrowed),
    /// A PostgreSQL transaction.
    PgWrite(sqlx::Transaction<'static, Postgres>),
    /// A PostgreSQL read connection.
    PgRead(PoolConnection<Postgres>),
}

/// A connection; slice functions that serve both reads and writes take `&mut Conn`.
pub struct Conn {
    pub(super) link: Link,
}

enum Side<'a> {
    Writer(&'a mut Writer),
    Reader(&'a mut Borrowed),
    Pg(&'a mut PgConnection),
}

impl Conn {
    fn side(&mut self) -> Side<'_> {
        match &mut self.link {
            Link::SqliteWrite(w) => Side::Writer(w),
            Link::SqliteRead(r) => Side::Reader(r),
            Link::PgWrite(t) => Side::Pg(t),
            Link::PgRead(c) => Side::Pg(c),
        }
    }

    /// Which engine answers; for the few statements that differ.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.link {
            Link::SqliteWrite(_) | Link::SqliteRead(_) => Engine::Sqlite,
            Link::PgWrite(_) | Link::PgRead(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; answers the number of rows changed.
    pub async fn exec(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64> {
        match self.side() {
            Side::Writer(w) => w.exec(sql, &args),
            Side::Reader(r) => r.run(move |c| c.exec(sql, &args)).await,
            Side::Pg(c) => {
                Ok(answered(sql, sqlx::query_with(sql, pg_args(args)?).execute(c)).await?.rows_affected())
            }
        }
    }

    /// All rows.
    pub async fn all(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self.side() {
            Side::Writer(w) => w.rows(sql, &args, usize::MAX),
            Side::Reader(r) => r.run(move |c| c.rows(sql, &args, usize::MAX)).await,
            Side::Pg(c) => {
                let rows = answered(sql, sqlx::query_with(sql, pg_args(args)?).fetch_all(c)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// All rows of two statements; a reader of SQLite is asked once for both.
    ///
    /// # Errors
    /// As of each.
    pub async fn both(
        &mut self,
        first: (&'static str, Vec<Arg>),
        second: (&'static str, Vec<Arg>),
    ) -> Result<(Vec<Row>, Vec<Row>)> {
        if let Side::Reader(reader) = self.side() {
            let work = move |c: &mut Sqlite| {
                Ok((c.rows(first.0, &first.1, usize::MAX)?, c.rows(second.0, &second.1, usize::MAX)?))
            };
            return reader.run(work).await;
        }
        Ok((self.all(first.0, first.1).await?, self.all(second.0, second.1).await?))
    }

    /// The first row, if any.
    pub async fn opt(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Option<Row>> {
        match self.side() {
            Side::Writer(w) => Ok(w.rows(sql, &args, 1)?.pop()),
            Side::Reader(r) => Ok(r.run(move |c| c.rows(sql, &args, 1)).await?.pop()),
            Side::Pg(c) => {
                let row = answered(sql, sqlx::query_with(sql, pg_args(args)?).fetch_optional(c)).await?;
                Ok(row.map(Row::Postgres))
            }
        }
    }

    /// The first row; none is [`Fault::NotFound`].
    pub async fn one(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Row> {
        self.opt(sql, args).await?.ok_or_else(|| Fault::not_found("row"))
    }

    /// The steps by which SQLite would run a statement, for tests of indexes.
    ///
    /// # Errors
    /// Not on PostgreSQL.
    pub async fn plan(&mut self, sql: &str) -> Result<Vec<String>> {
        let statement = format!("EXPLAIN QUERY PLAN {sql}");
        let arguments = vec![Arg::Text(None); 99];
        let rows = match self.side() {
            Side::Writer(w) => w.work(|c| c.rows_once(&statement, &arguments)),
            Side::Reader(r) => r.run(move |c| c.rows_once(&statement, &arguments)).await,
            Side::Pg(_) => Err(Fault::internal("plans are asked of sqlite")),
        };
        rows?.into_iter().map(|row| row.text("detail")).collect()
    }

    /// Asks the engine to prepare a statement: proves that it is well formed there.
    pub async fn prepare(&mut self, sql: &'static str) -> Result<()> {
        use sqlx::{Executor, SqlSafeStr};
        match self.side() {
            Side::Writer(w) => w.work(|c| c.prepare(sql)),
            Side::Reader(r) => r.run(|c| c.prepare(sql)).await,
            Side::Pg(c) => c.prepare(sql.into_sql_str()).await.map(|_| ()).map_err(|e| fault_of(sql, &e)),
        }
    }
}

/// The answer of PostgreSQL. The server ends statements earlier by itself; where none comes at all its host is gone, and whoever
/// waits (receiving, escalation) must hear of it.
async fn answered<T>(sql: &str, asked: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|e| fault_of(sql, &e)),
        Err(_) => Err(storage_fault(sql, &"postgresql does not answer")),
    }
}

fn pg_args(args: Vec<Arg>) -> Result<PgArguments> {
    let mut list = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(v) => list.add(v),
            // PostgreSQL has no NUL in a text; what a sender wrote with one must not be refused for ever.
            Arg::Text(Some(v)) if v.contains('\0') => list.add(v.replace('\0', "\u{fffd}")),
            Arg::Text(v) => list.add(v),
            Arg::Real(v) => list.add(v),
            Arg::Bytes(v) => list.add(v),
        }
        .map_err(|e| Fault::internal(format!("argument: {e}")))?;
    }
    Ok(list)
}

/// Translates an error of PostgreSQL. A broken unique key is a conflict, a deadlock is "try again", the rest is storage.
pub(super) fn fault_of(sql: &str, error: &sqlx::Error) -> Fault {
    if let sqlx::Error::Database(e) = error {
        if e.is_unique_violation() {
            return Fault::conflict("duplicate", format!("a row with this key exists ({})", e.message()));
        }
        if matches!(e.code().unwrap_or_default().as_ref(), "40001" | "40P01" | "55P03") {
            return Fault::Busy { detail: "the database asks to try again".into() };
        }
    }
    storage_fault(sql, error)
}

/// A fault that names the statement by its first words.
pub(super) fn storage_fault(sql: &str, error: &dyn std::fmt::Display) -> Fault {
    let head: String = sql.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    Fault::storage(format!("{head} …: {error}"))
}
