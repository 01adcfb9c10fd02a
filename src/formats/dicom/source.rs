//! Where the scanner reads: bytes in memory, or a seekable file through one 64 KiB window.

use std::io::{Read, Seek, SeekFrom};

/// Random reads over an input of known length. A read beyond the end is short, never an error.
pub trait Source {
    /// Total length in bytes.
    fn len(&self) -> u64;
    /// True when there is nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Fills as much of `buffer` as exists at `offset`, returns the count.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize;
    /// Exactly `N` bytes at `offset`, or `None`.
    fn array<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]>
    where
        Self: Sized,
    {
        let mut out = [0u8; N];
        (self.read_at(offset, &mut out) == N).then_some(out)
    }
    /// At most `wanted` bytes at `offset`: the allocation is bounded by what exists.
    fn bytes(&mut self, offset: u64, wanted: u64) -> Vec<u8>
    where
        Self: Sized,
    {
        let exists = self.len().saturating_sub(offset).min(wanted);
        let mut out = vec![0u8; usize::try_from(exists).unwrap_or(0)];
        let n = self.read_at(offset, &mut out);
        out.truncate(n);
        out
    }
}

/// Bytes in memory.
#[derive(Debug, Clone, Copy)]
pub struct SliceSource<'a>(pub &'a [u8]);

impl Source for SliceSource<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = usize::try_from(offset).ok().and_then(|o| self.0.get(o..)).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        n
    }
}

const WINDOW: usize = 64 * 1024;

/// A seekable reader of known length.
#[derive(Debug)]
pub struct FileSource<R> {
    reader: R,
    length: u64,
    window: Vec<u8>,
    start: u64,
}

impl<R: Read + Seek> FileSource<R> {
    /// Wraps a reader whose total length is known.
    pub fn new(reader: R, length: u64) -> Self {
        Self { reader, length, window: Vec::new(), start: 0 }
    }

    fn load(&mut self, offset: u64, wanted: usize) -> bool {
        self.window.clear();
        self.start = offset;
        let take = self.length.saturating_sub(offset).min(wanted as u64);
        self.reader.seek(SeekFrom::Start(offset)).is_ok()
            && self.reader.by_ref().take(take).read_to_end(&mut self.window).is_ok()
    }
}

impl<R: Read + Seek> Source for FileSource<R> {
    fn len(&self) -> u64 {
        self.length
    }
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        if offset >= self.length {
            return 0;
        }
        let wanted = usize::try_from((self.length - offset).min(buffer.len() as u64)).unwrap_or(0);
        let inside = offset >= self.start && offset + wanted as u64 <= self.start + self.window.len() as u64;
        if !inside && !self.load(offset, wanted.max(WINDOW)) {
            return 0;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let rest = self.window.get(from..).unwrap_or_default();
        let n = rest.len().min(wanted);
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        n
    }
}
