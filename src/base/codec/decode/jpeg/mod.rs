//! JPEG (ITU-T T.81): which process a frame uses, and what all of them share.
//!
//! 8-bit processes are decoded by `jpeg-decoder`; extended sequential with 12 bits and lossless with 2 to 16 bits are our own.

mod bits;
mod colour;
mod dct;
mod eight;
mod extended;
mod huffman;
mod lossless;
mod stream;

use super::super::{CodecError, Shape};
use super::{Pixels, codestream, ybr_to_rgb};
use colour::is_ybr;
use stream::Stream;

/// Decodes a JPEG frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let header = codestream::jpeg(frame)?;
    header.check(shape)?;
    match (header.marker, header.precision) {
        (0xc0..=0xc2, 8) => eight::decode(shape, frame),
        (0xc0 | 0xc1, 12) => {
            rgb(shape, extended::decode(&Stream::new(frame), shape)?, 12, is_ybr(shape, frame, false))
        }
        (0xc3, bits @ 2..=16) => {
            rgb(shape, lossless::decode(&Stream::new(frame), shape)?, bits, is_ybr(shape, frame, true))
        }
        (marker, bits) => {
            Err(CodecError::Unsupported(format!("jpeg process SOF{} of {bits} bits", marker & 0x0f)))
        }
    }
}

/// Samples by pixel to the width of the data set; `ybr` colour that is not `YBR_FULL` by name becomes RGB.
fn rgb(shape: &Shape, mut samples: Vec<u16>, bits: u8, ybr: bool) -> Result<Pixels, CodecError> {
    let keep = ybr && shape.photometric == "YBR_FULL";
    if ybr && !keep {
        ybr_to_rgb(&mut samples, bits);
    }
    Ok(Pixels::from_words(shape, &samples, bits)?.with_ybr_full(keep))
}
