//! The rhythm, as far as it decides whether P waves are looked for and whether the strip is critical.

use serde::Serialize;

use super::fwaves;
use super::lanes::Lanes;
use super::signal::{HZ, ms, percentile, percentile_f64};
use super::template::{Complex, Template, Window};
use super::train::{self, Train};

/// Kind of rhythm. The machine describes; a physician names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A P wave of constant shape before the QRS at a constant distance.
    Sinus,
    /// Atrial fibrillation.
    #[serde(rename = "af")]
    Fibrillation,
    /// Atrial flutter.
    Flutter,
    /// The ventricles follow pacing spikes.
    Paced,
    /// Atria and ventricles beat independently, the ventricles slower: third degree block.
    #[serde(rename = "av_block_3")]
    Block3,
    /// Most beats are of other than the dominant shape or early.
    Ectopic,
    /// Regular, without P waves before the QRS.
    Junctional,
    /// Not decided.
    #[default]
    Unknown,
}

impl Kind {
    /// The word of the interfaces.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Sinus => "sinus",
            Self::Fibrillation => "af",
            Self::Flutter => "flutter",
            Self::Paced => "paced",
            Self::Block3 => "av_block_3",
            Self::Ectopic => "ectopic",
            Self::Junctional => "junctional",
            Self::Unknown => "unknown",
        }
    }
}

/// The rhythm of a strip.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rhythm {
    /// Kind.
    pub kind: Kind,
    /// RR intervals vary by more than breathing and single ectopic beats explain.
    pub irregular: bool,
    /// A P wave belongs to the dominant beats.
    pub p_present: bool,
    /// Pacing spikes, samples of the analysis copy.
    pub pacing_spikes: Vec<usize>,
    /// Rate of the atria per minute where it differs from that of the ventricles and was measured.
    pub atrial_rate: Option<f64>,
}

/// Height of a P wave, µV RMS over the leads.
const LEAST_UV: f32 = 10.0;
/// Likeness of the beats' P waves with the common one.
const ALIKE: f32 = 0.70;
/// The same when the rhythm is irregular.
const ALIKE_IRREGULAR: f32 = 0.80;
/// Likeness that speaks for P waves, or for flutter, rather than for chance.
const ALIKE_CLEAR: f32 = 0.85;
/// The middle half of RR intervals lies within this share of the median: regular ventricles.
const REGULAR: f64 = 0.10;
/// Atria this much faster than the ventricles, as a share of the RR interval.
const SLOWER: f64 = 0.93;
/// Activity between T and P against the P wave: fibrillation and flutter fill the pause.
const BETWEEN: f32 = 0.70;
/// The same when the activity is tall: noise and U waves are not.
const BETWEEN_TALL: f32 = 0.55;
/// That activity is more than noise, µV RMS over the leads.
const BETWEEN_UV: f32 = 40.0;
/// Half of the steps between successive intervals exceed this share of the mean: neither breathing nor single early beats.
const UNEVEN: f64 = 0.07;
/// A quarter of the steps exceed this: erratic, as with changing block of flutter.
const ERRATIC: f64 = 0.15;
/// Waves that repeat in the pauses count from this share of the P wave when the rhythm is erratic.
const BETWEEN_ERRATIC: f32 = 0.25;
/// Intervals needed to judge their evenness.
const ENOUGH: usize = 4;
/// How strictly flutter repeats.
const REPEATS: f32 = 0.55;
/// The P wave's peak lies at most this long before the QRS peak, ms.
const FAR_MS: f32 = 330.0;

/// What is known when the rhythm is judged.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The filtered strip.
    pub lanes: &'a Lanes,
    /// Its beats.
    pub beats: &'a [Complex],
    /// The common P wave.
    pub template: Option<&'a Template>,
    /// Pacing spikes.
    pub spikes: Vec<usize>,
    /// Beats begun by a spike.
    pub paced: &'a [bool],
}

/// The pauses between T wave and QRS.
#[must_use]
pub fn pauses(beats: &[Complex]) -> Vec<Window> {
    beats
        .windows(2)
        .filter_map(|w| {
            let [a, b] = w else { return None };
            if !a.dominant {
                return None;
            }
            let from = a.t_off.unwrap_or(a.off + ms(260.0)) + ms(20.0);
            let to = b.on.checked_sub(ms(8.0))?;
            (from + ms(60.0) <= to).then_some((from, to))
        })
        .collect()
}

/// Judges the rhythm; the train is given where atria and ventricles are independent.
#[must_use]
pub fn classify(e: Evidence<'_>) -> (Rhythm, Option<Train>) {
    let rr = intervals(e.beats);
    let steps = steps(&rr);
    let irregular = steps.0 > UNEVEN;
    let mut out = Rhythm { irregular, ..Rhythm::default() };
    let activity = fwaves::between(e.lanes, e.beats, e.template);
    let between = percentile(&activity, 0.5);
    let pauses = pauses(e.beats);
    let filled = |share: f32| e.template.is_some_and(|t| !activity.is_empty() && between >= share * t.height);
    // Looked for only where the pauses are not empty.
    let repeats = (e.template.is_none() || filled(BETWEEN_ERRATIC))
        .then(|| fwaves::period(e.lanes, &pauses))
        .flatten()
        .filter(|(_, r)| *r >= REPEATS);
    // A paced ventricle is even whatever the atria do; a fast one leaves no pause in which a period could be seen.
    let half = e.paced.iter().filter(|p| **p).count() * 2 >= e.beats.len().max(1);
    let uneven = irregular || steps.1 > ERRATIC || half;
    let hidden = pauses.iter().filter(|(a, b)| fwaves::shows_period(*a, *b)).count() < 2;
    let fibrillates = |t: &Template| {
        filled(BETWEEN) && (uneven || t.alike < ALIKE_CLEAR)
            || filled(BETWEEN_TALL) && between >= BETWEEN_UV && (uneven || hidden)
            || filled(BETWEEN_TALL) && repeats.is_some()
            || filled(BETWEEN_ERRATIC) && uneven && repeats.is_some()
    };
    let constant = |t: &Template| {
        t.height >= LEAST_UV
            && t.alike >= if irregular { ALIKE_IRREGULAR } else { ALIKE }
            && t.before - t.centre <= ms(FAR_MS)
            && !fibrillates(t)
    };
    out.p_present = e.template.is_some_and(constant);
    out.pacing_spikes = e.spikes;
    if out.p_present {
        out.kind = if half { Kind::Paced } else { Kind::Sinus };
        return (out, None);
    }
    let regular = !rr.is_empty() && spread(&rr) <= REGULAR && !irregular && steps.1 <= ERRATIC;
    let typical = percentile_f64(&rr, 0.5).unwrap_or(0.0);
    // The train is faster than the ventricles, or these are not regular: with one P wave to a beat it says nothing new.
    let train = train::find(&train::waves(e.lanes, &pauses), &pauses)
        .filter(|t| !regular || t.period < SLOWER * typical);
    let per_minute = |samples: f64| 60.0 * f64::from(HZ) / samples;
    #[expect(clippy::cast_precision_loss, reason = "a lag of 150 samples")]
    let flutter = repeats.map(|(lag, _)| per_minute(lag as f64));
    out.atrial_rate = train.as_ref().map(|t| per_minute(t.period)).or(flutter.filter(|_| !half));
    let locked = !irregular && e.template.is_some_and(|t| t.alike >= ALIKE_CLEAR && filled(BETWEEN_TALL));
    let low = e.template.is_some_and(|t| t.height < LEAST_UV);
    let own = e.beats.iter().filter(|b| b.dominant).count() * 2 >= e.beats.len();
    out.kind = if half {
        Kind::Paced
    } else if train.is_some() {
        // Some P waves are conducted when the ventricles are not regular: second degree, which this does not name.
        if regular { Kind::Block3 } else { Kind::Unknown }
    } else if flutter.is_some() || locked {
        // Waves that repeat, or that keep their place before the QRS and fill the pauses as well.
        Kind::Flutter
    } else if irregular {
        Kind::Fibrillation
    } else if regular && low {
        Kind::Junctional
    } else if !own {
        Kind::Ectopic
    } else if !regular && e.template.is_some_and(|t| t.alike < ALIKE) {
        Kind::Fibrillation
    } else {
        Kind::Unknown
    };
    (out, train)
}

/// RR intervals between beats of the dominant class, samples; all of them when those are few.
#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
fn intervals(beats: &[Complex]) -> Vec<f64> {
    let between = |all: bool| -> Vec<f64> {
        beats
            .windows(2)
            .filter_map(|w| {
                let [a, b] = w else { return None };
                (all || a.dominant && b.dominant).then(|| b.peak.saturating_sub(a.peak) as f64)
            })
            .collect()
    };
    let own = between(false);
    // Where aberrant beats are many they belong to the rhythm.
    if own.len() >= ENOUGH.max(beats.len() / 2) { own } else { between(true) }
}

/// Steps between successive intervals against their mean: the middle one and the upper quartile.
#[expect(clippy::cast_precision_loss, reason = "a count of beats")]
fn steps(rr: &[f64]) -> (f64, f64) {
    if rr.len() < ENOUGH {
        return (0.0, 0.0);
    }
    let mean = rr.iter().sum::<f64>() / rr.len() as f64;
    let all: Vec<f64> = rr.windows(2).filter_map(|w| Some((w.get(1)? - w.first()?).abs() / mean)).collect();
    let at = |p| percentile_f64(&all, p).unwrap_or(0.0);
    (at(0.5), at(0.75))
}

/// Middle half of the intervals against their median.
fn spread(rr: &[f64]) -> f64 {
    let at = |p| percentile_f64(rr, p).unwrap_or(0.0);
    if at(0.5) > 0.0 { (at(0.75) - at(0.25)) / at(0.5) } else { 1.0 }
}
