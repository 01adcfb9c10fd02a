//! Measuring a recording on all leads together (ECG specification 11): beats, median beat, boundaries, values.
//!
//! The samples are a copy at 500 Hz; the archived ones stay untouched. Times are seconds times 500 until `values`.

pub mod atria;
pub mod beats;
pub mod bounds;
pub mod delineate;
pub mod detect;
pub mod fwaves;
pub mod lanes;
pub mod level;
pub mod median;
pub mod pacing;
pub mod pedges;
pub mod pfind;
pub mod rhythm;
pub mod rows;
pub mod signal;
pub mod spikes;
pub mod template;
pub mod train;
pub mod twave;
pub mod typing;
pub mod values;

use super::lead::LeadId;
use super::model::{Group, Value};

use beats::Strip;
use lanes::Lanes;

pub use delineate::{Beat, BeatClass, Qrs, Wave};
use pfind::PWave;
pub use rhythm::{Kind, Rhythm};
pub use signal::{HZ, Signal};
use template::Complex;

/// Everything measured.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// QRS peaks in the rhythm group, ms from its first sample.
    pub beats_ms: Vec<f64>,
    /// The same as samples of the analysis copy.
    pub beats: Vec<usize>,
    /// Beats of the dominant class.
    pub dominant: Vec<bool>,
    /// Every beat delineated, samples of the file's own rate.
    pub delineation: Vec<Beat>,
    /// The median beat at 500 Hz; empty without beats.
    pub median: median::Median,
    /// Boundaries in the median beat.
    pub marks: Marks,
    /// Values, source `server`.
    pub values: Vec<Value>,
    /// Ventricular rate per minute, from the typical RR interval.
    pub rate: Option<f64>,
    /// Values to be printed with a question mark, by their names.
    pub doubtful: Vec<&'static str>,
    /// QT dispersion, ms: from the second earliest to the second latest end of T over the leads.
    pub qt_dispersion: Option<f64>,
    /// Longest RR interval, ms.
    pub longest_rr_ms: Option<f64>,
    /// The rhythm.
    pub rhythm: Rhythm,
    /// RR intervals vary by more than the rhythm of a sinus node does.
    pub irregular: bool,
}

impl Measured {
    /// ST at the J point of a lead, µV against the level before the QRS.
    #[must_use]
    pub fn st_at_j(&self, n: u16) -> Option<f32> {
        let (on, off) = self.marks.qrs?;
        values::st(self.median.lead(n)?, on, off)
    }
}

/// Boundaries in samples of the median beat.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Marks {
    /// P onset and end; none when no P wave is believed.
    pub p: Option<(usize, usize)>,
    /// QRS onset and end.
    pub qrs: Option<(usize, usize)>,
    /// T end.
    pub t_off: Option<usize>,
}

/// Measures the group without the leads in `bad`; a group without usable standard leads gives nothing.
#[must_use]
pub fn measure(group: &Group, bad: &[LeadId]) -> Measured {
    let Some(signal) = Signal::prepare(group, bad) else { return Measured::default() };
    let mut lanes = Lanes::of(&signal);
    let mut beats = detect::detect(&lanes);
    let candidates = spikes::candidates(&lanes);
    let spikes = beats::pacing(candidates.clone(), &beats);
    if !spikes.is_empty() {
        spikes::blank(&mut lanes.rows, &spikes);
        beats = detect::detect(&lanes);
    }
    let classes = typing::classes(&lanes.rows, lanes.leads.len(), &beats);
    // Beats of a class are counted from the same point of their QRS: RR intervals do not jitter.
    for (b, at) in classes.iter().flat_map(|c| c.beats.iter().zip(&c.at)) {
        if let Some(place) = beats.get_mut(*b) {
            *place = *at;
        }
    }
    let beats_ms: Vec<f64> = beats.iter().map(|b| samples(*b) * 1_000.0 / f64::from(HZ)).collect();
    let rr: Vec<f64> = beats_ms.windows(2).filter_map(|w| Some(w.get(1)? - w.first()?)).collect();
    let typical = values::typical(&rr);
    #[expect(clippy::cast_possible_truncation, reason = "an RR interval in ms")]
    let rr_ms = typical.unwrap_or(1_000.0) as f32;
    let strip = Strip { rows: &lanes.rows, numbers: &lanes.leads, beats: &beats, spikes: &spikes, rr_ms };
    let shapes = beats::shapes(&strip, &classes);
    let mut delineation = beats::lay(&strip, &classes, &shapes);
    let rr = values::onset_intervals(&delineation);
    let mut out = Measured {
        rate: values::typical(&rr).map(|t| 60_000.0 / t),
        beats_ms,
        longest_rr_ms: rr.iter().copied().reduce(f64::max),
        dominant: vec![false; beats.len()],
        ..Measured::default()
    };
    for b in classes.first().iter().flat_map(|c| &c.beats) {
        if let Some(d) = out.dominant.get_mut(*b) {
            *d = true;
        }
    }
    if let Some(first) = shapes.into_iter().next() {
        out.marks = Marks::of(&first);
        out.doubtful = doubtful(&first);
        out.qt_dispersion = first.t.and_then(|t| t.spread).map(|s| f64::from(s) * 1_000.0 / f64::from(HZ));
        out.median = first.median;
    }
    let complexes: Vec<Complex> =
        delineation.iter().zip(&out.dominant).map(|(b, d)| complex(b, *d)).collect();
    let reading = atria::read(&lanes, &complexes, &candidates);
    for (beat, wave) in delineation.iter_mut().zip(&reading.waves) {
        beat.p = wave.map(Wave::from);
    }
    out.marks.p = reading.common.and_then(|w| in_median(w, out.median.peak));
    out.irregular = reading.rhythm.irregular;
    out.rhythm = reading.rhythm;
    let file = group.rate.to_f64() / f64::from(HZ);
    out.delineation = delineation.into_iter().map(|b| b.scaled(file)).collect();
    out.beats = beats;
    out.values = values::values(&out, &rr);
    out
}

/// A beat as the atria are read from it. Where the QRS has no boundaries it is taken to last from 40 ms before to 60 ms behind
/// its peak.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample of the recording")]
fn complex(b: &Beat, dominant: bool) -> Complex {
    let at = |v: f64| v.round().max(0.0) as usize;
    Complex {
        on: at(b.qrs.on.unwrap_or(b.qrs.peak - 20.0)),
        peak: at(b.qrs.peak),
        off: at(b.qrs.off.unwrap_or(b.qrs.peak + 30.0)),
        t_off: b.t.and_then(|t| t.off).map(at),
        dominant,
    }
}

/// The global boundaries of the common P wave in the median beat.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample of the median beat")]
fn in_median(w: PWave, peak: usize) -> Option<(usize, usize)> {
    let at = |v: f64| (v + samples(peak)).round();
    (at(w.g_on) >= 0.0 && at(w.g_on) < at(w.g_off)).then(|| (at(w.g_on) as usize, at(w.g_off) as usize))
}

#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
fn samples(i: usize) -> f64 {
    i as f64
}

impl Marks {
    /// The global boundaries of a class, which intervals and reports use.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a sample of the median beat"
    )]
    fn of(shape: &beats::Shape) -> Self {
        let at = |v: f32| (v.round().max(0.0) as usize).min(shape.median.len().saturating_sub(1));
        Self {
            p: None,
            qrs: shape.qrs.map(|q| (at(q.g_on), at(q.g_off))),
            t_off: shape.t.map(|t| at(t.g_off)),
        }
    }
}

/// Values whose boundaries were found in ways that disagree.
fn doubtful(shape: &beats::Shape) -> Vec<&'static str> {
    let qrs = shape.qrs.is_none_or(|q| q.doubtful);
    let t = shape.t.is_none_or(|t| t.doubtful);
    let mut out = Vec::new();
    if qrs {
        out.extend(["pr", "qrs"]);
    }
    if t {
        out.extend(["qt", "qtcf", "qtcb", "qtc_framingham", "qtc_hodges", "qt_dispersion"]);
    }
    out
}
