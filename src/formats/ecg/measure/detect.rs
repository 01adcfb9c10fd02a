//! QRS detection on all leads jointly (ECG specification 11.3).

use super::signal::{HZ, Signal, average, high_pass, low_pass, ms, percentile};

/// Share of the way from noise to signal at which a beat is believed.
const THRESHOLD: f32 = 0.32;
/// The same when searching back in a pause.
const SEARCH_BACK: f32 = 0.17;
/// A pause longer than this many median RR is searched.
const PAUSE: f32 = 1.66;

/// A wave of which this share of its height stays is a step.
const STEP: f32 = 0.75;

/// QRS peaks as sample numbers, ascending.
#[must_use]
pub fn detect(signal: &Signal) -> Vec<usize> {
    let (feature, band) = feature(signal);
    let peaks = peaks(&feature, ms(220.0));
    if peaks.is_empty() {
        return Vec::new();
    }
    let noise = percentile(&feature, 0.30);
    let mut heights: Vec<f32> = peaks.iter().map(|p| feature[*p]).collect();
    heights.sort_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a count of beats in a minute"
    )]
    let top = ((signal.len as f32 / HZ * 0.6).floor() as usize).max(3).min(heights.len());
    let strong = percentile(&heights[..top], 0.5);
    if strong < 2.5 * noise || strong <= 0.0 {
        return Vec::new();
    }
    let level = |share: f32| noise + share * (strong - noise);
    let mut beats: Vec<usize> = peaks.iter().copied().filter(|p| feature[*p] >= level(THRESHOLD)).collect();
    search_back(&mut beats, &peaks, &feature, level(SEARCH_BACK));
    drop_t_waves(&mut beats, &band);
    beats.retain(|b| !step(signal, *b));
    beats.iter().map(|b| sharpen(*b, &band)).fold(Vec::new(), |mut out, b| {
        if out.last().is_none_or(|last| b >= last + ms(180.0)) {
            out.push(b);
        }
        out
    })
}

/// The detection function, and the slope of all leads used to compare waves.
fn feature(signal: &Signal) -> (Vec<f32>, Vec<f32>) {
    let mut rms = vec![0.0_f32; signal.len];
    let mut slope = vec![0.0_f32; signal.len];
    let mut used = 0.0_f32;
    for (_, lead) in &signal.leads {
        // A lead without signal has no vote.
        if percentile(lead, 0.98) - percentile(lead, 0.02) < 20.0 {
            continue;
        }
        let band = low_pass(&high_pass(lead, 5.0, HZ), 22.0, HZ);
        let d: Vec<f32> = (0..band.len())
            .map(|i| (band[(i + 1).min(band.len() - 1)] - band[i.saturating_sub(1)]).abs())
            .collect();
        let unit = percentile(&d, 0.98).max(0.1);
        used += 1.0;
        for (i, v) in d.iter().enumerate() {
            // Clipped: one bad lead cannot dominate.
            let n = (v / unit).min(3.0);
            rms[i] += n * n;
            slope[i] += v.min(3.0 * unit);
        }
    }
    if used == 0.0 {
        return (rms, slope);
    }
    let joint: Vec<f32> =
        rms.iter().zip(&slope).map(|(r, s)| (r / used).sqrt() * (s / used).sqrt()).collect();
    (average(&joint, ms(90.0)), average(&slope, ms(20.0)))
}

/// Local maxima at least `apart` samples from a higher one.
fn peaks(f: &[f32], apart: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (1..f.len().saturating_sub(1))
        .filter(|i| f[*i] > 0.0 && f[*i] >= f[i - 1] && f[*i] > f[i + 1])
        .collect();
    order.sort_by(|a, b| f[*b].total_cmp(&f[*a]));
    let mut taken = vec![false; f.len()];
    let mut out = Vec::new();
    for p in order {
        if !taken[p] {
            taken[p.saturating_sub(apart)..(p + apart).min(f.len())].fill(true);
            out.push(p);
        }
    }
    out.sort_unstable();
    out
}

fn search_back(beats: &mut Vec<usize>, peaks: &[usize], f: &[f32], level: f32) {
    #[expect(clippy::cast_precision_loss, reason = "sample numbers within a minute")]
    let rr: Vec<f32> = beats.windows(2).map(|w| (w[1] - w[0]) as f32).collect();
    if rr.len() < 3 {
        return;
    }
    let typical = percentile(&rr, 0.5);
    let mut found = Vec::new();
    for w in beats.windows(2) {
        #[expect(clippy::cast_precision_loss, reason = "sample numbers within a minute")]
        let gap = (w[1] - w[0]) as f32;
        if gap > PAUSE * typical {
            let inside = peaks
                .iter()
                .copied()
                .filter(|p| *p > w[0] + ms(360.0) && *p + ms(300.0) < w[1] && f[*p] >= level);
            found.extend(inside.max_by(|a, b| f[*a].total_cmp(&f[*b])));
        }
    }
    beats.extend(found);
    beats.sort_unstable();
}

/// A peak less than 360 ms after a QRS with less than half its slope is a T wave.
fn drop_t_waves(beats: &mut Vec<usize>, slope: &[f32]) {
    let steep = |at: usize| {
        slope[at.saturating_sub(ms(60.0))..(at + ms(60.0)).min(slope.len())]
            .iter()
            .copied()
            .fold(0.0, f32::max)
    };
    let mut kept: Vec<usize> = Vec::new();
    for b in beats.iter().copied() {
        if kept.last().is_some_and(|last| b - last < ms(360.0) && steep(b) < 0.5 * steep(*last)) {
            continue;
        }
        kept.push(b);
    }
    *beats = kept;
}

/// A step of the base line (a pulled cable, a recorder's reset) goes and does not come back; a QRS does.
fn step(signal: &Signal, at: usize) -> bool {
    let mut shares: Vec<f32> = Vec::new();
    for (_, s) in &signal.leads {
        let level = |a: usize, b: usize| percentile(s.get(a..b.min(s.len())).unwrap_or_default(), 0.5);
        let (Some(before), true) = (at.checked_sub(ms(100.0)), at + ms(100.0) < s.len()) else {
            return false;
        };
        let jump = (level(at + ms(60.0), at + ms(100.0)) - level(before, at - ms(60.0))).abs();
        let w = &s[at - ms(60.0)..at + ms(60.0)];
        let (low, high) = w.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        if high - low > 30.0 {
            shares.push(jump / (high - low));
        }
    }
    !shares.is_empty() && percentile(&shares, 0.5) > STEP
}

/// The centre of the steep part: halfway between where the slope rises above and falls below a third of its maximum.
fn sharpen(at: usize, slope: &[f32]) -> usize {
    let (a, b) = (at.saturating_sub(ms(80.0)), (at + ms(80.0)).min(slope.len()));
    let most = slope[a..b].iter().copied().fold(0.0, f32::max);
    let first = (a..b).find(|i| slope[*i] >= most / 3.0).unwrap_or(at);
    let last = (a..b).rev().find(|i| slope[*i] >= most / 3.0).unwrap_or(at);
    usize::midpoint(first, last)
}

/// Whether RR intervals (ms) vary as in atrial fibrillation rather than by breathing or single ectopic beats.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count of beats")]
pub fn irregular(rr: &[f64]) -> bool {
    if rr.len() < 5 {
        return false;
    }
    let mean = rr.iter().sum::<f64>() / rr.len() as f64;
    let mut steps: Vec<f64> = rr.windows(2).map(|w| (w[1] - w[0]).abs() / mean).collect();
    steps.sort_by(f64::total_cmp);
    // The median step ignores one or two ectopic beats.
    steps.get(steps.len() / 2).is_some_and(|s| *s > 0.07)
}
