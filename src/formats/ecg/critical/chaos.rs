//! Ventricular fibrillation, flutter and sine-wave tachycardia from the samples alone: a beat detector says nothing of use there.
//!
//! Two marks of an organised rhythm, looked for in each lead by itself. Between its complexes the slope is small: a lead without
//! such rest has no isoelectric stretch. And it is no single oscillation: laid on itself half a period later a sine wave
//! cancels out and a QRS does not (the "VF filter" of Kuo and Dillman, Computers in Cardiology 1978).

use crate::ecg::measure::Signal;
use crate::ecg::measure::signal::{average, percentile};

/// A needle is not longer than this, samples at 500 Hz.
const NEEDLE: usize = 3;
/// Samples a second after thinning.
const HZ: f32 = 100.0;
/// A stretch looked at and the step to the next, samples: 3 s and 1 s.
const STRETCH: usize = 300;
const STEP: usize = 100;
/// The shortest strip that is looked at, samples: 2 s.
const LEAST: usize = 200;
/// Mean distance from the line below which a lead shows nothing, µV.
const LIVING_UV: f32 = 8.0;
/// What does not cancel out, and share of quiet slopes: either pair will do. In the LUDB records the lead in the middle has at
/// least 0.71 and 0.73; sine waves have 0.1 and 0.1, fibrillation about 0.3 and 0.25, polymorphic tachycardia 0.66 and 0.3.
const LIMITS: [(f32, f32); 2] = [(0.60, 0.42), (0.70, 0.33)];
/// A slope below this share of the steepest is quiet.
const QUIET: f32 = 0.15;
/// Waves per second. Wander is slower, muscles are faster.
const WAVES_HZ: (f32, f32) = (1.5, 9.0);

/// A stretch without complexes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chaos {
    /// Its start, ms of the strip.
    pub from_ms: f64,
    /// Its end.
    pub to_ms: f64,
    /// Waves a minute, the median lead's.
    pub per_minute: f32,
    /// Height of the waves, µV, the median lead's.
    pub uv: f32,
}

/// One lead at 100 Hz: without needles, means of 20 ms, in which 50 Hz and its multiples vanish, against the mean of 0.6 s.
#[must_use]
pub fn thin(s: &[f32]) -> Vec<f32> {
    let short: Vec<f32> = blunt(s).chunks_exact(5).map(|w| w.iter().sum::<f32>() / 5.0).collect();
    let means: Vec<f32> = short.windows(2).map(|w| f32::midpoint(w[0], w[1])).collect();
    means.iter().zip(average(&means, 61)).map(|(v, slow)| v - slow).collect()
}

/// The middle of a sample and those 6 ms to both sides: a stimulus of a pacemaker is shorter and vanishes, a QRS stays.
fn blunt(s: &[f32]) -> Vec<f32> {
    let ends = |i: usize| s.get(i).copied().unwrap_or(0.0);
    let inner = s.windows(2 * NEEDLE + 1).map(|w| {
        let (a, b, c) = (w[0], w[NEEDLE], w[2 * NEEDLE]);
        a.min(b).max(a.max(b).min(c))
    });
    let first = (0..NEEDLE.min(s.len())).map(ends);
    let last = (s.len().saturating_sub(NEEDLE).max(NEEDLE.min(s.len()))..s.len()).map(ends);
    first.chain(inner).chain(last).collect()
}

/// Every lead thinned.
#[must_use]
pub fn thinned(signal: &Signal) -> Vec<Vec<f32>> {
    signal.leads.iter().map(|(_, s)| thin(s)).collect()
}

/// Stretches in which more than half of the leads that show anything have no complexes, joined where they touch.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
pub fn find(leads: &[Vec<f32>]) -> Vec<Chaos> {
    let len = leads.iter().map(Vec::len).min().unwrap_or(0);
    let mut out: Vec<Chaos> = Vec::new();
    if len < LEAST {
        return out;
    }
    let stretch = STRETCH.min(len);
    // The last stretch ends with the strip.
    for from in (0..len - stretch).step_by(STEP).chain([len - stretch]) {
        let Some(waves) = vote(leads, from, from + stretch) else { continue };
        let ms = |i: usize| i as f64 * 1_000.0 / f64::from(HZ);
        let (from_ms, to_ms) = (ms(from), ms(from + stretch));
        match out.last_mut() {
            Some(last) if last.to_ms >= from_ms => last.to_ms = to_ms,
            _ => out.push(Chaos { from_ms, to_ms, per_minute: 60.0 * waves.hz, uv: waves.uv }),
        }
    }
    out
}

/// The waves of one lead.
#[derive(Debug, Clone, Copy)]
struct Waves {
    hz: f32,
    uv: f32,
}

/// What the leads agree on.
fn vote(leads: &[Vec<f32>], from: usize, to: usize) -> Option<Waves> {
    let living: Vec<&[f32]> =
        leads.iter().filter_map(|s| s.get(from..to)).filter(|s| mean_abs(s) >= LIVING_UV).collect();
    let mut found: Vec<Waves> = Vec::new();
    for (k, s) in living.iter().enumerate() {
        found.extend(waves(s));
        // Most strips are decided after half of the leads.
        if (found.len() + living.len() - k - 1) * 2 <= living.len() {
            return None;
        }
    }
    let middle = |of: fn(&Waves) -> f32| percentile(&found.iter().map(of).collect::<Vec<_>>(), 0.5);
    (!found.is_empty()).then(|| Waves { hz: middle(|w| w.hz), uv: middle(|w| w.uv) })
}

/// The waves of a lead without complexes; none when it has some.
fn waves(s: &[f32]) -> Option<Waves> {
    let slopes: Vec<f32> = s.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    let (size, slope) = (s.iter().map(|v| v.abs()).sum::<f32>(), slopes.iter().sum::<f32>());
    if slope <= 0.0 {
        return None;
    }
    // Of a sine wave the sum of the sizes is that of the slopes times period / 2π.
    let half = (std::f32::consts::PI * size / slope).clamp(2.0, 60.0);
    let hz = HZ / (2.0 * half);
    if !(WAVES_HZ.0..=WAVES_HZ.1).contains(&hz) {
        return None;
    }
    let rest = remainder(s, half);
    if rest > LIMITS[1].0 {
        return None;
    }
    let level = QUIET * percentile(&slopes, 0.98);
    #[expect(clippy::cast_precision_loss, reason = "a count of samples in three seconds")]
    let quiet = slopes.iter().filter(|v| **v < level).count() as f32 / slopes.len() as f32;
    let none = LIMITS.iter().any(|(r, q)| rest <= *r && quiet <= *q);
    none.then(|| Waves { hz, uv: percentile(s, 0.98) - percentile(s, 0.02) })
}

/// What is left of a lead when it is added to itself half a period later, as a share of both.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 60")]
fn remainder(s: &[f32], half: f32) -> f32 {
    let later = s.get(half.round() as usize..).unwrap_or_default();
    let (left, all) = s
        .iter()
        .zip(later)
        .fold((0.0_f32, 0.0_f32), |(l, a), (x, y)| (l + (x + y).abs(), a + x.abs() + y.abs()));
    if all > 0.0 { left / all } else { 1.0 }
}

#[expect(clippy::cast_precision_loss, reason = "a count of samples in three seconds")]
fn mean_abs(s: &[f32]) -> f32 {
    s.iter().map(|v| v.abs()).sum::<f32>() / s.len().max(1) as f32
}
