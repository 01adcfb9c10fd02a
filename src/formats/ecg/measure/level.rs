//! Shapes in windows of all leads: their level, their bumps, their likeness, their middle.

use super::lanes::{Row, WIDTH};
use super::rows;
use super::signal::ms;

/// Half the width over which a P wave stands out as a bump, ms.
const BUMP_MS: f32 = 60.0;

/// Cosine of two patterns from their products; 0 for an empty one.
#[must_use]
pub fn cosine(xy: f32, xx: f32, yy: f32) -> f32 {
    if xx > 0.0 && yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

/// Root mean square over the leads.
#[must_use]
pub fn rms(row: &Row, leads: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "twelve leads")]
    let n = leads.max(1) as f32;
    (row.iter().map(|v| v * v).sum::<f32>() / n).sqrt()
}

/// The line through the ends of a window (the mean of 10 ms each): its start, and its slope per sample.
#[must_use]
pub fn chord(w: &[Row]) -> (Row, Row) {
    let (mut a, mut slope) = ([0.0; WIDTH], [0.0; WIDTH]);
    #[expect(clippy::cast_precision_loss, reason = "a window of 200 samples")]
    let (edge, length) = (5.min(w.len()).max(1) as f32, w.len().max(2) as f32 - 1.0);
    for (x, y) in w.iter().zip(w.iter().rev()).take(5) {
        for i in 0..WIDTH {
            a[i] += x[i] / edge;
            slope[i] += (y[i] - x[i]) / edge / length;
        }
    }
    (a, slope)
}

/// The window without that line.
#[must_use]
pub fn levelled(w: &[Row]) -> Vec<Row> {
    let (first, slope) = chord(w);
    w.iter()
        .enumerate()
        .map(|(k, r)| {
            #[expect(clippy::cast_precision_loss, reason = "a window of 200 samples")]
            let at = k as f32;
            let mut out = *r;
            for i in 0..WIDTH {
                out[i] -= first[i] + slope[i] * at;
            }
            out
        })
        .collect()
}

/// How far each sample of `[from, to)` stands above the chord over 60 ms to both sides; the chord stays inside.
#[must_use]
pub fn bumps(rows: &[Row], from: usize, to: usize) -> Vec<Row> {
    (from..to).map(|i| bump(rows, i, from, to)).collect()
}

/// The same for one sample.
#[must_use]
pub fn bump(rows: &[Row], i: usize, from: usize, to: usize) -> Row {
    let w = ms(BUMP_MS);
    let (a, b) = (i.saturating_sub(w).max(from), (i + w).min(to - 1));
    #[expect(clippy::cast_precision_loss, reason = "a window of 200 samples")]
    let share = (i - a) as f32 / (b - a).max(1) as f32;
    let (left, here, right) = (&rows[a], &rows[i], &rows[b]);
    let mut out = [0.0; WIDTH];
    for k in 0..WIDTH {
        out[k] = here[k] - left[k] - (right[k] - left[k]) * share;
    }
    out
}

/// Middle of the beats: the mean of the middle half in each lead.
#[expect(clippy::cast_precision_loss, reason = "a count of beats")]
#[must_use]
pub fn middle(cut: &[(usize, Vec<Row>)], n: usize) -> Vec<Row> {
    let quarter = cut.len() / 4;
    let share = 1.0 / (cut.len() - 2 * quarter).max(1) as f32;
    let mut column = vec![[0.0_f32; WIDTH]; cut.len()];
    (0..n)
        .map(|i| {
            for (c, (_, w)) in column.iter_mut().zip(cut) {
                *c = w[i];
            }
            rows::sort(&mut column);
            let mut out = [0.0; WIDTH];
            for r in column.iter().skip(quarter).take(cut.len() - 2 * quarter) {
                for k in 0..WIDTH {
                    out[k] += r[k] * share;
                }
            }
            out
        })
        .collect()
}
