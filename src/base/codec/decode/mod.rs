//! From one stored frame to samples, by transfer syntax. Runs in the worker only.

mod codestream;
mod jpeg;
mod jpeg2000;
mod jpegls;
mod native;
mod rle;

use super::error::refused;
use super::{CodecError, Shape};

/// A decoded frame: samples by pixel (planar configuration 0), little-endian, `sample_bytes` each.
pub(super) struct Pixels {
    pub(super) data: Vec<u8>,
    /// Colour is still `YBR_FULL`.
    pub(super) ybr_full: bool,
}

/// True when frames of this transfer syntax are decoded here.
#[must_use]
pub fn supported(transfer_syntax: &str) -> bool {
    family(transfer_syntax).is_some()
}

/// How a transfer syntax is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Little,
    Big,
    Jpeg,
    JpegLs,
    Jpeg2000,
    Rle,
}

fn family(transfer_syntax: &str) -> Option<Family> {
    Some(match transfer_syntax.trim_end_matches(['\0', ' ']).strip_prefix("1.2.840.10008.1.2")? {
        // the deflated syntax is inflated when the data set is scanned, its frames are native
        "" | ".1" | ".1.99" => Family::Little,
        ".2" => Family::Big,
        ".4.50" | ".4.51" | ".4.57" | ".4.70" => Family::Jpeg,
        ".4.80" | ".4.81" => Family::JpegLs,
        ".4.90" | ".4.91" => Family::Jpeg2000,
        ".5" => Family::Rle,
        _ => return None,
    })
}

/// Decodes one frame; `shape` has been checked.
pub(super) fn decode(transfer_syntax: &str, shape: &Shape, frame: Vec<u8>) -> Result<Pixels, CodecError> {
    let family =
        family(transfer_syntax).ok_or_else(|| CodecError::Unsupported(transfer_syntax.to_owned()))?;
    if shape.bits_allocated == 1 && !matches!(family, Family::Little | Family::Big) {
        return Err(CodecError::Unsupported("one bit a pixel in a codestream".into()));
    }
    let pixels = match family {
        Family::Little => native::decode(shape, frame, false)?,
        Family::Big => native::decode(shape, frame, true)?,
        Family::Jpeg => jpeg::decode(shape, &frame)?,
        Family::JpegLs => jpegls::decode(shape, &frame)?,
        Family::Jpeg2000 => jpeg2000::decode(shape, &frame)?,
        Family::Rle => rle::decode(shape, &frame)?,
    };
    if pixels.data.len() != shape.pixels() * usize::from(shape.samples) * shape.sample_bytes() {
        return Err(refused(format!("{} bytes decoded", pixels.data.len())));
    }
    Ok(pixels)
}

impl Pixels {
    /// The raw answer: planar configuration and bit packing as in the data set.
    pub(super) fn raw(&self, shape: &Shape) -> Vec<u8> {
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

/// `YBR_FULL` to RGB in place, 8-bit (PS3.3 §C.7.6.3.1.2).
pub(super) fn ybr_to_rgb(data: &mut [u8], samples: usize) {
    for p in data.chunks_exact_mut(samples) {
        let [y, b, r] = [f32::from(p[0]), f32::from(p[1]) - 128.0, f32::from(p[2]) - 128.0];
        p[0] = (y + 1.402 * r).round() as u8;
        p[1] = (y - 0.344_136 * b - 0.714_136 * r).round() as u8;
        p[2] = (y + 1.772 * b).round() as u8;
    }
}
