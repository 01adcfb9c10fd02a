//! The analysis copy: standard leads in µV at 500 Hz, gaps bridged; filters without phase.

use crate::ecg::lead::{LeadId, TWELVE};
use crate::ecg::model::Group;

/// Rate of the analysis copy.
pub const HZ: f32 = 500.0;
/// Samples of the analysis copy in a millisecond, times two: 500 Hz.
pub const PER_MS: f32 = 0.5;
/// A minute is analysed at most; what is longer is reviewed, not measured.
const MOST_SECONDS: usize = 60;

/// The analysis copy.
#[derive(Debug, Clone)]
pub struct Signal {
    /// Samples per standard lead number, µV.
    pub leads: Vec<(u16, Vec<f32>)>,
    /// Samples of every lead.
    pub len: usize,
}

/// `ms` in samples.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive constants")]
pub fn ms(ms: f32) -> usize {
    (ms * PER_MS).round().max(0.0) as usize
}

impl Signal {
    /// Prepares the standard leads of a group but those in `bad`; `None` when there is none or it is shorter than one second.
    #[must_use]
    pub fn prepare(group: &Group, bad: &[LeadId]) -> Option<Self> {
        let rate = group.rate.to_f64();
        if !(20.0..=50_000.0).contains(&rate) {
            return None;
        }
        let mut leads = Vec::new();
        for id in TWELVE.iter().filter(|id| !bad.contains(id)) {
            let (Some(lead), Some(n)) = (group.lead(id), id.number()) else { continue };
            let mut uv = lead.uv(most(rate));
            bridge(&mut uv);
            leads.push((n, resample(&uv, rate)));
        }
        let len = leads.iter().map(|(_, s)| s.len()).min()?;
        if len < ms(1_000.0) {
            return None;
        }
        for (_, s) in &mut leads {
            s.truncate(len);
        }
        Some(Self { leads, len })
    }

    /// A lead by number.
    #[must_use]
    pub fn lead(&self, n: u16) -> Option<&[f32]> {
        self.leads.iter().find(|(k, _)| *k == n).map(|(_, s)| s.as_slice())
    }
}

/// Samples of the analysed minute.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rate is cut to what recorders do"
)]
pub fn most(rate: f64) -> usize {
    MOST_SECONDS * rate.ceil().clamp(1.0, 50_000.0) as usize
}

/// Fills gaps by straight lines; for analysis only.
fn bridge(s: &mut [f32]) {
    let n = s.len();
    let mut i = 0;
    while i < n {
        if s[i].is_finite() {
            i += 1;
            continue;
        }
        let end = (i..n).find(|k| s[*k].is_finite()).unwrap_or(n);
        let before = if i > 0 { Some(s[i - 1]) } else { None };
        let after = s.get(end).copied();
        let (a, b) = match (before, after) {
            (Some(a), Some(b)) => (a, b),
            (Some(a), None) => (a, a),
            (None, Some(b)) => (b, b),
            (None, None) => (0.0, 0.0),
        };
        let length = end - i + 1;
        for (k, v) in s.iter_mut().take(end).skip(i).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "gap lengths are small")]
            let share = (k + 1) as f32 / length as f32;
            *v = a + (b - a) * share;
        }
        i = end;
    }
}

/// To 500 Hz: low-pass and pick when the rate is higher, straight lines between samples otherwise.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "indices are bounded by the analysed minute"
)]
fn resample(s: &[f32], rate: f64) -> Vec<f32> {
    if (rate - f64::from(HZ)).abs() < 1e-9 || s.len() < 2 {
        return s.to_vec();
    }
    let smooth = if rate > f64::from(HZ) { low_pass(s, 200.0, rate as f32) } else { s.to_vec() };
    let step = rate / f64::from(HZ);
    let count = ((s.len() as f64 / step).floor() as usize).max(1);
    (0..count)
        .map(|i| {
            let x = i as f64 * step;
            let k = (x.floor() as usize).min(smooth.len() - 1);
            let f = (x - k as f64) as f32;
            let next = smooth[(k + 1).min(smooth.len() - 1)];
            smooth[k] + (next - smooth[k]) * f
        })
        .collect()
}

/// Second-order Butterworth section, b0 b1 b2 a1 a2.
pub(super) type Section = [f32; 5];

pub(super) fn section(cut: f32, hz: f32, high: bool) -> Section {
    let k = (std::f32::consts::PI * (cut / hz).min(0.49)).tan();
    let norm = 1.0 / (1.0 + std::f32::consts::SQRT_2 * k + k * k);
    let a1 = 2.0 * (k * k - 1.0) * norm;
    let a2 = (1.0 - std::f32::consts::SQRT_2 * k + k * k) * norm;
    if high {
        [norm, -2.0 * norm, norm, a1, a2]
    } else {
        [k * k * norm, 2.0 * k * k * norm, k * k * norm, a1, a2]
    }
}

/// Forward and backward, with the ends mirrored so that they do not ring.
fn zero_phase(s: &[f32], f: &Section, pad: usize) -> Vec<f32> {
    let n = s.len();
    if n < 4 {
        return s.to_vec();
    }
    let pad = pad.min(n - 1);
    let (first, last) = (s[0], s[n - 1]);
    let mut x: Vec<f32> = (1..=pad).rev().map(|i| 2.0 * first - s[i]).collect();
    x.extend_from_slice(s);
    x.extend((1..=pad).map(|i| 2.0 * last - s[n - 1 - i]));
    for _ in 0..2 {
        run(&mut x, f);
        x.reverse();
    }
    x[pad..pad + n].to_vec()
}

fn run(x: &mut [f32], [b0, b1, b2, a1, a2]: &Section) {
    // Start in the steady state of the first sample: a constant passes without a step.
    let start = x.first().copied().unwrap_or(0.0);
    let gain = (b0 + b1 + b2) / (1.0 + a1 + a2);
    let (mut x1, mut x2, mut y1, mut y2) = (start, start, start * gain, start * gain);
    for v in x {
        let y = b0 * *v + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
        (x2, x1, y2, y1) = (x1, *v, y1, y);
        *v = y;
    }
}

/// Zero-phase low-pass.
#[must_use]
pub fn low_pass(s: &[f32], cut: f32, hz: f32) -> Vec<f32> {
    zero_phase(s, &section(cut, hz, false), pad(cut, hz))
}

/// Zero-phase high-pass.
#[must_use]
pub fn high_pass(s: &[f32], cut: f32, hz: f32) -> Vec<f32> {
    zero_phase(s, &section(cut, hz, true), pad(cut, hz))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
fn pad(cut: f32, hz: f32) -> usize {
    (hz / cut).clamp(16.0, 2_000.0) as usize
}

/// Centred moving average over `width` samples.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "widths are small")]
pub fn average(s: &[f32], width: usize) -> Vec<f32> {
    let half = width / 2;
    let mut sums = Vec::with_capacity(s.len() + 1);
    let mut total = 0.0_f64;
    sums.push(0.0);
    for v in s {
        total += f64::from(*v);
        sums.push(total);
    }
    (0..s.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(half), (i + half + 1).min(s.len()));
            #[expect(clippy::cast_possible_truncation, reason = "an average of f32")]
            let mean = ((sums[b] - sums[a]) / (b - a) as f64) as f32;
            mean
        })
        .collect()
}

/// The value below which the share `p` (0..1) of `s` lies; 0 for nothing.
#[must_use]
pub fn percentile(s: &[f32], p: f32) -> f32 {
    let mut v: Vec<f32> = Vec::with_capacity(s.len());
    v.extend(s.iter().copied().filter(|x| x.is_finite()));
    let at = place(v.len(), f64::from(p));
    if v.is_empty() {
        return 0.0;
    }
    *v.select_nth_unstable_by(at, f32::total_cmp).1
}

/// The same for f64; the median of an even count is the mean of the two middle values.
#[must_use]
pub fn percentile_f64(s: &[f64], p: f64) -> Option<f64> {
    let mut v: Vec<f64> = s.iter().copied().filter(|x| x.is_finite()).collect();
    v.sort_by(f64::total_cmp);
    if (p - 0.5).abs() < 1e-9 && v.len().is_multiple_of(2) {
        let k = v.len() / 2;
        return Some((v.get(k.checked_sub(1)?)? + v.get(k)?) / 2.0);
    }
    v.get(place(v.len(), p)).copied()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index of a slice"
)]
fn place(len: usize, p: f64) -> usize {
    ((len.saturating_sub(1)) as f64 * p).round() as usize
}
