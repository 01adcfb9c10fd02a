//! What is raised whatever the preset and whatever the quality: no QRS for seconds, fibrillation, a sine wave. Nobody is left
//! lying because an electrode hangs loose: in doubt it is raised, to be confirmed at the bedside.

use super::chaos::{self, Chaos};
use super::gaps::{self, Gap, State};
use super::{Cell, Found, Preset, Raise, preset as presets};
use crate::ecg::measure::{Measured, Signal};
use crate::ecg::model::Group;

/// What to do, as the end of a sentence.
const LOOK: &str = "请立即查看患者,并检查电极与导联线";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Always {
    /// The raises but for a pause.
    pub raises: Vec<Raise>,
    /// A pause.
    pub pause: Option<Raise>,
    /// It lies between two beats and most leads show it: the rule of the preset says it better, where it holds.
    pub plain: bool,
    /// The beats go on in the leads that are not silent: an interval between two beats that were found is no pause.
    pub settled: bool,
}

/// Looks at the first minute of a group.
pub(super) fn find(group: &Group, m: &Measured, preset: &Preset) -> Always {
    let mut out = Always::default();
    let Some(signal) = Signal::prepare(group, &[]) else { return out };
    let leads = chaos::thinned(&signal);
    let chaos = chaos::find(&leads);
    let name = format!("always {}", presets::version());
    out.raises.extend(fibrillation(&chaos).map(|f| f.named(&name)));
    let cell = preset.cell("pause").filter(|c| c.at_least.is_some());
    let own = cell.is_some();
    let Some(cell) = cell.or_else(|| presets::always("pause")) else { return out };
    let Some(least) = cell.at_least else { return out };
    let (gaps, beats) = gaps::find(group, &signal, &leads, m, least);
    out.settled = gaps.iter().any(|g| !g.cut && g.state == State::Seen);
    // A stretch that somebody listened to says more than one that nobody did, however long.
    let longest = gaps.iter().filter(|g| g.state != State::Seen && !covered(g, &chaos)).max_by(|a, b| {
        (a.state != State::Lost).cmp(&(b.state != State::Lost)).then(a.ms().total_cmp(&b.ms()))
    });
    match longest {
        Some(gap) if beats == 0 => out.raises.push(standstill(gap).named(&name)),
        Some(gap) if gap.state == State::Lost => out.raises.push(unrecorded(gap).named(&name)),
        Some(gap) => {
            out.plain = !gap.cut && gap.state == State::Plain;
            out.pause = Some(pause(gap, cell, own).named(&name));
        }
        None => {}
    }
    out
}

/// Half of the stretch is told as something else.
fn covered(gap: &Gap, chaos: &[Chaos]) -> bool {
    let both: f64 =
        chaos.iter().map(|c| (c.to_ms.min(gap.to_ms) - c.from_ms.max(gap.from_ms)).max(0.0)).sum();
    both * 2.0 >= gap.ms()
}

fn fibrillation(chaos: &[Chaos]) -> Option<Found> {
    let longest = chaos.iter().max_by(|a, b| (a.to_ms - a.from_ms).total_cmp(&(b.to_ms - b.from_ms)))?;
    let (from, to) = (longest.from_ms / 1_000.0, longest.to_ms / 1_000.0);
    let (rate, mv) = (longest.per_minute, longest.uv / 1_000.0);
    let zh = presets::always("vf").map_or("", |c| c.zh.as_str());
    Some(
        Found::red(
            "vf",
            format!("无等电位线、无可辨QRS的快速波动,室颤/室扑/正弦波样室速待排;{LOOK}"),
            format!("约 {rate:.0} /min,{mv:.1} mV"),
            format!("{from:.1}–{to:.1} 秒,约 {rate:.0} 次/分,幅度 {mv:.1} mV,标准 {zh}"),
        )
        .unproven(),
    )
}

/// No complex at all.
fn standstill(gap: &Gap) -> Found {
    let seconds = gap.ms() / 1_000.0;
    let (value, zh) =
        (format!("{:.0} ms", gap.ms()), presets::always("asystole").map_or("", |c| c.zh.as_str()));
    let found = if gap.state == State::Lost {
        let evidence = format!("{seconds:.1} 秒内各导联均无记录(恒定值、缺失或满量程)");
        let finding = format!("全程无任何信号,未记录到心电:{LOOK},并重做");
        Found::red("no_signal", finding, value, evidence).orange()
    } else {
        let finding = format!("{seconds:.1} 秒内未识别到QRS波,停搏/室颤或电极脱落待排;{LOOK}");
        Found::red("asystole", finding, value, format!("全程 {seconds:.1} 秒无QRS波,标准 {zh}"))
    };
    found.unproven()
}

/// A recorder that says itself that it recorded nothing does not say that the heart stood still.
fn unrecorded(gap: &Gap) -> Found {
    let (seconds, at) = (gap.ms() / 1_000.0, gap.from_ms / 1_000.0);
    let finding = format!("自 {at:.1} 秒起 {seconds:.1} 秒无任何记录(缺失或满量程);{LOOK}");
    let evidence = format!("自 {at:.2} 秒起 {:.0} ms 各导联均缺失或满量程", gap.ms());
    Found::red("no_signal", finding, format!("{:.0} ms", gap.ms()), evidence).orange().unproven()
}

/// A pause that the strip cuts, that few leads show, that low waves interrupt, or that the preset does not list.
fn pause(gap: &Gap, cell: &Cell, own: bool) -> Found {
    let (seconds, at) = (gap.ms() / 1_000.0, gap.from_ms / 1_000.0);
    let why = match (gap.state, gap.cut, own) {
        (State::Plain, true, _) => "被记录起止截断,实际可能更长",
        (State::Plain, false, true) => "其间仅见低幅波",
        (State::Plain, false, false) => "该地方案未列,按通用标准提示",
        _ => "多数导联同时无信号,停搏或电极脱落",
    };
    let finding = format!("长RR间期/停搏 ≥{seconds:.1} 秒({why});{LOOK}");
    let evidence = format!("自 {at:.2} 秒起 {:.0} ms 无QRS波,{why},阈值 {}", gap.ms(), cell.zh);
    Found::red("pause", finding, format!("{:.0} ms", gap.ms()), evidence).unproven()
}
