//! Machine raises for critical ECGs by provincial presets (specification §14). The machine only raises: a
//! physician confirms or rejects. Presets are data; cells a source does not state are `None` and raise nothing.

use super::measure::Analysis;

/// Limit that may or may not include its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// At the value or beyond.
    From(f64),
    /// Beyond the value only.
    Beyond(f64),
}

impl Limit {
    fn above(self, x: f64) -> bool {
        match self {
            Limit::From(v) => x >= v,
            Limit::Beyond(v) => x > v,
        }
    }
    fn below(self, x: f64) -> bool {
        match self {
            Limit::From(v) => x <= v,
            Limit::Beyond(v) => x < v,
        }
    }
}

/// One provincial list.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Name shown with every raise, with version.
    pub name: &'static str,
    /// Longest RR, ms.
    pub long_rr_ms: Option<Limit>,
    /// Mean ventricular rate at the low end, per minute.
    pub slow: Option<Limit>,
    /// Wide-complex tachycardia, per minute.
    pub vt: Option<Limit>,
    /// Narrow-complex regular tachycardia without P, per minute.
    pub svt: Option<Limit>,
    /// Irregular tachycardia without P, per minute.
    pub af: Option<Limit>,
    /// ST elevation in limb leads and V4..V6, microvolts.
    pub st_limb: Option<Limit>,
    /// ST elevation in V1..V3, microvolts.
    pub st_v1_v3: Option<Limit>,
}

/// The shipped presets; the first is the default.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "浙江 (试用版)",
        long_rr_ms: Some(Limit::From(3000.0)),
        slow: Some(Limit::Beyond(35.0)),
        vt: Some(Limit::From(150.0)),
        svt: Some(Limit::From(230.0)),
        af: Some(Limit::From(180.0)),
        st_limb: Some(Limit::From(100.0)),
        st_v1_v3: Some(Limit::Beyond(300.0)),
    },
    Preset {
        name: "山西 (2017 试行)",
        long_rr_ms: None,
        slow: None,
        vt: Some(Limit::From(150.0)),
        svt: Some(Limit::From(180.0)),
        af: Some(Limit::From(180.0)),
        st_limb: Some(Limit::From(100.0)),
        st_v1_v3: Some(Limit::From(300.0)),
    },
];

/// Level of a raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 重大阳性.
    Orange,
    /// 危急.
    Red,
}

/// One raise, provisional until a physician confirms it.
#[derive(Clone, Debug, PartialEq)]
pub struct Raise {
    /// Stable slug.
    pub rule: &'static str,
    /// Red or orange.
    pub level: Level,
    /// Chinese finding.
    pub finding: String,
    /// English finding.
    pub finding_en: String,
    /// Measured value with unit.
    pub value: String,
}

/// Contiguous leads: ST elevation counts when two neighbours of one row reach the limit (a single lead is noise more often than infarction).
const NEIGHBOURS: &[(&str, &str)] = &[("II", "aVF"), ("aVF", "III"), ("II", "III"), ("I", "aVL"), ("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5"), ("V5", "V6")];

/// Applies `preset` to an analysis.
pub fn evaluate(a: &Analysis, preset: &Preset) -> Vec<Raise> {
    let mut out = Vec::new();
    let value = |what: &str| a.values.iter().find(|v| v.what == what).and_then(|v| v.number);
    let mut raise = |rule, level, finding: &str, finding_en: &str, value: String| {
        out.push(Raise { rule, level, finding: finding.into(), finding_en: finding_en.into(), value });
    };
    if let (Some(limit), Some(rr)) = (preset.long_rr_ms, a.longest_rr_ms)
        && limit.above(rr)
    {
        raise("long_rr", Level::Red, "长 RR 间期", "long RR interval", format!("{:.2} s", rr / 1000.0));
    }
    // A rate needs beats to be believed.
    if let Some(rate) = a.mean_rate.filter(|_| a.beats_ms.len() >= 3) {
        let wide = value("qrs").is_some_and(|q| q >= 120.0);
        let shown = format!("{rate:.0}/min");
        if preset.slow.is_some_and(|l| l.below(rate)) {
            raise("bradycardia", Level::Red, "严重心动过缓", "severe bradycardia", shown.clone());
        }
        if wide && !a.irregular && preset.vt.is_some_and(|l| l.above(rate)) {
            raise("wide_tachycardia", Level::Red, "宽 QRS 心动过速(疑室速,全程)", "wide-complex tachycardia for the whole strip (possible VT)", shown.clone());
        }
        if !wide && !a.irregular && !a.p_present && preset.svt.is_some_and(|l| l.above(rate)) {
            raise("svt", Level::Red, "室上性心动过速", "supraventricular tachycardia", shown.clone());
        }
        if a.irregular && !a.p_present && preset.af.is_some_and(|l| l.above(rate)) {
            raise("fast_af", Level::Red, "快速心房颤动/扑动", "atrial fibrillation or flutter with fast ventricular rate", shown);
        }
    }
    if let Some(r) = elevation(a, preset) {
        out.push(r);
    }
    out
}

fn elevation(a: &Analysis, preset: &Preset) -> Option<Raise> {
    let level = |name: &str| -> Option<f64> {
        let st = a.values.iter().find(|v| v.what.strip_prefix("st_j60_") == Some(name))?.number?;
        let limit = if matches!(name, "V1" | "V2" | "V3") { preset.st_v1_v3 } else { preset.st_limb };
        limit?.above(st).then_some(st)
    };
    let mut leads: Vec<(&str, f64)> = Vec::new();
    for (one, two) in NEIGHBOURS {
        if let (Some(x), Some(y)) = (level(one), level(two)) {
            for hit in [(*one, x), (*two, y)] {
                if !leads.contains(&hit) {
                    leads.push(hit);
                }
            }
        }
    }
    if leads.is_empty() {
        return None;
    }
    // Bundle branch block and pacing lift ST without infarction: still shown, one level lower.
    let wide = a.values.iter().any(|v| v.what == "qrs" && v.number.is_some_and(|q| q >= 120.0));
    let names = leads.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(" ");
    let most = leads.iter().map(|(_, v)| *v).fold(0.0, f64::max);
    Some(Raise {
        rule: "st_elevation",
        level: if wide { Level::Orange } else { Level::Red },
        finding: format!("ST 段抬高({names})"),
        finding_en: format!("ST elevation ({names})"),
        value: format!("{:.2} mV", most / 1000.0),
    })
}
