//! QRS boundaries on the spatial velocity of the median beat (ECG specification 11.6).

use super::median::Median;
use super::signal::{HZ, average, low_pass, ms, percentile};

/// The clinical global boundary lies outside the central one: earliest and latest leads, fitted on recordings with
/// cardiologists' marks in every lead.
const ON_EARLIER_MS: f32 = 8.0;
/// The same at the end.
const OFF_LATER_MS: f32 = 8.0;

/// Spatial velocity, µV per sample, after `cut` Hz.
#[must_use]
pub fn velocity(median: &Median, cut: f32) -> Vec<f32> {
    let n = median.len();
    let mut sum = vec![0.0_f32; n];
    for (_, lead) in &median.leads {
        let s = low_pass(lead, cut, HZ);
        for i in 1..n.saturating_sub(1) {
            let d = (s[i + 1] - s[i - 1]) / 2.0;
            sum[i] += d * d;
        }
    }
    sum.iter().map(|v| v.sqrt()).collect()
}

/// Central onset and end of the QRS, before the global correction.
#[must_use]
pub fn central(median: &Median) -> Option<(usize, usize)> {
    if median.is_empty() {
        return None;
    }
    let v = average(&velocity(median, 40.0), ms(8.0));
    let near = median.peak.saturating_sub(ms(60.0))..(median.peak + ms(60.0)).min(v.len());
    let peak = near.max_by(|a, b| v[*a].total_cmp(&v[*b]))?;
    let top = v[peak];
    if top <= 0.0 {
        return None;
    }
    let quiet = |a: usize, b: usize, p: f32| v.get(a..b.min(v.len())).map_or(0.0, |w| percentile(w, p));
    let before = quiet(peak.saturating_sub(ms(160.0)), peak.saturating_sub(ms(60.0)), 0.20);
    let level = (0.35 * top).min((0.06 * top).max(1.8 * before));
    let from = peak.saturating_sub(ms(140.0));
    let on = run_down(&v, (from..peak).rev(), level, ms(12.0)).unwrap_or_else(|| lowest(&v, from, peak));
    let after = quiet(peak + ms(90.0), peak + ms(220.0), 0.20);
    let level = (0.35 * top).min((0.075 * top).max(1.6 * after));
    let to = (peak + ms(180.0)).min(v.len());
    let off = run_down(&v, peak + 1..to, level, ms(16.0)).unwrap_or_else(|| lowest(&v, peak + 1, to));
    (on < off).then_some((on, off))
}

/// The global boundaries that intervals and reports use.
#[must_use]
pub fn qrs(median: &Median) -> Option<(usize, usize)> {
    let (on, off) = central(median)?;
    Some((on.saturating_sub(ms(ON_EARLIER_MS)), (off + ms(OFF_LATER_MS)).min(median.len() - 1)))
}

/// The first index of the first run of `width` samples below `level`, walking as `path` says.
fn run_down(v: &[f32], path: impl Iterator<Item = usize>, level: f32, width: usize) -> Option<usize> {
    let mut start = None;
    let mut run = 0;
    for i in path {
        if v.get(i).is_some_and(|x| *x < level) {
            start.get_or_insert(i);
            run += 1;
            if run >= width {
                return start;
            }
        } else {
            start = None;
            run = 0;
        }
    }
    None
}

fn lowest(v: &[f32], a: usize, b: usize) -> usize {
    (a..b.min(v.len())).min_by(|x, y| v[*x].total_cmp(&v[*y])).unwrap_or(a)
}
