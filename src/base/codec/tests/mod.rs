//! What is decoded equals what was encoded, by ourselves and by other people's encoders; damage is refused, never a panic.

mod codestreams;
mod display;
mod encode;
mod jpeg;
mod oracle;
mod pictures;

use std::io::Read;

use super::decode::decode;
use super::*;

pub(super) const LITTLE: &str = "1.2.840.10008.1.2.1";
pub(super) const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
pub(super) const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
pub(super) const RLE: &str = "1.2.840.10008.1.2.5";

/// The vectors that processors have, as far as this one has them.
pub(super) fn levels() -> Vec<fearless_simd::Level> {
    use fearless_simd::{Level, Simd as _};
    let here = Level::new();
    let mut levels = vec![Level::baseline(), here];
    #[cfg(target_arch = "x86_64")]
    levels.extend(
        [here.as_sse4_2().map(|l| l.level()), here.as_avx2().map(|l| l.level())].into_iter().flatten(),
    );
    levels
}

pub(super) fn grey(rows: u32, cols: u32, bits: u16) -> Shape {
    let bits_allocated = bits.next_multiple_of(8);
    Shape {
        rows,
        cols,
        samples: 1,
        bits_allocated,
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        photometric: "MONOCHROME2".into(),
        planar: 0,
        float: false,
    }
}

pub(super) fn colour(rows: u32, cols: u32, photometric: &str) -> Shape {
    Shape { samples: 3, photometric: photometric.into(), ..grey(rows, cols, 8) }
}

/// Decodes and answers the raw frame.
pub(super) fn raw(transfer_syntax: &str, shape: &Shape, frame: &[u8]) -> Result<Vec<u8>, CodecError> {
    shape.check()?;
    Ok(decode(transfer_syntax, shape, frame.to_vec())?.raw(shape))
}

#[test]
fn native_frames_pass_through_and_big_endian_is_turned() {
    let shape = grey(2, 2, 12);
    assert_eq!(raw(LITTLE, &shape, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(
        raw("1.2.840.10008.1.2.2", &shape, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap(),
        [2, 1, 4, 3, 6, 5, 8, 7]
    );
    assert!(matches!(raw(LITTLE, &shape, &[0; 7]), Err(CodecError::Refused(_))));
    // an odd frame is padded in the file
    assert_eq!(raw(LITTLE, &grey(1, 3, 8), &[9, 8, 7, 0]).unwrap(), [9, 8, 7]);
}

#[test]
fn planes_come_back_as_planes_and_422_becomes_rgb() {
    let planes = Shape { planar: 1, ..colour(1, 2, "RGB") };
    assert_eq!(raw(LITTLE, &planes, &[1, 2, 3, 4, 5, 6]).unwrap(), [1, 2, 3, 4, 5, 6]);
    let pixels = decode(LITTLE, &planes, vec![1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(pixels.data, [1, 3, 5, 2, 4, 6]);
    let subsampled = colour(1, 2, "YBR_FULL_422");
    assert_eq!(raw(LITTLE, &subsampled, &[100, 200, 128, 128]).unwrap(), [100, 100, 100, 200, 200, 200]);
}

#[test]
fn one_bit_frames_are_packed_from_the_low_bit() {
    let shape = Shape { bits_allocated: 1, bits_stored: 1, high_bit: 0, ..grey(2, 5, 8) };
    let packed = [0b1010_0101, 0b0000_0011];
    assert_eq!(raw(LITTLE, &shape, &packed).unwrap(), packed);
    assert_eq!(decode(LITTLE, &shape, packed.to_vec()).unwrap().data, [1, 0, 1, 0, 0, 1, 0, 1, 1, 1]);
}

#[test]
fn impossible_shapes_are_refused_before_anything_is_allocated() {
    for bad in [
        grey(0, 1, 8),
        grey(65_536, 1, 8),
        Shape { samples: 2, ..grey(1, 1, 8) },
        Shape { bits_stored: 17, ..grey(1, 1, 16) },
        Shape { high_bit: 3, ..grey(1, 1, 8) },
        Shape { bits_allocated: 12, ..grey(1, 1, 8) },
        grey(65_535, 65_535, 16),
    ] {
        assert!(matches!(bad.check(), Err(CodecError::Refused(_))), "{bad:?}");
    }
}

#[test]
fn bits_outside_the_value_are_garbage_and_signs_extend() {
    let twelve = Shape { signed: true, ..grey(1, 1, 12) };
    assert_eq!(twelve.stored_value(0xf7ff), 2047);
    assert_eq!(twelve.stored_value(0x0800), -2048);
    let high = Shape { bits_stored: 10, high_bit: 11, ..grey(1, 1, 16) };
    assert_eq!(high.stored_value(0b1010_0000_0000_0111), 1);
}

#[test]
fn a_syntax_that_is_only_stored_says_so() {
    assert!(!supported("1.2.840.10008.1.2.4.102") && supported(JPEG_LS));
    let answer = raw("1.2.840.10008.1.2.4.102", &grey(1, 1, 8), &[0]);
    assert!(matches!(answer, Err(CodecError::Unsupported(_))));
}

#[test]
fn one_request_gives_all_outputs() {
    let request = Request {
        transfer_syntax: LITTLE.into(),
        shape: grey(40, 20, 8),
        display: Display::default(),
        outputs: vec![Output::Raw, Output::Jpeg { longest_side: 10, quality: 80 }],
    };
    let frame: Vec<u8> = (0..800_u32).map(|i| i as u8).collect();
    let parts = worker::answer(&request, &mut frame.as_slice().take(800)).unwrap();
    assert_eq!(parts[0].len(), 800);
    let mut small = jpeg_decoder::Decoder::new(&parts[1][..]);
    small.decode().unwrap();
    let info = small.info().unwrap();
    assert_eq!((info.width, info.height), (5, 10));
}
