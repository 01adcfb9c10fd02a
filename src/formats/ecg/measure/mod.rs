//! Measuring a recording on all leads together (ECG specification 11): beats, median beat, boundaries, values.
//!
//! The samples are a copy at 500 Hz; the archived ones stay untouched. Times are seconds times 500 until `values`.

pub mod beats;
pub mod bounds;
pub mod delineate;
pub mod detect;
pub mod lanes;
pub mod median;
pub mod pwave;
pub mod rhythm;
pub mod rows;
pub mod signal;
pub mod spikes;
pub mod template;
pub mod twave;
pub mod typing;
pub mod values;

use super::lead::LeadId;
use super::model::{Group, Value};

use beats::Strip;

pub use delineate::{Beat, BeatClass, Qrs, Wave};
pub use signal::{HZ, Signal};

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
    /// Longest RR interval, ms.
    pub longest_rr_ms: Option<f64>,
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
    let Some(mut signal) = Signal::prepare(group, bad) else { return Measured::default() };
    let mut rows = rows::of(&signal.leads);
    let mut beats = detect::detect(&signal, &rows);
    let spikes = beats::pacing(spikes::candidates(&signal), &beats);
    if !spikes.is_empty() {
        for (_, s) in &mut signal.leads {
            spikes::blank(s, &spikes);
        }
        rows = rows::of(&signal.leads);
        beats = detect::detect(&signal, &rows);
    }
    let beats_ms: Vec<f64> = beats.iter().map(|b| samples(*b) * 1_000.0 / f64::from(HZ)).collect();
    let rr: Vec<f64> = beats_ms.windows(2).filter_map(|w| Some(w.get(1)? - w.first()?)).collect();
    let typical = signal::percentile_f64(&rr, 0.5);
    #[expect(clippy::cast_possible_truncation, reason = "an RR interval in ms")]
    let rr_ms = typical.unwrap_or(1_000.0) as f32;
    let classes = typing::classes(&signal, &beats);
    let numbers: Vec<u16> = signal.leads.iter().map(|(n, _)| *n).collect();
    let strip = Strip { rows: &rows, numbers: &numbers, beats: &beats, spikes: &spikes, rr_ms };
    let shapes = beats::shapes(&strip, &classes);
    let mut delineation = beats::lay(&strip, &classes, &shapes);
    let mut out = Measured {
        beats_ms,
        longest_rr_ms: rr.iter().copied().reduce(f64::max),
        irregular: detect::irregular(&rr),
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
        out.median = first.median;
    }
    if let Some(qrs) = out.marks.qrs {
        out.marks.p = pwave::find(&out.median, qrs, typical, &signal, &beats, &out.dominant, out.irregular);
    }
    if let Some((a, b)) = out.marks.p {
        for (beat, _) in delineation.iter_mut().zip(&out.dominant).filter(|(_, d)| **d) {
            let at = |i: usize| Some(beat.qrs.g_on? + samples(i) - samples(out.marks.qrs?.0));
            beat.p = Some(Wave { on: at(a), peak: at(usize::midpoint(a, b)), off: at(b), ..Wave::default() });
        }
    }
    let file = group.rate.to_f64() / f64::from(HZ);
    out.delineation = delineation.into_iter().map(|b| b.scaled(file)).collect();
    out.beats = beats;
    out.values = values::values(&out, &rr);
    out
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
