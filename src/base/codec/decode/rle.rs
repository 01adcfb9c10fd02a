//! RLE lossless (PS3.5 annex G): one segment per byte of a sample, most significant first.

use super::super::error::refused;
use super::super::{CodecError, Shape};
use super::Pixels;

/// Header: number of segments and 15 offsets, 4 bytes each.
const HEADER_BYTES: usize = 64;

/// Decodes an RLE frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let width = shape.sample_bytes();
    let samples = usize::from(shape.samples);
    let segments = samples * width;
    if frame.len() < HEADER_BYTES || segments > 15 || word(frame, 0) != Some(segments) {
        return Err(refused("rle header"));
    }
    let mut data = vec![0; shape.pixels() * segments];
    for segment in 0..segments {
        let start =
            word(frame, segment + 1).filter(|o| *o >= HEADER_BYTES).ok_or_else(|| refused("rle offset"))?;
        let end = if segment + 1 < segments {
            word(frame, segment + 2).unwrap_or(frame.len())
        } else {
            frame.len()
        };
        let coded = frame.get(start..end.min(frame.len())).ok_or_else(|| refused("rle segment"))?;
        // segment of sample s, byte b counted from the most significant
        let (sample, byte) = (segment / width, segment % width);
        let first = sample * width + (width - 1 - byte);
        unpack(coded, data.iter_mut().skip(first).step_by(segments))?;
    }
    Ok(Pixels::new(data).with_ybr_full(shape.photometric == "YBR_FULL" && shape.samples == 3))
}

/// PackBits (§G.3.2); bytes beyond the image are ignored, missing ones are refused.
fn unpack<'a>(coded: &[u8], mut out: impl Iterator<Item = &'a mut u8>) -> Result<(), CodecError> {
    let mut next = out.next();
    let mut rest = coded;
    while let (Some(_), [control, tail @ ..]) = (&next, rest) {
        rest = tail;
        let count = control.cast_signed();
        if count >= 0 {
            let (literal, after) =
                rest.split_at_checked(count as usize + 1).ok_or_else(|| refused("rle literal run"))?;
            rest = after;
            for value in literal {
                let Some(place) = next.take() else { return Ok(()) };
                *place = *value;
                next = out.next();
            }
        } else if count != i8::MIN {
            let [value, after @ ..] = rest else { return Err(refused("rle replicate run")) };
            rest = after;
            for _ in 0..=count.unsigned_abs() {
                let Some(place) = next.take() else { return Ok(()) };
                *place = *value;
                next = out.next();
            }
        }
    }
    if next.is_some() { Err(refused("rle segment ends early")) } else { Ok(()) }
}

fn word(frame: &[u8], index: usize) -> Option<usize> {
    let bytes = frame.get(index * 4..index * 4 + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}
