//! The P wave: presence first, boundaries second (ECG specification 11.8). In doubt there is none: "PR —".

use super::median::Median;
use super::signal::{HZ, Signal, average, low_pass, ms, percentile};

/// Smallest amplitude believed, µV RMS over leads.
const LEAST_UV: f32 = 14.0;
/// Mean correlation of the windows of single beats with the median's window.
const ALIKE: f32 = 0.80;
/// The same when the rhythm is irregular.
const ALIKE_IRREGULAR: f32 = 0.87;
/// In an irregular rhythm the wave stands this far above the quiet part of its window.
const CLEAR: f32 = 5.0;

/// P onset and end in the median beat.
#[must_use]
pub fn find(
    median: &Median,
    (qrs_on, _): (usize, usize),
    rr_ms: Option<f64>,
    signal: &Signal,
    beats: &[usize],
    dominant: &[bool],
    irregular: bool,
) -> Option<(usize, usize)> {
    #[expect(clippy::cast_possible_truncation, reason = "an RR interval in ms")]
    let rr = rr_ms.unwrap_or(1_000.0) as f32;
    // Not before the previous R + 300 ms.
    let earliest = (median.peak + ms(300.0)).saturating_sub(ms(rr));
    let from = qrs_on.saturating_sub(ms(280.0)).max(earliest);
    let to = qrs_on.checked_sub(ms(20.0))?;
    if from + ms(80.0) > to {
        return None;
    }
    let leads: Vec<Vec<f32>> =
        median.leads.iter().map(|(_, s)| flatten(&low_pass(s, 25.0, HZ)[from..to])).collect();
    let n = to - from;
    #[expect(clippy::cast_precision_loss, reason = "twelve leads")]
    let rms: Vec<f32> = (0..n)
        .map(|i| (leads.iter().map(|s| s[i] * s[i]).sum::<f32>() / leads.len().max(1) as f32).sqrt())
        .collect();
    let peak = (ms(16.0)..n.saturating_sub(ms(8.0))).max_by(|a, b| rms[*a].total_cmp(&rms[*b]))?;
    let height = rms[peak];
    let quiet = percentile(&rms, 0.15);
    if height < LEAST_UV || height < 3.0 * quiet {
        return None;
    }
    // f waves average to something small that differs from beat to beat.
    let share = consistency(median, signal, beats, dominant, (from, to));
    if share < if irregular { ALIKE_IRREGULAR } else { ALIKE } || (irregular && height < CLEAR * quiet) {
        return None;
    }
    bounds(&leads, peak, n).map(|(a, b)| (from + a, from + b))
}

/// Removes the line through both ends.
fn flatten(s: &[f32]) -> Vec<f32> {
    let (first, last) = (s.first().copied().unwrap_or(0.0), s.last().copied().unwrap_or(0.0));
    #[expect(clippy::cast_precision_loss, reason = "a window of 150 samples")]
    s.iter()
        .enumerate()
        .map(|(i, v)| v - first - (last - first) * (i as f32) / (s.len().max(2) - 1) as f32)
        .collect()
}

/// Mean correlation of each dominant beat's P window with the median's, all leads together.
fn consistency(
    median: &Median,
    signal: &Signal,
    beats: &[usize],
    dominant: &[bool],
    (from, to): (usize, usize),
) -> f32 {
    let template: Vec<Vec<f32>> =
        median.leads.iter().map(|(_, s)| flatten(&low_pass(s, 25.0, HZ)[from..to])).collect();
    let smooth: Vec<Vec<f32>> = signal.leads.iter().map(|(_, s)| low_pass(s, 25.0, HZ)).collect();
    let mut all = Vec::new();
    for (b, yes) in beats.iter().zip(dominant) {
        let (Some(a), true) = ((b + from).checked_sub(median.peak), *yes) else { continue };
        let (mut xy, mut xx, mut yy) = (0.0_f32, 0.0_f32, 0.0_f32);
        for (t, s) in template.iter().zip(&smooth) {
            let Some(w) = s.get(a..a + (to - from)) else { continue };
            for (x, y) in t.iter().zip(flatten(w)) {
                xy += x * y;
                xx += x * x;
                yy += y * y;
            }
        }
        if xx > 0.0 && yy > 0.0 {
            all.push(xy / (xx * yy).sqrt());
        }
    }
    percentile(&all, 0.5)
}

/// Where the velocity on each flank falls below max(0.25 of the flank's maximum, 1.3 of the quiet level).
fn bounds(leads: &[Vec<f32>], peak: usize, n: usize) -> Option<(usize, usize)> {
    let mut v = vec![0.0_f32; n];
    for s in leads {
        for i in 1..n.saturating_sub(1) {
            let d = (s[i + 1] - s[i - 1]) / 2.0;
            v[i] += d * d;
        }
    }
    let v = average(&v.iter().map(|x| x.sqrt()).collect::<Vec<_>>(), ms(12.0));
    let quiet = 1.3 * percentile(&v, 0.08);
    let edge = |steepest: usize, path: &mut dyn Iterator<Item = usize>| {
        let level = quiet.max(0.25 * v[steepest]);
        let mut last = steepest;
        for i in path {
            last = i;
            if v[i] < level {
                break;
            }
        }
        last
    };
    let steep = |a: usize, b: usize| (a..b.min(n)).max_by(|x, y| v[*x].total_cmp(&v[*y]));
    let left = steep(peak.saturating_sub(ms(70.0)), peak)?;
    let right = steep(peak + 1, peak + ms(70.0))?;
    let on = edge(left, &mut (0..left).rev());
    let off = edge(right, &mut (right + 1..n));
    (on < off).then_some((on, off))
}
