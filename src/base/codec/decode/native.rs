//! Native (uncompressed) frames (PS3.5 §8.1.1, §8.2).

use super::super::error::refused;
use super::super::{CodecError, Shape};
use super::{Pixels, ybr_to_rgb_8};

/// Brings a native frame to little-endian samples by pixel.
pub(super) fn decode(shape: &Shape, mut frame: Vec<u8>, big_endian: bool) -> Result<Pixels, CodecError> {
    let expected = usize::try_from(shape.frame_bytes()).map_err(|_| refused("frame size"))?;
    let halved = matches!(shape.photometric.as_str(), "YBR_FULL_422" | "YBR_PARTIAL_422");
    // a frame of full size is not subsampled, whatever its label says
    if halved && shape.samples == 3 && shape.bits_allocated == 8 && frame.len() < expected {
        return subsampled(shape, &frame);
    }
    if frame.len() < expected {
        return Err(refused(format!("{} bytes of {expected}", frame.len())));
    }
    frame.truncate(expected);
    if shape.bits_allocated == 1 {
        let unpacked =
            (0..shape.pixels() * usize::from(shape.samples)).map(|i| (frame[i / 8] >> (i % 8)) & 1);
        return Ok(Pixels::new(unpacked.collect()));
    }
    if big_endian {
        for word in frame.chunks_exact_mut(shape.sample_bytes()) {
            word.reverse();
        }
    }
    let mut data = if shape.planar == 1 && shape.samples > 1 { by_pixel(shape, &frame) } else { frame };
    if halved && shape.samples == 3 && shape.bits_allocated == 8 {
        ybr_to_rgb_8(&mut data, 3);
    }
    Ok(Pixels::new(data).with_ybr_full(shape.photometric == "YBR_FULL" && shape.samples == 3))
}

/// A frame of Deflated Image Frame Compression (PS3.5 §A.4.13), no longer than its attributes say.
pub(super) fn inflate(shape: &Shape, frame: &[u8]) -> Result<Vec<u8>, CodecError> {
    let expected = usize::try_from(shape.frame_bytes()).map_err(|_| refused("frame size"))?;
    let mut out = Vec::with_capacity(expected);
    let mut engine = flate2::Decompress::new(false);
    engine
        .decompress_vec(frame, &mut out, flate2::FlushDecompress::Finish)
        .map_err(|e| refused(format!("deflated frame: {e}")))?;
    if out.len() == expected { Ok(out) } else { Err(refused(format!("{} bytes inflated", out.len()))) }
}

/// Planes to pixels.
fn by_pixel(shape: &Shape, planes: &[u8]) -> Vec<u8> {
    let width = shape.sample_bytes();
    let plane = shape.pixels() * width;
    let mut data = Vec::with_capacity(planes.len());
    for at in (0..plane).step_by(width) {
        for sample in 0..usize::from(shape.samples) {
            data.extend_from_slice(&planes[sample * plane + at..sample * plane + at + width]);
        }
    }
    data
}

/// Y1 Y2 Cb Cr for two pixels (PS3.3 §C.7.6.3.1.2), to RGB.
fn subsampled(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let expected = shape.pixels() * 2;
    if !shape.cols.is_multiple_of(2) || frame.len() < expected {
        return Err(refused(format!("{} bytes of {expected} subsampled", frame.len())));
    }
    let mut data = Vec::with_capacity(shape.pixels() * 3);
    for pair in frame[..expected].chunks_exact(4) {
        data.extend_from_slice(&[pair[0], pair[2], pair[3], pair[1], pair[2], pair[3]]);
    }
    ybr_to_rgb_8(&mut data, 3);
    Ok(Pixels::new(data))
}
