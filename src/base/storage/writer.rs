//! The single SQLite writer: units of work run one after another under a savepoint inside one open transaction,
//! which is committed (one sync) when nobody else is waiting. This is group commit for every slice.

use std::sync::Arc;

use sqlx::SqliteConnection;
use tokio::sync::{Mutex, Notify, oneshot};

use super::conn::fault_of;
use crate::fault::{Fault, Result};

/// Units in one transaction at most.
const BATCH: usize = 256;

/// The writer's connection and the batch that is open on it.
pub struct Writer {
    connection: SqliteConnection,
    open: bool,
    /// A savepoint is set that no unit uses any more: it is released together with the setting of the next.
    closed: bool,
    /// A unit was dropped without commit: its savepoint must be rolled back before the next statement.
    abandoned: bool,
    waiting: Vec<oneshot::Sender<std::result::Result<(), String>>>,
    flush: Arc<Notify>,
}

impl Writer {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Starts the writer and the task that commits its batches.
    pub(super) fn start(connection: SqliteConnection) -> Arc<Mutex<Self>> {
        let flush = Arc::new(Notify::new());
        let writer = Self {
            connection,
            open: false,
            closed: false,
            abandoned: false,
            waiting: Vec::new(),
            flush: Arc::clone(&flush),
        };
        let shared = Arc::new(Mutex::new(writer));
        let weak = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                flush.notified().await;
                // The lock is fair: units that already wait run first and join the batch.
                let Some(writer) = weak.upgrade() else { return };
                writer.lock().await.commit_batch().await;
            }
        });
        shared
    }

    async fn run(&mut self, sql: &'static str) -> Result<()> {
        sqlx::query(sql).execute(&mut self.connection).await.map(|_| ()).map_err(|e| fault_of(sql, &e))
    }

    async fn clear_abandoned(&mut self) -> Result<()> {
        if self.abandoned {
            self.run("ROLLBACK TO unit").await?;
            self.run("RELEASE unit").await?;
            self.abandoned = false;
        }
        Ok(())
    }

    /// Opens a unit: `BEGIN` if no batch is open, then a savepoint, in one way to the engine.
    pub(super) async fn open_unit(&mut self) -> Result<()> {
        self.clear_abandoned().await?;
        if self.open {
            let set = if self.closed { "RELEASE unit; SAVEPOINT unit" } else { "SAVEPOINT unit" };
            self.closed = false;
            return self.run(set).await;
        }
        // Marked before the statement: a caller that goes away in between must not leave a transaction nobody ends.
        self.open = true;
        let begun = self.run("BEGIN IMMEDIATE; SAVEPOINT unit").await;
        if begun.is_err() {
            // Whatever was begun is ended, or the next unit could not begin either.
            let _ = self.run("ROLLBACK").await;
            self.open = false;
        }
        begun
    }

    /// Marks the current unit for rollback (called when it is dropped).
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        if self.waiting.is_empty() {
            // Nobody else will touch the writer soon: let the flusher end the transaction.
            self.flush.notify_one();
        }
    }

    /// Closes the unit and joins the batch; the receiver hears when the batch is on disk.
    pub(super) async fn close_unit(&mut self) -> Result<oneshot::Receiver<std::result::Result<(), String>>> {
        self.closed = true;
        let (sender, receiver) = oneshot::channel();
        self.waiting.push(sender);
        if self.waiting.len() >= BATCH {
            self.commit_batch().await;
        } else {
            self.flush.notify_one();
        }
        Ok(receiver)
    }

    async fn commit_batch(&mut self) {
        if !self.open {
            return;
        }
        let mut outcome = self.clear_abandoned().await;
        if outcome.is_ok() {
            outcome = self.run("COMMIT").await;
        }
        if let Err(fault) = &outcome {
            tracing::error!(error = %fault, "database.commit failed");
            if self.run("ROLLBACK").await.is_err() {
                tracing::error!("database.rollback failed");
            }
            self.abandoned = false;
        }
        (self.open, self.closed) = (false, false);
        let told = outcome.map_err(|f: Fault| f.to_string());
        for waiter in self.waiting.drain(..) {
            // A caller that went away has nothing to be told.
            let _ = waiter.send(told.clone());
        }
    }
}
