//! The sentences of an ECG report with their codes (ECG specification 14), and which of them contradict the measurement or
//! each other.

use std::sync::OnceLock;

use pinyin::ToPinyin;
use serde::{Deserialize, Serialize};

use super::measure::{Kind, Measured};

/// How soon somebody must know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Nothing to hurry.
    #[default]
    Normal,
    /// To be followed up.
    Attention,
    /// At once.
    Urgent,
}

/// One sentence.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Statement {
    /// Our code; never reused for another meaning.
    pub code: String,
    /// Code of AHA/ACC/HRS 2007 part II: primary or secondary, with modifiers after `+`; empty = none.
    pub aha: String,
    /// SCP-ECG statement or MDC code; empty = none.
    pub scp_or_mdc: String,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
    /// Pinyin without tones or blanks.
    #[serde(default)]
    pub pinyin: String,
    /// First letters: `dxxl` finds 窦性心律.
    #[serde(default)]
    pub initials: String,
    /// Group.
    pub group: String,
    /// Urgency.
    pub urgency: Urgency,
    /// What the measurement must show: `p no_p pr pr_long narrow wide rate_high rate_low qt_long qt_short axis_left axis_right`.
    #[serde(default, skip_serializing)]
    needs: Vec<String>,
    /// Sentences that cannot stand beside this one.
    #[serde(default, skip_serializing)]
    excludes: Vec<String>,
}

/// Two sentences, or a sentence and the measurement, that do not go together. The physician decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Codes concerned.
    pub codes: Vec<String>,
    /// Chinese.
    pub text_zh: String,
    /// English.
    pub text_en: String,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    version: String,
    source: String,
    rows: Vec<Statement>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let mut file: File =
            serde_json::from_str(include_str!("presets/statements.json")).unwrap_or_default();
        for s in &mut file.rows {
            (s.pinyin, s.initials) = spelled(&s.zh);
        }
        file
    })
}

/// All sentences, in the order of the list.
#[must_use]
pub fn all() -> &'static [Statement] {
    &file().rows
}

/// Version of the list.
#[must_use]
pub fn version() -> &'static str {
    &file().version
}

/// Where codes and terms come from.
#[must_use]
pub fn source() -> &'static str {
    &file().source
}

/// The sentence of a code.
#[must_use]
pub fn get(code: &str) -> Option<&'static Statement> {
    all().iter().find(|s| s.code == code)
}

/// Readings in these terms where the commonest reading of the character is another one.
const READINGS: [(char, &str); 6] =
    [('长', "chang"), ('率', "lv"), ('传', "chuan"), ('差', "cha"), ('重', "zhong"), ('行', "xing")];

/// Pinyin and initials; letters and digits stand for themselves.
fn spelled(zh: &str) -> (String, String) {
    let (mut whole, mut first) = (String::new(), String::new());
    for c in zh.chars() {
        let own = READINGS.iter().find(|(k, _)| *k == c).map(|(_, r)| *r);
        let reading = own.or_else(|| c.to_pinyin().map(|p| p.plain()));
        if let Some(r) = reading {
            // ü is typed v.
            whole.push_str(&r.replace('ü', "v"));
            first.extend(r.chars().next());
        } else if c.is_alphanumeric() {
            whole.extend(c.to_lowercase());
            first.extend(c.to_lowercase());
        }
    }
    (whole, first)
}

/// Whether the measurement shows what a sentence needs; none when it cannot say.
fn shown(need: &str, m: &Measured) -> Option<bool> {
    let value = |what: &str| m.values.iter().find(|v| v.what == what).and_then(|v| v.number);
    let p = m.marks.p.is_some() || m.rhythm.p_present || m.rhythm.atrial_rate.is_some();
    let measured = m.beats.len() >= 3;
    Some(match need {
        "p" if measured => p,
        // P waves alone do not speak against fibrillation while the rhythm reads as such.
        "no_p" if measured => !(m.rhythm.kind == Kind::Sinus && m.rhythm.p_present && !m.irregular),
        "pr" if measured => value("pr").is_some(),
        "pr_long" => value("pr")? > 180.0,
        "narrow" => value("qrs")? < 125.0,
        "wide" => value("qrs")? >= 105.0,
        "rate_high" => value("hr")? >= 95.0,
        "rate_low" => value("hr")? <= 65.0,
        "qt_long" => value("qtcf")?.max(value("qtcb")?) >= 435.0,
        "qt_short" => value("qtcf")? <= 380.0,
        "axis_left" => value("axis_qrs")? <= 0.0,
        "axis_right" => value("axis_qrs")? >= 60.0,
        _ => return None,
    })
}

/// What is missing, for people.
fn missing(need: &str) -> (&'static str, &'static str) {
    match need {
        "p" => ("未测到P波(PR —)", "no P wave was found (PR —)"),
        "no_p" => ("测到规则出现的P波", "regular P waves were found"),
        "pr" => ("PR间期未测得(PR —)", "no PR interval was measured (PR —)"),
        "pr_long" => ("PR间期不长", "the PR interval is not long"),
        "narrow" => ("QRS增宽", "the QRS is wide"),
        "wide" => ("QRS不宽", "the QRS is not wide"),
        "rate_high" => ("心率不快", "the rate is not high"),
        "rate_low" => ("心率不慢", "the rate is not low"),
        "qt_long" => ("QTc不长", "QTc is not long"),
        "qt_short" => ("QTc不短", "QTc is not short"),
        "axis_left" => ("QRS电轴不偏左", "the QRS axis is not to the left"),
        _ => ("QRS电轴不偏右", "the QRS axis is not to the right"),
    }
}

/// Contradictions of the chosen sentences with the measurement and with each other. Limits are wide: what is pointed out is
/// beyond the usual difference between a reader and a program.
#[must_use]
pub fn contradictions(codes: &[String], m: &Measured) -> Vec<Contradiction> {
    let chosen: Vec<&Statement> = codes.iter().filter_map(|c| get(c)).collect();
    let mut out = Vec::new();
    for s in &chosen {
        for need in s.needs.iter().filter(|n| shown(n, m) == Some(false)) {
            let (zh, en) = missing(need);
            out.push(Contradiction {
                codes: vec![s.code.clone()],
                text_zh: format!("“{}”与测量不符:{zh}", s.zh),
                text_en: format!("\"{}\" disagrees with the measurement: {en}", s.en),
            });
        }
    }
    for (i, a) in chosen.iter().enumerate() {
        for b in chosen.iter().skip(i + 1) {
            let urgent = |x: &Statement, y: &Statement| x.code == "normal" && y.urgency == Urgency::Urgent;
            if a.excludes.contains(&b.code) || b.excludes.contains(&a.code) || urgent(a, b) || urgent(b, a) {
                out.push(Contradiction {
                    codes: vec![a.code.clone(), b.code.clone()],
                    text_zh: format!("“{}”与“{}”互相矛盾", a.zh, b.zh),
                    text_en: format!("\"{}\" and \"{}\" contradict each other", a.en, b.en),
                });
            }
        }
    }
    out
}
