//! Blobs on a local disk: `objects/ab/cd/<sha256>`. Blob first, row second: when `keep` returns, data and name are
//! synced. A failed sync is never retried (the kernel may have dropped the pages): the file is removed, the caller fails.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::spool::Spooled;
use crate::fault::{Fault, Result};

/// The folder of a disk store.
pub struct Disk {
    objects: PathBuf,
    spool: PathBuf,
    /// Folders this process has made durable itself. What another task or an earlier run made may not be on disk yet.
    proven: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Disk {
    /// Creates the folders and removes spool files that an earlier run left.
    pub async fn open(root: &Path) -> Result<Self> {
        let disk = Self { objects: root.join("objects"), spool: root.join("spool"), proven: Arc::default() };
        let (objects, spool) = (disk.objects.clone(), disk.spool.clone());
        blocking(move || {
            std::fs::create_dir_all(&objects)?;
            std::fs::create_dir_all(&spool)?;
            for entry in std::fs::read_dir(&spool)? {
                std::fs::remove_file(entry?.path())?;
            }
            sync_dir(&objects)?;
            sync_dir(objects.parent().unwrap_or(&objects))
        })
        .await
        .map_err(|e| Fault::io("open blob store", &e))?;
        Ok(disk)
    }

    /// Where spool files live: the same file system as the objects.
    #[must_use]
    pub fn spool_dir(&self) -> &Path {
        &self.spool
    }

    pub(super) fn objects_dir(&self) -> &Path {
        &self.objects
    }

    /// The file of an address. An address is 64 hex digits and nothing else: no name from outside reaches the disk.
    pub fn path(&self, sha256: &str) -> Result<PathBuf> {
        if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(Fault::internal("a blob address is 64 hex digits"));
        }
        Ok(self.objects.join(&sha256[..2]).join(&sha256[2..4]).join(sha256))
    }

    /// Syncs, renames, syncs the directory.
    pub async fn keep(&self, mut spooled: Spooled) -> Result<String> {
        let target = self.path(&spooled.sha256)?;
        let objects = self.objects.clone();
        let source = spooled.path().to_owned();
        let proven = Arc::clone(&self.proven);
        blocking(move || place(&source, &target, &objects, &proven))
            .await
            .map_err(|e| Fault::io("keep object", &e))?;
        spooled.mark_kept();
        Ok(spooled.sha256.clone())
    }

    /// Syncs a file: the readiness probe.
    pub async fn sync_only(&self, path: &Path) -> Result<()> {
        let path = path.to_owned();
        blocking(move || std::fs::File::open(path)?.sync_data())
            .await
            .map_err(|e| Fault::io("sync probe", &e))
    }
}

fn place(
    source: &Path,
    target: &Path,
    objects: &Path,
    proven: &Mutex<HashSet<PathBuf>>,
) -> std::io::Result<()> {
    std::fs::File::open(source)?.sync_data()?;
    let parent = target.parent().unwrap_or(objects);
    let known = proven.lock().unwrap_or_else(PoisonError::into_inner).contains(parent);
    if !known {
        std::fs::create_dir_all(parent)?;
        // A new directory is durable only when its own parent is synced.
        if let Some(grand) = parent.parent() {
            sync_dir(grand)?;
        }
        sync_dir(objects)?;
        proven.lock().unwrap_or_else(PoisonError::into_inner).insert(parent.to_owned());
    }
    std::fs::rename(source, target)?;
    sync_dir(parent)
}

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    std::fs::File::open(dir)?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| std::io::Error::other("disk task stopped"))?
}
