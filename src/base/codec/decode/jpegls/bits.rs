//! Bits of an entropy-coded segment: after a byte FF the next byte carries seven bits (T.87 §9.1).

use super::super::super::CodecError;
use super::super::super::error::refused;

/// Reads bits, most significant first; stops at a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    next: usize,
    held: u64,
    count: u32,
    after_ff: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, held: 0, count: 0, after_ff: false }
    }

    /// Bytes taken; whole bytes still unread belong to the padding before the marker.
    pub(super) fn used(&self) -> usize {
        self.next
    }

    /// `count` bits, at most 32.
    pub(super) fn read(&mut self, count: u32) -> Result<u32, CodecError> {
        if count == 0 {
            return Ok(0);
        }
        while self.count < count {
            self.fill()?;
        }
        self.count -= count;
        let value = (self.held >> self.count) & ((1 << count) - 1);
        Ok(value as u32)
    }

    /// Number of zeros before the next one, at most `limit`; the one is taken.
    pub(super) fn zeros(&mut self, limit: u32) -> Result<u32, CodecError> {
        for zeros in 0..=limit {
            if self.read(1)? == 1 {
                return Ok(zeros);
            }
        }
        Err(refused("jpeg-ls code is too long"))
    }

    fn fill(&mut self) -> Result<(), CodecError> {
        let byte = *self.bytes.get(self.next).ok_or_else(|| refused("jpeg-ls data ends early"))?;
        let width = if self.after_ff { 7 } else { 8 };
        if self.after_ff && byte >= 0x80 {
            return Err(refused("jpeg-ls data ends early"));
        }
        self.held = (self.held << width) | u64::from(byte);
        self.count += width;
        self.after_ff = byte == 0xff;
        self.next += 1;
        Ok(())
    }
}
