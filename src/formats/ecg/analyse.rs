//! One pass over a decoded recording: measured, judged, triaged.

use super::critical::{self, Level, Raise};
use super::leadswap::{self, Swap};
use super::measure::{self, Measured};
use super::model::Document;
use super::quality::{self, Quality};

/// What this program says about a recording.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Beats, median beat, values.
    pub measured: Measured,
    /// Technical verdict.
    pub quality: Quality,
    /// Exchanged electrodes, as far as the recording itself shows them.
    pub swap: Option<Swap>,
    /// Critical rules that hold. The machine only raises.
    pub raises: Vec<Raise>,
}

impl Analysis {
    /// `red`, `orange`, `normal`.
    #[must_use]
    pub fn triage(&self) -> &'static str {
        if self.raises.iter().any(|r| r.level == Level::Red) {
            "red"
        } else if self.raises.is_empty() {
            "normal"
        } else {
            "orange"
        }
    }
}

/// Analyses the rhythm group with the named preset of critical rules; an unknown preset is the default one.
#[must_use]
pub fn analyse(document: &Document, preset: &str) -> Analysis {
    let mut measured = document.rhythm().map(|g| measure::measure(g, &[])).unwrap_or_default();
    // An exchange with the right leg leaves a lead without signal: looked for before such leads are set aside.
    let swap = leadswap::suspect(&measured);
    let quality = quality::judge(document, &measured);
    let bad = quality.unusable();
    if !bad.is_empty() {
        // A loose electrode must not speak for the others: measured again without its leads.
        measured = document.rhythm().map(|g| measure::measure(g, &bad)).unwrap_or_default();
    }
    let mut raises = critical::evaluate(&measured, &quality, critical::preset(preset));
    raises.extend(critical::stated(&document.statements));
    Analysis { measured, quality, swap, raises }
}
