//! QRS detection over all leads jointly (specification §11, step 3).

use super::filter::{average, high_pass, low_pass, median, percentile, slope};
use super::prepare::{RATE, Strip};

const APART: usize = 110; // 220 ms

/// R positions in samples at 500 Hz, in time order.
pub fn beats(strip: &Strip) -> Vec<usize> {
    let slopes: Vec<Vec<f32>> = strip
        .leads
        .iter()
        .map(|lead| {
            let mut x = lead.clone();
            high_pass(&mut x, 5.0, RATE);
            low_pass(&mut x, 22.0, RATE);
            slope(&x).into_iter().map(f32::abs).collect()
        })
        .collect();
    let feature = feature(&slopes, strip.samples);
    let overall: Vec<f32> = (0..strip.samples).map(|i| slopes.iter().map(|s| s[i] * s[i]).sum::<f32>().sqrt()).collect();
    let peaks = peaks(&feature);
    let seconds = strip.samples as f64 / RATE;
    let mut heights: Vec<f32> = peaks.iter().map(|p| feature[*p]).collect();
    heights.sort_by(|a, b| b.total_cmp(a));
    heights.truncate((3.0f64.max(0.6 * seconds)) as usize);
    let signal = percentile(&heights, 50.0);
    let noise = percentile(&feature, 30.0);
    if signal <= 0.0 || signal < 3.0 * noise {
        return Vec::new();
    }
    let level = |k: f32| noise + k * (signal - noise);
    let mut found: Vec<usize> = peaks.iter().copied().filter(|p| feature[*p] >= level(0.32)).collect();
    search_back(&mut found, &peaks, &feature, level(0.17));
    drop_t_waves(&mut found, &overall);
    let mut out: Vec<usize> = found.into_iter().map(|p| refine(strip, &overall, p)).collect();
    out.dedup_by(|a, b| a.abs_diff(*b) < APART / 2);
    out
}

/// |slope| of each lead over its own 98th percentile, clipped at 3 so that one bad lead cannot dominate; RMS over
/// leads times the square root of the overall slope; 90 ms average.
fn feature(slopes: &[Vec<f32>], samples: usize) -> Vec<f32> {
    let scales: Vec<f32> = slopes.iter().map(|s| percentile(s, 98.0).max(0.05)).collect();
    let raw: Vec<f32> = (0..samples)
        .map(|i| {
            let (mut clipped, mut whole) = (0.0, 0.0);
            for (s, scale) in slopes.iter().zip(&scales) {
                let v = s[i] / scale;
                clipped += v.min(3.0).powi(2);
                whole += v.min(3.0);
            }
            let n = slopes.len().max(1) as f32;
            (clipped / n).sqrt() * (whole / n).sqrt()
        })
        .collect();
    average(&raw, 45)
}

fn peaks(feature: &[f32]) -> Vec<usize> {
    let n = feature.len();
    let mut all: Vec<usize> = (1..n.saturating_sub(1)).filter(|i| feature[*i] >= feature[i - 1] && feature[*i] > feature[i + 1]).collect();
    all.sort_by(|a, b| feature[*b].total_cmp(&feature[*a]));
    let mut kept: Vec<usize> = Vec::new();
    for p in all {
        if kept.iter().all(|k| k.abs_diff(p) >= APART) {
            kept.push(p);
        }
        if kept.len() > 600 {
            break;
        }
    }
    kept.sort_unstable();
    kept
}

fn search_back(found: &mut Vec<usize>, peaks: &[usize], feature: &[f32], level: f32) {
    let gaps: Vec<f64> = found.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
    let Some(typical) = median(&gaps) else { return };
    let mut added = Vec::new();
    for w in found.windows(2) {
        if (w[1] - w[0]) as f64 > 1.66 * typical {
            let between = peaks.iter().copied().filter(|p| *p > w[0] + 180 && *p + APART < w[1] && feature[*p] >= level);
            added.extend(between.max_by(|a, b| feature[*a].total_cmp(&feature[*b])));
        }
    }
    found.extend(added);
    found.sort_unstable();
}

/// A peak less than 360 ms after a QRS with less than half its slope is a T wave.
fn drop_t_waves(found: &mut Vec<usize>, overall: &[f32]) {
    let steep = |p: usize| overall[p.saturating_sub(30)..(p + 30).min(overall.len())].iter().copied().fold(0.0f32, f32::max);
    let mut kept: Vec<usize> = Vec::with_capacity(found.len());
    for p in found.iter().copied() {
        match kept.last() {
            Some(last) if p - last < 180 && steep(p) < 0.5 * steep(*last) => {}
            _ => kept.push(p),
        }
    }
    *found = kept;
}

/// Moves a detection to the centre of its slope energy within 60 ms.
fn refine(strip: &Strip, overall: &[f32], p: usize) -> usize {
    let (from, to) = (p.saturating_sub(30), (p + 30).min(strip.samples));
    let (mut sum, mut weight) = (0.0f64, 0.0f64);
    for (i, v) in overall.iter().enumerate().take(to).skip(from) {
        let w = f64::from(*v).powi(2);
        sum += w * i as f64;
        weight += w;
    }
    if weight > 0.0 { (sum / weight).round() as usize } else { p }
}
