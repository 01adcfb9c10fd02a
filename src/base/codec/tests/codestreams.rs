//! RLE and JPEG 2000, and what damage does to any of them.

use super::*;

/// 32 by 32, 12 bits, value 4x + 3y; encoded by OpenJPEG 2.5.2.
const GREY_J2K: &str = "ff4fff5100290000000000200000002000000000000000000000002000000020000000000000000000010b0101ff52000c00000001000504040001ff5c00134060686870686870686870686870686870ff640025000143726561746564206279204f70656e4a5045472076657273696f6e20322e352e32ff90000a00000000005e0001ff93cfe40809c5c07da0500fa808045f017fc03ea03803e7060d02110b37fdc01f385801f20400221a085d7f037e618fc00f9034007c220036a199ae639f3da62ed7c007c22c003a205fa7c7889f9dac295cffd9";
/// 32 by 32, red 8x, green 8y, blue 90, reversible colour transformation; encoded by OpenJPEG 2.5.2.
const COLOUR_J2K: &str = "ff4fff51002f000000000020000000200000000000000000000000200000002000000000000000000003070101070101070101ff52000c00000001010504040001ff5c00134040484850484850484850484850484850ff640025000143726561746564206279204f70656e4a5045472076657273696f6e20322e352e32ff90000a0000000000d60001ff93c7d404087fc3e704047f80c3ea028fb408043f045fa7e004070fcfc00a7e0040045f070fc1f38487d4060d01ff7f0b3d8aa3ed04000c17c67fc7da071f68200d02050c17c67fc0f90241f38400221a085f037fdd51a1f5028000cfd5523fc3ea0587d40a221a085d8f00cfd5523fc07c2240f9030036a19abf3da6345b10dba0f9c3803e62a2ad886e2bc1f38783e70e36a199ae63a35f3e62a2ad886e2bc03a2407c2305fa7c7879dac2940ff7fa07c81409d96a90107c0f902c0f902805fa7c788b79d96a90107ffd9";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).unwrap()).collect()
}

#[test]
fn jpeg_2000_grey_and_colour() {
    let expected: Vec<u8> =
        (0..32_u16).flat_map(|y| (0..32).flat_map(move |x| (x * 4 + y * 3).to_le_bytes())).collect();
    assert_eq!(raw(JPEG_2000, &grey(32, 32, 12), &bytes(GREY_J2K)).unwrap(), expected);
    let expected: Vec<u8> = (0..32_u8).flat_map(|y| (0..32).flat_map(move |x| [x * 8, y * 8, 90])).collect();
    assert_eq!(raw(JPEG_2000, &colour(32, 32, "YBR_RCT"), &bytes(COLOUR_J2K)).unwrap(), expected);
}

#[test]
fn a_codestream_of_another_size_is_refused() {
    for shape in [grey(32, 31, 12), grey(64, 32, 12), colour(32, 32, "RGB"), grey(32, 32, 8)] {
        let answer = raw(JPEG_2000, &shape, &bytes(GREY_J2K));
        assert!(matches!(answer, Err(CodecError::Size(_) | CodecError::Refused(_))), "{shape:?}");
    }
}

/// Header and segments as PS3.5 annex G lays them out.
fn rle(segments: &[&[u8]]) -> Vec<u8> {
    let mut words = vec![segments.len() as u32];
    let mut at = 64;
    for segment in segments {
        words.push(at);
        at += segment.len() as u32;
    }
    words.resize(16, 0);
    let mut frame: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    frame.extend(segments.concat());
    frame
}

#[test]
fn rle_puts_the_most_significant_byte_first() {
    // high bytes: 1 four times; low bytes: 10, 11, 12, 13 with a padding byte after
    let frame = rle(&[&[0xfd, 1], &[3, 10, 11, 12, 13, 0]]);
    assert_eq!(raw(RLE, &grey(2, 2, 16), &frame).unwrap(), [10, 1, 11, 1, 12, 1, 13, 1]);
    let wide = Shape { bits_allocated: 32, bits_stored: 32, high_bit: 31, ..grey(1, 1, 8) };
    assert_eq!(raw(RLE, &wide, &rle(&[&[0, 1], &[0, 2], &[0, 3], &[0, 4]])).unwrap(), [4, 3, 2, 1]);
    assert!(raw(RLE, &grey(2, 2, 16), &rle(&[&[0xfd, 1], &[1, 10, 11]])).is_err(), "too few bytes");
    assert!(raw(RLE, &grey(2, 2, 8), &frame).is_err(), "too many segments");
}

#[test]
fn damaged_frames_never_panic() {
    let jpeg_ls = include_bytes!("grey12.jls");
    let frames: [(&str, Shape, Vec<u8>); 3] = [
        (RLE, grey(2, 2, 16), rle(&[&[0xfd, 1], &[3, 10, 11, 12, 13, 0]])),
        (JPEG_LS, grey(32, 32, 12), jpeg_ls.to_vec()),
        (
            "1.2.840.10008.1.2.4.50",
            grey(32, 32, 8),
            b"\xff\xd8\xff\xc0\0\x0b\x08\0\x20\0\x20\x01\x01\x11\0".to_vec(),
        ),
    ];
    let mut state = 1_u32;
    for (syntax, shape, frame) in frames {
        for end in 0..frame.len() {
            drop(raw(syntax, &shape, &frame[..end]));
        }
        for _ in 0..2000 {
            let mut damaged = frame.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (state >> 8) as usize % damaged.len();
                damaged[at] = (state >> 24) as u8;
            }
            drop(raw(syntax, &shape, &damaged));
        }
    }
}

/// A flat colour as a JPEG of 64 by 48, its components as `kind` says.
fn flat_jpeg(kind: jpeg_encoder::ColorType, sampling: jpeg_encoder::SamplingFactor) -> Vec<u8> {
    let flat: Vec<u8> = std::iter::repeat_n([200, 60, 20], 64 * 48).flatten().collect();
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(sampling);
    encoder.encode(&flat, 64, 48, kind).unwrap();
    out
}

fn is_flat(decoded: &[u8]) -> bool {
    decoded.len() == 64 * 48 * 3
        && decoded.chunks_exact(3).all(|p| p.iter().zip([200, 60, 20]).all(|(a, b)| a.abs_diff(b) <= 4))
}

#[test]
fn a_jpeg_is_believed_about_its_own_colours() {
    use jpeg_encoder::{ColorType, SamplingFactor};
    const BASELINE: &str = "1.2.840.10008.1.2.4.50";
    // Y, Cb, Cr behind a JFIF marker, whatever the data set calls them; halved ones cannot be anything else.
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2] {
        let frame = flat_jpeg(ColorType::Rgb, sampling);
        assert_eq!(frame.get(6..10), Some(&b"JFIF"[..]));
        for label in ["RGB", "YBR_FULL_422", "YBR_PARTIAL_420"] {
            let decoded = raw(BASELINE, &colour(48, 64, label), &frame).unwrap();
            assert!(is_flat(&decoded), "{label}: {:?}", &decoded[..3]);
        }
    }
    // Without the marker, and all alike, the data set decides.
    let plain = flat_jpeg(ColorType::Ycbcr, SamplingFactor::F_1_1);
    let bare = [&plain[..2], &plain[4 + usize::from(u16::from_be_bytes([plain[4], plain[5]]))..]].concat();
    assert!(is_flat(&raw(BASELINE, &colour(48, 64, "RGB"), &bare).unwrap()));
    assert!(!is_flat(&raw(BASELINE, &colour(48, 64, "YBR_FULL_422"), &bare).unwrap()));
    // Components named R, G, B are those, marker and label notwithstanding.
    let mut named = plain.clone();
    let (sof, sos) = (find(&named, 0xc0), find(&named, 0xda));
    for (n, letter) in b"RGB".iter().enumerate() {
        named[sof + 10 + 3 * n] = *letter;
        named[sos + 5 + 2 * n] = *letter;
    }
    for label in ["RGB", "YBR_FULL_422"] {
        let decoded = raw(BASELINE, &colour(48, 64, label), &named).unwrap();
        assert!(is_flat(&decoded), "{label}: {:?}", &decoded[..3]);
    }
}

/// Where a marker stands.
fn find(frame: &[u8], marker: u8) -> usize {
    frame.windows(2).position(|w| w == [0xff, marker]).unwrap()
}
