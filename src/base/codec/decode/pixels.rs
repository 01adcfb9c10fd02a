//! A decoded frame.

use super::super::error::refused;
use super::super::{CodecError, Shape};

/// Samples by pixel (planar configuration 0), little-endian, `sample_bytes` each; one-bit samples take a byte.
pub(in super::super) struct Pixels {
    pub(in super::super) data: Vec<u8>,
    /// Colour is still `YBR_FULL`.
    pub(in super::super) ybr_full: bool,
}

impl Pixels {
    pub(in super::super) fn new(data: Vec<u8>) -> Self {
        Self { data, ybr_full: false }
    }

    pub(in super::super) fn with_ybr_full(self, ybr_full: bool) -> Self {
        Self { ybr_full, ..self }
    }

    /// From the samples of a codestream of `bits` bits. Where the data set is signed, the highest of them is the sign: codestreams
    /// that cannot say so carry two's complement (PS3.5 §8.2.1).
    pub(in super::super) fn from_words(shape: &Shape, samples: &[u16], bits: u8) -> Result<Self, CodecError> {
        let up = 16_u32.saturating_sub(bits.into());
        let extend = |v: u16| if shape.signed { ((v << up).cast_signed() >> up).cast_unsigned() } else { v };
        Ok(Self::new(match (shape.bits_allocated, shape.signed) {
            (1, _) => samples.iter().map(|v| v.to_le_bytes()[0] & 1).collect(),
            (8, _) => samples.iter().map(|v| extend(*v).to_le_bytes()[0]).collect(),
            (16, _) => samples.iter().flat_map(|v| extend(*v).to_le_bytes()).collect(),
            (32, true) => {
                samples.iter().flat_map(|v| i32::from(extend(*v).cast_signed()).to_le_bytes()).collect()
            }
            (32, false) => samples.iter().flat_map(|v| u32::from(*v).to_le_bytes()).collect(),
            (other, _) => return Err(refused(format!("{other} bits allocated"))),
        }))
    }

    /// The raw answer: planar configuration and bit packing as in the data set.
    pub(in super::super) fn raw(&self, shape: &Shape) -> Vec<u8> {
        if shape.bits_allocated == 1 {
            let mut packed = vec![0; self.data.len().div_ceil(8)];
            for (i, bit) in self.data.iter().enumerate() {
                packed[i / 8] |= (bit & 1) << (i % 8);
            }
            return packed;
        }
        if shape.planar != 1 || shape.samples == 1 {
            return self.data.clone();
        }
        let width = shape.sample_bytes();
        let pixel = width * usize::from(shape.samples);
        let mut planes = Vec::with_capacity(self.data.len());
        for sample in 0..usize::from(shape.samples) {
            for p in self.data.chunks_exact(pixel) {
                planes.extend_from_slice(&p[sample * width..(sample + 1) * width]);
            }
        }
        planes
    }
}
