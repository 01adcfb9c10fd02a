//! A copy of the whole database while others write to it.

use std::fs::File;
use std::path::Path;

use super::db::{Db, Engine};
use super::slots::sync_dir;
use super::sql;
use crate::access::Permit;
use crate::args;
use crate::fault::{Fault, Result};

impl Db {
    /// Writes the database as it is now to `target`, which must not be there; synced when this answers. SQLite only.
    ///
    /// # Errors
    /// `Invalid` on PostgreSQL, whose own tools do this; storage faults, and what was written goes again.
    pub async fn snapshot(&self, permit: &Permit, target: &Path) -> Result<()> {
        if self.engine() != Engine::Sqlite {
            return Err(Fault::invalid("storage.database", "PostgreSQL is copied by its own tools"));
        }
        if target.exists() {
            return Err(Fault::conflict("exists", format!("{} is there already", target.display())));
        }
        let path = target.to_str().ok_or_else(|| Fault::invalid("path", "must be UTF-8"))?;
        let written = self.read(permit).await?.exec(sql::SNAPSHOT_SQLITE, args![path]).await;
        let target = target.to_owned();
        let synced = tokio::task::spawn_blocking(move || {
            let synced = written.and_then(|_| sync(&target).map_err(|e| Fault::io("sync the copy", &e)));
            if synced.is_err() {
                // Half a copy is none.
                let _ = std::fs::remove_file(&target);
            }
            synced
        });
        synced.await.map_err(|_| Fault::internal("a copy stopped"))?
    }
}

fn sync(file: &Path) -> std::io::Result<()> {
    File::open(file)?.sync_all()?;
    sync_dir(file.parent().unwrap_or(file))
}
