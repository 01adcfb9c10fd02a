//! What the beats of a strip have in common before the QRS: the P wave of the dominant beats, and how alike it is.

use super::lanes::{Lanes, Row, WIDTH};
use super::level::{bumps, cosine, levelled, middle, rms};
use super::signal::{ms, percentile};

/// A QRS complex as the delineation has it, samples of the analysis copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Complex {
    /// Onset, central over the leads.
    pub on: usize,
    /// Peak.
    pub peak: usize,
    /// End, central over the leads.
    pub off: usize,
    /// End of its T wave.
    pub t_off: Option<usize>,
    /// Of the dominant class.
    pub dominant: bool,
}

/// A P wave begins at most this long before the QRS, ms: a first degree block reaches 350.
const REACH_MS: f32 = 360.0;
/// The window ends this long before the QRS, ms.
const GUARD_MS: f32 = 8.0;
/// A window shorter than this cannot hold a P wave, ms.
const LEAST_MS: f32 = 70.0;
/// A P wave has at least this room, ms, if that takes no more than so much of the end of the T wave.
const ROOM_MS: f32 = 110.0;
const TAIL_MS: f32 = 60.0;
/// Half the window around the P wave in which beats are compared, ms.
pub const HALF_MS: f32 = 70.0;
/// A beat earlier than this share of the median RR is not used for the template.
const EARLY: f64 = 0.85;

/// What differs from beat to beat in the best of leads, µV.
const NOISE_UV: f32 = 5.0;

/// The search window before a QRS, `[from, to)`.
pub type Window = (usize, usize);

/// Windows of all complexes; none where the T wave before reaches into the QRS.
#[must_use]
pub fn windows(beats: &[Complex]) -> Vec<Option<Window>> {
    (0..beats.len())
        .map(|k| {
            let b = beats.get(k)?;
            let to = b.on.checked_sub(ms(GUARD_MS))?;
            let reach = b.on.saturating_sub(ms(REACH_MS));
            let from = match k.checked_sub(1).and_then(|j| beats.get(j)) {
                // Without a T end the T wave is taken to last 260 ms behind the QRS. In tachycardia the P wave begins on
                // the last, low part of the T wave.
                Some(p) => {
                    let t = p.t_off.unwrap_or(p.off + ms(260.0));
                    let from = t.min(to.saturating_sub(ms(ROOM_MS)).max(t.saturating_sub(ms(TAIL_MS))));
                    reach.max(from).max(p.off + ms(60.0))
                }
                None => reach,
            };
            (from + ms(LEAST_MS) <= to).then_some((from, to))
        })
        .collect()
}

/// The common P wave.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// Median window, all leads; index `i` lies `i` samples behind `peak - before`.
    pub rows: Vec<Row>,
    /// Samples from the first row to the QRS peak.
    pub before: usize,
    /// Row at which the P wave is highest.
    pub centre: usize,
    /// Height of the bump there, µV RMS over the leads.
    pub height: f32,
    /// The same in the quiet part of the window.
    pub quiet: f32,
    /// Median over beats of the correlation with the template of the others.
    pub alike: f32,
    /// The beats it is made of.
    pub beats: Vec<usize>,
    /// Weight of each lead: the inverse of what differs from beat to beat, so that one loose electrode does not decide.
    pub weights: Row,
}

impl Template {
    /// From the dominant beats that are not early.
    #[must_use]
    pub fn build(lanes: &Lanes, beats: &[Complex], windows: &[Option<Window>]) -> Option<Self> {
        let used = chosen(beats, windows);
        if used.len() < 3 {
            return None;
        }
        let start = |k: usize| {
            let (w, b) = (windows.get(k).copied().flatten(), beats.get(k));
            w.zip(b).and_then(|((from, to), b)| Some((b.peak.checked_sub(from)?, b.peak.checked_sub(to)?)))
        };
        let (mut reach, mut end) = (Vec::new(), Vec::new());
        for (a, b) in used.iter().filter_map(|k| start(*k)) {
            reach.push(a);
            end.push(b);
        }
        // The window all but the shortest beats have.
        reach.sort_unstable();
        end.sort_unstable();
        let before = *reach.get(reach.len() / 4)?;
        let rest = *end.get(end.len() / 2)?;
        let n = before.checked_sub(rest).filter(|n| *n >= ms(LEAST_MS))?;
        let cut: Vec<(usize, Vec<Row>)> = used
            .iter()
            .filter_map(|k| {
                let from = beats.get(*k)?.peak.checked_sub(before)?;
                Some((*k, levelled(lanes.rows.get(from..from + n)?)))
            })
            .collect();
        let rows = middle(&cut, n);
        let bump = bumps(&rows, 0, n);
        let size: Vec<f32> = bump.iter().map(|r| rms(r, lanes.leads.len())).collect();
        let edge = ms(16.0);
        let centre = (edge..n.saturating_sub(edge)).max_by(|a, b| size[*a].total_cmp(&size[*b]))?;
        let mut out = Self {
            height: size[centre],
            quiet: percentile(&size, 0.15),
            rows,
            before,
            centre,
            alike: 0.0,
            beats: cut.iter().map(|(k, _)| *k).collect(),
            weights: [1.0; WIDTH],
        };
        (out.alike, out.weights) = out.likeness(&cut);
        Some(out)
    }

    /// Median over beats of the correlation around the centre with the mean of the other beats, and the leads' weights.
    fn likeness(&self, cut: &[(usize, Vec<Row>)]) -> (f32, Row) {
        let (a, b) =
            (self.centre.saturating_sub(ms(HALF_MS)), (self.centre + ms(HALF_MS)).min(self.rows.len()));
        let around: Vec<Vec<Row>> = cut.iter().map(|(_, w)| levelled(&w[a..b])).collect();
        let mut sum = vec![[0.0; WIDTH]; b - a];
        for w in &around {
            for (s, r) in sum.iter_mut().zip(w) {
                for i in 0..WIDTH {
                    s[i] += r[i];
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of beats")]
        let others = around.len().saturating_sub(1).max(1) as f32;
        let mut noise = [0.0_f32; WIDTH];
        let mut count = 0.0_f32;
        for w in &around {
            for (s, r) in sum.iter().zip(w) {
                count += 1.0;
                for i in 0..WIDTH {
                    let d = r[i] - (s[i] - r[i]) / others;
                    noise[i] += d * d;
                }
            }
        }
        let weights = noise.map(|v| 1.0 / (v / count.max(1.0) + NOISE_UV * NOISE_UV));
        let all: Vec<f32> = around
            .iter()
            .map(|w| {
                let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
                for (s, r) in sum.iter().zip(w) {
                    for i in 0..WIDTH {
                        let other = s[i] - r[i];
                        xy += weights[i] * other * r[i];
                        xx += weights[i] * other * other;
                        yy += weights[i] * r[i] * r[i];
                    }
                }
                cosine(xy, xx, yy)
            })
            .collect();
        (percentile(&all, 0.5), weights)
    }
}

/// Dominant, not early, with a window.
fn chosen(beats: &[Complex], windows: &[Option<Window>]) -> Vec<usize> {
    #[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
    let rr = |k: usize| Some((beats.get(k)?.peak - beats.get(k.checked_sub(1)?)?.peak) as f64);
    let all: Vec<f64> = (1..beats.len()).filter_map(rr).collect();
    let typical = super::signal::percentile_f64(&all, 0.5).unwrap_or(0.0);
    (0..beats.len())
        .filter(|k| beats.get(*k).is_some_and(|b| b.dominant) && windows.get(*k).is_some_and(Option::is_some))
        .filter(|k| rr(*k).is_none_or(|r| r >= EARLY * typical))
        .collect()
}
