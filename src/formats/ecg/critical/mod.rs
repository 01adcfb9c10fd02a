//! Critical rules (ECG specification 14): a preset says the thresholds, this module how they are looked for.
//! The machine only raises, never lowers or signs; a physician confirms or rejects.

mod preset;
mod rate;
mod shape;

use serde::Serialize;

use super::measure::Measured;
use super::quality::Quality;

pub use preset::{Cell, Preset, preset, presets, stated};

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
    /// `pause rate_low av_block_3 vt svt af_rate preexcited_af qt st_elevation hyperkalaemia vendor_statement`.
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
    /// The strip is shorter than the rule asks for: to be confirmed on a longer one.
    pub provisional: bool,
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

/// Which rules of the preset hold.
#[must_use]
pub fn evaluate(m: &Measured, quality: &Quality, preset: &Preset) -> Vec<Raise> {
    let mut found = Vec::new();
    if m.beats.len() >= 3 {
        found.extend(rate::pause(m, quality, preset));
        found.extend(rate::slow(m, preset));
        found.extend(rate::block(m, preset));
        found.extend(rate::fast(m, preset));
        found.extend(rate::preexcited(m, preset));
        found.extend(shape::qt(m, preset));
        found.extend(shape::st(m, quality, preset));
        found.extend(shape::potassium(m, preset));
    }
    let name = preset.label();
    found
        .into_iter()
        .map(|f| Raise {
            rule: f.rule,
            preset: name.clone(),
            level: f.level,
            finding: f.finding,
            value: f.value,
            evidence: f.evidence,
            provisional: f.provisional,
        })
        .collect()
}

/// A value of the server.
fn value(m: &Measured, what: &str) -> Option<f64> {
    m.values.iter().find(|v| v.what == what).and_then(|v| v.number)
}
