//! JPEG: baseline, extended and lossless (ISO 10918-1), 8 to 16 bits.

use jpeg_decoder::{ColorTransform, Decoder, Error, PixelFormat};

use super::super::error::refused;
use super::super::{CodecError, Shape};
use super::{Pixels, codestream};

/// Decodes a JPEG frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let header = codestream::jpeg(frame)?;
    header.check(shape)?;
    let mut decoder = Decoder::new(frame);
    decoder.set_max_decoding_buffer_size(shape.pixels() * usize::from(shape.samples) * 2);
    // the data set says what the components are; markers of the file format JFIF do not count in DICOM
    let keep = shape.photometric == "YBR_FULL";
    if shape.samples == 3 {
        let transform = shape.photometric.starts_with("YBR") && !keep;
        decoder.set_color_transform(if transform { ColorTransform::YCbCr } else { ColorTransform::RGB });
    }
    let decoded = decoder.decode().map_err(|e| match e {
        Error::Unsupported(what) => CodecError::Unsupported(format!("jpeg {what:?}")),
        other => refused(format!("jpeg: {other}")),
    })?;
    let format = decoder.info().map(|info| info.pixel_format);
    let data = match (format, shape.bits_allocated) {
        (Some(PixelFormat::L16), 16) => little_endian(decoded),
        (Some(PixelFormat::L8), 16) => decoded.into_iter().flat_map(|v| [v, 0]).collect(),
        (Some(PixelFormat::L8 | PixelFormat::RGB24), 8) => decoded,
        _ => return Err(CodecError::Unsupported(format!("jpeg of {} bits", header.precision))),
    };
    Ok(Pixels { data, ybr_full: keep && shape.samples == 3 })
}

/// The decoder gives 16-bit samples in the order of this machine.
fn little_endian(decoded: Vec<u8>) -> Vec<u8> {
    decoded.chunks_exact(2).flat_map(|w| u16::from_ne_bytes([w[0], w[1]]).to_le_bytes()).collect()
}
