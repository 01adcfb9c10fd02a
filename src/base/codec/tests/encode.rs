//! What we write is what we read: JPEG-LS, RLE; a restart interval is a stream of its own.

use super::super::encode::encode;
use super::*;

/// Edges, flat areas for runs, and noise.
fn words(shape: &Shape) -> Vec<u16> {
    let top = ((1_u32 << shape.bits_stored) - 1) as u16;
    let mut state = 11_u32;
    let mut value = |at: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match at / 40 % 4 {
            0 => 0,
            1 => (at as u16).wrapping_mul(3) & top,
            2 => top,
            _ => (state >> 12) as u16 & top,
        }
    };
    (0..shape.pixels() * usize::from(shape.samples)).map(&mut value).collect()
}

fn bytes(shape: &Shape, words: &[u16]) -> Vec<u8> {
    let width = shape.sample_bytes();
    words.iter().flat_map(|w| w.to_le_bytes().into_iter().take(width)).collect()
}

#[test]
fn lossless_codings_round_trip() {
    let signed = Shape { signed: true, ..grey(33, 47, 16) };
    for shape in [grey(33, 47, 8), grey(33, 47, 12), grey(33, 47, 16), signed, colour(20, 31, "RGB")] {
        let samples = bytes(&shape, &words(&shape));
        let pixels = decode(LITTLE, &shape, samples.clone()).unwrap();
        for (coding, syntax) in [(Coding::JpegLs, JPEG_LS), (Coding::Rle, RLE)] {
            let stream = encode(&pixels, &shape, coding).unwrap();
            assert!(raw(syntax, &shape, &stream).unwrap() == samples, "{coding:?} {shape:?}");
        }
    }
    let wide = Shape { bits_allocated: 32, bits_stored: 32, high_bit: 31, ..grey(2, 3, 8) };
    let pixels = decode(LITTLE, &wide, (0..24).collect()).unwrap();
    let stream = encode(&pixels, &wide, Coding::Rle).unwrap();
    assert_eq!(raw(RLE, &wide, &stream).unwrap(), (0..24).collect::<Vec<u8>>());
    assert!(matches!(encode(&pixels, &wide, Coding::JpegLs), Err(CodecError::Unsupported(_))));
}

#[test]
fn what_stands_above_the_stored_bits_survives() {
    let shape = grey(8, 8, 12);
    let overlaid: Vec<u8> = (0..64_u16).flat_map(|i| (i | (0x8000 * (i % 2))).to_le_bytes()).collect();
    let pixels = decode(LITTLE, &shape, overlaid.clone()).unwrap();
    let stream = encode(&pixels, &shape, Coding::JpegLs).unwrap();
    assert_eq!(stream[6], 16, "precision of all allocated bits");
    assert_eq!(raw(JPEG_LS, &shape, &stream).unwrap(), overlaid);
    // a signed image with its sign carried through needs only its own bits
    let signed = Shape { signed: true, ..shape };
    let samples: Vec<u8> = (-32..32_i16).flat_map(|v| (v * 60).to_le_bytes()).collect();
    let pixels = decode(LITTLE, &signed, samples.clone()).unwrap();
    let stream = encode(&pixels, &signed, Coding::JpegLs).unwrap();
    assert_eq!(stream[6], 12);
    assert_eq!(raw(JPEG_LS, &signed, &stream).unwrap(), samples);
}

/// Between the scan header and the end of the image.
fn entropy_coded(stream: &[u8]) -> &[u8] {
    let at = stream.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    let header = usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
    &stream[at + 2 + header..stream.len() - 2]
}

#[test]
fn restart_intervals_of_jpeg_ls() {
    let whole = grey(30, 47, 12);
    let samples = bytes(&whole, &words(&whole));
    let part = grey(10, 47, 12);
    let mut stream = Vec::new();
    for (n, lines) in samples.chunks_exact(10 * 47 * 2).enumerate() {
        let pixels = decode(LITTLE, &part, lines.to_vec()).unwrap();
        let coded = encode(&pixels, &part, Coding::JpegLs).unwrap();
        if n == 0 {
            let scan = coded.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
            stream.extend_from_slice(&coded[..scan]);
            // 30 lines in all, a restart every 10
            stream[7..9].copy_from_slice(&30_u16.to_be_bytes());
            stream.extend_from_slice(&[0xff, 0xdd, 0, 4, 0, 10]);
            let begin = coded.len() - 2 - entropy_coded(&coded).len();
            stream.extend_from_slice(&coded[scan..begin]);
        } else {
            stream.extend_from_slice(&[0xff, 0xd0 + (n as u8 - 1)]);
        }
        stream.extend_from_slice(entropy_coded(&coded));
    }
    stream.extend_from_slice(&[0xff, 0xd9]);
    assert!(raw(JPEG_LS, &whole, &stream).unwrap() == samples);
    let marker = stream.iter().zip(&stream[1..]).position(|(a, b)| (*a, *b) == (0xff, 0xd0)).unwrap();
    stream[marker + 1] = 0xfe;
    assert!(matches!(raw(JPEG_LS, &whole, &stream), Err(CodecError::Refused(_))), "a marker is missing");
}

#[test]
fn a_bomb_is_named_before_anything_is_decoded() {
    let mut bomb =
        b"\xff\xd8\xff\xf7\0\x0b\x10\xff\xff\xff\xff\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\0\0".to_vec();
    bomb.resize(567, 0);
    assert!(matches!(raw(JPEG_LS, &grey(512, 512, 16), &bomb), Err(CodecError::Size(_))));
    // and where the data set agrees with it, the frame is above every limit
    assert!(matches!(grey(65_535, 65_535, 16).check(), Err(CodecError::Refused(_))));
}
