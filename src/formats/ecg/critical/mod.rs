//! Critical rules (ECG specification 14): a preset says the thresholds, this module how they are looked for.
//! The machine only raises, never lowers or signs; a physician confirms or rejects.

mod always;
mod chaos;
mod gaps;
mod preset;
mod rate;
mod shape;
mod stated;

use serde::Serialize;

use super::measure::Measured;
use super::model::Group;
use super::quality::Quality;

pub use preset::{Cell, Preset, preset, presets};
pub use stated::stated;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// 危急
    Red,
    /// 重大阳性
    Orange,
}

/// A rule that holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Raise {
    /// `vf asystole pause no_signal rate_low av_block_3 vt svt af_rate preexcited_af qt st_elevation hyperkalaemia
    /// vendor_statement`.
    pub rule: &'static str,
    /// Preset and version.
    pub preset: String,
    /// Level.
    pub level: Level,
    /// Chinese sentence for the alert.
    pub finding: String,
    /// Value that was found.
    pub value: String,
    /// What it rests on: where, how many beats, against which threshold.
    pub evidence: String,
    /// To be confirmed: the strip is shorter than the rule asks for, cuts what was found, or does not tell it from lost electrodes.
    pub provisional: bool,
}

impl Raise {
    /// Its place among several: the gravest first, and of equals the one that needs no confirmation.
    const fn place(&self) -> (bool, bool) {
        (matches!(self.level, Level::Orange), self.provisional)
    }
}

/// What a rule found, before it is a raise.
struct Found {
    rule: &'static str,
    level: Level,
    finding: String,
    value: String,
    evidence: String,
    provisional: bool,
}

impl Found {
    fn red(rule: &'static str, finding: String, value: String, evidence: String) -> Self {
        Self { rule, level: Level::Red, finding, value, evidence, provisional: false }
    }

    const fn unproven(mut self) -> Self {
        self.provisional = true;
        self
    }

    fn named(self, preset: &str) -> Raise {
        Raise {
            rule: self.rule,
            preset: preset.to_owned(),
            level: self.level,
            finding: self.finding,
            value: self.value,
            evidence: self.evidence,
            provisional: self.provisional,
        }
    }

    const fn orange(mut self) -> Self {
        self.level = Level::Orange;
        self
    }

    /// A rule that asks for `seconds` on a strip of `have`: provisional when the strip cannot prove it.
    fn lasting(mut self, seconds: Option<f64>, have: f64) -> Self {
        if let Some(need) = seconds.filter(|s| have < *s) {
            self.provisional = true;
            self.finding = format!("{}(全程,待确认持续≥{need:.0}秒)", self.finding);
        }
        self
    }
}

/// Everything that holds for a strip: what is looked for whatever the preset, then the rules of the preset.
#[must_use]
pub fn judge(group: &Group, m: &Measured, quality: &Quality, preset: &Preset) -> Vec<Raise> {
    let always = always::find(group, m, preset);
    let mut rules = evaluate(m, quality, preset);
    let mut all = always.raises;
    let listed = rules.iter().any(|r| r.rule == "pause");
    if always.settled || (always.pause.is_some() && !always.plain) {
        rules.retain(|r| r.rule != "pause");
    }
    // One pause, in the words that say most about it.
    all.extend(always.pause.filter(|_| !always.plain || always.settled || !listed));
    all.extend(rules);
    all.sort_by_key(Raise::place);
    all
}

/// Which rules of the preset hold.
#[must_use]
pub fn evaluate(m: &Measured, quality: &Quality, preset: &Preset) -> Vec<Raise> {
    let mut found = Vec::new();
    // Two beats have an interval.
    found.extend(rate::pause(m, preset));
    found.extend(rate::slow(m, preset));
    if m.beats.len() >= 3 {
        found.extend(rate::block(m, preset));
        found.extend(rate::fast(m, preset));
        found.extend(rate::preexcited(m, preset));
        found.extend(shape::qt(m, preset));
        found.extend(shape::st(m, quality, preset));
        found.extend(shape::potassium(m, preset));
    }
    let name = preset.label();
    found.into_iter().map(|f| f.named(&name)).collect()
}

/// One raise for each rule, the gravest of those of several stretches.
#[must_use]
pub fn merged(mut all: Vec<Raise>) -> Vec<Raise> {
    all.sort_by_key(Raise::place);
    let mut out: Vec<Raise> = Vec::new();
    for raise in all {
        if out.iter().all(|r| r.rule != raise.rule) {
            out.push(raise);
        }
    }
    out
}

/// A value of the server.
fn value(m: &Measured, what: &str) -> Option<f64> {
    m.values.iter().find(|v| v.what == what).and_then(|v| v.number)
}
