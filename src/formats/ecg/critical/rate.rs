//! Rules on rate and rhythm: pauses, slow and fast rhythms, third degree block, pre-excited fibrillation.

use super::{Found, Preset, value};
use crate::ecg::measure::{Kind, Measured};

/// A wide QRS, ms.
const WIDE_MS: f64 = 120.0;
/// Rate from which a wide rhythm is a tachycardia where the table gives none, /min.
const TACHYCARDIA: f64 = 100.0;

/// Mean ventricular rate of the strip: intervals over the time they take.
fn mean_rate(m: &Measured) -> Option<f64> {
    let (first, last) = (m.beats_ms.first()?, m.beats_ms.last()?);
    #[expect(clippy::cast_precision_loss, reason = "a count of beats")]
    let intervals = m.beats_ms.len().checked_sub(1)? as f64;
    (last > first).then(|| intervals * 60_000.0 / (last - first))
}

/// Seconds from the first to the last beat.
fn span(m: &Measured) -> f64 {
    m.beats_ms.last().zip(m.beats_ms.first()).map_or(0.0, |(b, a)| (b - a) / 1_000.0)
}

fn strip(m: &Measured) -> String {
    format!("{} 个心搏,{:.1} 秒", m.beats_ms.len(), span(m))
}

/// The longest RR interval.
pub fn pause(m: &Measured, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("pause")?;
    let p = m.longest_rr_ms.filter(|p| cell.met(*p))?;
    let at = m
        .beats_ms
        .windows(2)
        .filter_map(|w| Some((w.get(1)? - w.first()?, w.first()?)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(0.0, |(_, at)| at / 1_000.0);
    Some(Found::red(
        "pause",
        format!("长RR间期 {:.1} 秒", p / 1_000.0),
        format!("{p:.0} ms"),
        format!("自 {at:.2} 秒起 {p:.0} ms,阈值 {}", cell.zh),
    ))
}

/// Mean ventricular rate too low.
pub fn slow(m: &Measured, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("rate_low")?;
    let r = mean_rate(m).filter(|r| cell.met(*r))?;
    Some(Found::red(
        "rate_low",
        format!("平均心室率过缓 {r:.0} 次/分"),
        format!("{r:.0} /min"),
        format!("{},阈值 {}", strip(m), cell.zh),
    ))
}

/// Third degree AV block. Whether it is the first time is for a person to say.
pub fn block(m: &Measured, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("av_block_3").filter(|c| c.found)?;
    if m.rhythm.kind != Kind::Block3 {
        return None;
    }
    let r = mean_rate(m)?;
    let atria = m.rhythm.atrial_rate.map_or_else(String::new, |a| format!(",心房率 {a:.0} 次/分"));
    Some(Found::red(
        "av_block_3",
        format!("三度房室传导阻滞,心室率 {r:.0} 次/分"),
        format!("{r:.0} /min"),
        format!("P波与QRS波无关,心室率 {r:.0} 次/分{atria},标准 {}", cell.zh),
    ))
}

/// Tachycardias: wide, narrow, fibrillation and flutter. One raise, the gravest that fits.
pub fn fast(m: &Measured, preset: &Preset) -> Option<Found> {
    let r = mean_rate(m)?;
    let kind = m.rhythm.kind;
    if kind == Kind::Paced {
        return None;
    }
    let wide = value(m, "qrs").is_some_and(|q| q >= WIDE_MS);
    let atrial = matches!(kind, Kind::Fibrillation | Kind::Flutter);
    let number = format!("{r:.0} /min");
    let say = |what: &str, rule, cell: &super::Cell| {
        let qrs = value(m, "qrs").map_or_else(|| "未测得".to_owned(), |q| format!("{q:.0} ms"));
        let evidence = format!("{},QRS {qrs},节律 {},阈值 {}", strip(m), kind.code(), cell.zh);
        Found::red(rule, format!("{what} {r:.0} 次/分"), number.clone(), evidence)
            .lasting(cell.seconds, span(m))
    };
    let vt = preset.cell("vt").filter(|c| c.met(r) || (c.found && r >= TACHYCARDIA));
    if let Some(cell) = vt {
        let same = m.dominant.iter().filter(|d| **d).count();
        if wide && !atrial && !m.rhythm.p_present && same * 5 >= m.beats.len() * 4 {
            // A strip of ten seconds proves no thirty: the whole of it counts as provisional.
            let mut found = say("宽QRS心动过速,室性心动过速待排", "vt", cell);
            found.provisional = true;
            return Some(found);
        }
        if cell.polymorphic && !atrial && !m.rhythm.p_present && r >= 150.0 && same * 2 < m.beats.len() {
            return Some(say("QRS形态多变的快速心律,多形性室速/尖端扭转/室颤待排", "vt", cell));
        }
    }
    let atrial_cell =
        preset.cell("af_rate").filter(|c| c.met(r) && (atrial || (m.irregular && !m.rhythm.p_present)));
    if let Some(cell) = atrial_cell {
        let what = if kind == Kind::Flutter {
            "心房扑动伴快速心室率"
        } else {
            "心房颤动伴快速心室率"
        };
        return Some(say(what, "af_rate", cell));
    }
    let cell = preset.cell("svt").filter(|c| c.met(r) && !atrial)?;
    Some(say(if wide { "宽QRS快速心律" } else { "窄QRS心动过速" }, "svt", cell))
}

/// Fibrillation with a wide QRS: the shortest RR.
pub fn preexcited(m: &Measured, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("preexcited_af")?;
    if m.rhythm.kind != Kind::Fibrillation || value(m, "qrs").is_none_or(|q| q < WIDE_MS) {
        return None;
    }
    let steps = m.beats_ms.windows(2).filter_map(|w| Some((w.get(1)? - w.first()?, *w.first()?)));
    let (rr, at) = steps.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(rr, _)| cell.met(*rr))?;
    Some(Found::red(
        "preexcited_af",
        format!("心房颤动伴宽QRS,最短RR {rr:.0} ms,预激合并房颤待排"),
        format!("{rr:.0} ms"),
        format!("{:.2} 秒处RR {rr:.0} ms,阈值 {}", at / 1_000.0, cell.zh),
    ))
}
