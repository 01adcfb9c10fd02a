//! One SQLite connection. Its statements run in the thread that asks: a statement takes microseconds, handing it to another
//! thread and back takes tens of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

use super::arg::Arg;
use super::row::{Held, Row};
use crate::fault::{Fault, Result};

/// Statements kept prepared.
const PREPARED: usize = 500;

/// A connection.
pub struct Sqlite {
    connection: Connection,
    shapes: Shapes,
}

/// What is the same at every run of a statement: which `$n` each of its slots is, and the names of its columns.
#[derive(Default)]
struct Shape {
    slots: Vec<usize>,
    columns: Arc<[String]>,
}

/// By where the text of the statement stands: all but plans are constants.
type Shapes = HashMap<(usize, usize), Shape>;

impl Sqlite {
    /// Opens (and creates) a database for writing. The durability settings are read back: a build or a file system that
    /// does not honour them must not start.
    pub(super) fn writer(file: &Path) -> Result<Self> {
        let mut own = Self::open(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let mode = own.pragma("PRAGMA journal_mode = WAL")?;
        // A thread of its own moves the log (see `checkpoint`); this is for the case that it cannot.
        own.script(
            // A log that grew while somebody read for long gives its room back.
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 16000;
             PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;",
        )?;
        let sync = own.pragma("PRAGMA synchronous")?;
        if mode != Value::Text("wal".into()) || sync != Value::Integer(2) {
            return Err(Fault::storage(format!(
                "{}: journal_mode is {mode:?} and synchronous is {sync:?}; need wal and 2 (full)",
                file.display()
            )));
        }
        // Another process that writes is waited for without holding a thread: see `Db::begin`.
        own.patience(Duration::ZERO)?;
        Ok(own)
    }

    /// Opens an existing database for reading.
    pub(super) fn reader(file: &Path) -> Result<Self> {
        let mut own = Self::open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        own.script("PRAGMA temp_store = MEMORY;")?;
        Ok(own)
    }

    /// Opens an existing database only to move its log.
    pub(super) fn beside(file: &Path) -> Result<Self> {
        let mut own = Self::open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        own.script("PRAGMA synchronous = FULL;")?;
        Ok(own)
    }

    /// Moves as much of the log into the database as can be without waiting for anybody.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        self.pragma("PRAGMA wal_checkpoint(PASSIVE)").map(|_| ())
    }

    fn open(file: &Path, flags: OpenFlags) -> Result<Self> {
        let opened = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = opened.map_err(|e| Fault::storage(format!("open {}: {e}", file.display())))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // One plan for every value: else a statement whose plan might depend on its arguments (a pattern, a column of a
        // partial index) is compiled anew at every run.
        let steady = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
        steady.map_err(|e| fault_of("SQLITE_DBCONFIG_ENABLE_QPSG", &e))?;
        let own = Self { connection, shapes: Shapes::new() };
        own.patience(Duration::from_secs(10))?;
        Ok(own)
    }

    fn patience(&self, most: Duration) -> Result<()> {
        self.connection.busy_timeout(most).map_err(|e| fault_of("busy_timeout", &e))
    }

    fn pragma(&mut self, sql: &str) -> Result<Value> {
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|e| fault_of(sql, &e))
    }

    /// Whether no transaction is open: some errors end it without being asked.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Runs a statement to its end; answers the number of rows changed.
    pub(super) fn exec(&mut self, sql: &'static str, args: &[Arg]) -> Result<u64> {
        let (connection, shape) = self.known(sql)?;
        step(connection, sql, shape, args, |rows| {
            while rows.next()?.is_some() {}
            Ok(())
        })?;
        Ok(connection.changes())
    }

    /// The first `most` rows of a statement.
    pub(super) fn rows(&mut self, sql: &'static str, args: &[Arg], most: usize) -> Result<Vec<Row>> {
        let (connection, shape) = self.known(sql)?;
        rows(connection, sql, shape, args, most)
    }

    /// All rows of a statement that was put together.
    pub(super) fn rows_once(&mut self, sql: &str, args: &[Arg]) -> Result<Vec<Row>> {
        let shape = shape_of(&self.connection, sql)?;
        rows(&self.connection, sql, &shape, args, usize::MAX)
    }

    fn known(&mut self, sql: &'static str) -> Result<(&Connection, &Shape)> {
        let shape = match self.shapes.entry((sql.as_ptr().addr(), sql.len())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(shape_of(&self.connection, sql)?),
        };
        Ok((&self.connection, shape))
    }

    /// Runs several statements without arguments or rows.
    pub(super) fn script(&mut self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|e| fault_of(sql, &e))
    }

    /// Proves that a statement is well formed.
    pub(super) fn prepare(&mut self, sql: &str) -> Result<()> {
        self.connection.prepare(sql).map(|_| ()).map_err(|e| fault_of(sql, &e))
    }
}

fn shape_of(connection: &Connection, sql: &str) -> Result<Shape> {
    let statement = connection.prepare_cached(sql).map_err(|e| fault_of(sql, &e))?;
    let mut shape = Shape::default();
    for slot in 1..=statement.parameter_count() {
        // SQLite numbers `$n` by the order in which they stand in the text.
        let name = statement.parameter_name(slot).and_then(|name| name.get(1..)?.parse::<usize>().ok());
        let Some(n) = name.and_then(|n| n.checked_sub(1)) else {
            return Err(Fault::internal(format!("argument {slot} of a statement has no number")));
        };
        shape.slots.push(n);
    }
    shape.columns = statement.column_names().into_iter().map(str::to_owned).collect();
    Ok(shape)
}

fn rows(connection: &Connection, sql: &str, shape: &Shape, args: &[Arg], most: usize) -> Result<Vec<Row>> {
    step(connection, sql, shape, args, |rows| {
        let mut held = Vec::new();
        while held.len() < most {
            let Some(row) = rows.next()? else { break };
            let cells = (0..shape.columns.len()).map(|n| row.get(n)).collect::<rusqlite::Result<_>>()?;
            held.push(Row::Sqlite(Held { names: Arc::clone(&shape.columns), cells }));
        }
        Ok(held)
    })
}

fn step<T>(
    connection: &Connection,
    sql: &str,
    shape: &Shape,
    args: &[Arg],
    take: impl FnOnce(&mut rusqlite::Rows<'_>) -> rusqlite::Result<T>,
) -> Result<T> {
    let mut statement = connection.prepare_cached(sql).map_err(|e| fault_of(sql, &e))?;
    for (slot, n) in (1..).zip(&shape.slots) {
        let Some(arg) = args.get(*n) else {
            return Err(Fault::internal(format!("argument {slot} of a statement is missing")));
        };
        let bound = match arg {
            Arg::Int(v) => statement.raw_bind_parameter(slot, v),
            Arg::Text(v) => statement.raw_bind_parameter(slot, v),
            Arg::Real(v) => statement.raw_bind_parameter(slot, v),
            Arg::Bytes(v) => statement.raw_bind_parameter(slot, v),
        };
        bound.map_err(|e| fault_of(sql, &e))?;
    }
    take(&mut statement.raw_query()).map_err(|e| fault_of(sql, &e))
}

/// Translates an error: a broken unique key is a conflict, a held lock is "try again", the rest is storage.
fn fault_of(sql: &str, error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    if let rusqlite::Error::SqliteFailure(code, message) = error {
        if matches!(code.extended_code, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) {
            let message = message.clone().unwrap_or_default();
            return Fault::conflict("duplicate", format!("a row with this key exists ({message})"));
        }
        if matches!(code.code, DatabaseBusy | DatabaseLocked) {
            return Fault::Busy { detail: "the database asks to try again".into() };
        }
    }
    super::conn::storage_fault(sql, error)
}
