//! JPEG 2000 and high-throughput JPEG 2000 (ISO 15444-1, -2, -15), lossless and lossy, bare or in a JP2 file.

use jpeg2k::{DecodeParameters, Image};

use super::super::error::refused;
use super::super::{CodecError, Shape};
use super::{Pixels, codestream};

/// Decodes a JPEG 2000 frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let header = codestream::jpeg2000(frame)?;
    header.check(shape)?;
    // palettes and channel definitions belong to the file format, not to DICOM
    let parameters = DecodeParameters::new().ignore_pclr_cmap_cdef();
    let image = Image::from_bytes_with(frame, parameters).map_err(|e| refused(format!("jpeg 2000: {e}")))?;
    let components = image.components();
    let pixels = shape.pixels();
    if components.len() != usize::from(shape.samples) || components.iter().any(|c| c.data().len() != pixels) {
        return Err(refused("jpeg 2000 components differ in size"));
    }
    // the data set decides about the sign, the codestream how many bits carry it
    let up = 32 - u32::from(header.precision).min(32);
    let mismatch = header.signed != shape.signed;
    let value = |v: i32| match (mismatch, shape.signed) {
        (false, _) => v,
        (true, true) => v << up >> up,
        (true, false) => ((v.cast_unsigned() << up) >> up).cast_signed(),
    };
    let width = shape.sample_bytes();
    let mut data = vec![0; pixels * components.len() * width];
    for (sample, component) in components.iter().enumerate() {
        let places = data.chunks_exact_mut(width).skip(sample).step_by(components.len());
        for (place, v) in places.zip(component.data()) {
            place.copy_from_slice(&value(*v).to_le_bytes()[..width]);
        }
    }
    // YBR_RCT and YBR_ICT are undone by the decoder; anything else named YBR was coded as it is
    let mut pixels = Pixels::new(data);
    if shape.samples == 3 && shape.bits_allocated == 8 && shape.photometric.starts_with("YBR_FULL_42") {
        super::ybr_to_rgb_8(&mut pixels.data, 3);
    }
    Ok(pixels.with_ybr_full(shape.samples == 3 && shape.photometric == "YBR_FULL"))
}
