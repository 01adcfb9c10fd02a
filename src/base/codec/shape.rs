//! Image pixel attributes, checked before anything is allocated.

use serde::{Deserialize, Serialize};

use super::CodecError;
use super::error::refused;

/// Largest decoded frame, bytes: input, output and working memory must fit into the worker's 1 GiB.
const MAX_FRAME_BYTES: u64 = 256 << 20;

/// Image pixel attributes of a frame (PS3.3 §C.7.6.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// Samples per pixel: 1, 3 or 4.
    pub samples: u16,
    /// Bits allocated: 1, 8, 16 or 32; 64 for floating point.
    pub bits_allocated: u16,
    /// Bits stored.
    pub bits_stored: u16,
    /// High bit; bits above it are not part of the value.
    pub high_bit: u16,
    /// Pixel representation 1 (two's complement).
    pub signed: bool,
    /// Photometric interpretation.
    pub photometric: String,
    /// Planar configuration: 0 by pixel, 1 by plane.
    pub planar: u16,
    /// Samples are IEEE 754 numbers of 32 or 64 bits (PS3.3 §C.7.6.24, §C.7.6.25).
    #[serde(default)]
    pub float: bool,
}

impl Shape {
    /// Refuses what cannot be an image.
    ///
    /// # Errors
    /// [`CodecError::Refused`] or [`CodecError::Unsupported`], naming the attribute.
    pub fn check(&self) -> Result<(), CodecError> {
        if !(1..=65_535).contains(&self.rows) || !(1..=65_535).contains(&self.cols) {
            return Err(refused(format!("{} rows, {} columns", self.rows, self.cols)));
        }
        if !matches!(self.samples, 1 | 3 | 4) {
            return Err(refused(format!("{} samples per pixel", self.samples)));
        }
        match self.bits_allocated {
            32 | 64 if self.float => {}
            bits if self.float => return Err(refused(format!("floating point of {bits} bits"))),
            1 | 8 | 16 | 32 => {}
            64 => return Err(CodecError::Unsupported("64 bits allocated".into())),
            other => return Err(refused(format!("{other} bits allocated"))),
        }
        if self.bits_stored == 0
            || self.bits_stored > self.bits_allocated
            || self.high_bit >= self.bits_allocated
        {
            return Err(refused(format!("{} bits stored, high bit {}", self.bits_stored, self.high_bit)));
        }
        if self.high_bit + 1 < self.bits_stored {
            return Err(refused("high bit below bits stored"));
        }
        if self.samples > 1 && (self.bits_allocated == 1 || self.float) {
            return Err(CodecError::Unsupported(format!("colour of {} bits", self.bits_allocated)));
        }
        if self.frame_bytes() > MAX_FRAME_BYTES {
            return Err(refused(format!("frame of {} bytes", self.frame_bytes())));
        }
        Ok(())
    }

    /// Pixels in the frame.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.rows as usize * self.cols as usize
    }

    /// Exact length of the decoded frame, bytes (a bit-packed frame is rounded up).
    #[must_use]
    pub fn frame_bytes(&self) -> u64 {
        let bits = u64::from(self.rows)
            * u64::from(self.cols)
            * u64::from(self.samples)
            * u64::from(self.bits_allocated);
        bits.div_ceil(8)
    }

    /// Bytes of one sample (1 for bit-packed frames once unpacked).
    pub(super) fn sample_bytes(&self) -> usize {
        usize::from(self.bits_allocated.div_ceil(8))
    }

    /// The same frame once decoded: what codestreams and subsampled native samples hold as YBR comes back as RGB.
    #[must_use]
    pub fn decoded(&self) -> Self {
        let to_rgb = self.samples == 3
            && matches!(
                self.photometric.as_str(),
                "YBR_FULL_422" | "YBR_PARTIAL_422" | "YBR_PARTIAL_420" | "YBR_ICT" | "YBR_RCT" | "XYB"
            );
        let photometric = if to_rgb { "RGB".to_owned() } else { self.photometric.clone() };
        Self { photometric, ..self.clone() }
    }

    /// Stored value of the sample word `raw`: bits outside `bits_stored` are garbage (PS3.5 §8.1.1).
    pub(super) fn stored_value(&self, raw: u32) -> i64 {
        let shift = self.high_bit + 1 - self.bits_stored;
        let up = 64 - u32::from(self.bits_stored);
        let bits = (u64::from(raw >> shift) << up).cast_signed();
        if self.signed { bits >> up } else { (bits.cast_unsigned() >> up).cast_signed() }
    }
}
