//! Zero-phase second-order sections and moving averages on `f32` samples at 500 Hz.

use std::f64::consts::{PI, SQRT_2};

/// Butterworth low-pass of second order, run forwards and backwards.
pub fn low_pass(x: &mut [f32], cutoff_hz: f64, rate_hz: f64) {
    let k = (PI * cutoff_hz / rate_hz).tan();
    let n = 1.0 / (1.0 + SQRT_2 * k + k * k);
    both_ways(x, [k * k * n, 2.0 * k * k * n, k * k * n], [2.0 * (k * k - 1.0) * n, (1.0 - SQRT_2 * k + k * k) * n]);
}

/// Butterworth high-pass of second order, run forwards and backwards.
pub fn high_pass(x: &mut [f32], cutoff_hz: f64, rate_hz: f64) {
    let k = (PI * cutoff_hz / rate_hz).tan();
    let n = 1.0 / (1.0 + SQRT_2 * k + k * k);
    both_ways(x, [n, -2.0 * n, n], [2.0 * (k * k - 1.0) * n, (1.0 - SQRT_2 * k + k * k) * n]);
}

fn both_ways(x: &mut [f32], b: [f64; 3], a: [f64; 2]) {
    once(x, b, a);
    x.reverse();
    once(x, b, a);
    x.reverse();
}

fn once(x: &mut [f32], b: [f64; 3], a: [f64; 2]) {
    // The filter starts in the steady state of the first sample, so that an offset makes no transient.
    let first = f64::from(x.first().copied().unwrap_or(0.0));
    let gain = (b[0] + b[1] + b[2]) / (1.0 + a[0] + a[1]);
    let (mut x1, mut x2) = (first, first);
    let (mut y1, mut y2) = (first * gain, first * gain);
    for v in x.iter_mut() {
        let now = f64::from(*v);
        let y = b[0] * now + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
        (x2, x1, y2, y1) = (x1, now, y1, y);
        *v = y as f32;
    }
}

/// Centred moving average over `width` samples (made odd).
pub fn average(x: &[f32], width: usize) -> Vec<f32> {
    let half = width / 2;
    let mut sums = Vec::with_capacity(x.len() + 1);
    let mut sum = 0.0f64;
    sums.push(0.0);
    for v in x {
        sum += f64::from(*v);
        sums.push(sum);
    }
    (0..x.len())
        .map(|i| {
            let (from, to) = (i.saturating_sub(half), (i + half + 1).min(x.len()));
            ((sums[to] - sums[from]) / (to - from) as f64) as f32
        })
        .collect()
}

/// Central difference, per sample.
pub fn slope(x: &[f32]) -> Vec<f32> {
    let n = x.len();
    (0..n).map(|i| (x[(i + 1).min(n - 1)] - x[i.saturating_sub(1)]) / 2.0).collect()
}

/// The `percent` percentile, 0 for an empty slice.
pub fn percentile(x: &[f32], percent: f32) -> f32 {
    if x.is_empty() {
        return 0.0;
    }
    let mut sorted = x.to_vec();
    let at = (((sorted.len() - 1) as f32) * percent / 100.0).round() as usize;
    *sorted.select_nth_unstable_by(at, f32::total_cmp).1
}

/// Median of numbers, `None` for an empty slice.
pub fn median(x: &[f64]) -> Option<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 { None } else { Some((sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0) }
}

/// Pearson correlation of two equally long slices.
pub fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len().min(b.len());
    if n < 2 {
        return 0.0;
    }
    let mean = |x: &[f32]| x[..n].iter().map(|v| f64::from(*v)).sum::<f64>() / n as f64;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for i in 0..n {
        let (p, q) = (f64::from(a[i]) - ma, f64::from(b[i]) - mb);
        ab += p * q;
        aa += p * p;
        bb += q * q;
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}
