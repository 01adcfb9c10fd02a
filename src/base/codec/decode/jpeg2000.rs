//! JPEG 2000 (ISO 15444-1), lossless and lossy.

use jpeg2k::{DecodeParameters, Image};

use super::super::error::refused;
use super::super::{CodecError, Shape};
use super::{Pixels, codestream};

/// Decodes a JPEG 2000 frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    codestream::jpeg2000(frame)?.check(shape)?;
    // palettes and channel definitions belong to the file format, not to DICOM
    let parameters = DecodeParameters::new().ignore_pclr_cmap_cdef();
    let image = Image::from_bytes_with(frame, parameters).map_err(|e| refused(format!("jpeg 2000: {e}")))?;
    let components = image.components();
    let pixels = shape.pixels();
    if components.len() != usize::from(shape.samples) || components.iter().any(|c| c.data().len() != pixels) {
        return Err(refused("jpeg 2000 components differ in size"));
    }
    let mut data = Vec::with_capacity(pixels * components.len() * shape.sample_bytes());
    let planes: Vec<&[i32]> = components.iter().map(|c| c.data()).collect();
    for at in 0..pixels {
        for plane in &planes {
            let value = plane[at].to_le_bytes();
            data.extend_from_slice(&value[..shape.sample_bytes()]);
        }
    }
    // YBR_RCT and YBR_ICT are undone by the decoder; anything else named YBR was coded as it is
    let ybr_full = shape.samples == 3 && shape.photometric == "YBR_FULL";
    Ok(Pixels { data, ybr_full })
}
