//! A second, simpler beat detector: where it disagrees with the first, neither is believed without a look.

use super::noise::thinned;
use super::{Quality, Verdict};
use crate::ecg::measure::signal::{HZ, average, high_pass, low_pass, ms, percentile};
use crate::ecg::measure::{Measured, Signal};

/// Beats of both detectors that agree, as a share of all, below which it is said, and below which the recording is done again.
const SAID: f32 = 0.75;
const REDO: f32 = 0.4;
/// Distance of the same beat in both, ms.
const NEAR_MS: f32 = 120.0;

/// Compares both.
pub(super) fn judge(signal: &Signal, measured: &Measured, q: &mut Quality) {
    let second = beats(signal);
    let near = |a: usize, list: &[usize]| list.iter().any(|b| a.abs_diff(*b) <= ms(NEAR_MS));
    // The edges of a strip are nobody's fault.
    let inside = |b: &&usize| **b > ms(300.0) && **b + ms(300.0) < signal.len;
    let count = |a: &[usize], b: &[usize]| {
        let all: Vec<&usize> = a.iter().filter(inside).collect();
        (all.iter().filter(|x| near(***x, b)).count(), all.len())
    };
    let (one, first) = count(&measured.beats, &second);
    let (two, other) = count(&second, &measured.beats);
    if first + other == 0 {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of beats")]
    let share = (one + two) as f32 / (first + other) as f32;
    if share < SAID {
        let verdict = if share < REDO { Verdict::Redo } else { Verdict::Usable };
        q.object(
            verdict,
            "detectors",
            "",
            "",
            &format!("两种心搏检测结果不一致({first}/{other}),请核对心率"),
            &format!("two beat detectors disagree ({first}/{other}), check the rate"),
        );
    }
}

/// Peaks of the energy between 8 and 20 Hz, the median over the leads so that one bad lead has no say.
fn beats(signal: &Signal) -> Vec<usize> {
    // A quarter of the samples is enough to tell beats apart.
    let rate = HZ / 4.0;
    let each: Vec<Vec<f32>> = signal
        .leads
        .iter()
        .map(|(_, s)| {
            let band = low_pass(&high_pass(&thinned(s, 4), 8.0, rate), 20.0, rate);
            let energy = average(&band.iter().map(|v| v.abs()).collect::<Vec<_>>(), ms(100.0) / 4);
            let unit = percentile(&energy, 0.98).max(1.0);
            energy.iter().map(|v| v / unit).collect()
        })
        .collect();
    let mut column = Vec::with_capacity(each.len());
    let joint: Vec<f32> = (0..signal.len / 4)
        .map(|i| {
            column.clear();
            column.extend(each.iter().filter_map(|s| s.get(i)));
            percentile(&column, 0.5)
        })
        .collect();
    let level = 0.45 * percentile(&joint, 0.98);
    let mut out: Vec<usize> = Vec::new();
    let mut last = 0.0;
    for (k, v) in joint.iter().enumerate().filter(|(_, v)| **v > level) {
        match out.last_mut() {
            Some(b) if k * 4 < *b + ms(220.0) => {
                if *v > last {
                    (*b, last) = (k * 4, *v);
                }
            }
            _ => {
                out.push(k * 4);
                last = *v;
            }
        }
    }
    out
}
