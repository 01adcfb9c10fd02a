//! From one stored frame to samples, by transfer syntax. Runs in the worker only.

pub(super) mod codestream;
mod colour;
mod jpeg;
mod jpeg2000;
mod jpegxl;
mod native;
mod pixels;
mod rle;

use super::error::refused;
use super::{CodecError, Shape, jpegls};

pub(super) use colour::{ybr_to_rgb, ybr_to_rgb_8};
pub(super) use pixels::Pixels;

/// True when frames of this transfer syntax are decoded here.
#[must_use]
pub fn supported(transfer_syntax: &str) -> bool {
    family(transfer_syntax).is_some()
}

/// True when frames of this transfer syntax are the samples themselves, little-endian.
pub(super) fn is_plain(transfer_syntax: &str) -> bool {
    family(transfer_syntax) == Some(Family::Little)
}

/// How a transfer syntax is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Little,
    Big,
    DeflatedFrames,
    Jpeg,
    JpegLs,
    Jpeg2000,
    JpegXl,
    Rle,
}

fn family(transfer_syntax: &str) -> Option<Family> {
    Some(match transfer_syntax.trim_end_matches(['\0', ' ']).strip_prefix("1.2.840.10008.1.2")? {
        // the deflated syntax is inflated when the data set is scanned, its frames are native
        "" | ".1" | ".1.99" => Family::Little,
        ".2" => Family::Big,
        ".8.1" => Family::DeflatedFrames,
        ".4.50" | ".4.51" | ".4.57" | ".4.70" => Family::Jpeg,
        ".4.80" | ".4.81" => Family::JpegLs,
        // JPEG 2000 part 1 and 2, high throughput
        ".4.90" | ".4.91" | ".4.92" | ".4.93" | ".4.201" | ".4.202" | ".4.203" => Family::Jpeg2000,
        ".4.110" | ".4.111" | ".4.112" => Family::JpegXl,
        ".5" => Family::Rle,
        _ => return None,
    })
}

/// Decodes one frame; `shape` has been checked.
pub(super) fn decode(transfer_syntax: &str, shape: &Shape, frame: Vec<u8>) -> Result<Pixels, CodecError> {
    let family =
        family(transfer_syntax).ok_or_else(|| CodecError::Unsupported(transfer_syntax.to_owned()))?;
    if shape.float && !matches!(family, Family::Little | Family::Big | Family::DeflatedFrames) {
        return Err(CodecError::Unsupported("floating point in a codestream".into()));
    }
    let pixels = match family {
        Family::Little => native::decode(shape, frame, false)?,
        Family::Big => native::decode(shape, frame, true)?,
        Family::DeflatedFrames => native::decode(shape, native::inflate(shape, &frame)?, false)?,
        Family::Jpeg => jpeg::decode(shape, &frame)?,
        Family::JpegLs => jpegls::decode(shape, &frame)?,
        Family::Jpeg2000 => jpeg2000::decode(shape, &frame)?,
        Family::JpegXl => jpegxl::decode(shape, &frame)?,
        Family::Rle => rle::decode(shape, &frame)?,
    };
    if pixels.data.len() != shape.pixels() * usize::from(shape.samples) * shape.sample_bytes() {
        return Err(refused(format!("{} bytes decoded", pixels.data.len())));
    }
    Ok(pixels)
}
