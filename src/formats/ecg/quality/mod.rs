//! Technical quality: a verdict with reason, lead and electrode while the patient still lies there (ECG specification 12).
//! Rules only. No verdict touches a sample.

mod detectors;
mod noise;

use serde::Serialize;

use crate::ecg::lead::{LeadId, TWELVE};
use crate::ecg::measure::signal::{HZ, most, percentile};
use crate::ecg::measure::{Measured, Signal};
use crate::ecg::model::{Document, Group};

/// Range below which a lead shows nothing, µV.
const FLAT_UV: f32 = 20.0;
/// Offset a recorder should not have, µV.
const OFFSET_UV: f32 = 5_000.0;
/// Shortest strip, s.
const SECONDS: f64 = 9.5;
/// Lowest rate for a diagnosis, Hz.
const RATE_HZ: f64 = 500.0;
/// Lowest upper band limit for a diagnosis, Hz.
const BAND_HZ: f64 = 150.0;

/// `good`, `usable`, `redo`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to object.
    #[default]
    Good,
    /// Can be read; what is wrong is named.
    Usable,
    /// Please record again.
    Redo,
}

/// One objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// `lead_off flat saturated offset wander mains noise no_qrs detectors contradiction leads_absent rate band duration no_waveform`.
    pub code: &'static str,
    /// Leads concerned, separated by blanks; empty = all.
    pub lead: String,
    /// Electrode to look at: `RA LA LL RL C1..C6`, `RA/LL` when a single limb lead
    /// leaves two; empty when none is to blame.
    pub electrode: String,
    /// Chinese.
    pub text_zh: String,
    /// English.
    pub text_en: String,
}

/// The judgement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// Verdict.
    pub verdict: Verdict,
    /// Objections.
    pub reasons: Vec<Reason>,
    /// `250 Hz < 500: not diagnostic quality`; empty when there is nothing to announce.
    pub banner: String,
    /// Leads that show no signal.
    #[serde(skip)]
    pub silent: Vec<LeadId>,
}

/// Judges the rhythm group.
#[must_use]
pub fn judge(document: &Document, measured: &Measured) -> Quality {
    let mut q = Quality::default();
    let Some(group) = document.rhythm() else {
        q.object(Verdict::Redo, "no_waveform", "", "", "无波形", "no waveform");
        return q;
    };
    banner(document, group, &mut q);
    let absent = document.absent();
    if !absent.is_empty() {
        let list = names(&absent);
        let (zh, en) = (format!("缺少导联 {list}"), format!("leads not recorded: {list}"));
        q.object(Verdict::Usable, "leads_absent", &list, "", &zh, &en);
    }
    silent(group, measured, &mut q);
    contradiction(document, &mut q);
    saturated(group, &mut q);
    if let Some(signal) = Signal::prepare(group, &[]) {
        offsets(group, &mut q);
        noise::judge(&signal, measured, &mut q);
        if measured.beats.len() < 3 && q.verdict < Verdict::Redo {
            q.object(
                Verdict::Redo,
                "no_qrs",
                "",
                "",
                "可识别的心搏少于3个:先查看患者,再检查电极",
                "fewer than 3 beats can be recognised: look at the patient first, then at the electrodes",
            );
        } else {
            detectors::judge(&signal, measured, &mut q);
        }
    }
    q
}

impl Quality {
    /// Leads that must not be measured: off, flat, or drowned in interference.
    #[must_use]
    pub fn unusable(&self) -> Vec<LeadId> {
        let named = self.reasons.iter().filter(|r| matches!(r.code, "lead_off" | "flat" | "mains" | "noise"));
        let bad: Vec<LeadId> = named.flat_map(|r| r.lead.split(' ').filter_map(LeadId::of_name)).collect();
        // Nothing would be left: then all are measured, and the verdict says what to think of it.
        if bad.len() + 3 > TWELVE.len() { Vec::new() } else { bad }
    }

    fn object(
        &mut self,
        verdict: Verdict,
        code: &'static str,
        lead: &str,
        electrode: &str,
        zh: &str,
        en: &str,
    ) {
        self.verdict = self.verdict.max(verdict);
        self.reasons.push(Reason {
            code,
            lead: lead.into(),
            electrode: electrode.into(),
            text_zh: zh.into(),
            text_en: en.into(),
        });
    }
}

fn names(ids: &[LeadId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Rate, bandwidth and duration are announced on the page; they are no fault of the electrodes.
fn banner(document: &Document, group: &Group, q: &mut Quality) {
    let rate = group.rate.to_f64();
    let mut parts = Vec::new();
    if rate < RATE_HZ {
        parts.push(format!("{rate} Hz < 500: not diagnostic quality"));
        q.object(
            Verdict::Usable,
            "rate",
            "",
            "",
            &format!("采样率 {rate} Hz 低于 500 Hz,不可用于诊断"),
            &format!("sampled at {rate} Hz, below 500 Hz: not for diagnosis"),
        );
    }
    if let Some(high) = document.high_hz.filter(|h| *h < BAND_HZ) {
        parts.push(format!("band to {high} Hz < 150: not diagnostic quality"));
        q.object(
            Verdict::Usable,
            "band",
            "",
            "",
            &format!("频带上限 {high} Hz 低于 150 Hz"),
            &format!("upper band limit {high} Hz, below 150 Hz"),
        );
    }
    let seconds = group.seconds();
    if seconds < SECONDS {
        parts.push(format!("{seconds:.1} s < 10 s"));
        q.object(
            Verdict::Redo,
            "duration",
            "",
            "",
            &format!("记录时长 {seconds:.1} 秒,不足 10 秒"),
            &format!("{seconds:.1} s recorded, 10 s needed"),
        );
    }
    q.banner = parts.join("; ");
}

/// Lead off: flat or at the rail for more than one second. The pattern of leads names the electrode.
fn silent(group: &Group, measured: &Measured, q: &mut Quality) {
    let beats: Vec<usize> = measured.beats.iter().map(|b| in_file(*b, group)).collect();
    let standard: Vec<&LeadId> =
        TWELVE.iter().filter(|id| group.lead(id).is_some_and(|l| !l.derived)).collect();
    q.silent = standard
        .iter()
        .filter(|id| group.lead(id).is_some_and(|l| is_silent(l, group, &beats)))
        .map(|id| (*id).clone())
        .collect();
    if q.silent.is_empty() {
        return;
    }
    let off = |n: u16| q.silent.contains(&LeadId::Standard(n));
    let electrode = if q.silent.len() == standard.len() {
        "RL"
    } else {
        match (off(1), off(2), off(61)) {
            (true, true, _) => "RA",
            (true, false, true) => "LA",
            (false, true, true) => "LL",
            _ => "",
        }
    };
    let list = names(&q.silent);
    if electrode == "RL" {
        q.object(
            Verdict::Redo,
            "lead_off",
            "",
            "RL",
            "请重做:所有导联无信号。先查看患者,再检查右下肢(RL)电极和导联线",
            "record again: no signal in any lead. Look at the patient first, then check RL electrode and cable",
        );
        return;
    }
    if !electrode.is_empty() {
        let zh = format!("请重做:{}({electrode})电极脱落(导联 {list})", limb_zh(electrode));
        q.object(
            Verdict::Redo,
            "lead_off",
            &list,
            electrode,
            &zh,
            &format!("record again: electrode {electrode} is off (leads {list})"),
        );
    }
    for id in q.silent.clone() {
        if let Some(c) = id.chest() {
            let electrode = format!("C{c}");
            let zh = format!("请重做:{id} 电极脱落({electrode})");
            q.object(
                Verdict::Redo,
                "lead_off",
                &id.to_string(),
                &electrode,
                &zh,
                &format!("record again: electrode of {id} ({electrode}) is off"),
            );
        } else if electrode.is_empty() {
            // One limb lead alone has no electrode of its own: a broken channel, or the vector lies across it.
            let electrode = electrodes(&id);
            let (at_zh, at_en) = at_electrode(&electrode);
            let zh = format!("{id} 导联无信号{at_zh}");
            q.object(
                Verdict::Usable,
                "flat",
                &id.to_string(),
                &electrode,
                &zh,
                &format!("no signal in lead {id}{at_en}"),
            );
        }
    }
}

/// A sample of the analysis copy as one of the file.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a sample of the recording"
)]
fn in_file(i: usize, group: &Group) -> usize {
    (i as f64 * group.rate.to_f64() / f64::from(HZ)).round() as usize
}

/// The electrodes of one lead: `C3`, `RA`, and `RA/LL` for lead II.
fn electrodes(id: &LeadId) -> String {
    match id.number() {
        Some(1) => "RA/LA".into(),
        Some(2) => "RA/LL".into(),
        Some(61) => "LA/LL".into(),
        Some(62) => "RA".into(),
        Some(63) => "LA".into(),
        Some(64) => "LL".into(),
        _ => id.chest().map(|c| format!("C{c}")).unwrap_or_default(),
    }
}

/// What to look at, as the end of a sentence.
fn at_electrode(electrode: &str) -> (String, String) {
    if electrode.is_empty() {
        return (String::new(), String::new());
    }
    (format!(",检查 {electrode} 电极"), format!(", check electrode {electrode}"))
}

/// Limb leads that do not add up: said by the decoder.
fn contradiction(document: &Document, q: &mut Quality) {
    if let Some(w) = document.warnings.iter().find(|w| w.code == "lead_map_or_skew") {
        let (zh, en) = (w.text_zh.clone(), w.text_en.clone());
        q.object(Verdict::Usable, "contradiction", "", "", &zh, &en);
    }
}

/// Samples that stand three in a row at the rail of their type.
fn saturated(group: &Group, q: &mut Quality) {
    let railed = |l: &crate::ecg::model::Lead| {
        let at = |r: i32| r == l.rails.0 || r == l.rails.1;
        !l.derived && l.raw.windows(3).enumerate().any(|(i, w)| w.iter().all(|r| at(*r)) && !l.is_missing(i))
    };
    let list: Vec<LeadId> = TWELVE
        .iter()
        .filter(|id| !q.silent.contains(id) && group.lead(id).is_some_and(railed))
        .cloned()
        .collect();
    for id in list {
        let electrode = electrodes(&id);
        let (at_zh, at_en) = at_electrode(&electrode);
        let zh = format!("{id}:信号饱和{at_zh}");
        q.object(
            Verdict::Usable,
            "saturated",
            &id.to_string(),
            &electrode,
            &zh,
            &format!("{id}: signal at the rail{at_en}"),
        );
    }
}

fn limb_zh(electrode: &str) -> &'static str {
    match electrode {
        "RA" => "右上肢",
        "LA" => "左上肢",
        "LL" => "左下肢",
        _ => "右下肢",
    }
}

/// Flat, at a rail, or missing for more than a second. Exact zeros over a whole second count; a low but living signal does not.
/// Only stretches with a beat in the other leads count: where no lead shows one the heart pauses, and no electrode is to blame.
fn is_silent(lead: &crate::ecg::model::Lead, group: &Group, beats: &[usize]) -> bool {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a second of samples")]
    let second = group.rate.to_f64().clamp(1.0, 100_000.0) as usize;
    let uv = lead.uv(most(group.rate.to_f64()));
    let step = (second / 4).max(1);
    let margin = second / 10;
    let tells = |k: usize, length: usize| {
        let (from, to) = (k * step + margin, (k * step + length).saturating_sub(margin));
        let next = beats.partition_point(|b| *b < from);
        beats.is_empty() || beats.get(next).is_some_and(|b| *b < to)
    };
    let (mut flat, mut all) = (0, 0);
    for (_, window) in uv.windows(second).step_by(step).enumerate().filter(|(k, _)| tells(*k, second)) {
        all += 1;
        let (low, high) = window
            .iter()
            .filter(|v| v.is_finite())
            .fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        if low > high || high - low < FLAT_UV {
            flat += 1;
        }
    }
    // Between two beats of a slow rhythm a quiet second is normal: most of the strip must be flat, or exactly constant.
    all > 0
        && (flat * 2 > all
            || uv
                .windows(second * 2)
                .step_by(step)
                .enumerate()
                .filter(|(k, _)| tells(*k, second * 2))
                .any(|(_, w)| w.first().is_some_and(|a| w.iter().all(|v| v == a || v.is_nan()))))
}

fn offsets(group: &Group, q: &mut Quality) {
    let far: Vec<LeadId> = TWELVE
        .iter()
        .filter(|id| {
            group
                .lead(id)
                .is_some_and(|l| percentile(&l.uv(most(group.rate.to_f64())), 0.5).abs() > OFFSET_UV)
        })
        .cloned()
        .collect();
    if !far.is_empty() {
        let list = names(&far);
        let electrode = if let [one] = far.as_slice() { electrodes(one) } else { noise::blamed(&far) };
        let (at_zh, at_en) = at_electrode(&electrode);
        q.object(
            Verdict::Usable,
            "offset",
            &list,
            &electrode,
            &format!("{list}:直流偏移超过 5 mV{at_zh}"),
            &format!("{list}: offset above 5 mV{at_en}"),
        );
    }
}
