//! The single SQLite writer: units of work run one after another under a savepoint inside one open transaction,
//! which is committed (one sync) when nobody else is waiting. This is group commit for every slice.
//!
//! Statements run in the thread of the unit. Only the commit, which waits for the disk, has a thread of its own.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, oneshot};

use super::arg::Arg;
use super::checkpoint::{self, Checkpoints};
use super::row::Row;
use super::sqlite::Sqlite;
use crate::fault::{Fault, Result};

type Told = std::result::Result<(), String>;

/// The writer's connection and the batch that is open on it.
pub struct Writer {
    connection: Sqlite,
    open: bool,
    waiting: Vec<oneshot::Sender<Told>>,
    flush: SyncSender<()>,
    checkpoints: Checkpoints,
}

impl Writer {
    /// Opens (and creates) a database for writing; starts the threads that commit batches and move the log.
    pub(super) fn start(file: &Path) -> Result<Arc<Mutex<Self>>> {
        let connection = Sqlite::writer(file)?;
        let (flush, rung) = sync_channel(1);
        let (checkpoints, due) = Checkpoints::new();
        let new = Self { connection, open: false, waiting: Vec::new(), flush, checkpoints };
        let shared = Arc::new(Mutex::new(new));
        checkpoint::start(file, Arc::downgrade(&shared), due)?;
        let weak = Arc::downgrade(&shared);
        let thread = std::thread::Builder::new().name("commit".into()).spawn(move || {
            // The lock is fair: units that already wait run first and join the batch.
            while let (Ok(()), Some(writer)) = (rung.recv(), Weak::upgrade(&weak)) {
                writer.blocking_lock().commit_batch();
            }
        });
        thread.map_err(|e| Fault::io("start the writer of the database", &e))?;
        Ok(shared)
    }

    /// Opens a unit: `BEGIN` if no batch is open, then a savepoint. `Busy` when another process holds the lock.
    pub(super) fn open_unit(&mut self) -> Result<()> {
        if !self.open {
            self.connection.exec("BEGIN IMMEDIATE", &[])?;
            self.open = true;
        }
        let set = self.exec("SAVEPOINT unit", &[]);
        if set.is_err() {
            self.ring();
        }
        set.map(|_| ())
    }

    /// Runs a statement of the open unit.
    pub(super) fn exec(&mut self, sql: &'static str, args: &[Arg]) -> Result<u64> {
        self.work(|c| c.exec(sql, args))
    }

    /// Runs a statement of the open unit; its first `most` rows.
    pub(super) fn rows(&mut self, sql: &'static str, args: &[Arg], most: usize) -> Result<Vec<Row>> {
        self.work(|c| c.rows(sql, args, most))
    }

    /// Works with the connection inside the open transaction. A full disk and the like end the transaction by themselves:
    /// then every unit of the batch is lost, and nothing more may run in it.
    pub(super) fn work<T>(&mut self, work: impl FnOnce(&mut Sqlite) -> Result<T>) -> Result<T> {
        if !self.open {
            return Err(Fault::storage("the transaction was ended by an error"));
        }
        let done = work(&mut self.connection);
        if let Err(fault) = &done
            && self.connection.is_idle()
        {
            tracing::error!(error = %fault, "database.transaction lost");
            self.end(&Err(fault.to_string()));
        }
        done
    }

    /// Undoes the current unit.
    pub(super) fn abandon(&mut self) {
        let undone = self.exec("ROLLBACK TO unit", &[]).and_then(|_| self.exec("RELEASE unit", &[]));
        if let Err(fault) = undone
            && self.open
        {
            // What cannot be undone must not be committed with the others.
            tracing::error!(error = %fault, "database.undo failed");
            self.roll_back(&fault);
        }
        self.ring();
    }

    /// Closes the unit and joins the batch; the receiver hears when the batch is on disk.
    pub(super) fn close_unit(&mut self) -> Result<oneshot::Receiver<Told>> {
        if let Err(fault) = self.exec("RELEASE unit", &[]) {
            self.abandon();
            return Err(fault);
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.push(sender);
        self.ring();
        Ok(receiver)
    }

    /// Lets the batch be committed. A bell that rings already is enough.
    fn ring(&self) {
        let _ = self.flush.try_send(());
    }

    fn commit_batch(&mut self) {
        if !self.open {
            return;
        }
        match self.connection.exec("COMMIT", &[]) {
            Ok(_) => {
                self.checkpoints.count(self.waiting.len());
                self.end(&Ok(()));
            }
            Err(fault) => {
                tracing::error!(error = %fault, "database.commit failed");
                self.roll_back(&fault);
            }
        }
    }

    /// Moves what is left of the log into the database, with no unit under way.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        self.commit_batch();
        self.connection.checkpoint()
    }

    fn roll_back(&mut self, fault: &Fault) {
        if !self.connection.is_idle() && self.connection.exec("ROLLBACK", &[]).is_err() {
            tracing::error!("database.rollback failed");
        }
        self.end(&Err(fault.to_string()));
    }

    /// The transaction is over: tells every unit of it.
    fn end(&mut self, told: &Told) {
        self.open = false;
        for waiter in self.waiting.drain(..) {
            // A caller that went away has nothing to be told.
            let _ = waiter.send(told.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_sqlite_ends_by_itself_fails_every_unit_of_it() {
        let folder = std::env::temp_dir().join(format!("yigong-writer-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let shared = Writer::start(&folder.join("w.db")).unwrap();
        shared.blocking_lock().connection.script("CREATE TABLE t (id INTEGER PRIMARY KEY)").unwrap();
        // While the lock is held nothing is committed: both units are of one batch.
        let mut writer = shared.blocking_lock();
        writer.open_unit().unwrap();
        writer.exec("INSERT INTO t VALUES (1)", &[]).unwrap();
        let told = writer.close_unit().unwrap();
        writer.open_unit().unwrap();
        assert!(writer.exec("INSERT OR ROLLBACK INTO t VALUES (1)", &[]).is_err());
        assert!(writer.exec("INSERT INTO t VALUES (2)", &[]).is_err(), "nothing runs outside a transaction");
        writer.abandon();
        drop(writer);
        assert!(told.blocking_recv().unwrap().is_err(), "the closed unit was rolled back too");
        // The next batch is as good as ever.
        let mut writer = shared.blocking_lock();
        writer.open_unit().unwrap();
        writer.exec("INSERT INTO t VALUES (3)", &[]).unwrap();
        let told = writer.close_unit().unwrap();
        drop(writer);
        assert!(told.blocking_recv().unwrap().is_ok());
        let rows = shared.blocking_lock().connection.rows("SELECT id FROM t", &[], 10).unwrap();
        assert_eq!(rows.len(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_log_is_moved_while_units_are_written_and_begins_anew() {
        let folder = std::env::temp_dir().join(format!("yigong-checkpoint-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("w.db");
        let shared = Writer::start(&file).unwrap();
        shared.blocking_lock().connection.script("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)").unwrap();
        for _ in 0..2000 {
            let mut writer = shared.blocking_lock();
            writer.open_unit().unwrap();
            writer.exec("INSERT INTO t (x) VALUES (randomblob(9000))", &[]).unwrap();
            let told = writer.close_unit().unwrap();
            drop(writer);
            assert!(told.blocking_recv().unwrap().is_ok());
        }
        // 2,000 units of three pages and more: 30 MB of log if it had never begun anew.
        let log = std::fs::metadata(folder.join("w.db-wal")).unwrap().len();
        let database = std::fs::metadata(&file).unwrap().len();
        assert!(log < 16 << 20, "the log has {log} bytes");
        assert!(database > 12 << 20, "the database has {database} bytes");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
