//! P wave on the median beat, and whether it truly belongs to the beats (specification §11, step 8).

use super::beat::{BEFORE, Median};
use super::filter::{correlation, low_pass, percentile, slope};
use super::prepare::{RATE, Strip};

/// Onset and offset of P in samples of the median window; `None` when no P wave precedes the dominant beats.
pub fn find(median: &Median, strip: &Strip, beats: &[usize], qrs_on: usize, rr: f64) -> Option<(usize, usize)> {
    // 280..20 ms before QRS onset, not before the previous R + 300 ms.
    let from = qrs_on.saturating_sub(140).max((BEFORE as f64 - rr + 150.0).max(0.0) as usize);
    let to = qrs_on.saturating_sub(8);
    if to < from + 25 {
        return None;
    }
    let parts: Vec<Vec<f32>> = median.leads.iter().map(|l| detrended(l, from, to)).collect();
    let n = parts.len().max(1) as f32;
    let rms: Vec<f32> = (0..to - from).map(|i| (parts.iter().map(|p| p[i] * p[i]).sum::<f32>() / n).sqrt()).collect();
    let peak = (6..rms.len() - 4).max_by(|a, b| rms[*a].total_cmp(&rms[*b]))?;
    if rms[peak] < 12.0 || rms[peak] < 2.0 * percentile(&rms, 15.0) {
        return None;
    }
    if !repeats(median, strip, beats, from, to) {
        return None;
    }
    let slopes: Vec<Vec<f32>> = parts.iter().map(|p| slope(p)).collect();
    let speed: Vec<f32> = (0..rms.len()).map(|i| (slopes.iter().map(|s| s[i] * s[i]).sum::<f32>()).sqrt()).collect();
    let quiet = 1.3 * percentile(&speed, 8.0);
    let flank = |range: std::ops::Range<usize>| range.map(|i| speed[i]).fold(0.0f32, f32::max);
    let rise = (0.25 * flank(0..peak)).max(quiet);
    let fall = (0.25 * flank(peak..rms.len())).max(quiet);
    let steep_rise = (0..peak).max_by(|a, b| speed[*a].total_cmp(&speed[*b]))?;
    let steep_fall = (peak..rms.len()).max_by(|a, b| speed[*a].total_cmp(&speed[*b]))?;
    let on = (0..=steep_rise).rev().find(|i| speed[*i] < rise).unwrap_or(0);
    let off = (steep_fall..rms.len()).find(|i| speed[*i] < fall).unwrap_or(rms.len() - 1);
    (off > on + 10).then_some((from + on, from + off))
}

/// 25 Hz low-pass, line through both ends removed.
fn detrended(lead: &[f32], from: usize, to: usize) -> Vec<f32> {
    let mut x = lead.to_vec();
    low_pass(&mut x, 25.0, RATE);
    let end = |at: usize| x[at.saturating_sub(2)..(at + 3).min(x.len())].iter().sum::<f32>() / 5.0;
    let (a, b) = (end(from.max(2)), end(to.max(2)));
    (from..to).map(|i| x[i] - a - (b - a) * (i - from) as f32 / (to - from) as f32).collect()
}

/// Mean correlation of the single beats with the median in the P window over the better leads; fibrillation waves average out.
fn repeats(median: &Median, strip: &Strip, beats: &[usize], from: usize, to: usize) -> bool {
    let mut best: Vec<f64> = Vec::new();
    for (code, lead) in median.codes.iter().zip(&median.leads) {
        let Some(whole) = strip.lead(*code) else { continue };
        let template = detrended(lead, from, to);
        let (mut sum, mut count) = (0.0, 0);
        for r in median.members.iter().filter_map(|k| beats.get(*k)) {
            let Some(start) = (r + from).checked_sub(BEFORE + 30) else { continue };
            let Some(window) = whole.get(start..start + (to - from) + 60) else { continue };
            sum += correlation(&detrended(window, 30, 30 + to - from), &template);
            count += 1;
        }
        if count > 1 {
            best.push(sum / f64::from(count));
        }
    }
    best.sort_by(|a, b| b.total_cmp(a));
    best.truncate(4);
    !best.is_empty() && best.iter().sum::<f64>() / best.len() as f64 > 0.62
}
