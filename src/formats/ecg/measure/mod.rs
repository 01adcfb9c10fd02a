//! Measuring a recording on all leads together (ECG specification 11): beats, median beat, boundaries, values.
//!
//! The samples are a copy at 500 Hz; the archived ones stay untouched. Times are seconds times 500 until `values`.

pub mod atria;
pub mod bounds;
pub mod delineate;
pub mod detect;
pub mod fwaves;
pub mod lanes;
pub mod median;
pub mod pedges;
pub mod pfind;
pub mod pwave;
pub mod rhythm;
pub mod signal;
pub mod spikes;
pub mod template;
pub mod train;
pub mod twave;
pub mod typing;
pub mod values;

use super::lead::LeadId;
use super::model::{Group, Value};

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
#[expect(
    clippy::cast_precision_loss,
    reason = "sample numbers are far below 2^24 within the analysed minute"
)]
pub fn measure(group: &Group, bad: &[LeadId]) -> Measured {
    let Some(signal) = Signal::prepare(group, bad) else { return Measured::default() };
    let beats = detect::detect(&signal);
    let mut out = Measured {
        beats_ms: beats.iter().map(|b| *b as f64 * 1_000.0 / f64::from(HZ)).collect(),
        ..Measured::default()
    };
    let rr: Vec<f64> = out.beats_ms.windows(2).filter_map(|w| Some(w.get(1)? - w.first()?)).collect();
    out.longest_rr_ms = rr.iter().copied().reduce(f64::max);
    out.irregular = detect::irregular(&rr);
    let classes = typing::classes(&signal, &beats);
    out.dominant = vec![false; beats.len()];
    if let Some(first) = classes.first() {
        for b in &first.beats {
            out.dominant[*b] = true;
        }
        out.median = median::median(&signal, &first.at);
    }
    let typical = signal::percentile_f64(&rr, 0.5);
    out.marks.qrs = bounds::qrs(&out.median);
    if let Some(qrs) = out.marks.qrs {
        out.marks.t_off = twave::end(&out.median, qrs, typical);
        out.marks.p = pwave::find(&out.median, qrs, typical, &signal, &beats, &out.dominant, out.irregular);
    }
    let file = group.rate.to_f64() / f64::from(HZ);
    out.delineation =
        beats.iter().zip(&out.dominant).map(|(b, d)| placed(&out, *b, *d).scaled(file)).collect();
    out.beats = beats;
    out.values = values::values(&out, &rr);
    out
}

/// The boundaries of the median beat laid on a beat.
#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
fn placed(m: &Measured, beat: usize, dominant: bool) -> Beat {
    let at = |i: usize| Some(beat as f64 + i as f64 - m.median.peak as f64);
    let central = bounds::central(&m.median);
    Beat {
        p: m.marks.p.map(|(a, b)| Wave {
            on: at(a),
            peak: at(usize::midpoint(a, b)),
            off: at(b),
            ..Wave::default()
        }),
        qrs: Qrs {
            on: central.and_then(|(a, _)| at(a)),
            peak: beat as f64,
            off: central.and_then(|(_, b)| at(b)),
            g_on: m.marks.qrs.and_then(|(a, _)| at(a)),
            g_off: m.marks.qrs.and_then(|(_, b)| at(b)),
        },
        t: m.marks.t_off.map(|t| Wave {
            peak: at(t.saturating_sub(signal::ms(80.0))),
            off: at(t),
            ..Wave::default()
        }),
        class: if dominant { BeatClass::Dominant } else { BeatClass::Unknown },
    }
}
