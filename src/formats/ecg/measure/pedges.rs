//! Boundaries of a P wave, lead by lead, and from them the central and the global one (ECG specification 11.8 and 11.9).

use super::lanes::{Lanes, Row, WIDTH};
use super::signal::ms;

/// Leads with less than this share of the largest height do not vote.
const SHARE: f32 = 0.25;
/// The flank is followed until its slope is below this share of its steepest.
const SLOPE: f32 = 0.22;
/// The wave reaches at most this far to either side of its centre, ms.
const REACH_MS: f32 = 90.0;
/// A peak lies within this of the common centre, ms.
const NEAR_MS: f32 = 45.0;
/// Where cardiologists mark earlier than the slope says: onset and end, central (median over leads) and global (second
/// earliest and latest), ms; mean over the training half of LUDB.
const EARLIER_MS: [f64; 4] = [0.0, 4.5, 3.0, 2.0];

/// Samples relative to the first row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Edges {
    /// Median of the leads' onsets.
    pub on: f64,
    /// Median of the leads' peaks.
    pub peak: f64,
    /// Median of the leads' ends.
    pub off: f64,
    /// Second earliest onset.
    pub g_on: f64,
    /// Second latest end.
    pub g_off: f64,
}

/// Boundaries of the wave around `centre` in levelled rows.
#[must_use]
pub fn edges(rows: &[Row], centre: usize, lanes: &Lanes) -> Option<Edges> {
    let n = rows.len();
    let (a, b) =
        (centre.saturating_sub(ms(REACH_MS)).max(1), (centre + ms(REACH_MS)).min(n.saturating_sub(2)));
    let near = centre.saturating_sub(ms(NEAR_MS)).max(a)..(centre + ms(NEAR_MS)).min(b);
    let mut found: Vec<(f32, f64, f64, f64)> = Vec::new();
    for k in (0..WIDTH).take(lanes.leads.len()) {
        let slope = |i: usize| (rows[i + 1][k] - rows[i - 1][k]) / 2.0;
        let base = (rows[a][k] + rows[b][k]) / 2.0;
        let peak =
            near.clone().max_by(|x, y| (rows[*x][k] - base).abs().total_cmp(&(rows[*y][k] - base).abs()))?;
        let height = (rows[peak][k] - base).abs();
        let steep =
            |from: usize, to: usize| (from..to).max_by(|x, y| slope(*x).abs().total_cmp(&slope(*y).abs()));
        let (Some(left), Some(right)) = (steep(a, peak), steep(peak + 1, b)) else { continue };
        let on = run_out((a..left).rev(), &slope, left);
        let off = run_out(right + 1..b, &slope, right);
        found.push((height, on, to_f64(peak), off));
    }
    let most = found.iter().map(|f| f.0).fold(0.0, f32::max);
    found.retain(|f| f.0 >= SHARE * most);
    let sorted = |pick: fn(&(f32, f64, f64, f64)) -> f64| {
        let mut v: Vec<f64> = found.iter().map(pick).collect();
        v.sort_by(f64::total_cmp);
        v
    };
    let (on, peak, off) = (sorted(|f| f.1), sorted(|f| f.2), sorted(|f| f.3));
    // 500 Hz: half a sample to the millisecond.
    let earlier = |k: usize| EARLIER_MS.get(k).map_or(0.0, |v| v / 2.0);
    let second = 1.min(on.len().checked_sub(1)?);
    Some(Edges {
        on: middle(&on)? - earlier(0),
        peak: middle(&peak)?,
        off: middle(&off)? - earlier(1),
        g_on: *on.get(second)? - earlier(2),
        g_off: *off.get(off.len() - 1 - second)? - earlier(3),
    })
}

/// Where the slope first falls below its share, between the samples.
fn run_out(path: impl Iterator<Item = usize>, slope: &impl Fn(usize) -> f32, steep: usize) -> f64 {
    let top = slope(steep);
    let level = SLOPE * top.abs();
    let mut last = steep;
    for i in path {
        // A change of sign is the end as well.
        let v = slope(i) * top.signum();
        if v < level {
            let before = slope(last) * top.signum();
            let share = if before > v { f64::from((before - level) / (before - v)) } else { 0.0 };
            return to_f64(last) + (to_f64(i) - to_f64(last)) * share;
        }
        last = i;
    }
    to_f64(last)
}

fn middle(v: &[f64]) -> Option<f64> {
    let n = v.len();
    if n == 0 {
        return None;
    }
    Some((v.get((n - 1) / 2)? + v.get(n / 2)?) / 2.0)
}

#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
fn to_f64(i: usize) -> f64 {
    i as f64
}
