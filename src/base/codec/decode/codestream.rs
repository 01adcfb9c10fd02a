//! Size of an image as its codestream states it, read before any decoder allocates.

use super::super::error::refused;
use super::super::{CodecError, Shape};

/// What a codestream header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Header {
    pub(in super::super) rows: u32,
    pub(in super::super) cols: u32,
    pub(in super::super) components: u16,
    /// Bits of a sample.
    pub(in super::super) precision: u8,
    /// Second byte of the frame marker (JPEG, JPEG-LS).
    pub(super) marker: u8,
    /// Samples are signed (JPEG 2000).
    pub(super) signed: bool,
}

impl Header {
    /// Refuses a codestream that contradicts the data set.
    pub(in super::super) fn check(self, shape: &Shape) -> Result<(), CodecError> {
        if (self.rows, self.cols, self.components) != (shape.rows, shape.cols, shape.samples) {
            return Err(CodecError::Size(format!(
                "codestream is {}x{}x{}, attributes say {}x{}x{}",
                self.rows, self.cols, self.components, shape.rows, shape.cols, shape.samples
            )));
        }
        if u16::from(self.precision) > shape.bits_allocated || self.precision == 0 {
            return Err(refused(format!("codestream has {} bits a sample", self.precision)));
        }
        Ok(())
    }
}

/// Frame header of a JPEG or JPEG-LS stream (ISO 10918-1 §B.2.2): marker SOFn, or SOF55 of JPEG-LS.
pub(in super::super) fn jpeg(stream: &[u8]) -> Result<Header, CodecError> {
    let bad = || refused("no frame header in the codestream");
    let mut rest = stream.strip_prefix(&[0xff, 0xd8]).ok_or_else(bad)?;
    // markers before the frame are few; the bound keeps this linear and short
    for _ in 0..4096 {
        let at = rest.iter().position(|b| *b != 0xff).ok_or_else(bad)?;
        let marker = rest[at];
        rest = &rest[at + 1..];
        if at == 0 {
            return Err(bad());
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            continue;
        }
        let [high, low, ..] = *rest else { return Err(bad()) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(2..length).ok_or_else(bad)?;
        if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7) {
            let [precision, r1, r2, c1, c2, components, ..] = *segment else { return Err(bad()) };
            let [rows, cols] = [u16::from_be_bytes([r1, r2]), u16::from_be_bytes([c1, c2])];
            return Ok(Header {
                rows: rows.into(),
                cols: cols.into(),
                components: components.into(),
                precision,
                marker,
                signed: false,
            });
        }
        if matches!(marker, 0xd9 | 0xda) {
            return Err(bad());
        }
        rest = &rest[length..];
    }
    Err(bad())
}

/// SIZ segment of a JPEG 2000 codestream, bare or in a JP2 file (ISO 15444-1 §A.5.1).
pub(super) fn jpeg2000(stream: &[u8]) -> Result<Header, CodecError> {
    let bad = || refused("no size segment in the codestream");
    let at = stream.windows(4).position(|w| w == [0xff, 0x4f, 0xff, 0x51]).ok_or_else(bad)?;
    let word = |offset: usize| -> Option<u32> {
        let bytes = stream.get(at + offset..at + offset + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let read = || -> Option<Header> {
        let cols = word(8)?.checked_sub(word(16)?)?;
        let rows = word(12)?.checked_sub(word(20)?)?;
        let [high, low, depth] = *stream.get(at + 40..at + 43)? else { return None };
        Some(Header {
            rows,
            cols,
            components: u16::from_be_bytes([high, low]),
            precision: (depth & 0x7f) + 1,
            marker: 0,
            signed: depth & 0x80 != 0,
        })
    };
    read().ok_or_else(bad)
}
