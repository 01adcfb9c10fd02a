//! Pacing spikes (ECG specification 11.2).
//!
//! A stimulus lasts 0.2 to 2 ms, so at 500 samples a second it is one to three samples. The pattern "0.5 mV within 2 ms and
//! back within 4 ms" does not hold behind a recorder's filter: it leaves a lower needle, or a step that decays slowly. Both
//! are looked for; what tells them from the steep part of a QRS is the stillness before them and that they stand before it.

use super::lanes::{Lanes, Row, WIDTH};
use super::signal::ms;

/// A needle: the least height above both neighbours 4 ms away, µV.
const NEEDLE_UV: f32 = 250.0;
/// A step within one sample, µV.
const STEP_UV: f32 = 200.0;
/// Before a step the lead moved by less than this share of it for 20 ms. A QRS begins with a slope.
const STILL: f32 = 0.4;
/// Low spikes are this much lower, and the lead is less still.
const LOW: f32 = 0.5;
/// Samples asked at once whether anything moves fast enough.
const BLOCK: usize = 16;
/// Leads that must show it.
const LEADS: u8 = 2;
/// Two spikes are at least this far apart, ms.
const APART_MS: f32 = 20.0;
/// Of the twelve leads four are sums of two others: they are no witnesses.
const DERIVED: std::ops::RangeInclusive<u16> = 61..=64;

/// Samples at which something like a spike begins, ascending. An artefact may be among them: only spikes that keep their
/// place before QRS complexes are called pacing (see `rhythm`).
#[must_use]
pub fn candidates(lanes: &Lanes) -> Vec<usize> {
    search(lanes, 1.0)
}

/// The same for low spikes, as a recorder's filter leaves of bipolar atrial pacing. Only for strips known to be paced.
#[must_use]
pub fn low(lanes: &Lanes) -> Vec<usize> {
    search(lanes, LOW)
}

fn search(lanes: &Lanes, share: f32) -> Vec<usize> {
    let rows = &lanes.rows;
    // The ends of a file are often cut by a filter.
    let edge = ms(24.0);
    let mut votes = vec![0_u8; rows.len()];
    let end = rows.len().saturating_sub(edge);
    for from in (edge..end).step_by(BLOCK) {
        let block = from..(from + BLOCK).min(end);
        // Nearly every block ends here: all leads are asked at once.
        if fastest(&rows[from - 2..block.end]).iter().all(|v| *v < share * STEP_UV) {
            continue;
        }
        for i in block {
            let seen = |(k, n): (usize, &u16)| !DERIVED.contains(n) && spike(rows, i, k, share);
            votes[i] = lanes.leads.iter().enumerate().map(|lead| u8::from(seen(lead))).sum();
        }
    }
    // A needle is highest in neighbouring samples of different leads.
    let mut out: Vec<usize> = Vec::new();
    for i in 1..votes.len().saturating_sub(1) {
        let seen = votes[i - 1].max(votes[i]) + votes[i + 1].min(1);
        if votes[i] > 0 && seen >= LEADS && out.last().is_none_or(|last| i >= last + ms(APART_MS)) {
            out.push(i);
        }
    }
    out
}

/// The highest step of each lead, µV; a rise over two samples counts as a step of its share. Inlined before a question over
/// the leads it is compiled to shuffles.
#[inline(never)]
fn fastest(rows: &[Row]) -> Row {
    let higher = |a: f32, b: f32| if a > b { a } else { b };
    let mut out = Row::default();
    for w in rows.windows(3) {
        let [before, last, now] = w else { continue };
        for k in 0..WIDTH {
            let (rise, step) = ((now[k] - before[k]).abs(), (now[k] - last[k]).abs());
            out[k] = higher(out[k], higher(rise * (STEP_UV / NEEDLE_UV), step));
        }
    }
    out
}

/// Whether a lead shows a needle or a step out of stillness at `i`, at least 24 ms from both ends.
fn spike(rows: &[Row], i: usize, lead: usize, share: f32) -> bool {
    let at = |i: usize| rows[i][lead];
    let (rise, step) = (at(i) - at(i - 2), (at(i) - at(i - 1)).abs());
    let needle = if rise > 0.0 { rise.min(at(i) - at(i + 2)) } else { (-rise).min(at(i + 2) - at(i)) };
    let still = || moved(&rows[i - ms(20.0)..i], lead) <= STILL * step / share;
    needle >= share * NEEDLE_UV || (step >= share * STEP_UV && still())
}

fn moved(rows: &[Row], lead: usize) -> f32 {
    let (low, high) =
        rows.iter().fold((f32::MAX, f32::MIN), |(a, b), row| (a.min(row[lead]), b.max(row[lead])));
    high - low
}

/// Straight lines over the spikes, for analysis: from 4 ms before to 12 ms after each.
pub fn blank(rows: &mut [Row], spikes: &[usize]) {
    for at in spikes {
        let (a, b) = (at.saturating_sub(ms(4.0)), (at + ms(12.0)).min(rows.len().saturating_sub(1)));
        let (Some(first), Some(last)) = (rows.get(a).copied(), rows.get(b).copied()) else { continue };
        for (i, row) in rows.iter_mut().enumerate().take(b).skip(a + 1) {
            #[expect(clippy::cast_precision_loss, reason = "eight samples")]
            let share = (i - a) as f32 / (b - a) as f32;
            *row = std::array::from_fn(|k| first[k] + (last[k] - first[k]) * share);
        }
    }
}
