//! Windows, inversion, padding, palettes (PS3.3 §C.11).

use super::super::decode::Pixels;
use super::super::render::display;
use super::*;

fn shown(shape: &Shape, stored: &[i16], how: &Display) -> Vec<u8> {
    let data = stored.iter().flat_map(|v| v.to_le_bytes()).collect();
    display(&Pixels::new(data), shape, how).unwrap().data
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
