//! The baseline JPEG we write, read by another decoder and measured against another encoder.

use jpeg_decoder::{Decoder, PixelFormat};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::super::encode::jpeg::{Colour, Samples, Writer, write};
use super::{CodecError, levels};

/// Slopes with an edge and some noise.
fn image(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut sample = |at: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (pixel, channel) = (at / channels, at % channels);
        let (x, y) = (pixel % width, pixel / width);
        let slope = (x * 2 + y * (channel + 1)) % 200 + (state >> 29) as usize;
        let edge = if (x / 20 + y / 30) % 2 == 0 { 40 } else { 0 };
        (slope + edge) as u8
    };
    (0..width * height * channels).map(&mut sample).collect()
}

fn read(file: &[u8], width: usize, height: usize, format: PixelFormat) -> Vec<u8> {
    let mut decoder = Decoder::new(file);
    let samples = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    assert_eq!((usize::from(info.width), usize::from(info.height)), (width, height));
    assert_eq!(info.pixel_format, format);
    samples
}

/// Mean and largest difference.
fn apart(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = differences().map(u64::from).sum();
    (sum as f64 / a.len() as f64, differences().max().unwrap_or(0))
}

#[test]
fn every_size_comes_back() {
    for (width, height) in (1..19).flat_map(|w| [(w, 1), (w, 8), (w, 9), (w, 17), (1, w)]).chain([(300, 41)])
    {
        let size = (width, height);
        let grey = image(width, height, 1);
        let file = write(&grey, size, Samples::Grey, Colour::Whole, 100).unwrap();
        let (_, most) = apart(&read(&file, width, height, PixelFormat::L8), &grey);
        assert!(most <= 2, "grey {size:?}: {most}");

        let flat: Vec<u8> = std::iter::repeat_n([200, 60, 20], width * height).flatten().collect();
        let steep = image(width, height, 3);
        for (colour, limit) in [(Colour::Whole, 4), (Colour::Halved, 255)] {
            let file = write(&steep, size, Samples::Rgb, colour, 100).unwrap();
            let (_, most) = apart(&read(&file, width, height, PixelFormat::RGB24), &steep);
            assert!(most <= limit, "{colour:?} {size:?}: {most}");
            for level in levels() {
                let mut writer = Writer::with(level, size, Samples::Rgb, colour, 100).unwrap();
                // In parts that are no eight lines.
                steep.chunks(3 * 3 * width).for_each(|lines| writer.take(lines));
                assert!(writer.end().unwrap() == file, "{level:?}");
            }
            let file = write(&flat, size, Samples::Rgb, colour, 95).unwrap();
            let (_, most) = apart(&read(&file, width, height, PixelFormat::RGB24), &flat);
            assert!(most <= 3, "flat {colour:?} {size:?}: {most}");
        }
    }
}

#[test]
fn brightness_and_differences_are_taken_as_they_are() {
    // white, and the green whose differences are 54 and 34
    for (pixel, rgb) in [([255, 128, 128], [255, 255, 255]), ([145, 54, 34], [13, 237, 14])] {
        let data: Vec<u8> = std::iter::repeat_n(pixel, 16 * 8).flatten().collect();
        for colour in [Colour::Whole, Colour::Halved] {
            let file = write(&data, (16, 8), Samples::Ybr, colour, 100).unwrap();
            let wanted: Vec<u8> = std::iter::repeat_n(rgb, 16 * 8).flatten().collect();
            let (_, most) = apart(&read(&file, 16, 8, PixelFormat::RGB24), &wanted);
            assert!(most <= 2, "{pixel:?} {colour:?}: {most}");
        }
    }
}

/// Where colours change slowly, half of them are enough.
#[test]
fn halved_colours_come_back_where_they_change_slowly() {
    for (width, height) in [(1, 1), (2, 3), (15, 9), (16, 8), (17, 16), (200, 31)] {
        let data: Vec<u8> =
            (0..width * height).flat_map(|at| [(at % width) as u8, 100 + (at / width) as u8, 90]).collect();
        let file = write(&data, (width, height), Samples::Rgb, Colour::Halved, 100).unwrap();
        let (_, most) = apart(&read(&file, width, height, PixelFormat::RGB24), &data);
        assert!(most <= 5, "{width} x {height}: {most}");
    }
}

/// The largest coefficients there are, long runs of zeros, blocks without an end mark, and bytes of ones in the coded data.
#[test]
fn extremes_come_back() {
    let (width, height) = (64, 64);
    let patterns: [fn(usize, usize) -> u8; 6] = [
        |x, y| if (x + y) % 2 == 0 { 255 } else { 0 },
        |x, _| if x % 2 == 0 { 255 } else { 0 },
        |x, y| if (x / 8 + y / 8) % 2 == 0 { 255 } else { 0 },
        |x, y| if x % 8 == 7 && y % 8 == 7 { 255 } else { 0 },
        |_, _| 255,
        |x, y| (x * 37 + y * 91 + x * y * 13) as u8,
    ];
    for (n, pattern) in patterns.iter().enumerate() {
        let data: Vec<u8> = (0..width * height).map(|at| pattern(at % width, at / width)).collect();
        let file = write(&data, (width, height), Samples::Grey, Colour::Whole, 100).unwrap();
        let (_, most) = apart(&read(&file, width, height, PixelFormat::L8), &data);
        assert!(most <= 3, "pattern {n}: {most}");
        // coarse steps: nearly everything becomes zero
        let file = write(&data, (width, height), Samples::Grey, Colour::Whole, 1).unwrap();
        read(&file, width, height, PixelFormat::L8);
    }
}

/// Not worse than an encoder with whole-number arithmetic: as near to the image, in as few bytes.
#[test]
fn as_near_and_as_small_as_another_encoder() {
    let (width, height) = (333, 250);
    for quality in [30, 50, 75, 90, 97] {
        for (channels, samples, kind, format) in [
            (1, Samples::Grey, ColorType::Luma, PixelFormat::L8),
            (3, Samples::Rgb, ColorType::Rgb, PixelFormat::RGB24),
        ] {
            for (colour, sampling) in
                [(Colour::Whole, SamplingFactor::F_1_1), (Colour::Halved, SamplingFactor::F_2_1)]
            {
                let data = image(width, height, channels);
                let ours = write(&data, (width, height), samples, colour, quality).unwrap();
                let mut theirs = Vec::new();
                let mut encoder = Encoder::new(&mut theirs, quality);
                encoder.set_sampling_factor(sampling);
                encoder.encode(&data, width as u16, height as u16, kind).unwrap();
                let (our_mean, _) = apart(&read(&ours, width, height, format), &data);
                let (their_mean, _) = apart(&read(&theirs, width, height, format), &data);
                let case = format!("{quality} {samples:?} {colour:?}");
                assert!(our_mean <= their_mean * 1.02 + 0.01, "{case}: {our_mean} to {their_mean}");
                assert!(
                    ours.len() as f64 <= theirs.len() as f64 * 1.02,
                    "{case}: {} to {} bytes",
                    ours.len(),
                    theirs.len()
                );
            }
        }
    }
}

#[test]
fn what_is_no_image_is_refused() {
    for (size, bytes) in [((0, 8), 64), ((8, 0), 64), ((65_536, 1), 65_536), ((8, 8), 63)] {
        let done = write(&vec![0; bytes], size, Samples::Grey, Colour::Whole, 90);
        assert!(matches!(done, Err(CodecError::Refused(_))), "{size:?}");
    }
}
