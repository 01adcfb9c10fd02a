//! Where the samples of a lead lie when not all leads were recorded together: columns one after another, a longer strip
//! beside or behind them. Every lead keeps its own time.

use std::borrow::Cow;

use crate::ecg::lead::LeadId;
use crate::ecg::model::{Document, Group, Lead};

/// Strips that begin further apart are not of one page, ms.
const APART_MS: f64 = 3_600_000.0;
/// Samples of a recording that is put together of strips: twelve leads of ten minutes at 1000 Hz.
const MOST: usize = 8 << 20;

/// A strip and its beginning, ms behind the earliest.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    group: &'a Group,
    at: f64,
}

/// The measured group, then the others that hold leads of the same recording.
#[must_use]
pub fn strips(document: &Document) -> Vec<Strip<'_>> {
    let Some(main) = document.rhythm() else { return Vec::new() };
    let near = |g: &&Group| (g.t0_ms - main.t0_ms).abs() <= APART_MS;
    let found: Vec<&Group> = document.strips().filter(near).collect();
    let first = found.iter().map(|g| g.t0_ms).fold(main.t0_ms, f64::min);
    let mut out: Vec<Strip<'_>> =
        found.into_iter().map(|g| Strip { group: g, at: g.t0_ms - first }).collect();
    if out.is_empty() {
        // A beginning that is no number.
        out.push(Strip { group: main, at: 0.0 });
    }
    out
}

/// A lead in a window of time.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its group.
    pub group: &'a Group,
    /// The lead.
    pub lead: &'a Lead,
    /// The window, ms from the first sample of the group; it may begin before it.
    pub window: (i64, i64),
    /// Beginning of the window, ms of the recording, when it is not the one that was asked for.
    pub moved: Option<i64>,
}

/// How well a strip serves a window.
struct Fit {
    /// ms of the lead that a window of this length can show.
    able: f64,
    /// Recorded, not computed from other leads.
    recorded: bool,
    /// ms inside the window itself.
    seen: f64,
}

impl Fit {
    fn beats(&self, other: &Self) -> bool {
        let more = |a: f64, b: f64| a > b + 0.5;
        if more(self.able, other.able) || more(other.able, self.able) {
            return self.able > other.able;
        }
        if self.recorded != other.recorded {
            return self.recorded;
        }
        more(self.seen, other.seen)
    }
}

/// The strip that shows most of the lead in a window of this length. A lead that was not recorded in the window, or for
/// less than half of what can be shown, is shown from when it was.
#[must_use]
pub fn shown<'a>(strips: &[Strip<'a>], id: &LeadId, (from, to): (i64, i64)) -> Option<Shown<'a>> {
    let (a, b) = (exact(from), exact(to));
    let mut best: Option<(Fit, Strip<'a>, &'a Lead)> = None;
    for strip in strips {
        let Some(lead) = strip.group.lead(id) else { continue };
        let end = strip.at + strip.group.seconds() * 1_000.0;
        let seen = (end.min(b) - strip.at.max(a)).max(0.0);
        let fit = Fit { able: (end - strip.at).min(b - a), recorded: !lead.derived, seen };
        if best.as_ref().is_none_or(|(old, ..)| fit.beats(old)) {
            best = Some((fit, *strip, lead));
        }
    }
    let (Fit { able, seen, .. }, strip, lead) = best?;
    let last = strip.at + strip.group.seconds() * 1_000.0 - (b - a);
    let start = if seen < able / 2.0 { whole(a.max(strip.at).min(last.max(strip.at))) } else { from };
    let own = start - whole(strip.at);
    let moved = (start != from).then_some(start);
    Some(Shown { group: strip.group, lead, window: (own, own + to - from), moved })
}

/// All leads on one axis of time, each missing where it was not recorded, and how far behind the beginning of that axis
/// the measured group begins, ms. The measured group itself when it holds every lead.
#[must_use]
pub fn together(document: &Document) -> Option<(Cow<'_, Group>, f64)> {
    let all = strips(document);
    let main = all.first()?;
    let rate = main.group.rate.to_f64();
    // Samples of another rate do not fit the axis.
    let fit: Vec<(usize, &Group)> = all
        .iter()
        .filter(|s| s.group.rate == main.group.rate)
        .map(|s| (index(s.at * rate / 1_000.0), s.group))
        .collect();
    let mut leads: Vec<(usize, &Lead)> = Vec::new();
    let mut foreign = false;
    for (at, lead) in fit.iter().flat_map(|(at, g)| g.leads.iter().map(|l| (*at, l))) {
        match leads.iter_mut().find(|(_, l)| l.id == lead.id) {
            // The longer; of equals one that was recorded rather than computed.
            Some(old) if (lead.raw.len(), !lead.derived) > (old.1.raw.len(), !old.1.derived) => {
                foreign = true;
                *old = (at, lead);
            }
            Some(_) => {}
            None => {
                foreign |= main.group.lead(&lead.id).is_none();
                leads.push((at, lead));
            }
        }
    }
    let samples = fit.iter().map(|(at, g)| at + g.samples).max().unwrap_or(0);
    if !foreign || samples.saturating_mul(leads.len()) > MOST {
        return Some((Cow::Borrowed(main.group), 0.0));
    }
    let leads = leads.into_iter().map(|(at, lead)| spread(lead, at, samples)).collect();
    let first = main.group.t0_ms - main.at;
    let group = Group { samples, leads, t0_ms: first, ..shell(main.group) };
    Some((Cow::Owned(group), main.at))
}

/// The lead from sample `at` of an axis of `samples`.
fn spread(lead: &Lead, at: usize, samples: usize) -> Lead {
    let end = at + lead.raw.len();
    let mut raw = vec![0; at];
    raw.extend_from_slice(&lead.raw);
    raw.resize(samples, 0);
    let own = lead.missing.iter().map(|(a, b)| (a + at, b + at));
    let around = [(0, at), (end, samples)];
    let mut missing: Vec<(usize, usize)> = own.chain(around).filter(|(a, b)| a < b).collect();
    missing.sort_unstable();
    let (id, label) = (lead.id.clone(), lead.label.clone());
    Lead {
        id,
        label,
        raw,
        missing,
        scale: lead.scale,
        offset: lead.offset,
        rails: lead.rails,
        derived: lead.derived,
    }
}

/// The group without its samples.
fn shell(group: &Group) -> Group {
    let Group { kind, derived, rate, t0_ms, .. } = *group;
    Group { kind, derived, rate, t0_ms, samples: 0, leads: Vec::new() }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a page")]
fn exact(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "within an hour")]
fn whole(ms: f64) -> i64 {
    ms.round() as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within an hour, and 0 at least")]
fn index(sample: f64) -> usize {
    sample.round().max(0.0) as usize
}
