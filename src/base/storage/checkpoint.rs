//! Moving the log of SQLite into the database beside the writer. Left to itself SQLite does it inside a commit: some thousand
//! pages and two syncs, for which every unit of the batch and every sender waits.
//!
//! The bulk is copied by a connection of its own while units go on. What they added meanwhile is little; it is copied between
//! two batches, with the writer held, so that the log begins anew and does not grow.

use std::path::Path;
use std::sync::Weak;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::Mutex;

use super::sqlite::Sqlite;
use super::writer::Writer;
use crate::fault::{Fault, Result};

/// Units of work between two checkpoints: some thousand pages of the log, the pages of busy indexes many times among them.
const UNITS: usize = 250;

/// Counts units and wakes the thread.
pub(super) struct Checkpoints {
    due: usize,
    bell: SyncSender<()>,
}

impl Checkpoints {
    pub(super) fn new() -> (Self, Receiver<()>) {
        let (bell, rung) = sync_channel(1);
        (Self { due: UNITS, bell }, rung)
    }

    /// So many units were committed.
    pub(super) fn count(&mut self, units: usize) {
        self.due = self.due.saturating_sub(units);
        if self.due == 0 {
            self.due = UNITS;
            // A bell that rings already is enough.
            let _ = self.bell.try_send(());
        }
    }
}

/// Starts the thread; it ends with the writer.
pub(super) fn start(file: &Path, writer: Weak<Mutex<Writer>>, rung: Receiver<()>) -> Result<()> {
    let mut own = Sqlite::beside(file)?;
    let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(move || {
        while let (Ok(()), Some(writer)) = (rung.recv(), writer.upgrade()) {
            let done = own.checkpoint().and_then(|()| writer.blocking_lock().checkpoint());
            if let Err(fault) = done {
                // SQLite does it itself once the log is long.
                tracing::warn!(error = %fault, "database.checkpoint");
            }
        }
    });
    thread.map(|_| ()).map_err(|e| Fault::io("start the checkpoints of the database", &e))
}
