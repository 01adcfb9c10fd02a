//! Grey images: modality, VOI and presentation transformations, inversion (PS3.3 §C.11.1, §C.11.2, §C.11.6).

use super::super::{Display, Shape, Table};

/// Share of pixels clipped at either end when the data set has no window.
const CLIP: f64 = 0.005;

/// Eight-bit grey levels of one-sample data.
pub(super) fn display(data: &[u8], shape: &Shape, display: &Display) -> Vec<u8> {
    let width = shape.sample_bytes();
    let voi = Voi::of(data, shape, display);
    let invert = display.invert || shape.photometric == "MONOCHROME1";
    let level = |stored: f64| -> u8 {
        if is_padding(stored, display) || stored.is_nan() {
            return 0;
        }
        let share = voi.share(modality(stored, display));
        let share = match &display.presentation {
            Some(table) if !table.entries.is_empty() => {
                table.share(table.first as f64 + share * (table.entries.len() - 1) as f64)
            }
            _ => share,
        };
        let grey = (share * 255.0).round() as u8;
        if invert { 255 - grey } else { grey }
    };
    if width <= 2 && data.len() / width > 1 << (8 * width) {
        // every possible word once, then a look-up per pixel
        let table: Vec<u8> = (0..1_u32 << (8 * width)).map(|w| level(shape.stored_value(w) as f64)).collect();
        return data.chunks_exact(width).map(|w| table[word(w) as usize]).collect();
    }
    data.chunks_exact(width).map(|w| level(value(w, shape))).collect()
}

/// Little-endian sample word, at most 32 bits.
pub(super) fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// Stored value of a sample.
fn value(bytes: &[u8], shape: &Shape) -> f64 {
    match *bytes {
        [a, b, c, d] if shape.float => f32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => shape.stored_value(word(bytes)) as f64,
    }
}

fn modality(stored: f64, display: &Display) -> f64 {
    match &display.modality {
        Some(table) => table.at(stored).into(),
        None => stored * display.slope + display.intercept,
    }
}

/// From output values of the modality transformation to a share of the grey scale.
enum Voi<'a> {
    Window { centre: f64, width: f64, function: &'a str },
    Table(&'a Table),
}

impl<'a> Voi<'a> {
    /// The window where there is one, else the table, else what the values span.
    fn of(data: &[u8], shape: &Shape, display: &'a Display) -> Self {
        let window = display.window.filter(|(c, w)| c.is_finite() && w.is_finite() && *w > 0.0);
        if let Some((centre, width)) = window {
            return Self::Window { centre, width, function: &display.voi_function };
        }
        if let Some(table) = display.voi.as_ref().filter(|t| !t.entries.is_empty()) {
            return Self::Table(table);
        }
        let (low, high) = if shape.bits_allocated == 1 { (0.0, 1.0) } else { range(data, shape, display) };
        let width = if high > low { high - low } else { 1.0 };
        Self::Window { centre: f64::midpoint(low, high), width, function: "LINEAR_EXACT" }
    }

    /// §C.11.2.1.2, §C.11.2.1.3.
    fn share(&self, value: f64) -> f64 {
        let level = match *self {
            Self::Table(table) => return table.share(value),
            Self::Window { centre, width, function: "SIGMOID" } => {
                1.0 / (1.0 + (-4.0 * (value - centre) / width).exp())
            }
            Self::Window { centre, width, function: "LINEAR_EXACT" } => (value - centre) / width + 0.5,
            // LINEAR with width 1 is a threshold
            Self::Window { centre, width, .. } if width <= 1.0 => f64::from(u8::from(value > centre - 0.5)),
            Self::Window { centre, width, .. } => (value - (centre - 0.5)) / (width - 1.0) + 0.5,
        };
        level.clamp(0.0, 1.0)
    }
}

fn is_padding(stored: f64, display: &Display) -> bool {
    display.padding.is_some_and(|(a, b)| (a.min(b) as f64..=a.max(b) as f64).contains(&stored))
}

/// Range of values with half a percent clipped at either end, padding and what is no number left out.
fn range(data: &[u8], shape: &Shape, display: &Display) -> (f64, f64) {
    let samples = data.chunks_exact(shape.sample_bytes()).map(|w| value(w, shape));
    let samples = samples.filter(|v| v.is_finite() && !is_padding(*v, display));
    let mut sorted: Vec<f64> = samples.map(|v| modality(v, display)).collect();
    if sorted.is_empty() {
        return (0.0, 1.0);
    }
    let clip = ((sorted.len() as f64) * CLIP) as usize;
    let top = sorted.len() - 1 - clip;
    let low = *sorted.select_nth_unstable_by(clip, f64::total_cmp).1;
    let high = *sorted.select_nth_unstable_by(top.max(clip), f64::total_cmp).1;
    if high > low {
        return (low, high);
    }
    // nearly all of one value: what little differs is what there is to see
    sorted.iter().fold((low, high), |(l, h), v| (l.min(*v), h.max(*v)))
}
