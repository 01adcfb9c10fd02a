//! Where the scanner reads: bytes in memory, or a seekable file through two small windows.

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
    /// The same for a look ahead that may be far away and does not move the place of reading.
    fn peek_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        self.read_at(offset, buffer)
    }
    /// Exactly `N` bytes at `offset`, or `None`.
    fn array<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]>
    where
        Self: Sized,
    {
        let mut out = [0u8; N];
        (self.read_at(offset, &mut out) == N).then_some(out)
    }
    /// `array` as a look ahead.
    fn peek<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]>
    where
        Self: Sized,
    {
        let mut out = [0u8; N];
        (self.peek_at(offset, &mut out) == N).then_some(out)
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

/// Read at once where reading goes on.
const WINDOW: usize = 64 * 1024;
/// Read at once behind a jump and for a look ahead.
const GLANCE: usize = 4 * 1024;

#[derive(Debug, Default)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// The wanted bytes when all of them are here.
    fn get(&self, offset: u64, wanted: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(wanted)?)
    }
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// A seekable reader of known length.
#[derive(Debug)]
pub struct FileSource<R> {
    reader: R,
    length: u64,
    here: Window,
    ahead: Window,
    failed: Option<std::io::ErrorKind>,
}

impl<R: Read + Seek> FileSource<R> {
    /// Wraps a reader whose total length is known.
    pub fn new(reader: R, length: u64) -> Self {
        Self { reader, length, here: Window::default(), ahead: Window::default(), failed: None }
    }

    /// The first read error. What a scan found is worth nothing when there was one: the disk is at fault, not the object.
    #[must_use]
    pub fn failed(&self) -> Option<std::io::ErrorKind> {
        self.failed
    }

    fn load(&mut self, window: &mut Window, offset: u64, wanted: usize) {
        window.bytes.clear();
        window.start = offset;
        let take = self.length.saturating_sub(offset).min(wanted as u64);
        let read = self
            .reader
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.reader.by_ref().take(take).read_to_end(&mut window.bytes));
        if let Err(e) = read {
            window.bytes.clear();
            self.failed.get_or_insert(e.kind());
        }
    }

    fn direct(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let read = self.reader.seek(SeekFrom::Start(offset)).and_then(|_| self.reader.read_exact(buffer));
        if let Err(e) = read {
            self.failed.get_or_insert(e.kind());
            return 0;
        }
        buffer.len()
    }

    fn fill(&mut self, offset: u64, buffer: &mut [u8], ahead: bool) -> usize {
        let exists = self.length.saturating_sub(offset).min(buffer.len() as u64);
        let wanted = usize::try_from(exists).unwrap_or(0);
        let Some(buffer) = buffer.get_mut(..wanted).filter(|b| !b.is_empty()) else { return 0 };
        if let Some(found) = self.here.get(offset, wanted).or_else(|| self.ahead.get(offset, wanted)) {
            buffer.copy_from_slice(found);
            return wanted;
        }
        if wanted > GLANCE {
            return self.direct(offset, buffer);
        }
        let mut window = std::mem::take(if ahead { &mut self.ahead } else { &mut self.here });
        // Reading on from the end of the window is likely to go on; behind a jump little is needed.
        let on = !ahead && offset <= window.end() && offset >= window.start;
        self.load(&mut window, offset, if on { WINDOW } else { GLANCE });
        let found = window.get(offset, wanted).map(|found| buffer.copy_from_slice(found));
        *(if ahead { &mut self.ahead } else { &mut self.here }) = window;
        if found.is_some() { wanted } else { 0 }
    }
}

impl<R: Read + Seek> Source for FileSource<R> {
    fn len(&self) -> u64 {
        self.length
    }
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        self.fill(offset, buffer, false)
    }
    fn peek_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        self.fill(offset, buffer, true)
    }
}
