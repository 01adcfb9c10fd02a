//! Pacing spikes (ECG specification 11.2).
//!
//! A stimulus lasts 0.2 to 2 ms, so at 500 samples a second it is one to three samples. The pattern "0.5 mV within 2 ms and
//! back within 4 ms" does not hold behind a recorder's filter: it leaves a lower needle, or a step that decays slowly. Both
//! are looked for; what tells them from the steep part of a QRS is the stillness before them and that they stand before it.

use std::borrow::Cow;

use super::signal::{Signal, ms};

/// A needle: the least height above both neighbours 4 ms away, µV.
const NEEDLE_UV: f32 = 250.0;
/// A step within one sample, µV.
const STEP_UV: f32 = 200.0;
/// Before a step the lead moved by less than this share of it for 20 ms. A QRS begins with a slope.
const STILL: f32 = 0.4;
/// Low spikes are this much lower, and the lead is less still.
const LOW: f32 = 0.5;
/// Leads that must show it.
const LEADS: u8 = 2;
/// Two spikes are at least this far apart, ms.
const APART_MS: f32 = 20.0;
/// Of the twelve leads four are sums of two others: they are no witnesses.
const DERIVED: std::ops::RangeInclusive<u16> = 61..=64;

/// Samples at which something like a spike begins, ascending. An artefact may be among them: only spikes that keep their
/// place before QRS complexes are called pacing (see `rhythm`).
#[must_use]
pub fn candidates(signal: &Signal) -> Vec<usize> {
    search(signal, 1.0)
}

/// The same for low spikes, as a recorder's filter leaves of bipolar atrial pacing. Only for strips known to be paced.
#[must_use]
pub fn low(signal: &Signal) -> Vec<usize> {
    search(signal, LOW)
}

fn search(signal: &Signal, share: f32) -> Vec<usize> {
    let mut votes = vec![0_u8; signal.len];
    for (_, s) in signal.leads.iter().filter(|(n, _)| !DERIVED.contains(n)) {
        // The ends of a file are often cut by a filter.
        let edge = ms(24.0);
        for (i, w) in s.windows(5).enumerate() {
            let &[before, last, now, _, after] = w else { continue };
            let (rise, step) = (now - before, (now - last).abs());
            if rise.abs() < share * NEEDLE_UV && step < share * STEP_UV {
                continue;
            }
            let i = i + 2;
            if i < edge || i + edge >= s.len() {
                continue;
            }
            let needle = if rise > 0.0 { rise.min(now - after) } else { (-rise).min(after - now) };
            let still = || moved(&s[i - ms(20.0)..i]) <= STILL * step / share;
            if needle >= share * NEEDLE_UV || (step >= share * STEP_UV && still()) {
                votes[i] += 1;
            }
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

fn moved(s: &[f32]) -> f32 {
    let (low, high) = s.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    high - low
}

/// Straight lines over the spikes, for analysis: from 4 ms before to 12 ms after each.
pub fn blank(samples: &mut [f32], spikes: &[usize]) {
    for at in spikes {
        let (a, b) = (at.saturating_sub(ms(4.0)), (at + ms(12.0)).min(samples.len().saturating_sub(1)));
        let (Some(first), Some(last)) = (samples.get(a).copied(), samples.get(b).copied()) else { continue };
        for (i, v) in samples.iter_mut().enumerate().take(b).skip(a + 1) {
            #[expect(clippy::cast_precision_loss, reason = "eight samples")]
            let share = (i - a) as f32 / (b - a) as f32;
            *v = first + (last - first) * share;
        }
    }
}

/// The same on a copy, where there is something to blank.
#[must_use]
pub fn blanked<'a>(samples: &'a [f32], spikes: &[usize]) -> Cow<'a, [f32]> {
    if spikes.is_empty() {
        return Cow::Borrowed(samples);
    }
    let mut out = samples.to_vec();
    blank(&mut out, spikes);
    Cow::Owned(out)
}
