//! Baseline, extended and progressive JPEG with 8 bits.

use jpeg_decoder::{ColorTransform, Decoder, Error, PixelFormat};

use super::super::super::error::refused;
use super::super::super::{CodecError, Shape};
use super::super::Pixels;
use super::colour::is_ybr;

/// Decodes a frame whose header was checked.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let mut decoder = Decoder::new(frame);
    decoder.set_max_decoding_buffer_size(shape.pixels() * usize::from(shape.samples) * 2);
    let ybr = is_ybr(shape, frame, false);
    let keep = ybr && shape.photometric == "YBR_FULL";
    if shape.samples == 3 {
        let transform = ybr && !keep;
        decoder.set_color_transform(if transform { ColorTransform::YCbCr } else { ColorTransform::RGB });
    }
    let decoded = decoder.decode().map_err(|e| match e {
        Error::Unsupported(what) => CodecError::Unsupported(format!("jpeg {what:?}")),
        other => refused(format!("jpeg: {other}")),
    })?;
    let format = decoder.info().map(|info| info.pixel_format);
    let data = match (format, shape.bits_allocated) {
        (Some(PixelFormat::L8), 16) => decoded.into_iter().flat_map(|v| [v, 0]).collect(),
        (Some(PixelFormat::L8 | PixelFormat::RGB24), 8) => decoded,
        _ => return Err(CodecError::Unsupported("jpeg in samples of another width".into())),
    };
    Ok(Pixels::new(data).with_ybr_full(keep))
}
