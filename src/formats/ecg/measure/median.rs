//! The median beat of a class (ECG specification 11.5).

use super::signal::{Signal, ms, percentile};

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

/// The median of the beats at these places.
#[must_use]
pub fn median(signal: &Signal, at: &[usize]) -> Median {
    let (before, after) = (ms(BEFORE_MS), ms(AFTER_MS));
    let mut column = Vec::with_capacity(at.len());
    let leads = signal
        .leads
        .iter()
        .map(|(n, s)| {
            // Each beat against its own level before the QRS: wander of the base line cancels.
            let levels: Vec<f32> = at.iter().map(|b| level(s, *b)).collect();
            let samples = (0..before + after)
                .map(|i| {
                    column.clear();
                    for (b, l) in at.iter().zip(&levels) {
                        if let Some(v) = (b + i).checked_sub(before).and_then(|k| s.get(k)) {
                            column.push(v - l);
                        }
                    }
                    middle(&mut column)
                })
                .collect();
            (*n, samples)
        })
        .collect();
    Median { leads, peak: before, beats: at.len() }
}

/// The median; of an even count the mean of the two middle values.
fn middle(v: &mut [f32]) -> f32 {
    v.sort_unstable_by(f32::total_cmp);
    let k = v.len() / 2;
    match (v.len(), v.get(k)) {
        (_, None) => 0.0,
        (n, Some(high)) if n % 2 == 1 => *high,
        (_, Some(high)) => f32::midpoint(v[k - 1], *high),
    }
}

fn level(s: &[f32], beat: usize) -> f32 {
    let (a, b) = (beat.saturating_sub(ms(100.0)), beat.saturating_sub(ms(60.0)));
    s.get(a..b.max(a + 1)).map_or(0.0, |w| percentile(w, 0.5))
}
