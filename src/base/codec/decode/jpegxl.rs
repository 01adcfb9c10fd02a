//! JPEG XL (ISO 18181), lossless, lossy and recompressed JPEG.

use jxl_oxide::{AllocTracker, JxlImage, JxlThreadPool};

use super::super::error::refused;
use super::super::{CodecError, Shape};
use super::Pixels;
use super::codestream::Header;

/// Working memory of the decoder, bytes.
const MEMORY: usize = 640 << 20;

/// Decodes a JPEG XL frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| refused(format!("jpeg xl: {e}"));
    let image = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(MEMORY))
        .read(frame)
        .map_err(failed)?;
    let bits = image.image_header().metadata.bit_depth.bits_per_sample();
    let components = if image.pixel_format().is_grayscale() { 1 } else { 3 };
    let precision = u8::try_from(bits).unwrap_or(u8::MAX);
    Header { rows: image.height(), cols: image.width(), components, precision, marker: 0, signed: false }
        .check(shape)?;
    if !(1..=16).contains(&bits) {
        return Err(CodecError::Unsupported(format!("jpeg xl of {bits} bits")));
    }
    let render = image.render_frame(0).map_err(failed)?;
    let planes = render.image_planar();
    let samples = usize::from(shape.samples);
    if planes.len() < samples || planes.iter().take(samples).any(|p| p.buf().len() != shape.pixels()) {
        return Err(refused("jpeg xl channels differ in size"));
    }
    // the decoder answers 0 to 1; single precision carries 16 bits exactly
    let top = ((1_u32 << bits) - 1) as f32;
    let mut words = vec![0_u16; shape.pixels() * samples];
    for (sample, plane) in planes.iter().take(samples).enumerate() {
        for (place, value) in words.iter_mut().skip(sample).step_by(samples).zip(plane.buf()) {
            *place = (value * top).round().clamp(0.0, top) as u16;
        }
    }
    Pixels::from_words(shape, &words, precision)
}
