//! An atrial train that keeps its own time: P waves searched without regard to the QRS (ECG specification 11.8).

use super::lanes::Lanes;
use super::level::{bumps, rms};
use super::signal::{ms, percentile};
use super::template::Window;

/// Atrial periods looked for: 45 to 150 a minute, ms.
const PERIOD_MS: (f32, f32) = (400.0, 1_330.0);
/// A wave belongs to the train within this, ms.
const NEAR_MS: f32 = 40.0;
/// Least height of a wave, µV RMS over the leads.
const LEAST_UV: f32 = 10.0;
/// Share of the waves seen that the train must explain, and of the expected ones that must be seen.
const SHARE: f64 = 0.75;
/// Least waves seen.
const LEAST: usize = 5;

/// A train: period in samples and the waves that belong to it (samples of their peaks).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Train {
    /// Period, samples.
    pub period: f64,
    /// Peaks.
    pub waves: Vec<usize>,
}

/// Waves that stand out in the pauses between T wave and QRS.
#[must_use]
pub fn waves(lanes: &Lanes, pauses: &[Window]) -> Vec<usize> {
    let mut found: Vec<(usize, f32)> = Vec::new();
    let mut tops = Vec::new();
    for (from, to) in pauses {
        let size: Vec<f32> =
            bumps(&lanes.rows, *from, *to).iter().map(|r| rms(r, lanes.leads.len())).collect();
        tops.push(size.iter().copied().fold(0.0, f32::max));
        let edge = ms(20.0);
        let half = ms(60.0);
        for i in edge..size.len().saturating_sub(edge) {
            let around = size.get(i.saturating_sub(half)..(i + half).min(size.len())).unwrap_or_default();
            if around.iter().all(|v| *v <= size[i]) && size[i] >= LEAST_UV {
                found.push((from + i, size[i]));
            }
        }
    }
    let level = 0.5 * percentile(&tops, 0.6);
    found.iter().filter(|(_, v)| *v >= level).map(|(i, _)| *i).collect()
}

/// The train that explains the waves, if one does.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
pub fn find(waves: &[usize], pauses: &[Window]) -> Option<Train> {
    if waves.len() < LEAST {
        return None;
    }
    let near = ms(NEAR_MS) as f64;
    let seen = |at: f64| {
        pauses.iter().any(|(a, b)| at >= (*a + ms(30.0)) as f64 && at + ms(30.0) as f64 <= *b as f64)
    };
    let end = pauses.iter().map(|w| w.1).max()? as f64;
    let start = pauses.iter().map(|w| w.0).min()? as f64;
    let mut best: Option<(f64, f64, Vec<usize>)> = None;
    for step in (ms(PERIOD_MS.0)..ms(PERIOD_MS.1)).step_by(2) {
        let period = step as f64;
        for first in waves.iter().take(4) {
            let phase = *first as f64 - ((*first as f64 - start) / period).floor() * period;
            let mut at = phase;
            let (mut expected, mut hits, mut misfit) = (0.0, Vec::new(), 0.0);
            while at < end {
                let close = waves
                    .iter()
                    .min_by(|a, b| (**a as f64 - at).abs().total_cmp(&(**b as f64 - at).abs()))?;
                let off = *close as f64 - at;
                if off.abs() <= near {
                    hits.push(*close);
                    misfit += off.abs() / near;
                    expected += 1.0;
                    // A sinus node breathes: the next wave is expected from this one.
                    at = *close as f64;
                } else if seen(at) {
                    expected += 1.0;
                }
                at += period;
            }
            let (explained, met) =
                (hits.len() as f64 / waves.len() as f64, hits.len() as f64 / f64::max(expected, 1.0));
            let score = explained.min(met) - 0.1 * misfit / f64::max(hits.len() as f64, 1.0);
            if explained >= SHARE
                && met >= SHARE
                && hits.len() >= LEAST
                && best.as_ref().is_none_or(|b| score > b.0)
            {
                best = Some((score, period, hits));
            }
        }
    }
    best.map(|(_, period, waves)| Train { period, waves })
}
