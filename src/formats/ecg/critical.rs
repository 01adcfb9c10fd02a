//! Critical rules as data: a preset says the thresholds, this file how they are looked for (ECG specification 14).
//! The machine only raises; a physician confirms or rejects.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::lead::LeadId;
use super::measure::Measured;
use super::quality::Quality;

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
    /// `rate_low`, `rate_high`, `pause`, `st_elevation`, `qtc`.
    pub rule: &'static str,
    /// Preset and version.
    pub preset: String,
    /// Level.
    pub level: Level,
    /// Chinese sentence for the alert.
    pub finding: String,
    /// Value that was found.
    pub value: String,
}

/// Thresholds of one preset; an empty cell is a rule that is not applied.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Preset {
    /// Name shown to people.
    pub name: String,
    #[serde(skip)]
    version: String,
    #[serde(skip)]
    code: String,
    pause_ms_at_least: Option<f64>,
    rate_below: Option<f64>,
    rate_at_least: Option<f64>,
    st_chest_low_uv_above: Option<f64>,
    st_other_uv_at_least: Option<f64>,
    st_leads: Option<usize>,
    qtc_ms_at_least: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    version: String,
    default: String,
    statements: Vec<String>,
    presets: BTreeMap<String, Preset>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let mut file: File = serde_json::from_str(include_str!("presets/critical.json")).unwrap_or_default();
        for (code, preset) in &mut file.presets {
            preset.code.clone_from(code);
            preset.version.clone_from(&file.version);
        }
        file
    })
}

/// The preset of this code, or the default one.
#[must_use]
pub fn preset(code: &str) -> &'static Preset {
    static NONE: OnceLock<Preset> = OnceLock::new();
    let file = file();
    file.presets
        .get(code)
        .or_else(|| file.presets.get(&file.default))
        .unwrap_or_else(|| NONE.get_or_init(Preset::default))
}

impl Preset {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// Every preset by code, with the version of the list.
#[must_use]
pub fn presets() -> serde_json::Value {
    let file = file();
    let rows: Vec<_> = file.presets.values().map(|p| serde_json::json!({"code": p.code, "name": p.name})).collect();
    serde_json::json!({"version": file.version, "rows": rows})
}

/// What the recorder itself states, if it is on the list: a reason to look sooner, never a diagnosis.
#[must_use]
pub fn stated(statements: &[String]) -> Option<Raise> {
    let file = file();
    let said = statements.iter().find(|s| {
        let plain: String = s.to_uppercase().split_whitespace().collect();
        file.statements.iter().any(|w| plain.contains(&w.split_whitespace().collect::<String>()))
    })?;
    Some(Raise {
        rule: "vendor_statement",
        preset: file.version.clone(),
        level: Level::Orange,
        finding: format!("设备提示:{said}"),
        value: said.clone(),
    })
}

/// Neighbouring leads: an infarction shows in two of one territory.
const TERRITORIES: [(&str, &[u16]); 4] =
    [("下壁", &[2, 61, 64]), ("高侧壁", &[1, 63]), ("前壁", &[3, 4, 5, 6]), ("前侧壁", &[6, 7, 8])];

/// Which rules hold. Nothing is raised from a recording that must be done again for want of signal.
#[must_use]
pub fn evaluate(m: &Measured, quality: &Quality, preset: &Preset) -> Vec<Raise> {
    let mut out = Vec::new();
    let mut raise = |rule, level, finding: String, value: String| {
        out.push(Raise {
            rule,
            preset: format!("{} {}", preset.code, preset.version),
            level,
            finding,
            value,
        });
    };
    let value = |what: &str| m.values.iter().find(|v| v.what == what).and_then(|v| v.number);
    let rate = value("hr").filter(|_| m.beats.len() >= 3);
    if let Some(r) = rate.filter(|r| preset.rate_below.is_some_and(|t| *r < t)) {
        raise("rate_low", Level::Red, format!("心室率过缓 {r:.0} 次/分"), format!("{r:.0} /min"));
    }
    if let Some(r) = rate.filter(|r| preset.rate_at_least.is_some_and(|t| *r >= t)) {
        raise("rate_high", Level::Red, format!("心室率过速 {r:.0} 次/分"), format!("{r:.0} /min"));
    }
    if let Some(p) = m
        .longest_rr_ms
        .filter(|p| quality.silent.is_empty() && preset.pause_ms_at_least.is_some_and(|t| *p >= t))
    {
        raise("pause", Level::Red, format!("长RR间期 {:.1} 秒", p / 1_000.0), format!("{p:.0} ms"));
    }
    if let Some(q) = value("qtcf").filter(|q| preset.qtc_ms_at_least.is_some_and(|t| *q >= t)) {
        // The table asks for R on T as well, which is not looked for: a lower level until a physician has seen it.
        raise("qtc", Level::Orange, format!("QTc {q:.0} ms"), format!("{q:.0} ms"));
    }
    if let Some((place, leads)) = elevation(m, quality, preset) {
        let list = leads
            .iter()
            .map(|(n, uv)| format!("{} {:.2}", LeadId::Standard(*n), uv / 1_000.0))
            .collect::<Vec<_>>()
            .join(", ");
        // A wide QRS lifts the ST segment by itself, and an unmeasured one may be wide: said, but a step lower.
        let narrow = value("qrs").is_some_and(|q| q < 120.0);
        let level = if narrow { Level::Red } else { Level::Orange };
        let doubt = if narrow { "急性心肌梗死待排" } else { "QRS增宽,请医师判断" };
        let finding = format!("{place}导联ST段抬高({list} mV),{doubt}");
        raise("st_elevation", level, finding, format!("{list} mV"));
    }
    out
}

type Elevated = Vec<(u16, f64)>;

/// ST elevation in neighbouring leads.
fn elevation(m: &Measured, quality: &Quality, preset: &Preset) -> Option<(&'static str, Elevated)> {
    let (chest, other) = (preset.st_chest_low_uv_above?, preset.st_other_uv_at_least?);
    if m.median.beats < 3 {
        return None;
    }
    let st = |n: u16| {
        let id = LeadId::Standard(n);
        if quality.silent.contains(&id) {
            return None;
        }
        let uv = m.values.iter().find(|v| v.what == format!("st_j60_{id}")).and_then(|v| v.number)?;
        let high = |uv: f64| if (3..=5).contains(&n) { uv > chest } else { uv >= other };
        // Half of it at J already: a T wave that rises early and steeply is not an elevated segment.
        let j = f64::from(m.st_at_j(n)?);
        (high(uv) && high(2.0 * j)).then_some((n, uv))
    };
    let need = preset.st_leads.unwrap_or(2);
    TERRITORIES
        .iter()
        .map(|(place, leads)| (*place, leads.iter().filter_map(|n| st(*n)).collect::<Elevated>()))
        .filter(|(_, found)| found.len() >= need)
        .max_by_key(|(_, found)| found.len())
}
