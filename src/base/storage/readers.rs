//! SQLite connections for reading. A read may take long, so it runs in a thread of the blocking pool.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::sqlite::Sqlite;
use crate::fault::{Fault, Result};

/// Reads at the same time.
const MOST: usize = 8;

/// The connections; opened when they are first needed.
pub(super) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Sqlite>>,
    free: Arc<Semaphore>,
}

/// A connection that goes back when it is dropped.
pub(super) struct Borrowed {
    home: Arc<Readers>,
    /// Absent before the first read, and after a read that nobody waited for.
    connection: Option<Sqlite>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Arc<Self> {
        Arc::new(Self { file, idle: Mutex::default(), free: Arc::new(Semaphore::new(MOST)) })
    }

    /// Waits for its turn.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Borrowed> {
        let place = Arc::clone(&self.free).acquire_owned().await;
        let place = place.map_err(|_| Fault::internal("the database is closed"))?;
        let connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Borrowed { home: Arc::clone(self), connection, _place: place })
    }
}

impl Borrowed {
    /// Works with the connection in a thread that may wait.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Sqlite) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (home, held) = (Arc::clone(&self.home), self.connection.take());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = held.map_or_else(|| Sqlite::reader(&home.file), Ok)?;
            let done = work(&mut connection);
            Ok::<_, Fault>((connection, done))
        });
        let (connection, done) = done.await.map_err(|_| Fault::internal("a read stopped"))??;
        self.connection = Some(connection);
        done
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
