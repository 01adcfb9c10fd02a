//! Measurement of a 12-lead strip: beats, median beat, wave boundaries, intervals, axes, ST levels.
//!
//! First version of the pipeline of the specification §11: boundaries come from the median beat of the dominant
//! class; delineation of every single beat is not offered yet. What cannot be measured is `None`, never a guess.

mod beat;
mod detect;
mod fiducial;
mod filter;
mod prepare;
mod pwave;
mod values;

pub use beat::Median;
pub use fiducial::Marks;
pub use prepare::Strip;

use super::EcgDocument;

/// Everything measured on one recording.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// R peaks in milliseconds from the start of the strip, all classes.
    pub beats_ms: Vec<f64>,
    /// For each beat, true when it belongs to the dominant class.
    pub dominant: Vec<bool>,
    /// Median beat of the dominant class at 500 Hz.
    pub median: Option<Median>,
    /// Boundaries on the median beat.
    pub marks: Option<Marks>,
    /// Values with source `Server`.
    pub values: Vec<super::Value>,
    /// Longest RR interval, ms.
    pub longest_rr_ms: Option<f64>,
    /// Shortest RR interval, ms.
    pub shortest_rr_ms: Option<f64>,
    /// Mean ventricular rate over the strip, per minute.
    pub mean_rate: Option<f64>,
    /// True when RR varies as in atrial fibrillation: mean successive difference above 8 % of the mean RR.
    pub irregular: bool,
    /// True when a P wave precedes the dominant beats.
    pub p_present: bool,
}

/// Measures the rhythm group. Leads in `bad` (standard codes) are left out. Works without any lead, then says nothing.
pub fn measure(document: &EcgDocument, bad: &[u16]) -> Analysis {
    let Some(strip) = document.rhythm().and_then(|g| Strip::prepare(g, bad)) else { return Analysis::default() };
    let beats = detect::beats(&strip);
    let median = beat::median(&strip, &beats);
    let marks = median.as_ref().and_then(|m| fiducial::marks(m, &strip, &beats));
    values::assemble(document, &strip, &beats, median, marks)
}

#[cfg(test)]
mod tests;
