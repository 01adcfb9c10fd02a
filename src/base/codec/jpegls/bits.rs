//! Bits of an entropy-coded segment: after a byte FF the next byte carries seven bits (T.87 §9.1).

use super::super::CodecError;
use super::super::error::refused;

/// Reads bits, most significant first; stops at a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    next: usize,
    /// Unread bits, left-aligned.
    held: u64,
    count: u32,
    after_ff: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, held: 0, count: 0, after_ff: false }
    }

    /// Where the next marker begins, or the bytes end.
    pub(super) fn used(&self) -> usize {
        self.next
    }

    /// `count` bits, at most 32.
    pub(super) fn read(&mut self, count: u32) -> Result<u32, CodecError> {
        if count == 0 {
            return Ok(0);
        }
        self.need(count)?;
        let value = self.held >> (64 - count);
        self.held <<= count;
        self.count -= count;
        Ok(value as u32)
    }

    /// Number of zeros before the next one, at most `limit`; the one is taken.
    pub(super) fn zeros(&mut self, limit: u32) -> Result<u32, CodecError> {
        let mut total = 0;
        loop {
            self.need(1)?;
            let zeros = self.held.leading_zeros().min(self.count);
            total += zeros;
            if total > limit {
                return Err(refused("jpeg-ls code is too long"));
            }
            if zeros < self.count {
                // the one as well; a shift by 64 would be none
                self.held = self.held << zeros << 1;
                self.count -= zeros + 1;
                return Ok(total);
            }
            self.held = 0;
            self.count = 0;
        }
    }

    /// Steps over a restart marker; what is left of the interval is padding.
    pub(super) fn restart(&mut self) -> Result<(), CodecError> {
        (self.held, self.count, self.after_ff) = (0, 0, false);
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        let at = rest.windows(2).position(|w| w[0] == 0xff && w[1] >= 0x80 && w[1] != 0xff);
        match at.map(|at| (at, rest[at + 1])) {
            Some((at, 0xd0..=0xd7)) => {
                self.next += at + 2;
                Ok(())
            }
            _ => Err(refused("jpeg-ls restart marker is missing")),
        }
    }

    fn need(&mut self, count: u32) -> Result<(), CodecError> {
        if self.count < count {
            self.fill();
            if self.count < count {
                return Err(refused("jpeg-ls data ends early"));
            }
        }
        Ok(())
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.bytes.get(self.next) else { return };
            // FF before a byte with its high bit set is a marker, not data
            if *byte == 0xff && self.bytes.get(self.next + 1).is_some_and(|b| *b >= 0x80) {
                return;
            }
            let width = if self.after_ff { 7 } else { 8 };
            self.held |= u64::from(*byte) << (64 - width) >> self.count;
            self.count += width;
            self.after_ff = *byte == 0xff;
            self.next += 1;
        }
    }
}

/// Writes bits, most significant first.
#[derive(Default)]
pub(super) struct BitsOut {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitsOut {
    /// The lower `count` bits of `value`, at most 32.
    pub(super) fn write(&mut self, value: u32, count: u32) {
        self.held = (self.held << count) | u64::from(value);
        self.count += count;
        self.drain();
    }

    /// So many zeros and a one.
    pub(super) fn zeros(&mut self, mut zeros: u32) {
        while zeros >= 24 {
            self.write(0, 24);
            zeros -= 24;
        }
        self.write(1, zeros + 1);
    }

    fn drain(&mut self) {
        loop {
            let width = if self.bytes.last() == Some(&0xff) { 7 } else { 8 };
            if self.count < width {
                return;
            }
            self.count -= width;
            self.bytes.push((self.held >> self.count) as u8);
            self.held &= (1 << self.count) - 1;
        }
    }

    /// The whole segment; no byte FF stands at its end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let width = if self.bytes.last() == Some(&0xff) { 7 } else { 8 };
        if self.count > 0 {
            self.write(0, width - self.count);
        }
        if self.bytes.last() == Some(&0xff) {
            self.bytes.push(0);
        }
        self.bytes
    }
}
