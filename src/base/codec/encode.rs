//! Frames written for receivers that do not take the stored transfer syntax (dicom reference, section 7.6, column "encode").

pub(super) mod jpeg;
mod rle;

use serde::{Deserialize, Serialize};

use super::decode::Pixels;
use super::error::refused;
use super::{CodecError, Shape, jpegls};

/// How a frame is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// JPEG-LS lossless (1.2.840.10008.1.2.4.80).
    JpegLs,
    /// RLE lossless (1.2.840.10008.1.2.5).
    Rle,
    /// JPEG baseline (1.2.840.10008.1.2.4.50), quality 1 to 100: loses.
    Jpeg(u8),
}

impl Coding {
    /// Quality of baseline JPEG where nobody asked for another.
    const QUALITY: u8 = 90;

    /// The coding of a transfer syntax that is written here.
    #[must_use]
    pub fn of(transfer_syntax: &str) -> Option<Self> {
        match transfer_syntax {
            "1.2.840.10008.1.2.4.80" => Some(Self::JpegLs),
            "1.2.840.10008.1.2.5" => Some(Self::Rle),
            "1.2.840.10008.1.2.4.50" => Some(Self::Jpeg(Self::QUALITY)),
            _ => None,
        }
    }

    /// True when frames of this shape can be written.
    #[must_use]
    pub fn takes(self, shape: &Shape) -> bool {
        let integer = !shape.float && shape.bits_allocated > 1;
        match self {
            Self::JpegLs => integer && shape.bits_allocated <= 16 && shape.samples != 4,
            Self::Rle => integer && u32::from(shape.samples) * u32::from(shape.bits_allocated / 8) <= 15,
            // signed samples and palette indices are no brightness
            Self::Jpeg(_) => {
                integer
                    && shape.bits_allocated == 8
                    && !shape.signed
                    && shape.photometric != "PALETTE COLOR"
                    && shape.samples != 4
            }
        }
    }

    /// Photometric interpretation of what is written from decoded samples of `photometric`.
    #[must_use]
    pub fn photometric(self, photometric: &str) -> &str {
        match (self, photometric) {
            (Self::Jpeg(_), "RGB" | "YBR_FULL") => "YBR_FULL_422",
            _ => photometric,
        }
    }
}

/// Writes a decoded frame.
pub(super) fn encode(pixels: &Pixels, shape: &Shape, coding: Coding) -> Result<Vec<u8>, CodecError> {
    if !coding.takes(shape) {
        return Err(CodecError::Unsupported(format!("{coding:?} of this image")));
    }
    match coding {
        Coding::JpegLs => {
            let side = |n: u32| u16::try_from(n).map_err(|_| refused("image side"));
            let precision = precision(&pixels.data, shape);
            let mask = ((1_u32 << precision) - 1) as u16;
            let words: Vec<u16> = match shape.sample_bytes() {
                1 => pixels.data.iter().map(|b| u16::from(*b) & mask).collect(),
                _ => {
                    let word = |w: &[u8]| u16::from_le_bytes([w[0], w[1]]) & mask;
                    pixels.data.chunks_exact(2).map(word).collect()
                }
            };
            let (rows, cols) = (side(shape.rows)?, side(shape.cols)?);
            jpegls::encode(&words, (rows, cols), shape.samples.to_le_bytes()[0], precision)
        }
        Coding::Rle => rle::encode(pixels, shape),
        Coding::Jpeg(quality) => {
            let samples = match (shape.samples, pixels.ybr_full) {
                (1, _) => jpeg::Samples::Grey,
                (_, true) => jpeg::Samples::Ybr,
                (_, false) => jpeg::Samples::Rgb,
            };
            let size = (shape.cols as usize, shape.rows as usize);
            jpeg::write(&pixels.data, size, samples, jpeg::Colour::Halved, quality)
        }
    }
}

/// Bits that carry every sample: those stored, or all where something stands above them.
fn precision(data: &[u8], shape: &Shape) -> u8 {
    let all = shape.bits_allocated.to_le_bytes()[0];
    let stored = shape.bits_stored.to_le_bytes()[0].max(2);
    if stored >= all || shape.high_bit + 1 != shape.bits_stored {
        return all;
    }
    let whole = |word: u32| {
        let value = shape.stored_value(word);
        let again = value.cast_unsigned() & ((1 << all) - 1);
        again == u64::from(word)
    };
    let clean = match shape.sample_bytes() {
        1 => data.iter().all(|b| whole((*b).into())),
        _ => data.chunks_exact(2).all(|w| whole(u16::from_le_bytes([w[0], w[1]]).into())),
    };
    if clean { stored } else { all }
}
