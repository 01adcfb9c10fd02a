//! Stretches without a QRS, the ends of the strip included, and whether the electrodes may be to blame.

use super::chaos;
use crate::ecg::lead::{LeadId, TWELVE};
use crate::ecg::measure::signal::percentile;
use crate::ecg::measure::{self, Measured, Signal};
use crate::ecg::model::{Group, Lead};

/// A complex reaches this height in its second tallest lead, µV (in LUDB 830 at least): lower ones are P waves, noise, or nothing that can be told
/// from them.
const FAINT_UV: f32 = 250.0;
/// And this share of the usual complex of the strip: what stands alone in a pause may be a P wave.
const LOW: f32 = 0.2;
/// Half the window in which the height is taken, samples at 100 Hz.
const HALF: usize = 8;
/// Range of a lead that shows nothing, µV.
const FLAT_UV: f32 = 20.0;
/// A piece in which it is taken, ms.
const PIECE_MS: f64 = 500.0;
/// Left out behind the beat before and ahead of the beat after, ms.
const AFTER_MS: f64 = 400.0;
const AHEAD_MS: f64 = 100.0;

/// What the leads show in a stretch without a QRS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Most leads show a signal: no QRS is there.
    Plain,
    /// Most leads are flat: standstill, or electrodes that came off.
    Still,
    /// Nothing was recorded in any lead: gaps, rails, or one and the same number from the first sample to the last.
    Lost,
    /// Most leads are flat, and in the others the beats go on.
    Seen,
}

/// A stretch without a QRS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Its start, ms of the strip.
    pub from_ms: f64,
    /// Its end.
    pub to_ms: f64,
    /// It begins or ends with the strip: longer than can be seen.
    pub cut: bool,
    /// What the leads show.
    pub state: State,
}

impl Gap {
    /// Length, ms.
    #[must_use]
    pub fn ms(&self) -> f64 {
        self.to_ms - self.from_ms
    }
}

/// Stretches of at least `least_ms` without a complex of some height, and how many complexes there are.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
pub fn find(
    group: &Group,
    signal: &Signal,
    leads: &[Vec<f32>],
    m: &Measured,
    least_ms: f64,
) -> (Vec<Gap>, usize) {
    let beats = complexes(leads, m);
    let end = signal.len as f64 * 2.0;
    let from = std::iter::once(0.0).chain(beats.iter().copied());
    let to = beats.iter().copied().chain(std::iter::once(end));
    let gaps = from
        .zip(to)
        .enumerate()
        .filter(|(_, (a, b))| b - a >= least_ms)
        .map(|(k, (from_ms, to_ms))| {
            let cut = k == 0 || k == beats.len();
            let inner = (
                if k == 0 { 0.0 } else { from_ms + AFTER_MS },
                if k == beats.len() { to_ms } else { to_ms - AHEAD_MS },
            );
            Gap { from_ms, to_ms, cut, state: state(group, inner, least_ms) }
        })
        .collect();
    (gaps, beats.len())
}

/// Beats as high as a QRS is, ms.
fn complexes(leads: &[Vec<f32>], m: &Measured) -> Vec<f64> {
    let heights: Vec<f32> = m.beats.iter().map(|b| height(leads, b / 5)).collect();
    let least = (LOW * percentile(&heights, 0.5)).max(FAINT_UV);
    m.beats_ms.iter().zip(&heights).filter(|(_, h)| **h >= least).map(|(b, _)| *b).collect()
}

/// Range around a sample of the thinned leads, the second largest of all leads (the largest when there is one).
fn height(leads: &[Vec<f32>], at: usize) -> f32 {
    let mut ranges: Vec<f32> = leads
        .iter()
        .filter_map(|s| s.get(at.saturating_sub(HALF)..(at + HALF).min(s.len())))
        .map(range)
        .collect();
    ranges.sort_by(|a, b| b.total_cmp(a));
    ranges.get(1).or(ranges.first()).copied().unwrap_or(0.0)
}

fn range(s: &[f32]) -> f32 {
    let (low, high) =
        s.iter().filter(|v| v.is_finite()).fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    (high - low).max(0.0)
}

/// One lead in a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// More than a flat line.
    Signal,
    /// A flat line with the noise of an amplifier.
    Flat,
    /// One and the same number.
    Constant,
    /// Missing, or at the rail.
    Nothing,
}

fn state(group: &Group, inner: (f64, f64), least_ms: f64) -> State {
    let (from, to) = (sample(group, inner.0), sample(group, inner.1));
    let leads: Vec<&Lead> = TWELVE
        .iter()
        .filter_map(|id| group.lead(id))
        .filter(|l| !l.derived && l.id.number().is_some())
        .collect();
    let whole = from == 0 && to >= group.samples;
    let piece = sample(group, PIECE_MS);
    let shown: Vec<(&LeadId, Shows)> =
        leads.iter().map(|l| (&l.id, shows(l, (from, to), whole, piece))).collect();
    let count = |s: Shows| shown.iter().filter(|x| x.1 == s).count();
    if count(Shows::Nothing) == shown.len() {
        return State::Lost;
    }
    if count(Shows::Signal) * 2 > shown.len() {
        return State::Plain;
    }
    if count(Shows::Flat) * 2 > shown.len() && count(Shows::Signal) == 0 {
        // A quiet line in every lead is what standstill looks like.
        return State::Plain;
    }
    let out: Vec<LeadId> = shown.iter().filter(|x| x.1 != Shows::Signal).map(|x| x.0.clone()).collect();
    if count(Shows::Signal) > 0 && beats_go_on(&group.part(from, to), &out, least_ms) {
        State::Seen
    } else {
        State::Still
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample of the recording")]
fn sample(group: &Group, ms: f64) -> usize {
    ((ms.max(0.0) * group.rate.to_f64() / 1_000.0).round() as usize).min(group.samples)
}

/// What a lead shows in a stretch; a number that never changes over a whole strip was never measured.
fn shows(lead: &Lead, (from, to): (usize, usize), whole: bool, piece: usize) -> Shows {
    let raw = lead.raw.get(from..to.min(lead.raw.len())).unwrap_or_default();
    let dead = |i: usize, r: i32| lead.is_missing(from + i) || r == lead.rails.0 || r == lead.rails.1;
    let lost = raw.iter().enumerate().filter(|(i, r)| dead(*i, **r)).count();
    let still = raw.windows(2).all(|w| w.first() == w.last());
    if lost * 2 >= raw.len() || (whole && still) {
        return Shows::Nothing;
    }
    // Most of the time flat: a beat at the edge of the stretch is no sign that the lead goes on.
    let uv = lead.uv(to);
    let pieces: Vec<bool> =
        uv.get(from..).unwrap_or_default().chunks(piece.max(1)).map(|w| range(w) < FLAT_UV).collect();
    let flat = pieces.iter().filter(|f| **f).count();
    if flat * 10 < pieces.len() * 7 {
        Shows::Signal
    } else if still_share(raw) {
        Shows::Constant
    } else {
        Shows::Flat
    }
}

/// Most samples are equal to the one before: no amplifier was listened to.
fn still_share(raw: &[i32]) -> bool {
    raw.windows(2).filter(|w| w.first() == w.last()).count() * 10 >= raw.len().saturating_sub(1) * 9
}

/// Whether the leads that still show something have beats of one shape and of some height without a pause.
fn beats_go_on(part: &Group, out: &[LeadId], least_ms: f64) -> bool {
    let (Some(signal), m) = (Signal::prepare(part, out), measure::measure(part, out)) else { return false };
    let beats = complexes(&chaos::thinned(&signal), &m);
    let same = m.dominant.iter().filter(|d| **d).count();
    #[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
    let end = signal.len as f64 * 2.0;
    let starts = std::iter::once(0.0).chain(beats.iter().copied());
    let ends = beats.iter().copied().chain(std::iter::once(end));
    beats.len() >= 2 && same * 3 >= m.beats.len() * 2 && starts.zip(ends).all(|(a, b)| b - a < least_ms)
}
