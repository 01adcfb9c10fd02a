//! The T wave in the median of a class (ECG specification 11.7). The end is the mean of four estimates, so that no single
//! kind of T wave (flat, biphasic, merging into U or P) is left to one method:
//! the largest trapezium (PMC3201026) per lead on the samples and on the path they have travelled, the same on the path of
//! all leads together, and the place where the joint velocity has run down.

use super::bounds::{Edges, float, knee, run_down, travelled};
use super::lanes::{Row, WIDTH};
use super::median::Median;
use super::rows::{self, length, low_pass, slopes};
use super::signal::{ms, percentile};

/// The T wave in samples of the median beat.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TWave {
    /// Where the vector is longest.
    pub peak: f32,
    /// End, central over the leads.
    pub off: f32,
    /// End in the second latest lead.
    pub g_off: f32,
    /// From the second earliest to the second latest end of the leads: QT dispersion.
    pub spread: Option<f32>,
    /// The estimates disagree by more than readers do.
    pub doubtful: bool,
}

/// Below this vector length (µV) there is no T wave to measure.
const LEAST_UV: f32 = 40.0;
/// Low-pass, Hz.
const CUT_HZ: f32 = 15.0;
/// The T wave is looked for from this long behind the QRS, ms.
const AFTER_QRS_MS: f32 = 60.0;
/// To this long behind the R peak, ms, or 0.72 of the RR interval and 20 ms.
const LATEST_MS: f32 = 620.0;
/// A P wave begins at most this long before the next R, ms.
const NEXT_MS: f32 = 160.0;
/// The end lies within this of the steepest place behind the peak, ms.
const SPAN_MS: f32 = 160.0;
/// A velocity this high again, behind a place half as quiet, is the next wave.
const NEXT_WAVE: f32 = 0.6;
/// Share of the quietest places of the span: what moves there is noise.
const NOISE: f32 = 0.25;
/// A range of the estimates that casts doubt on their mean, ms.
const DOUBT_MS: f32 = 60.0;
/// Mean differences (ms) to what cardiologists marked, taken off: end, global end.
const BIAS_MS: [f32; 2] = [8.5, -4.0];
/// Share of the second latest lead in the global end: flat leads end anywhere.
const LATE: f32 = 0.25;

/// The T wave; `rr_ms` = distance to the next beat, `to` = samples of the median that lie within the recording.
#[must_use]
pub fn find(median: &Median, beat: &[Row], qrs: &Edges, rr_ms: f32, to: usize) -> Option<TWave> {
    let mut y = beat.to_vec();
    low_pass(&mut y, CUT_HZ);
    let (on, off) = (index(qrs.on), index(qrs.off));
    let zero = rows::mean(y.get(on.saturating_sub(ms(20.0))..on)?)?;
    let long: Vec<f32> = y.iter().map(|row| length(&less(row, &zero))).collect();
    let d = slopes(&y);
    let v: Vec<f32> = d.iter().map(length).collect();
    let last = to.min(y.len()).checked_sub(4)?;
    let right = (median.peak + ms((rr_ms - NEXT_MS).max(0.0))).min(last);
    let from = off + ms(AFTER_QRS_MS);
    let until = (median.peak + ms(LATEST_MS.min(0.72 * rr_ms + 20.0))).min(last.saturating_sub(ms(36.0)));
    if from + ms(40.0) > until {
        return None;
    }
    let peak = (from..until).max_by(|a, b| long[*a].total_cmp(&long[*b]))?;
    if long[peak] < LEAST_UV {
        return None;
    }
    let shrinks = |i: usize| long[i - 1] - long[i + 1];
    let steep = peak + 1..(peak + ms(SPAN_MS)).min(right);
    let k = steep.max_by(|a, b| shrinks(*a).total_cmp(&shrinks(*b)))?;
    let x_r = span(&v, k, (k + ms(SPAN_MS)).min(right))?;
    let span = Span { k, right: x_r };
    let ends = Leads::new(&y, &d, &span);
    let run = run_down(&v, k..x_r + 1, (0.2 * v[k]).max(1.5 * percentile(&v[k..=x_r], NOISE)), ms(20.0));
    let joint = k + knee(travelled(&v[k..=x_r], NOISE));
    let all =
        [weighted(&ends.level), weighted(&ends.path), Some(float(joint)), Some(float(run.unwrap_or(x_r)))];
    let given: Vec<f32> = all.into_iter().flatten().collect();
    let central = given.iter().sum::<f32>() / float(given.len());
    let (early, latest) = ends.seconds();
    let late = latest.map_or(central, |s| central + (s - central) * LATE);
    let (low, high) = given.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    let off = central - BIAS_MS[0] / 2.0;
    Some(TWave {
        peak: float(peak),
        off,
        g_off: (late - BIAS_MS[1] / 2.0).max(off),
        spread: latest.zip(early).map(|(b, a)| b - a),
        doubtful: (high - low) * 2.0 > DOUBT_MS,
    })
}

/// Where the search for the end stops: `to`, or the quietest place before another wave.
fn span(v: &[f32], k: usize, to: usize) -> Option<usize> {
    if k + ms(20.0) > to {
        return None;
    }
    let mut low = k;
    for j in k + 1..to {
        if v[j] < v[low] {
            low = j;
        }
        if v[low] < 0.35 * v[k] && v[j] > NEXT_WAVE * v[k] {
            return Some(low.max(k + ms(20.0)));
        }
    }
    Some(to)
}

struct Span {
    k: usize,
    right: usize,
}

/// What each lead says alone: place of the end and weight.
struct Leads {
    level: Vec<(f32, f32)>,
    path: Vec<(f32, f32)>,
}

impl Leads {
    fn new(y: &[Row], d: &[Row], span: &Span) -> Self {
        let (mut level, mut path) = (Vec::new(), Vec::new());
        for n in 0..WIDTH {
            let last = (span.k + ms(30.0)).min(d.len().saturating_sub(1));
            let near = span.k.saturating_sub(ms(30.0))..=last;
            let Some(k) = near.max_by(|a, b| d[*a][n].abs().total_cmp(&d[*b][n].abs())) else { continue };
            let weight = d[k][n].abs();
            if k + ms(20.0) > span.right || weight <= 0.0 {
                continue;
            }
            let heights = y[k..=span.right].iter().map(|row| (row[n] - y[k][n]).abs());
            level.push((float(k + knee(heights)), weight));
            let v: Vec<f32> = d[k..=span.right].iter().map(|row| row[n].abs()).collect();
            path.push((float(k + knee(travelled(&v, NOISE))), weight));
        }
        Self { level, path }
    }

    /// The second earliest and second latest end among the leads with a T wave worth the name.
    fn seconds(&self) -> (Option<f32>, Option<f32>) {
        let most = self.path.iter().map(|p| p.1).fold(0.0, f32::max);
        let mut v: Vec<f32> = self.path.iter().filter(|p| p.1 > 0.1 * most).map(|p| p.0).collect();
        v.sort_by(f32::total_cmp);
        (v.get(1).copied(), v.iter().rev().nth(1).copied())
    }
}

/// Weighted median.
fn weighted(v: &[(f32, f32)]) -> Option<f32> {
    let mut v = v.to_vec();
    v.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = v.iter().map(|p| p.1).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    v.iter()
        .find(|p| {
            sum += p.1;
            sum >= half
        })
        .map(|p| p.0)
}

fn less(row: &Row, zero: &Row) -> Row {
    std::array::from_fn(|i| row[i] - zero[i])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample of one beat")]
fn index(v: f32) -> usize {
    v.round().max(0.0) as usize
}
