//! Windows, inversion, padding, palettes (PS3.3 §C.11).

use super::super::decode::Pixels;
use super::super::render::{display, passing};
use super::*;

fn shown(shape: &Shape, stored: &[i16], how: &Display) -> Vec<u8> {
    let data = stored.iter().flat_map(|v| v.to_le_bytes()).collect();
    display(&Pixels::new(data), shape, how).unwrap().data
}

/// The grey levels of samples that pass by; `None` where they do not.
fn passed(samples: &mut &[u8], shape: &Shape, how: &Display) -> std::io::Result<Option<Vec<u8>>> {
    let mut shown = Vec::new();
    let took = passing(samples, shape, how, |lines| {
        assert_eq!(lines.top * lines.width, shown.len());
        shown.extend_from_slice(&lines.data);
    })?;
    Ok(took.then_some(shown))
}

fn ct(pixels: u32) -> Shape {
    Shape { signed: true, ..grey(1, pixels, 16) }
}

#[test]
fn a_linear_window_follows_the_standard() {
    // §C.11.2.1.2: x <= c - 0.5 - (w-1)/2 is black, x > c - 0.5 + (w-1)/2 is white
    let how = Display { window: Some((40.0, 400.0)), intercept: -1024.0, ..Display::default() };
    assert_eq!(shown(&ct(4), &[0, 864, 1064, 1264], &how), [0, 0, 128, 255]);
    let exact = Display { voi_function: "LINEAR_EXACT".into(), ..how.clone() };
    assert_eq!(shown(&ct(3), &[864, 1064, 1264], &exact), [0, 128, 255]);
    let sigmoid = Display { voi_function: "SIGMOID".into(), ..how };
    assert_eq!(shown(&ct(1), &[1064], &sigmoid), [128]);
}

#[test]
fn monochrome1_is_inverted_once() {
    let how = Display { window: Some((50.0, 100.0)), ..Display::default() };
    let negative = Shape { photometric: "MONOCHROME1".into(), ..ct(2) };
    assert_eq!(shown(&negative, &[0, 100], &how), [255, 0]);
    assert_eq!(shown(&negative, &[0, 100], &Display { invert: true, ..how.clone() }), [255, 0]);
    assert_eq!(shown(&ct(2), &[0, 100], &Display { invert: true, ..how }), [255, 0]);
}

#[test]
fn without_a_window_the_values_decide_and_padding_does_not_count() {
    let mut stored: Vec<i16> = (0..1000).collect();
    stored[0] = -2000;
    stored[999] = 30_000;
    let how = Display { padding: Some((-2000, -2000)), ..Display::default() };
    let grey = shown(&ct(1000), &stored, &how);
    assert_eq!(grey[0], 0);
    assert_eq!(grey[999], 255);
    assert!((126..=129).contains(&grey[500]), "{}", grey[500]);
    // one value only: no division by zero
    assert_eq!(shown(&ct(2), &[7, 7], &Display::default()).len(), 2);
}

#[test]
fn palette_indices_outside_the_table_are_clamped() {
    let palette = Palette { first: 1, entries: vec![[1, 2, 3], [4, 5, 6]] };
    let how = Display { palette: Some(palette), ..Display::default() };
    let shape = Shape { photometric: "PALETTE COLOR".into(), ..ct(3) };
    assert_eq!(shown(&shape, &[0, 2, 9], &how), [1, 2, 3, 4, 5, 6, 4, 5, 6]);
    let data = Pixels::new(vec![0; 6]);
    assert!(display(&data, &shape, &Display::default()).is_err(), "a palette is needed");
}

/// Samples that pass by and samples of a whole frame give the same image, whether every number has its grey worked out or only
/// those that occur.
#[test]
fn what_passes_is_shown_as_what_is_kept() {
    let shutter = Shutter { rectangle: Some([3, 500, 2, 400]), value: 0x8000, ..Shutter::default() };
    let overlay = Overlay { rows: 8, cols: 8, origin: (5, 9), plane: Plane::Bits(vec![0xa5; 8]) };
    let plain = Display { window: Some((300.0, 900.0)), intercept: -20.0, slope: 0.5, ..Display::default() };
    let table = Display {
        voi: Some(Table { first: 5, bits: 12, entries: (0..4000).collect() }),
        ..Display::default()
    };
    let hows = [
        plain.clone(),
        Display { voi_function: "SIGMOID".into(), padding: Some((0, 9)), ..plain.clone() },
        Display { invert: true, shutter: Some(shutter), overlays: vec![overlay], ..plain },
        table,
    ];
    let shapes = [
        grey(301, 257, 8),
        grey(701, 257, 12),
        Shape { signed: true, ..grey(301, 257, 12) },
        Shape { high_bit: 14, signed: true, ..grey(301, 257, 12) },
        Shape { photometric: "MONOCHROME1".into(), ..grey(301, 257, 10) },
    ];
    for shape in shapes {
        let bytes = shape.frame_bytes() as usize;
        let frame: Vec<u8> = (0..bytes).map(|at| (at * 7 + at / 251 * 31) as u8).collect();
        for how in &hows {
            let kept = display(&Pixels::new(frame.clone()), &shape, how).unwrap();
            let passed = passed(&mut frame.as_slice(), &shape, how).unwrap().expect("passes");
            assert!(kept.data == passed, "{shape:?} {how:?}");
        }
        assert!(passed(&mut &frame[..bytes - 1], &shape, &hows[0]).is_err(), "too short");
        // what hangs on the values, or on more bits than those stored, does not pass
        let embedded = Overlay { rows: 8, cols: 8, origin: (1, 1), plane: Plane::Embedded(15) };
        for how in [Display::default(), Display { overlays: vec![embedded], ..hows[0].clone() }] {
            assert!(passed(&mut frame.as_slice(), &shape, &how).unwrap().is_none());
        }
    }
    let wide = grey(50, 50, 16);
    let none = passed(&mut [0; 5000].as_slice(), &wide, &hows[0]).unwrap();
    assert!(none.is_none(), "more numbers than samples");
    let frame: Vec<u8> = (0..5000_u32).map(|at| (at * 13) as u8).collect();
    let all = Display { window: Some((32_768.0, 65_536.0)), ..Display::default() };
    let greys = display(&Pixels::new(frame.clone()), &wide, &all).unwrap().data;
    for (word, grey) in frame.chunks_exact(2).zip(greys) {
        let share = f64::from(u16::from_le_bytes([word[0], word[1]])) - 32_767.5;
        assert_eq!(grey, ((share / 65_535.0 + 0.5) * 255.0).round() as u8);
    }
}
