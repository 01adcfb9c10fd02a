//! Memory for objects on their way to the disk: aligned for direct writes, used again by the next object.

use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a block. Objects up to this size are written in one piece, larger ones block by block.
pub(super) const SIZE: usize = 1 << 20;
/// Direct writes begin and end at multiples of this.
pub(super) const ALIGN: usize = 4096;
/// Blocks kept for the next objects; more are given back to the system.
const KEPT: usize = 8;

/// Blocks nobody uses.
#[derive(Default)]
pub(super) struct Blocks(Mutex<Vec<Vec<u8>>>);

/// A block; its memory goes back when it is dropped.
pub(super) struct Block {
    room: Vec<u8>,
    start: usize,
    len: usize,
    home: Arc<Blocks>,
}

impl Blocks {
    pub(super) fn take(self: &Arc<Self>) -> Block {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // Zeroed memory of this size comes untouched from the system: a small object costs only the pages it fills.
        let room = used.unwrap_or_else(|| vec![0; SIZE + ALIGN]);
        let start = room.as_ptr().align_offset(ALIGN).min(ALIGN);
        Block { room, start, len: 0, home: Arc::clone(self) }
    }
}

impl Block {
    /// Takes as much of `bytes` as fits; answers the rest.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (now, later) = bytes.split_at(bytes.len().min(SIZE - self.len));
        let at = self.start + self.len;
        if let Some(to) = self.room.get_mut(at..at + now.len()) {
            to.copy_from_slice(now);
            self.len += now.len();
        }
        later
    }

    /// Fills up to the next multiple of [`ALIGN`]: what an earlier object left in this memory must not reach the disk beside
    /// this one.
    pub(super) fn pad(&mut self) {
        let end = self.start + self.len.next_multiple_of(ALIGN);
        if let Some(rest) = self.room.get_mut(self.start + self.len..end) {
            rest.fill(0);
        }
    }

    /// The content up to the next multiple of [`ALIGN`]: what a direct write takes, once [`Block::pad`] was called.
    pub(super) fn whole(&self) -> &[u8] {
        self.bytes(self.len.next_multiple_of(ALIGN))
    }

    /// The first `len` bytes of the memory.
    fn bytes(&self, len: usize) -> &[u8] {
        self.room.get(self.start..self.start + len).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self.bytes(self.len)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut kept = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(std::mem::take(&mut self.room));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_bounded_and_used_again() {
        let blocks = Arc::new(Blocks::default());
        let mut block = blocks.take();
        assert_eq!(block.fill(&[7; 10]), b"");
        block.pad();
        assert_eq!(block.whole().len(), ALIGN);
        assert_eq!(block.as_ref(), [7; 10]);
        assert_eq!(block.bytes(ALIGN).as_ptr().align_offset(ALIGN), 0);
        let long = vec![1; SIZE];
        assert_eq!(block.fill(&long).len(), 10);
        let address = block.bytes(1).as_ptr();
        drop(block);
        let mut again = blocks.take();
        assert_eq!(again.bytes(1).as_ptr(), address);
        again.fill(&[9; 3]);
        again.pad();
        assert_eq!(again.bytes(5), [9, 9, 9, 0, 0], "bytes of the object before");
    }
}
