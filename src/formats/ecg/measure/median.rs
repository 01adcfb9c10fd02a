//! The median beat of a class (ECG specification 11.5).

use super::lanes::{Row, WIDTH};
use super::rows;
use super::signal::ms;

/// Median beat at 500 Hz: every lead from 500 ms before to 700 ms after the QRS.
#[derive(Debug, Clone, Default)]
pub struct Median {
    /// Standard lead numbers and samples, µV.
    pub leads: Vec<(u16, Vec<f32>)>,
    /// Sample of the QRS peak.
    pub peak: usize,
    /// Beats it is made of.
    pub beats: usize,
}

/// Samples before the QRS.
pub const BEFORE_MS: f32 = 500.0;
/// Samples after the QRS.
pub const AFTER_MS: f32 = 700.0;
impl Median {
    /// A lead by number.
    #[must_use]
    pub fn lead(&self, n: u16) -> Option<&[f32]> {
        self.leads.iter().find(|(k, _)| *k == n).map(|(_, s)| s.as_slice())
    }
    /// Samples of a lead.
    #[must_use]
    pub fn len(&self) -> usize {
        self.leads.first().map_or(0, |(_, s)| s.len())
    }
    /// True without beats.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The median of the beats at these places; `numbers` = the leads that stand side by side in `rows`.
#[must_use]
pub fn median(rows: &[Row], numbers: &[u16], at: &[usize]) -> Median {
    let (before, after) = (ms(BEFORE_MS), ms(AFTER_MS));
    // Each beat against its own level before the QRS: wander of the base line cancels.
    let levels: Vec<Row> = at.iter().map(|b| level(rows, *b)).collect();
    let mut leads: Vec<(u16, Vec<f32>)> =
        numbers.iter().take(WIDTH).map(|n| (*n, Vec::with_capacity(before + after))).collect();
    let mut column: Vec<Row> = Vec::with_capacity(at.len());
    let mut held = [0.0; WIDTH];
    for i in 0..before + after {
        column.clear();
        for (b, l) in at.iter().zip(&levels) {
            if let Some(row) = (b + i).checked_sub(before).and_then(|k| rows.get(k)) {
                column.push(std::array::from_fn(|k| row[k] - l[k]));
            }
        }
        // Where no beat lies within the recording the last value stands: a step would look like a wave.
        held = middle(&mut column).unwrap_or(held);
        leads.iter_mut().zip(held).for_each(|((_, s), v)| s.push(v));
    }
    Median { leads, peak: before, beats: at.len() }
}

/// The median of every lead; of an even count the mean of the two middle values.
fn middle(rows: &mut [Row]) -> Option<Row> {
    rows::sort(rows);
    let n = rows.len();
    let high = *rows.get(n / 2)?;
    let low = *rows.get((n - 1) / 2)?;
    Some(std::array::from_fn(|k| f32::midpoint(low[k], high[k])))
}

/// Mean of a quiet stretch before the QRS.
fn level(rows: &[Row], beat: usize) -> Row {
    let (a, b) = (beat.saturating_sub(ms(100.0)), beat.saturating_sub(ms(60.0)));
    rows.get(a..b.max(a + 1)).and_then(rows::mean).unwrap_or_default()
}
