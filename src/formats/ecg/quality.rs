//! Signal quality by rules: `good | usable | redo` with reason, lead and electrode (specification §12).

use super::lead::{STANDARD, chest_electrode};
use super::{EcgDocument, Group, Lead, LeadId};
use std::f64::consts::TAU;

/// Verdict on a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing to say.
    Good,
    /// Readable with the named limits.
    Usable,
    /// Should be recorded again while the patient still lies there.
    Redo,
}

impl Verdict {
    /// Database and JSON word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Usable => "usable",
            Verdict::Redo => "redo",
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Stable slug.
    pub code: &'static str,
    /// Leads concerned, e.g. `V3` or `I II`; empty when none.
    pub lead: String,
    /// Electrode to look at: `RA LA LL RL C1`..`C6`; empty when none.
    pub electrode: &'static str,
    /// Chinese sentence.
    pub text_zh: String,
    /// English sentence.
    pub text_en: String,
}

/// Verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// The worst of the reasons.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Standard codes of leads not to be measured.
    pub bad: Vec<u16>,
}

/// Limits in microvolts; see the rules (a) to (e).
const FLAT_UV: f64 = 20.0;
const OFFSET_UV: f64 = 5_000.0;
const WANDER_UV: f64 = 500.0;
const MAINS_UV: f64 = 100.0;
const NOISE_UV: f64 = 25.0;
const NOISE_BAD_UV: f64 = 120.0;

struct Signs {
    flat: bool,
    rail: bool,
    noise: f64,
    mains: f64,
    wander: f64,
    offset: f64,
}

/// Judges the rhythm group. `beats` = QRS found without the bad leads is judged by [`with_beats`].
pub fn assess(document: &EcgDocument) -> Quality {
    let mut q = Quality { verdict: Verdict::Good, reasons: Vec::new(), bad: Vec::new() };
    let Some(group) = document.rhythm() else { return q };
    let signs: Vec<(u16, Signs)> = STANDARD.iter().filter_map(|c| group.lead(*c).map(|l| (*c, signs(l, group)))).collect();
    let of = |holds: &dyn Fn(&Signs) -> bool| -> Vec<u16> { signs.iter().filter(|(_, s)| holds(s)).map(|(c, _)| *c).collect() };
    let off = of(&|s| s.flat || s.rail);
    let loud = of(&|s| !s.flat && (s.noise > NOISE_BAD_UV || s.mains > 6.0 * MAINS_UV));
    faults(&mut q, &off, "lead_off", "电极脱落", "electrode off");
    faults(&mut q, &loud, "noise", "干扰严重", "too noisy");
    q.bad = off.iter().chain(&loud).copied().collect();
    let healthy = |c: &u16| !q.bad.contains(c);
    let soft: [(&'static str, Vec<u16>, &str, &str); 4] = [
        ("mains", of(&|s| s.mains > MAINS_UV), "50 Hz 工频干扰", "50 Hz mains interference"),
        ("noise", of(&|s| s.noise > NOISE_UV), "肌电干扰", "muscle noise"),
        ("wander", of(&|s| s.wander > WANDER_UV), "基线漂移", "baseline wander"),
        ("offset", of(&|s| s.offset > OFFSET_UV), "直流偏移", "DC offset"),
    ];
    let soft = soft.map(|(code, codes, zh, en)| (code, codes.into_iter().filter(healthy).collect::<Vec<_>>(), zh, en));
    for (code, codes, zh, en) in soft {
        if !codes.is_empty() {
            let lead = names(&codes);
            push(&mut q, Verdict::Usable, Reason { code, text_zh: format!("{lead}:{zh}"), text_en: format!("{lead}: {en}"), lead, electrode: "" });
        }
    }
    for w in &document.warnings {
        let verdict = if w.code == "leads" { Verdict::Redo } else { Verdict::Usable };
        push(&mut q, verdict, Reason { code: w.code, lead: String::new(), electrode: "", text_zh: w.text_zh.clone(), text_en: w.text_en.clone() });
    }
    q
}

/// Adds the rule "fewer than three QRS".
pub fn with_beats(mut q: Quality, beats: usize) -> Quality {
    if beats < 3 {
        let (text_zh, text_en) = (format!("仅检出 {beats} 个 QRS 波"), format!("only {beats} QRS found"));
        push(&mut q, Verdict::Redo, Reason { code: "few_qrs", lead: String::new(), electrode: "", text_zh, text_en });
    }
    q
}

fn push(q: &mut Quality, verdict: Verdict, reason: Reason) {
    q.verdict = q.verdict.max(verdict);
    if !q.reasons.contains(&reason) {
        q.reasons.push(reason);
    }
}

/// Names the electrode behind a set of faulty leads: I and II = RA, I and III = LA, II and III = LL, one V = its C electrode.
fn faults(q: &mut Quality, codes: &[u16], code: &'static str, zh: &str, en: &str) {
    let has = |c: u16| codes.contains(&c);
    let chest: Vec<u16> = codes.iter().copied().filter(|c| (3..=8).contains(c)).collect();
    let limb: Vec<u16> = codes.iter().copied().filter(|c| !(3..=8).contains(c)).collect();
    let electrode = match (has(1), has(2), has(61)) {
        (true, true, true) => "RL",
        (true, true, false) => "RA",
        (true, false, true) => "LA",
        (false, true, true) => "LL",
        _ => "",
    };
    let whole = chest.len() == 6 && electrode == "RL";
    if !limb.is_empty() {
        let lead = names(if whole { codes } else { &limb });
        let (who_zh, who_en) = match electrode {
            "RA" => ("右上肢(RA)电极", "right arm (RA) electrode"),
            "LA" => ("左上肢(LA)电极", "left arm (LA) electrode"),
            "LL" => ("左下肢(LL)电极", "left leg (LL) electrode"),
            "RL" => ("右下肢(RL)电极或导联线", "right leg (RL) electrode or the cable"),
            _ => ("肢体导联", "limb lead"),
        };
        push(q, Verdict::Redo, Reason { code, text_zh: format!("请重做:{who_zh}{zh}({lead})"), text_en: format!("please repeat: {who_en} {en} ({lead})"), lead, electrode });
    }
    for c in chest.into_iter().filter(|_| !whole) {
        let (lead, electrode) = (names(&[c]), chest_electrode(c).unwrap_or(""));
        push(q, Verdict::Redo, Reason { code, text_zh: format!("请重做:{lead} 电极({electrode}){zh}"), text_en: format!("please repeat: {lead} electrode ({electrode}) {en}"), lead, electrode });
    }
}

fn names(codes: &[u16]) -> String {
    codes.iter().map(|c| LeadId::Code(*c).name().to_owned()).collect::<Vec<_>>().join(" ")
}

fn signs(lead: &Lead, group: &Group) -> Signs {
    let rate = group.rate.to_f64();
    let scale = lead.scale.to_f64() / 1000.0;
    let x: Vec<f64> = lead.raw.iter().enumerate().map(|(i, r)| if lead.is_missing(i) { 0.0 } else { f64::from(*r) * scale + lead.offset.to_f64() / 1000.0 }).collect();
    let second = (rate as usize).max(1);
    let span = |w: &[f64]| w.iter().copied().fold(f64::MIN, f64::max) - w.iter().copied().fold(f64::MAX, f64::min);
    let quiet_windows = x.chunks_exact(second).filter(|w| span(w) < FLAT_UV).count();
    let windows = (x.len() / second).max(1);
    let rail: usize = lead.saturated.iter().map(|(a, b)| b - a).sum();
    let mut means: Vec<f64> = x.chunks_exact(second).map(|w| w.iter().sum::<f64>() / w.len() as f64).collect();
    let offset = (x.iter().sum::<f64>() / x.len().max(1) as f64).abs();
    means.sort_by(f64::total_cmp);
    let wander = means.last().zip(means.first()).map_or(0.0, |(a, b)| a - b);
    let mains = mains(&x, rate);
    Signs { flat: quiet_windows * 5 > windows, rail: rail * 10 > x.len(), noise: noise(&x, rate, mains), mains, wander, offset }
}

/// Peak-to-peak of the 50 Hz component over the whole strip.
fn mains(x: &[f64], rate: f64) -> f64 {
    if rate < 120.0 || x.is_empty() {
        return 0.0;
    }
    let (mut re, mut im) = (0.0, 0.0);
    for (i, v) in x.iter().enumerate() {
        let phase = TAU * 50.0 * i as f64 / rate;
        re += v * phase.cos();
        im += v * phase.sin();
    }
    4.0 * re.hypot(im) / x.len() as f64
}

/// RMS of the second difference in the quieter windows of 100 ms, scaled so that white noise of 1 uV gives 1; mains power taken off.
fn noise(x: &[f64], rate: f64, mains: f64) -> f64 {
    let width = ((rate / 10.0) as usize).max(8);
    let step = ((rate / 250.0).round() as usize).max(1);
    let mut levels: Vec<f64> = x
        .chunks_exact(width)
        .filter(|w| w.len() > 2 * step + 2)
        .map(|w| {
            let n = w.len() - 2 * step;
            ((0..n).map(|i| (w[i] - 2.0 * w[i + step] + w[i + 2 * step]).powi(2)).sum::<f64>() / n as f64 / 6.0).sqrt()
        })
        .collect();
    levels.sort_by(f64::total_cmp);
    let level = levels.get(levels.len() * 2 / 5).copied().unwrap_or(0.0);
    let hum = mains / 2.0 / std::f64::consts::SQRT_2 * (2.0 - 2.0 * (TAU * 50.0 * step as f64 / rate).cos()) / 6.0f64.sqrt();
    (level * level - hum * hum).max(0.0).sqrt()
}
