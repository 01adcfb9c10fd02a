//! Which spikes pace, and what (ECG specification 11.2): a stimulus keeps its place before what it excites.

use super::signal::{ms, percentile_f64};
use super::template::Complex;

/// Ventricular spikes stand between these, relative to the QRS onset, ms.
const SPIKE_MS: (f32, f32) = (100.0, 30.0);
/// Atrial spikes stand at most this long before the QRS onset, ms.
const ATRIAL_MS: f32 = 320.0;
/// Atrial spikes keep their distance from the QRS within this, samples.
const STEADY: f64 = 10.0;
/// Paced beats at least, to call the spikes pacing.
const PACED: usize = 3;

/// Spikes of the candidates that pace the ventricles: those that keep their place before a QRS. The second list has the
/// beats.
#[must_use]
pub fn ventricular(candidates: &[usize], beats: &[Complex]) -> (Vec<usize>, Vec<bool>) {
    let near = |on: usize, s: usize| s + ms(SPIKE_MS.0) >= on && s <= on + ms(SPIKE_MS.1);
    let paced: Vec<bool> = beats.iter().map(|b| candidates.iter().any(|s| near(b.on, *s))).collect();
    if paced.iter().filter(|p| **p).count() < PACED {
        return (Vec::new(), vec![false; beats.len()]);
    }
    let own = candidates.iter().copied().filter(|s| beats.iter().any(|b| near(b.on, *s)));
    (own.collect(), paced)
}

/// Atrial spikes: in at least half of the beats they keep their distance from the QRS.
#[must_use]
pub fn atrial(low: &[usize], beats: &[Complex]) -> Vec<Option<usize>> {
    let before =
        |b: &Complex| low.iter().copied().rfind(|s| s + ms(ATRIAL_MS) >= b.on && s + ms(SPIKE_MS.0) < b.on);
    let found: Vec<Option<usize>> = beats.iter().map(before).collect();
    #[expect(clippy::cast_precision_loss, reason = "a distance of 150 samples")]
    let distance = |b: &Complex, s: usize| b.on.saturating_sub(s) as f64;
    let all: Vec<f64> = found.iter().zip(beats).filter_map(|(s, b)| Some(distance(b, (*s)?))).collect();
    let usual = percentile_f64(&all, 0.5).unwrap_or(0.0);
    let kept: Vec<Option<usize>> = found
        .iter()
        .zip(beats)
        .map(|(s, b)| s.filter(|s| (distance(b, *s) - usual).abs() <= STEADY))
        .collect();
    let count = kept.iter().flatten().count();
    if count >= PACED && count * 2 >= beats.len() { kept } else { vec![None; beats.len()] }
}
