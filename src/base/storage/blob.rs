//! The blob store: bytes addressed by their BLAKE3, durable when `keep` returns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blob_disk::Disk;
use super::space::Space;
use super::spool::{Spool, Spooled};
use crate::fault::{Fault, Result};

/// Largest object accepted by default: 4 GiB.
pub const OBJECT_LIMIT: u64 = 4 << 30;

/// Handle to the blob store; cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    disk: Arc<Disk>,
    reserve: i64,
}

impl Blobs {
    /// Opens the store under `root`; creates `objects/` and `spool/`, looks through what runs that have ended left in it.
    pub async fn open(root: &Path, run: String) -> Result<Self> {
        Ok(Self { disk: Arc::new(Disk::open(root, run).await?), reserve: -1 })
    }

    /// The same with another free-space reserve: bytes, or -1 for the usual one.
    #[must_use]
    pub fn with_reserve(self, bytes: i64) -> Self {
        Self { reserve: bytes, ..self }
    }

    /// Begins to receive an object.
    ///
    /// # Errors
    /// `Storage` when the file system has no more free than its reserve: the sender keeps the object and tries again.
    pub async fn spool(&self) -> Result<Spool> {
        self.disk.has_room(self.reserve, 1)?;
        Ok(self.begin())
    }

    /// Begins to write what this program makes of objects that it has: also where new objects are refused, for what is there
    /// must be read and sent on when nothing more can come.
    ///
    /// # Errors
    /// `Storage` when three quarters of the reserve are gone: the rest is for the database and for reports.
    pub fn scratch(&self) -> Result<Spool> {
        self.disk.has_room(self.reserve, 4)?;
        Ok(self.begin())
    }

    fn begin(&self) -> Spool {
        Spool::new(Arc::clone(&self.disk), OBJECT_LIMIT)
    }

    /// Makes a spooled object durable under its address; answers the address. An equal object is kept once.
    pub async fn keep(&self, spooled: Spooled) -> Result<String> {
        self.disk.keep(spooled).await
    }

    /// Keeps bytes that this program made (a report, a preview): also where new objects are refused.
    pub async fn put(&self, bytes: &[u8]) -> Result<String> {
        let mut spool = self.begin();
        spool.write(bytes).await?;
        self.keep(spool.finish().await?).await
    }

    /// Keeps bytes that came from outside.
    ///
    /// # Errors
    /// As [`Blobs::spool`].
    pub async fn take(&self, bytes: &[u8]) -> Result<String> {
        self.disk.has_room(self.reserve, 1)?;
        self.put(bytes).await
    }

    /// The store itself, for the scrubber and the sweeper.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Where an object's file is.
    pub fn path(&self, address: &str) -> Result<PathBuf> {
        self.disk.path(address)
    }

    /// Opens an object for reading.
    pub async fn open_object(&self, address: &str) -> Result<tokio::fs::File> {
        tokio::fs::File::open(self.path(address)?).await.map_err(|e| missing(address, &e))
    }

    /// Reads a whole object.
    pub async fn read(&self, address: &str) -> Result<Vec<u8>> {
        tokio::fs::read(self.path(address)?).await.map_err(|e| missing(address, &e))
    }

    /// Reads `len` bytes from `offset`; fewer bytes is an error.
    pub async fn read_range(&self, address: &str, offset: u64, len: usize) -> Result<Vec<u8>> {
        let path = self.path(address)?;
        let read = tokio::task::spawn_blocking(move || {
            use std::os::unix::fs::FileExt;
            let file = std::fs::File::open(path)?;
            let held = file.metadata()?.len();
            if held.saturating_sub(offset) < len as u64 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            let mut bytes = vec![0_u8; len];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes)
        });
        read.await.map_err(|_| Fault::internal("range read stopped"))?.map_err(|e| missing(address, &e))
    }

    /// Room on the store's file system.
    pub fn space(&self) -> Result<Space> {
        self.disk.space(self.reserve)
    }

    /// Free bytes on the store's file system, and a probe that a write can be synced.
    pub async fn probe(&self) -> Result<()> {
        self.disk.has_room(self.reserve, 1)?;
        self.disk.probe().await
    }
}

fn missing(address: &str, error: &std::io::Error) -> Fault {
    Fault::storage(format!("object {address}: {error}"))
}
