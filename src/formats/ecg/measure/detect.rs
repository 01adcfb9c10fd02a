//! QRS detection on all leads jointly (ECG specification 11.3).

use super::lanes::{Lanes, Row, WIDTH};
use super::rows::{high_pass, low_pass, slopes};
use super::signal::{HZ, average, ms, percentile};

/// Share of the way from noise to signal at which a beat is believed: a slow ectopic beat reaches 0.3, P and T waves and
/// atrial stimuli 0.2.
const THRESHOLD: f32 = 0.23;
/// The same when searching back in a pause.
const SEARCH_BACK: f32 = 0.17;
/// A pause longer than this many median RR is searched.
const PAUSE: f32 = 1.66;

/// Share of the height that a step takes within 10 ms.
const AT_ONCE: f32 = 0.5;
/// A wave of which this share of its height stays is a step.
const STEP: f32 = 0.75;

/// Less than this share of the area of the strip's beats is no QRS.
const NEEDLE: f32 = 0.3;

/// QRS peaks as sample numbers, ascending.
#[must_use]
pub fn detect(lanes: &Lanes) -> Vec<usize> {
    let (rows, leads) = (lanes.rows.as_slice(), lanes.leads.len());
    let (feature, band) = feature(rows, leads);
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
    let top = ((rows.len() as f32 / HZ * 0.6).floor() as usize).max(3).min(heights.len());
    let strong = percentile(&heights[..top], 0.5);
    if strong < 2.5 * noise || strong <= 0.0 {
        return Vec::new();
    }
    let level = |share: f32| noise + share * (strong - noise);
    let mut beats: Vec<usize> = peaks.iter().copied().filter(|p| feature[*p] >= level(THRESHOLD)).collect();
    search_back(&mut beats, &peaks, &feature, level(SEARCH_BACK));
    drop_t_waves(&mut beats, &band);
    beats.retain(|b| !step(rows, leads, *b));
    drop_needles(&mut beats, rows, leads);
    beats.iter().map(|b| sharpen(*b, &band)).fold(Vec::new(), |mut out, b| {
        if out.last().is_none_or(|last| b >= last + ms(180.0)) {
            out.push(b);
        }
        out
    })
}

/// The detection function, and the slope of all leads used to compare waves.
fn feature(rows: &[Row], leads: usize) -> (Vec<f32>, Vec<f32>) {
    let mut band = rows.to_vec();
    high_pass(&mut band, 5.0);
    low_pass(&mut band, 22.0);
    let d: Vec<Row> = slopes(&band).iter().map(|row| row.map(|v| 2.0 * v.abs())).collect();
    // Every ninth sample is enough to know how high a lead goes.
    let column = |rows: &[Row], k: usize| rows.iter().step_by(9).map(|row| row[k]).collect::<Vec<f32>>();
    let mut units: Row = [0.0; WIDTH];
    for (k, unit) in units.iter_mut().enumerate().take(leads) {
        let lead = column(rows, k);
        // A lead without signal has no vote.
        if percentile(&lead, 0.98) - percentile(&lead, 0.02) >= 20.0 {
            *unit = percentile(&column(&d, k), 0.98).max(0.1);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "twelve leads")]
    let used = units.iter().filter(|u| **u > 0.0).count() as f32;
    if used == 0.0 {
        return (vec![0.0; rows.len()], vec![0.0; rows.len()]);
    }
    let per = units.map(|u| if u > 0.0 { 1.0 / u } else { 0.0 });
    let (mut joint, mut slope) = (Vec::with_capacity(d.len()), Vec::with_capacity(d.len()));
    for row in &d {
        let (mut square, mut sum) = (0.0_f32, 0.0_f32);
        for k in 0..WIDTH {
            // Clipped: one bad lead cannot dominate.
            let n = (row[k] * per[k]).min(3.0);
            square += n * n;
            sum += n * units[k];
        }
        joint.push((square / used).sqrt() * (sum / used).sqrt());
        slope.push(sum);
    }
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

/// A step of the base line (a pulled cable, a recorder's reset) goes at once and does not come back; a QRS does.
fn step(rows: &[Row], leads: usize, at: usize) -> bool {
    let (Some(before), true) = (at.checked_sub(ms(100.0)), at + ms(100.0) < rows.len()) else { return false };
    let mut shares: Vec<(f32, f32)> = Vec::new();
    for k in 0..leads {
        let s: Vec<f32> = rows[before..at + ms(100.0)].iter().map(|row| row[k]).collect();
        let (first, last) = (ms(40.0), s.len() - ms(40.0));
        let w = &s[first..last];
        let jump = (percentile(&s[last..], 0.5) - percentile(&s[..first], 0.5)).abs();
        let (low, high) = w.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        if high - low > 30.0 {
            let at_once = w.windows(ms(10.0)).map(|w| (w[w.len() - 1] - w[0]).abs()).fold(0.0, f32::max);
            shares.push((jump / (high - low), at_once / (high - low)));
        }
    }
    let stays = shares.iter().filter(|(jump, at_once)| *jump > STEP && *at_once > AT_ONCE).count();
    stays * 2 > shares.len()
}

/// A stimulus of the atria has the height of a QRS, not its area.
fn drop_needles(beats: &mut Vec<usize>, rows: &[Row], leads: usize) {
    let areas: Vec<f32> = beats.iter().map(|b| area(rows, *b, leads)).collect();
    let least = NEEDLE * percentile(&areas, 0.5);
    let mut areas = areas.into_iter();
    beats.retain(|_| areas.next().is_none_or(|a| a >= least));
}

/// Mean distance from the median in 160 ms, the median lead's.
fn area(rows: &[Row], at: usize, leads: usize) -> f32 {
    let w = &rows[at.saturating_sub(ms(80.0))..(at + ms(80.0)).min(rows.len())];
    let mut column: Vec<f32> = Vec::with_capacity(w.len());
    let means: Vec<f32> = (0..leads.min(WIDTH))
        .map(|k| {
            column.clear();
            column.extend(w.iter().map(|row| row[k]));
            let middle = percentile(&column, 0.5);
            column.iter().map(|v| (v - middle).abs()).sum::<f32>()
        })
        .collect();
    percentile(&means, 0.5)
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
