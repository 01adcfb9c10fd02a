//! The end of the T wave by the largest trapezium (ECG specification 11.7, PMC3201026).

use super::median::Median;
use super::signal::{HZ, low_pass, ms};

/// Below this vector length (µV) there is no T wave to measure.
const LEAST_UV: f32 = 40.0;
/// The clinical global end lies behind the central one; fitted as the QRS boundaries.
const LATER_MS: f32 = 0.0;

/// T end; `rr_ms` = median RR. None when there is no T wave to be seen.
#[must_use]
pub fn end(median: &Median, (on, off): (usize, usize), rr_ms: Option<f64>) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, reason = "an RR interval in ms")]
    let rr = rr_ms.unwrap_or(1_000.0) as f32;
    let n = median.len();
    let leads: Vec<Vec<f32>> = median.leads.iter().map(|(_, s)| low_pass(s, 15.0, HZ)).collect();
    let base = |s: &[f32]| {
        s.get(on.saturating_sub(ms(20.0))..on)
            .and_then(|w| w.iter().copied().reduce(|a, b| a + b).map(|t| t / len(w)))
            .unwrap_or(0.0)
    };
    let zero: Vec<f32> = leads.iter().map(|s| base(s)).collect();
    let length = |i: usize| leads.iter().zip(&zero).map(|(s, z)| (s[i] - z) * (s[i] - z)).sum::<f32>().sqrt();
    let from = off + ms(60.0);
    let to = (median.peak + ms(620.0_f32.min(0.72 * rr + 20.0))).min(n.saturating_sub(ms(40.0)));
    let peak = (from..to).max_by(|a, b| length(*a).total_cmp(&length(*b)))?;
    if length(peak) < LEAST_UV {
        return None;
    }
    // Not later than 160 ms before the next R.
    let right = (median.peak + ms((rr - 160.0).max(200.0))).min(n.saturating_sub(2));
    // The steepest descending direction within 160 ms behind the peak.
    let slope =
        |i: usize| leads.iter().map(|s| (s[(i + 1).min(n - 1)] - s[i - 1]) / 2.0).collect::<Vec<f32>>();
    let steep_to = (peak + ms(160.0)).min(right);
    let shrinks = |i: usize| length(i - 1) - length((i + 1).min(n - 1));
    let k = (peak + 1..steep_to).max_by(|a, b| shrinks(*a).total_cmp(&shrinks(*b)))?;
    let direction = slope(k);
    let norm = direction.iter().map(|d| d * d).sum::<f32>().sqrt();
    if norm <= 0.0 {
        return None;
    }
    let p = |i: usize| leads.iter().zip(&direction).map(|(s, d)| s[i] * d / norm).sum::<f32>();
    let x_r = (k + ms(160.0)).min(right);
    let pk = p(k);
    let area = |i: usize| (p(i) - pk).abs() * (len_of(x_r - i) + len_of(x_r - k)) / 2.0;
    let end = (k..=x_r).max_by(|a, b| area(*a).total_cmp(&area(*b)))?;
    Some((end + ms(LATER_MS)).min(n - 1))
}

#[expect(clippy::cast_precision_loss, reason = "a window of a few hundred samples")]
fn len(w: &[f32]) -> f32 {
    w.len().max(1) as f32
}

#[expect(clippy::cast_precision_loss, reason = "a window of a few hundred samples")]
fn len_of(n: usize) -> f32 {
    n as f32
}
