//! QRS bounds on spatial velocity and T end by the trapezium area (specification §11, steps 6 and 7).

use super::beat::{BEFORE, Median, WINDOW};
use super::filter::{average, low_pass, median as middle, percentile, slope};
use super::prepare::{RATE, Strip};
use super::pwave;

/// Boundaries in samples of the median window; R stands at 250.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marks {
    /// P onset and offset.
    pub p: Option<(usize, usize)>,
    /// QRS onset.
    pub qrs_on: usize,
    /// QRS offset (J point).
    pub qrs_off: usize,
    /// T peak and end.
    pub t: Option<(usize, usize)>,
}

/// Boundaries of the median beat; `None` when no QRS stands out.
pub fn marks(median: &Median, strip: &Strip, beats: &[usize]) -> Option<Marks> {
    let velocity = velocity(median);
    let peak = (BEFORE - 40..BEFORE + 40).max_by(|a, b| velocity[*a].total_cmp(&velocity[*b]))?;
    let top = velocity[peak];
    if top <= 0.0 {
        return None;
    }
    let quiet = percentile(&velocity[peak.saturating_sub(80)..peak.saturating_sub(30)], 20.0);
    let level = (0.35 * top).min((0.06 * top).max(1.8 * quiet));
    let from = peak.saturating_sub(70);
    let qrs_on = (from + 6..=peak).rev().find(|i| velocity[i - 6..*i].iter().all(|v| *v < level)).unwrap_or_else(|| least(&velocity, from, peak));
    let late = percentile(&velocity[peak + 45..peak + 110], 20.0);
    let level = (0.35 * top).min((0.075 * top).max(1.6 * late));
    let to = peak + 90;
    let qrs_off = (peak..to - 8).find(|i| velocity[*i..i + 8].iter().all(|v| *v < level)).unwrap_or_else(|| least(&velocity, peak + 5, to));
    if qrs_off <= qrs_on + 10 {
        return None;
    }
    let gaps: Vec<f64> = beats.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
    let rr = middle(&gaps).unwrap_or(500.0);
    let t = t_wave(median, qrs_on, qrs_off, rr);
    let p = pwave::find(median, strip, beats, qrs_on, rr);
    Some(Marks { p, qrs_on, qrs_off, t })
}

fn least(v: &[f32], from: usize, to: usize) -> usize {
    (from..to).min_by(|a, b| v[*a].total_cmp(&v[*b])).unwrap_or(from)
}

/// sqrt(sum over leads (dx/dt)^2) after a 40 Hz low-pass and an 8 ms average.
fn velocity(median: &Median) -> Vec<f32> {
    let slopes: Vec<Vec<f32>> = median
        .leads
        .iter()
        .map(|l| {
            let mut x = l.clone();
            low_pass(&mut x, 40.0, RATE);
            slope(&x)
        })
        .collect();
    let v: Vec<f32> = (0..WINDOW).map(|i| slopes.iter().map(|s| s[i] * s[i]).sum::<f32>().sqrt()).collect();
    average(&v, 5)
}

/// T peak = greatest vector length against the baseline; end = greatest trapezium area on the steepest falling direction (PMC3201026).
fn t_wave(median: &Median, qrs_on: usize, qrs_off: usize, rr: f64) -> Option<(usize, usize)> {
    let smooth: Vec<Vec<f32>> = median
        .leads
        .iter()
        .map(|l| {
            let mut x = l.clone();
            low_pass(&mut x, 15.0, RATE);
            let base: f32 = x[qrs_on.saturating_sub(10)..qrs_on].iter().sum::<f32>() / qrs_on.clamp(1, 10) as f32;
            x.iter().map(|v| v - base).collect()
        })
        .collect();
    let start = qrs_off + 30;
    // R + min(620 ms, 0.72 RR + 20 ms).
    let last = (BEFORE + (310.0f64.min(0.72 * rr + 10.0)) as usize).min(WINDOW - 20);
    let length = |i: usize| smooth.iter().map(|l| l[i] * l[i]).sum::<f32>().sqrt();
    let peak = (start..last).max_by(|a, b| length(*a).total_cmp(&length(*b)))?;
    if length(peak) < 60.0 {
        return None;
    }
    let right = (BEFORE + (rr as usize).saturating_sub(80)).clamp(peak + 40, (peak + 170).max(peak + 40)).min(WINDOW - 2);
    // Direction of the steepest change after the peak, over 20 ms.
    let change = |i: usize| smooth.iter().map(|l| (l[i + 5] - l[i - 5]).powi(2)).sum::<f32>();
    let k = (peak + 5..(peak + 75).min(right - 6)).max_by(|a, b| change(*a).total_cmp(&change(*b)))?;
    let direction: Vec<f32> = smooth.iter().map(|l| l[k - 5] - l[k + 5]).collect();
    let p = |i: usize| -> f32 { smooth.iter().zip(&direction).map(|(l, d)| l[i] * d).sum() };
    let area = |i: usize| (p(k) - p(i)).abs() * ((right - i) + (right - k)) as f32;
    let end = (k..=(k + 80).min(right)).max_by(|a, b| area(*a).total_cmp(&area(*b)))?;
    Some((peak, end))
}
