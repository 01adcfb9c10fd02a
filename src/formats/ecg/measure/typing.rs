//! Beats sorted by shape on all leads jointly (ECG specification 11.4), and laid on each other to the sample.

use super::lanes::{Row, WIDTH};
use super::rows;
use super::signal::ms;

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

/// QRS and T of a beat.
struct Window {
    rows: Vec<Row>,
    /// Sum of squares of each lead.
    energy: Row,
}

/// Classes, the largest first; every beat is in one, if need be alone. `leads` stand side by side in `rows`.
#[must_use]
pub fn classes(rows: &[Row], leads: usize, beats: &[usize]) -> Vec<Class> {
    let windows: Vec<Window> = beats.iter().map(|b| window(rows, *b)).collect();
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
        out.push(aligned(rows, beats, seed, members));
    }
    out.sort_by_key(|c| std::cmp::Reverse(c.beats.len()));
    out
}

/// Beats moved so that their QRS lie on that of the seed, then on the mean of all.
fn aligned(rows: &[Row], beats: &[usize], seed: usize, members: Vec<usize>) -> Class {
    let mut at: Vec<usize> = members.iter().map(|m| beats[*m]).collect();
    if members.len() > 1 {
        let mut template = qrs(rows, beats[seed]);
        // The second time they lie nearly right.
        for reach in [REACH_MS, REACH_MS / 4.0] {
            for place in &mut at {
                *place = best_place(rows, *place, ms(reach), &template).unwrap_or(*place);
            }
            template = mean(rows, &at);
        }
    }
    Class { beats: members, at }
}

/// The place within `reach` where the QRS is most like the template, of which every lead has the mean 0.
fn best_place(rows: &[Row], beat: usize, reach: usize, template: &[Row]) -> Option<usize> {
    let half = ms(QRS_MS);
    let (from, to) =
        (beat.saturating_sub(reach).max(half), (beat + reach).min(rows.len().saturating_sub(half)));
    let mut size = Size::of(rows.get(beat)?, rows.get(from - half..from + half)?);
    let mut best: Option<(usize, f32)> = None;
    for at in from..=to {
        if at > from {
            size.shift(&rows[at - half - 1], &rows[at + half - 1]);
        }
        let xx = size.squares();
        if xx <= 0.0 {
            continue;
        }
        let fit = products(&rows[at - half..at + half], template).iter().sum::<f32>() / xx.sqrt();
        let nearer = |b: usize| at.abs_diff(beat) < b.abs_diff(beat);
        if best.is_none_or(|(b, most)| fit > most || (fit >= most && nearer(b))) {
            best = Some((at, fit));
        }
    }
    best.map(|(at, _)| at)
}

/// Sums over a window that moves along the strip, each lead against a level of its own.
struct Size {
    level: Row,
    sum: Row,
    square: Row,
    n: f32,
}

impl Size {
    fn of(level: &Row, w: &[Row]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a window of 60 samples")]
        let n = w.len() as f32;
        let mut out = Self { level: *level, sum: [0.0; WIDTH], square: [0.0; WIDTH], n };
        w.iter().for_each(|row| out.shift(level, row));
        out
    }

    /// `first` leaves the window, `next` comes into it.
    fn shift(&mut self, first: &Row, next: &Row) {
        for k in 0..WIDTH {
            let (a, b) = (first[k] - self.level[k], next[k] - self.level[k]);
            self.sum[k] += b - a;
            self.square[k] += b * b - a * a;
        }
    }

    /// Sum of squares against the mean of each lead.
    fn squares(&self) -> f32 {
        let of = |(q, s): (&f32, &f32)| (q - s * s / self.n).max(0.0);
        self.square.iter().zip(&self.sum).map(of).sum()
    }
}

fn mean(rows: &[Row], at: &[usize]) -> Vec<Row> {
    let mut sum: Vec<Row> = Vec::new();
    for a in at {
        let w = qrs(rows, *a);
        if sum.is_empty() {
            sum = w;
        } else {
            for (s, v) in sum.iter_mut().zip(&w) {
                s.iter_mut().zip(v).for_each(|(s, v)| *s += v);
            }
        }
    }
    sum
}

/// QRS and T, every second sample.
fn window(rows: &[Row], beat: usize) -> Window {
    let rows = cut(rows, beat, ms(BEFORE_MS), ms(AFTER_MS), 2);
    let energy = products(&rows, &rows);
    Window { rows, energy }
}

fn qrs(rows: &[Row], beat: usize) -> Vec<Row> {
    cut(rows, beat, ms(QRS_MS), ms(QRS_MS), 1)
}

/// Each lead against its mean; what lies outside the recording counts as the mean.
fn cut(rows: &[Row], beat: usize, before: usize, after: usize, step: usize) -> Vec<Row> {
    let inside = rows.get(beat.saturating_sub(before)..(beat + after).min(rows.len())).unwrap_or_default();
    let mean = rows::mean(inside).unwrap_or_default();
    (0..before + after)
        .step_by(step)
        .map(|i| match (beat + i).checked_sub(before).and_then(|k| rows.get(k)) {
            Some(row) => std::array::from_fn(|k| row[k] - mean[k]),
            None => [0.0; WIDTH],
        })
        .collect()
}

/// Correlation without the two leads that differ most: one electrode may have been touched.
fn likeness(a: &Window, b: &Window, leads: usize) -> f32 {
    let both = products(&a.rows, &b.rows);
    let mut sums: [[f32; 3]; WIDTH] = std::array::from_fn(|k| [both[k], a.energy[k], b.energy[k]]);
    let mut used = &mut sums[..leads.min(WIDTH)];
    if used.len() > 2 * DROPPED {
        let differs = |s: &[f32; 3]| s[1] + s[2] - 2.0 * s[0];
        used.sort_unstable_by(|x, y| differs(x).total_cmp(&differs(y)));
        used = &mut used[..leads.min(WIDTH) - DROPPED];
    }
    let [ab, aa, bb] = used.iter().fold([0.0; 3], |t, s| [t[0] + s[0], t[1] + s[1], t[2] + s[2]]);
    if aa <= 0.0 || bb <= 0.0 { 0.0 } else { ab / (aa * bb).sqrt() }
}

/// Sums of products, lead by lead. Inlined before a sum over the leads it is compiled to shuffles.
#[inline(never)]
fn products(a: &[Row], b: &[Row]) -> Row {
    let mut sums = [0.0_f32; WIDTH];
    for (x, y) in a.iter().zip(b) {
        for k in 0..WIDTH {
            sums[k] += x[k] * y[k];
        }
    }
    sums
}
