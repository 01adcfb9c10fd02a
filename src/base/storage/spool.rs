//! An object on its way in: small ones stay in one block of memory, larger ones are written block by block while the next
//! block is received. Hashing a block takes less time than handing it to another thread and back.

use std::collections::VecDeque;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};

use super::blob_disk::Disk;
use super::block::{Block, SIZE};
use super::slots::Slot;
use crate::digest::Running;
use crate::fault::{Fault, Result};

/// An object that is being received. Dropped without `finish`, nothing of it stays.
pub struct Spool {
    disk: Arc<Disk>,
    block: Block,
    /// Bytes of the block that are hashed.
    hashed: usize,
    hash: Box<Running>,
    stream: Option<Stream>,
    len: u64,
    limit: u64,
}

/// A complete object, not yet durable. Dropped without [`super::blob::Blobs::keep`], nothing of it stays.
pub struct Spooled {
    pub(super) body: Body,
    pub(super) address: String,
    /// Length in bytes.
    pub len: u64,
}

/// Bytes of an object that several tasks read.
pub type Shared = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Where the bytes of a complete object are.
pub(super) enum Body {
    Memory(Arc<Block>),
    File(Slot),
}

/// The bytes of a complete object, for reading.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// A small object.
    Memory(&'a [u8]),
    /// A large one; the file may be longer than the object.
    File(&'a Path),
}

/// Hashed at once, bytes: enough for the widest registers.
const HASHED: usize = 128 << 10;
/// Blocks of one object on their way to the disk at once. The second is there when the first is done, so that the disk never
/// waits for a change of threads; a third would only take memory.
const WRITING: usize = 2;

/// A large object: at most [`WRITING`] blocks are being written.
struct Stream {
    slot: Arc<Slot>,
    offset: u64,
    writing: VecDeque<JoinHandle<std::io::Result<()>>>,
}

impl Spool {
    pub(super) fn new(disk: Arc<Disk>, limit: u64) -> Self {
        let block = disk.blocks.take();
        Self { disk, block, hashed: 0, hash: Box::default(), stream: None, len: 0, limit }
    }

    /// Bytes received so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was received yet.
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
        let mut rest = self.block.fill(bytes);
        while !rest.is_empty() {
            self.flush().await?;
            rest = self.block.fill(rest);
        }
        if self.block.as_ref().len() - self.hashed >= HASHED {
            self.hash_on();
        }
        Ok(())
    }

    /// Hashes what came since the last time: while the sender sends on, and while it is near the processor.
    fn hash_on(&mut self) {
        self.hash.update(self.block.as_ref().get(self.hashed..).unwrap_or_default());
        self.hashed = self.block.as_ref().len();
    }

    /// Ends receiving; the object is complete but not yet durable.
    pub async fn finish(mut self) -> Result<Spooled> {
        if self.stream.is_none() {
            self.hash_on();
            let Self { block, hash, len, .. } = self;
            return Ok(Spooled { body: Body::Memory(Arc::new(block)), address: hash.finish_hex(), len });
        }
        self.flush().await?;
        let Some(Stream { slot, mut writing, .. }) = self.stream else {
            return Err(Fault::internal("a spool without a stream"));
        };
        while let Some(first) = writing.pop_front() {
            written(first).await?;
        }
        let slot = Arc::into_inner(slot).ok_or_else(|| Fault::internal("a spool file is still written"))?;
        Ok(Spooled { body: Body::File(slot), address: self.hash.finish_hex(), len: self.len })
    }

    /// Ends receiving with a file, however small the object is. The file may be longer than the object.
    pub async fn finish_as_file(mut self) -> Result<Spooled> {
        if self.stream.is_none() {
            self.stream = Some(Stream::open(&self.disk).await?);
        }
        self.finish().await
    }

    /// Hashes the block and hands it to the disk, once that has done all but the one before.
    async fn flush(&mut self) -> Result<()> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => Stream::open(&self.disk).await?,
        };
        self.hash_on();
        self.hashed = 0;
        let mut block = std::mem::replace(&mut self.block, self.disk.blocks.take());
        if stream.writing.len() == WRITING
            && let Some(first) = stream.writing.pop_front()
        {
            written(first).await?;
        }
        block.pad();
        let (slot, offset) = (Arc::clone(&stream.slot), stream.offset);
        stream.writing.push_back(spawn_blocking(move || slot.file.write_all_at(block.whole(), offset)));
        stream.offset += SIZE as u64;
        self.stream = Some(stream);
        Ok(())
    }
}

impl Stream {
    async fn open(disk: &Arc<Disk>) -> Result<Self> {
        let disk = Arc::clone(disk);
        let slot = spawn_blocking(move || disk.slots.take(true)).await;
        let slot = slot
            .map_err(|_| Fault::internal("opening a spool file stopped"))?
            .map_err(|e| Fault::io("create spool file", &e))?;
        Ok(Self { slot: Arc::new(slot), offset: 0, writing: VecDeque::new() })
    }
}

async fn written(writing: JoinHandle<std::io::Result<()>>) -> Result<()> {
    let done = writing.await.map_err(|_| Fault::internal("writing a spool file stopped"))?;
    done.map_err(|e| Fault::io("write spool file", &e))
}

impl Spooled {
    /// The bytes, for reading.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        match &self.body {
            Body::Memory(block) => Content::Memory((**block).as_ref()),
            Body::File(slot) => Content::File(&slot.path),
        }
    }

    /// The bytes of a small object, to be read elsewhere.
    #[must_use]
    pub fn shared(&self) -> Option<Shared> {
        match &self.body {
            Body::Memory(block) => Some(Arc::clone(block) as Shared),
            Body::File(_) => None,
        }
    }
}
