//! What lies over an image: shutters (PS3.3 §C.7.6.11, §C.7.6.15) and overlays (§C.9.2).

use super::super::decode::Pixels;
use super::super::{Overlay, Plane, Shape, Shutter};
use super::{Image, grey};

/// Overlays are drawn in this grey level.
const WHITE: u8 = 255;

/// Covers what lies outside the shutter's shapes.
pub(super) fn shut(image: &mut Image, shutter: &Shutter) {
    let level = (shutter.value >> 8) as u8;
    let (width, channels) = (image.width, image.channels);
    for (y, line) in image.data.chunks_exact_mut(width * channels).enumerate() {
        let row = (image.top + y) as i64 + 1;
        let crossings = crossings(&shutter.polygon, row);
        for (x, pixel) in line.chunks_exact_mut(channels).enumerate() {
            if !is_open(shutter, row, x as i64 + 1, &crossings) {
                pixel.fill(level);
            }
        }
    }
}

fn is_open(shutter: &Shutter, row: i64, col: i64, crossings: &[f64]) -> bool {
    let inside_rectangle = shutter
        .rectangle
        .is_none_or(|[left, right, upper, lower]| col > left && col < right && row > upper && row < lower);
    let inside_circle = shutter.circle.is_none_or(|[y, x, r]| {
        let square = |d: i64| i128::from(d) * i128::from(d);
        square(row.saturating_sub(y)) + square(col.saturating_sub(x)) <= square(r)
    });
    let inside_polygon = shutter.polygon.len() < 3
        || crossings.iter().filter(|c| **c < col as f64).count() % 2 == 1
        || crossings.contains(&(col as f64));
    let uncovered = shutter.bitmap.as_ref().is_none_or(|b| !bit(b, row, col));
    inside_rectangle && inside_circle && inside_polygon && uncovered
}

/// Columns where the edges of a polygon cross a row.
fn crossings(corners: &[(i64, i64)], row: i64) -> Vec<f64> {
    let next = corners.iter().cycle().skip(1);
    let edges = corners.iter().zip(next);
    edges
        .filter(|((y1, _), (y2, _))| (*y1 <= row) != (*y2 <= row))
        .map(|((y1, x1), (y2, x2))| {
            let along = (row - y1) as f64 / (y2 - y1) as f64;
            *x1 as f64 + along * (x2 - x1) as f64
        })
        .collect()
}

/// Draws an overlay; an embedded one is read `from` the samples.
pub(super) fn draw(image: &mut Image, overlay: &Overlay, from: Option<(&Pixels, &Shape)>) {
    let (width, top, channels) = (image.width, image.top, image.channels);
    let pixels = image.data.chunks_exact_mut(channels);
    match (&overlay.plane, from) {
        (Plane::Embedded(position), Some((samples, shape))) => {
            let words = samples.data.chunks_exact(shape.sample_bytes() * usize::from(shape.samples));
            let is_set = |word: &[u8]| {
                word.len() <= 4 && grey::word(word).checked_shr((*position).into()).unwrap_or(0) & 1 == 1
            };
            pixels.zip(words).filter(|(_, word)| is_set(word)).for_each(|(pixel, _)| pixel.fill(WHITE));
        }
        (Plane::Embedded(_), None) => {}
        (Plane::Bits(_), _) => {
            let is_set = |at: usize| bit(overlay, (top + at / width) as i64 + 1, (at % width) as i64 + 1);
            pixels.enumerate().filter(|(at, _)| is_set(*at)).for_each(|(_, pixel)| pixel.fill(WHITE));
        }
    }
}

/// The overlay's bit over an image pixel, rows and columns from 1.
fn bit(overlay: &Overlay, row: i64, col: i64) -> bool {
    let Plane::Bits(bits) = &overlay.plane else { return false };
    let inside = |at: i64, origin: i64, side: u32| {
        at.checked_sub(origin).and_then(|d| usize::try_from(d).ok()).filter(|d| *d < side as usize)
    };
    let Some(y) = inside(row, overlay.origin.0, overlay.rows) else { return false };
    let Some(x) = inside(col, overlay.origin.1, overlay.cols) else { return false };
    let at = y * overlay.cols as usize + x;
    bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}
