//! Bits of an entropy-coded segment: FF 00 stands for a byte FF, any other byte after FF begins a marker (T.81 §F.1.2.3).

use super::super::super::CodecError;
use super::super::super::error::refused;

/// Reads bits, most significant first; stops at a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    next: usize,
    /// Unread bits, left-aligned.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, held: 0, count: 0 }
    }

    /// Where the next marker begins, or the bytes end.
    pub(super) fn used(&self) -> usize {
        self.next
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.bytes.get(self.next) else { return };
            if *byte == 0xff {
                if self.bytes.get(self.next + 1) != Some(&0) {
                    return;
                }
                self.next += 1;
            }
            self.next += 1;
            self.held |= u64::from(*byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next 16 bits without taking them, zeros behind the end.
    pub(super) fn peek(&mut self) -> usize {
        if self.count < 16 {
            self.fill();
        }
        (self.held >> 48) as usize
    }

    /// Takes `count` bits, at most 16, that were peeked at.
    pub(super) fn take(&mut self, count: u32) -> Result<(), CodecError> {
        if count > self.count {
            return Err(refused("jpeg data ends early"));
        }
        self.held <<= count;
        self.count -= count;
        Ok(())
    }

    /// A value of `size` bits with its sign (EXTEND, §F.2.2.1); at most 16.
    pub(super) fn signed(&mut self, size: u32) -> Result<i32, CodecError> {
        if size == 0 {
            return Ok(0);
        }
        let value = (self.peek() >> (16 - size)) as i32;
        self.take(size)?;
        Ok(if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }

    /// Steps over a restart marker.
    pub(super) fn restart(&mut self) -> Result<(), CodecError> {
        self.held = 0;
        self.count = 0;
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        let at = rest.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff));
        match at.map(|at| (at, rest[at + 1])) {
            Some((at, 0xd0..=0xd7)) => {
                self.next += at + 2;
                Ok(())
            }
            _ => Err(refused("jpeg restart marker is missing")),
        }
    }
}
