//! One pass over a decoded recording: measured, judged, triaged.

use super::critical::{self, Level, Preset, Raise};
use super::leadswap::{self, Swap};
use super::measure::{self, Measured};
use super::model::{Document, Group};
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
    /// `red`, `orange`, `normal`; only a normal recording may wait to be made again, whatever the quality verdict says.
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

/// A minute is analysed at once, and the next begins this much earlier than it ends, s: a pause of ten seconds lies in one of both.
const BLOCK_S: f64 = 60.0;
const OVERLAP_S: f64 = 10.0;
/// What is longer is looked at for an hour: a recording of a day is reviewed, not triaged.
const MOST_BLOCKS: usize = 72;

/// Analyses the rhythm group with the named preset of critical rules; an unknown preset is the default one. Values, median beat
/// and verdict are those of the first minute; critical rules are looked for in the whole recording, minute by minute.
#[must_use]
pub fn analyse(document: &Document, preset: &str) -> Analysis {
    let rules = critical::preset(preset);
    let (measured, quality, swap) = look(document);
    let mut raises = Vec::new();
    if let Some(group) = document.rhythm() {
        raises = critical::judge(group, &measured, &quality, rules);
        for (from, to) in later(group) {
            raises.extend(block(group, (from, to), rules));
        }
    }
    if document.strips().nth(1).is_some() {
        let strips: Vec<_> = document.strips().map(|g| (g, measure::measure(g, &[]))).collect();
        raises.extend(critical::beside(&strips, rules));
    }
    raises = critical::merged(raises);
    raises.extend(critical::stated(&document.statements));
    Analysis { measured, quality, swap, raises }
}

/// Measured, judged, electrodes compared.
fn look(document: &Document) -> (Measured, Quality, Option<Swap>) {
    let mut measured = document.rhythm().map(|g| measure::measure(g, &[])).unwrap_or_default();
    // An exchange with the right leg leaves a lead without signal: looked for before such leads are set aside.
    let swap = leadswap::suspect(&measured);
    let quality = quality::judge(document, &measured);
    let bad = quality.unusable();
    if !bad.is_empty() {
        // A loose electrode must not speak for the others: measured again without its leads.
        measured = document.rhythm().map(|g| measure::measure(g, &bad)).unwrap_or_default();
    }
    (measured, quality, swap)
}

/// The minutes behind the first, samples.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a minute of samples at a rate cut to what recorders do"
)]
fn later(group: &Group) -> Vec<(usize, usize)> {
    let rate = group.rate.to_f64().clamp(1.0, 50_000.0);
    let (length, step) = ((BLOCK_S * rate) as usize, ((BLOCK_S - OVERLAP_S) * rate) as usize);
    if group.samples <= length {
        return Vec::new();
    }
    // The last one is a whole minute as well.
    (1..=MOST_BLOCKS)
        .map(|k| (k * step).min(group.samples - length))
        .take_while(|from| *from < group.samples - length)
        .chain([(MOST_BLOCKS * step).min(group.samples - length)])
        .map(|from| (from, from + length))
        .collect()
}

/// The raises of a later minute, with the seconds it lies between.
#[expect(clippy::cast_precision_loss, reason = "sample numbers of a recording")]
fn block(group: &Group, (from, to): (usize, usize), rules: &Preset) -> Vec<Raise> {
    let part = group.part(from, to);
    let document = Document { groups: vec![part], ..Document::default() };
    let (measured, quality, _) = look(&document);
    let seconds = |i: usize| i as f64 / group.rate.to_f64();
    let mut raises =
        document.groups.first().map_or_else(Vec::new, |g| critical::judge(g, &measured, &quality, rules));
    for r in &mut raises {
        let place = format!("记录第 {:.0}–{:.0} 秒内", seconds(from), seconds(to));
        r.finding = format!("{}({place})", r.finding);
        r.evidence = format!("{place}(该段起点计时):{}", r.evidence);
    }
    raises
}
