//! Typing of beats and the median beat of the dominant class (ECG specification 11.4 and 11.5).

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
/// Beats alike in shape.
const ALIKE: f32 = 0.9;

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

/// Which beats are dominant, and their median.
#[must_use]
pub fn median(signal: &Signal, beats: &[usize]) -> (Vec<bool>, Median) {
    let windows: Vec<Option<Vec<f32>>> = beats.iter().map(|b| window(signal, *b, 0)).collect();
    let (dominant, seed) = typed(&windows);
    let Some(template) = seed.and_then(|s| windows.get(s).cloned().flatten()) else {
        return (vec![false; beats.len()], Median::default());
    };
    // Align within 20 ms on the template.
    let reach = isize::try_from(ms(20.0)).unwrap_or(0);
    let mut aligned = Vec::new();
    for (b, yes) in beats.iter().zip(&dominant) {
        if !yes {
            continue;
        }
        let best = (-reach..=reach)
            .filter_map(|shift| Some((shift, correlation(&window(signal, *b, shift)?, &template))))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.abs().cmp(&a.0.abs())));
        if let Some(at) = best.and_then(|(shift, _)| b.checked_add_signed(shift)) {
            aligned.push(at);
        }
    }
    let (before, after) = (ms(BEFORE_MS), ms(AFTER_MS));
    let leads = signal
        .leads
        .iter()
        .map(|(n, s)| {
            // Each beat against its own level before the QRS: wander of the base line cancels.
            let levels: Vec<f32> = aligned.iter().map(|b| level(s, *b)).collect();
            let mut column = Vec::with_capacity(aligned.len());
            let samples = (0..before + after)
                .map(|i| {
                    column.clear();
                    for (b, l) in aligned.iter().zip(&levels) {
                        if let Some(v) = (b + i).checked_sub(before).and_then(|k| s.get(k)) {
                            column.push(v - l);
                        }
                    }
                    percentile(&column, 0.5)
                })
                .collect();
            (*n, samples)
        })
        .collect();
    (dominant, Median { leads, peak: before, beats: aligned.len() })
}

fn level(s: &[f32], beat: usize) -> f32 {
    let (a, b) = (beat.saturating_sub(ms(100.0)), beat.saturating_sub(ms(60.0)));
    s.get(a..b.max(a + 1)).map_or(0.0, |w| percentile(w, 0.5))
}

/// 100 ms before to 300 ms after, all leads one after the other, every second sample.
fn window(signal: &Signal, beat: usize, shift: isize) -> Option<Vec<f32>> {
    let at = beat.checked_add_signed(shift)?;
    let (a, b) = (at.checked_sub(ms(100.0))?, at + ms(300.0));
    let mut out = Vec::with_capacity(signal.leads.len() * (b - a) / 2);
    for (_, s) in &signal.leads {
        let w = s.get(a..b)?;
        #[expect(clippy::cast_precision_loss, reason = "a window of 200 samples")]
        let mean = w.iter().sum::<f32>() / w.len() as f32;
        out.extend(w.iter().step_by(2).map(|v| v - mean));
    }
    Some(out)
}

fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let (mut ab, mut aa, mut bb) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (x, y) in a.iter().zip(b) {
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa <= 0.0 || bb <= 0.0 { 0.0 } else { ab / (aa * bb).sqrt() }
}

/// The largest class of like beats: membership and the beat it is built around.
fn typed(windows: &[Option<Vec<f32>>]) -> (Vec<bool>, Option<usize>) {
    let mut best: (Vec<bool>, Option<usize>, usize) = (vec![false; windows.len()], None, 0);
    for (i, seed) in windows.iter().enumerate() {
        let Some(seed) = seed else { continue };
        let members: Vec<bool> =
            windows.iter().map(|w| w.as_ref().is_some_and(|w| correlation(w, seed) >= ALIKE)).collect();
        let count = members.iter().filter(|m| **m).count();
        if count > best.2 {
            best = (members, Some(i), count);
        }
    }
    (best.0, best.1)
}
