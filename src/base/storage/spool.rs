//! A temporary file on the final file system that is hashed while it is written.

use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::digest::Running;
use crate::fault::{Fault, Result};

/// Bytes collected before a write to the file.
const BUFFER: usize = 256 * 1024;

/// An open spool file. Dropped without `finish`, its file is removed.
pub struct Spool {
    path: PathBuf,
    file: Option<File>,
    hash: Running,
    buffer: Vec<u8>,
    len: u64,
    limit: u64,
}

/// A complete spool file, not yet durable. Dropped without [`super::blob::Blobs::keep`], its file is removed.
pub struct Spooled {
    path: PathBuf,
    kept: bool,
    /// SHA-256 of the whole file, hex.
    pub sha256: String,
    /// Length in bytes.
    pub len: u64,
}

impl Spool {
    pub(super) async fn create(path: PathBuf, limit: u64) -> Result<Self> {
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .await
            .map_err(|e| Fault::io("create spool file", &e))?;
        Ok(Self { path, file: Some(file), hash: Running::default(), buffer: Vec::new(), len: 0, limit })
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends bytes. Over the limit: [`Fault::Invalid`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.len += bytes.len() as u64;
        if self.len > self.limit {
            return Err(Fault::invalid("object", format!("larger than the limit of {} bytes", self.limit)));
        }
        self.hash.update(bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.drain().await?;
        }
        Ok(())
    }

    async fn drain(&mut self) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(&self.buffer).await.map_err(|e| Fault::io("write spool file", &e))?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Ends writing; the file is complete but not yet synced.
    pub async fn finish(mut self) -> Result<Spooled> {
        self.drain().await?;
        if let Some(mut file) = self.file.take() {
            file.flush().await.map_err(|e| Fault::io("flush spool file", &e))?;
        }
        let path = std::mem::take(&mut self.path);
        Ok(Spooled { path, kept: false, sha256: std::mem::take(&mut self.hash).finish_hex(), len: self.len })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Best effort: the start-up sweep removes what is left.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Spooled {
    /// Where the file is now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn mark_kept(&mut self) {
        self.kept = true;
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if !self.kept {
            // Best effort: the start-up sweep removes what is left.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
