//! QRS boundaries in the median of a class (ECG specification 11.6), by three ways of which the middle one is taken: the
//! velocity of all leads together, the median over the leads of what each says alone, and the knee of the path travelled,
//! which a rising ST segment does not move.

use super::lanes::{Row, WIDTH};
use super::median::Median;
use super::rows::{length, low_pass, slopes};
use super::signal::{average, ms, percentile};

/// Boundaries in samples of the median beat.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Edges {
    /// Onset, central over the leads.
    pub on: f32,
    /// End, central over the leads.
    pub off: f32,
    /// Onset in the second earliest lead.
    pub g_on: f32,
    /// End in the second latest lead.
    pub g_off: f32,
    /// The ways disagree by more than readers do.
    pub doubtful: bool,
}

/// Mean differences (ms) to what cardiologists marked, taken off: onset, end, and the same of the global ones.
const BIAS_MS: [f32; 4] = [3.0, 1.1, 4.7, -5.2];
/// Low-pass for the joint velocity, Hz. With the shares below it decides how early a slow foot counts as QRS.
const JOINT_HZ: f32 = 40.0;
/// Share of the highest joint velocity at which the QRS begins.
const JOINT_ON: f32 = 0.08;
/// The same at the end, where the ST segment moves.
const JOINT_OFF: f32 = 0.10;
/// Low-pass of a lead alone, Hz.
const LEAD_HZ: f32 = 30.0;
/// Share of the highest velocity of a lead at its begin and end.
const LEAD_SHARE: f32 = 0.06;
/// The level is never below this many times the quiet velocity around the QRS.
const QUIET: f32 = 1.8;
/// Nor above this share of the highest velocity.
const MOST: f32 = 0.35;
/// A lead that moves less (µV per sample) has no say.
const LEAST: f32 = 2.0;
/// A lead speaks for the global boundaries up to this far outside the central one, ms.
const FAR_MS: f32 = 16.0;
/// The knee lies within this of the outermost steep place, ms.
const KNEE_MS: f32 = 100.0;
/// Share of the quietest places in it; an ST segment rises as fast as they move.
const KNEE_NOISE: f32 = 0.4;
/// A difference of the ways that casts doubt, ms.
const DOUBT_MS: f32 = 20.0;
/// Stillness before the onset, ms.
const STILL_ON_MS: f32 = 12.0;
/// Stillness behind the end, ms.
const STILL_OFF_MS: f32 = 16.0;
/// The QRS begins at most this long before its steepest part, ms.
const BEFORE_MS: f32 = 140.0;
/// And ends at most this long behind it, ms.
const AFTER_MS: f32 = 180.0;

/// Boundaries; `not_before` = where a pacing spike stands, which the QRS follows.
#[must_use]
pub fn qrs(median: &Median, rows: &[Row], not_before: Option<f32>) -> Option<Edges> {
    if median.len() < median.peak + ms(300.0) {
        return None;
    }
    let mut wide = rows.to_vec();
    low_pass(&mut wide, JOINT_HZ);
    let joint: Vec<f32> = average(&slopes(&wide).iter().map(length).collect::<Vec<_>>(), ms(8.0));
    let near = median.peak - ms(60.0)..median.peak + ms(60.0);
    let peak = near.max_by(|a, b| joint[*a].total_cmp(&joint[*b]))?;
    if joint[peak] <= 0.0 {
        return None;
    }
    let from = peak.saturating_sub(ms(BEFORE_MS));
    let to = (peak + ms(AFTER_MS)).min(joint.len());
    let walk = Walk { v: &joint, top: joint[peak], peak };
    let on = walk.on(peak, JOINT_ON).unwrap_or_else(|| lowest(&joint, from, peak));
    let off = walk.off(peak, JOINT_OFF).unwrap_or_else(|| lowest(&joint, peak + 1, to));
    let (ons, offs) = alone(rows, median.peak, peak);
    let (bent_on, bent_off) = knees(&joint, median.peak, joint[peak]);
    let central = |own: usize, v: &[f32], bent: usize| {
        let mut all = [float(own), middle(v).unwrap_or(float(own)), float(bent)];
        all.sort_by(f32::total_cmp);
        (all[1], (all[2] - all[0]) * 2.0 > DOUBT_MS)
    };
    let ((c_on, doubt_on), (c_off, doubt_off)) = (central(on, &ons, bent_on), central(off, &offs, bent_off));
    // A lead that goes on much longer than the others shows something else than the QRS: a sloping PR or ST segment.
    let far = float(ms(FAR_MS));
    let second_on = ons.get(1).map(|v| v.max(c_on - far));
    let second_off = offs.iter().rev().nth(1).map(|v| v.min(c_off + far));
    let late = second_off.map_or(c_off, |s| f32::midpoint(c_off, s));
    let after = |v: f32| not_before.map_or(v, |n| v.max(n));
    let less = |v: f32, k: usize| v - BIAS_MS[k] / 2.0;
    let edges = Edges {
        on: after(less(c_on, 0)),
        off: less(c_off, 1),
        g_on: after(less(second_on.unwrap_or(c_on), 2)),
        g_off: less(late, 3),
        doubtful: doubt_on || doubt_off,
    };
    // The global boundaries enclose the central ones.
    let edges = Edges { g_on: edges.g_on.min(edges.on), g_off: edges.g_off.max(edges.off), ..edges };
    (edges.on < edges.off).then_some(edges)
}

/// Where the joint path bends, outwards from the first and the last steep place.
fn knees(v: &[f32], beat: usize, top: f32) -> (usize, usize) {
    let steep = beat.saturating_sub(ms(100.0))..(beat + ms(120.0)).min(v.len());
    let first = steep.clone().find(|i| v[*i] > top / 2.0).unwrap_or(beat);
    let last = steep.rev().find(|i| v[*i] > top / 2.0).unwrap_or(beat);
    let before: Vec<f32> = v[first.saturating_sub(ms(KNEE_MS))..=first].iter().rev().copied().collect();
    let behind = &v[last..(last + ms(KNEE_MS)).min(v.len())];
    (first - knee(travelled(&before, KNEE_NOISE)), last + knee(travelled(behind, KNEE_NOISE)))
}

/// The index of the trapezium of the largest area under a curve that levels out.
pub(super) fn knee(heights: impl ExactSizeIterator<Item = f32>) -> usize {
    let n = heights.len();
    let mut best = (0, 0.0_f32);
    for (i, h) in heights.enumerate() {
        let area = h * float(2 * (n - 1) - i);
        if area > best.1 {
            best = (i, area);
        }
    }
    best.0
}

/// The path travelled since the first of `v`, without what is done all the time: the share `noise` of its quietest places.
pub(super) fn travelled(v: &[f32], noise: f32) -> impl ExactSizeIterator<Item = f32> + '_ {
    let noise = percentile(v, noise);
    let mut sum = 0.0;
    v.iter().enumerate().map(move |(i, x)| {
        if i > 0 {
            sum += (x - noise).max(0.0);
        }
        sum
    })
}

/// Onsets and ends of the leads alone, ascending.
fn alone(rows: &[Row], beat: usize, peak: usize) -> (Vec<f32>, Vec<f32>) {
    let mut narrow = rows.to_vec();
    low_pass(&mut narrow, LEAD_HZ);
    let slopes = slopes(&narrow);
    let (mut ons, mut offs) = (Vec::new(), Vec::new());
    let steep = beat.saturating_sub(ms(100.0))..(beat + ms(120.0)).min(rows.len());
    for k in 0..WIDTH {
        let v = average(&slopes.iter().map(|row| row[k].abs()).collect::<Vec<_>>(), ms(8.0));
        let top = steep.clone().map(|i| v[i]).fold(0.0, f32::max);
        if top < LEAST {
            continue;
        }
        // From the outermost steep places of the lead: a notch is not the end.
        let Some(first) = steep.clone().find(|i| v[*i] > top / 2.0) else { continue };
        let Some(last) = steep.clone().rev().find(|i| v[*i] > top / 2.0) else { continue };
        let walk = Walk { v: &v, top, peak };
        ons.extend(walk.on(first, LEAD_SHARE).map(float));
        offs.extend(walk.off(last, LEAD_SHARE).map(float));
    }
    ons.sort_by(f32::total_cmp);
    offs.sort_by(f32::total_cmp);
    (ons, offs)
}

/// A velocity and the height of its QRS.
struct Walk<'a> {
    v: &'a [f32],
    top: f32,
    peak: usize,
}

impl Walk<'_> {
    fn level(&self, share: f32, a: usize, b: usize) -> f32 {
        let quiet = self.v.get(a..b.min(self.v.len())).map_or(0.0, |w| percentile(w, 0.20));
        (MOST * self.top).min((share * self.top).max(QUIET * quiet))
    }

    fn on(&self, start: usize, share: f32) -> Option<usize> {
        let level =
            self.level(share, self.peak.saturating_sub(ms(160.0)), self.peak.saturating_sub(ms(60.0)));
        let from = self.peak.saturating_sub(ms(BEFORE_MS));
        run_down(self.v, (from..start).rev(), level, ms(STILL_ON_MS))
    }

    fn off(&self, start: usize, share: f32) -> Option<usize> {
        let level = self.level(share, self.peak + ms(90.0), self.peak + ms(220.0));
        run_down(self.v, start + 1..self.peak + ms(AFTER_MS), level, ms(STILL_OFF_MS))
    }
}

/// The first index of the first run of `width` samples below `level`, walking as `path` says.
pub(super) fn run_down(
    v: &[f32],
    path: impl Iterator<Item = usize>,
    level: f32,
    width: usize,
) -> Option<usize> {
    let mut start = None;
    let mut run = 0;
    for i in path {
        if v.get(i).is_some_and(|x| *x < level) {
            start.get_or_insert(i);
            run += 1;
            if run >= width {
                return start;
            }
        } else {
            start = None;
            run = 0;
        }
    }
    None
}

fn lowest(v: &[f32], a: usize, b: usize) -> usize {
    (a..b.min(v.len())).min_by(|x, y| v[*x].total_cmp(&v[*y])).unwrap_or(a)
}

/// Median of sorted values.
fn middle(v: &[f32]) -> Option<f32> {
    let k = v.len() / 2;
    let high = *v.get(k)?;
    Some(if v.len().is_multiple_of(2) { f32::midpoint(v[k - 1], high) } else { high })
}

#[expect(clippy::cast_precision_loss, reason = "a sample of one beat")]
pub(super) fn float(i: usize) -> f32 {
    i as f32
}
