//! Grey images: modality rescale, window, inversion (PS3.3 §C.11.1, §C.11.2).

use super::super::{Display, Shape};

/// Share of pixels clipped at either end when the data set has no window.
const CLIP: f64 = 0.005;

/// Eight-bit grey levels of one-sample data.
pub(super) fn display(data: &[u8], shape: &Shape, display: &Display) -> Vec<u8> {
    let width = shape.sample_bytes();
    let invert = display.invert || shape.photometric == "MONOCHROME1";
    let window = display.window.filter(|(c, w)| c.is_finite() && w.is_finite() && *w > 0.0);
    let (centre, wide, function) = match window {
        Some((centre, wide)) => (centre, wide, display.voi_function.as_str()),
        None => {
            let (low, high) = range(data, shape, display);
            (f64::midpoint(low, high), (high - low).max(1.0), "LINEAR_EXACT")
        }
    };
    let level = |word: u32| -> u8 {
        let stored = shape.stored_value(word);
        if is_padding(stored, display) {
            return 0;
        }
        let value = stored as f64 * display.slope + display.intercept;
        let grey = (voi(value, centre, wide, function) * 255.0).round() as u8;
        if invert { 255 - grey } else { grey }
    };
    if width <= 2 {
        // every possible word once, then a look-up per pixel
        let table: Vec<u8> = (0..1_u32 << (8 * width)).map(level).collect();
        return data.chunks_exact(width).map(|w| table[word(w) as usize]).collect();
    }
    data.chunks_exact(width).map(|w| level(word(w))).collect()
}

/// Little-endian sample word.
pub(super) fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// VOI function, 0 to 1 (§C.11.2.1.2, §C.11.2.1.3).
fn voi(value: f64, centre: f64, width: f64, function: &str) -> f64 {
    let level = match function {
        "SIGMOID" => 1.0 / (1.0 + (-4.0 * (value - centre) / width).exp()),
        "LINEAR_EXACT" => (value - centre) / width + 0.5,
        // LINEAR with width 1 is a threshold
        _ if width <= 1.0 => f64::from(u8::from(value > centre - 0.5)),
        _ => (value - (centre - 0.5)) / (width - 1.0) + 0.5,
    };
    level.clamp(0.0, 1.0)
}

fn is_padding(stored: i64, display: &Display) -> bool {
    display.padding.is_some_and(|(a, b)| (a.min(b)..=a.max(b)).contains(&stored))
}

/// Range of values with half a percent clipped at either end, padding left out.
fn range(data: &[u8], shape: &Shape, display: &Display) -> (f64, f64) {
    let words = data.chunks_exact(shape.sample_bytes());
    let stored = words.map(|w| shape.stored_value(word(w))).filter(|v| !is_padding(*v, display));
    let rescale = |v: i64| v as f64 * display.slope + display.intercept;
    let mut sorted: Vec<i64> = stored.collect();
    if sorted.is_empty() {
        return (0.0, 1.0);
    }
    let clip = ((sorted.len() as f64) * CLIP) as usize;
    let top = sorted.len() - 1 - clip;
    let low = *sorted.select_nth_unstable(clip).1;
    let high = *sorted.select_nth_unstable(top.max(clip)).1;
    let (low, high) = (rescale(low), rescale(high));
    (low.min(high), low.max(high))
}
