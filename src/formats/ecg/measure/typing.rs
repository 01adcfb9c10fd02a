//! Beats sorted by shape on all leads jointly (ECG specification 11.4), and laid on each other to the sample.

use super::signal::{Signal, ms};

/// Beats alike in shape.
const ALIKE: f32 = 0.9;
/// Leads left out of the comparison.
const DROPPED: usize = 2;
/// The window of the comparison: QRS and T.
const BEFORE_MS: f32 = 100.0;
/// Its end.
const AFTER_MS: f32 = 300.0;
/// The window that is laid on another beat: the QRS alone, because the T wave moves with the rate.
const QRS_MS: f32 = 60.0;
/// How far a beat is moved.
const REACH_MS: f32 = 20.0;

/// Beats of one shape.
#[derive(Debug, Clone, Default)]
pub struct Class {
    /// Which beats, by their number.
    pub beats: Vec<usize>,
    /// Where each lies, samples: the same point of the QRS in all.
    pub at: Vec<usize>,
}

/// Classes, the largest first; every beat is in one, if need be alone.
#[must_use]
pub fn classes(signal: &Signal, beats: &[usize]) -> Vec<Class> {
    let windows: Vec<Vec<f32>> = beats.iter().map(|b| window(signal, *b)).collect();
    let leads = signal.leads.len().max(1);
    let mut alike = vec![vec![false; beats.len()]; beats.len()];
    for (i, a) in windows.iter().enumerate() {
        for (j, b) in windows.iter().enumerate().skip(i) {
            let yes = likeness(a, b, leads) >= ALIKE;
            alike[i][j] = yes;
            alike[j][i] = yes;
        }
    }
    let mut free = vec![true; beats.len()];
    let mut out = Vec::new();
    while free.iter().any(|f| *f) {
        let members =
            |row: &[bool]| -> Vec<usize> { (0..beats.len()).filter(|k| free[*k] && row[*k]).collect() };
        // The seed with most likenesses; of equal ones the first. A window without shape is like nothing, not even itself.
        let mut best: (usize, Vec<usize>) = (usize::MAX, Vec::new());
        for seed in (0..beats.len()).filter(|k| free[*k]) {
            let m = members(&alike[seed]);
            if m.len() > best.1.len() {
                best = (seed, m);
            } else if best.0 == usize::MAX {
                best = (seed, vec![seed]);
            }
        }
        let (seed, members) = best;
        for m in &members {
            free[*m] = false;
        }
        free[seed] = false;
        out.push(aligned(signal, beats, seed, members));
    }
    out.sort_by_key(|c| std::cmp::Reverse(c.beats.len()));
    out
}

/// Beats moved so that their QRS lie on that of the seed, then on the mean of all.
fn aligned(signal: &Signal, beats: &[usize], seed: usize, members: Vec<usize>) -> Class {
    let mut at: Vec<usize> = members.iter().map(|m| beats[*m]).collect();
    if members.len() > 1 {
        let mut template = qrs(signal, beats[seed]);
        // The second time they lie nearly right.
        for reach in [REACH_MS, REACH_MS / 4.0] {
            for place in &mut at {
                *place = best_place(signal, *place, ms(reach), &template).unwrap_or(*place);
            }
            template = mean(signal, &at);
        }
    }
    Class { beats: members, at }
}

fn best_place(signal: &Signal, beat: usize, reach: usize, template: &[f32]) -> Option<usize> {
    let (from, to) = (beat.saturating_sub(reach), beat + reach);
    (from..=to)
        .filter_map(|at| Some((at, fit(signal, at, template)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.abs_diff(beat).cmp(&a.0.abs_diff(beat))))
        .map(|(at, _)| at)
}

/// Correlation (times a constant) of the QRS at `at` with a template of which every lead has the mean 0.
fn fit(signal: &Signal, at: usize, template: &[f32]) -> Option<f32> {
    let (half, mut xy, mut xx) = (ms(QRS_MS), 0.0_f32, 0.0_f32);
    for ((_, s), t) in signal.leads.iter().zip(template.chunks_exact(2 * half)) {
        let w = s.get(at.checked_sub(half)?..at + half)?;
        let zero = *w.first()?;
        let (mut p, mut sum, mut square) = (0.0_f32, 0.0_f32, 0.0_f32);
        for (v, t) in w.iter().zip(t) {
            let v = v - zero;
            p += v * t;
            sum += v;
            square += v * v;
        }
        #[expect(clippy::cast_precision_loss, reason = "a window of 60 samples")]
        let n = w.len() as f32;
        xy += p;
        xx += (square - sum * sum / n).max(0.0);
    }
    (xx > 0.0).then(|| xy / xx.sqrt())
}

fn mean(signal: &Signal, at: &[usize]) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    for a in at {
        let w = qrs(signal, *a);
        if sum.is_empty() {
            sum = w;
        } else {
            sum.iter_mut().zip(w).for_each(|(s, v)| *s += v);
        }
    }
    sum
}

/// QRS and T of all leads one after the other, every second sample.
fn window(signal: &Signal, beat: usize) -> Vec<f32> {
    cut(signal, beat, ms(BEFORE_MS), ms(AFTER_MS), 2)
}

fn qrs(signal: &Signal, beat: usize) -> Vec<f32> {
    cut(signal, beat, ms(QRS_MS), ms(QRS_MS), 1)
}

/// Each lead against its mean; what lies outside the recording counts as the mean.
fn cut(signal: &Signal, beat: usize, before: usize, after: usize, step: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(signal.leads.len() * ((before + after) / step + 1));
    for (_, s) in &signal.leads {
        let (a, b) = (beat.saturating_sub(before), (beat + after).min(s.len()));
        let w = s.get(a..b).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a window of 200 samples")]
        let mean = w.iter().sum::<f32>() / w.len().max(1) as f32;
        let at = |i: usize| (beat + i).checked_sub(before).and_then(|k| s.get(k)).map_or(0.0, |v| v - mean);
        out.extend((0..before + after).step_by(step).map(at));
    }
    out
}

/// Correlation without the two leads that differ most: one electrode may have been touched.
fn likeness(a: &[f32], b: &[f32], leads: usize) -> f32 {
    let len = (a.len() / leads).max(1);
    let mut sums: Vec<[f32; 3]> = a.chunks(len).zip(b.chunks(len)).map(|(x, y)| products(x, y)).collect();
    if sums.len() > 2 * DROPPED {
        let differs = |s: &[f32; 3]| s[1] + s[2] - 2.0 * s[0];
        sums.sort_by(|x, y| differs(x).total_cmp(&differs(y)));
        sums.truncate(leads - DROPPED);
    }
    let [ab, aa, bb] = sums.iter().fold([0.0; 3], |t, s| [t[0] + s[0], t[1] + s[1], t[2] + s[2]]);
    if aa <= 0.0 || bb <= 0.0 { 0.0 } else { ab / (aa * bb).sqrt() }
}

fn products(a: &[f32], b: &[f32]) -> [f32; 3] {
    // Four sums side by side: one long chain of additions would wait for itself.
    let mut sums = [[0.0_f32; 4]; 3];
    for (x, y) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for i in 0..4 {
            sums[0][i] += x[i] * y[i];
            sums[1][i] += x[i] * x[i];
            sums[2][i] += y[i] * y[i];
        }
    }
    sums.map(|s| s.iter().sum())
}
