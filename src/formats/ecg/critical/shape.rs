//! Rules on shape: QT with R on T, ST elevation by territory, the pattern of high potassium.

use super::{Found, Preset, value};
use crate::ecg::lead::LeadId;
use crate::ecg::measure::signal::ms;
use crate::ecg::measure::{BeatClass, Measured};
use crate::ecg::quality::Quality;

/// Neighbouring leads: an infarction shows in two of one territory.
const TERRITORIES: [(&str, &[u16]); 4] =
    [("下壁", &[2, 61, 64]), ("高侧壁", &[1, 63]), ("前壁", &[3, 4, 5, 6]), ("前侧壁", &[6, 7, 8])];
/// Tall T wave in V2..V4, µV, and its width at half height, ms.
const TALL_UV: f32 = 1_000.0;
const TENT_MS: f32 = 120.0;

/// Long QT with an early beat on the T wave before it. A number from the table alone is worth an orange.
pub fn qt(m: &Measured, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("qt")?;
    let q = value(m, "qtcf")?;
    let long = cell.met(q) || cell.marked.is_some_and(|t| q >= t);
    if !long {
        return None;
    }
    let early = r_on_t(m);
    let found = |evidence: String, finding: String| Found::red("qt", finding, format!("{q:.0} ms"), evidence);
    match early {
        Some(beat) => Some(found(
            format!("QTcF {q:.0} ms,第 {} 个心搏落在前一T波上,标准 {}", beat + 1, cell.zh),
            format!("QTc {q:.0} ms 伴R-on-T室性早搏"),
        )),
        None if cell.met(q) || !cell.r_on_t => Some(
            found(format!("QTcF {q:.0} ms,未见R-on-T,标准 {}", cell.zh), format!("QTc {q:.0} ms")).orange(),
        ),
        None => None,
    }
}

/// The first early beat of another shape whose QRS begins before the T wave ahead of it has ended.
fn r_on_t(m: &Measured) -> Option<usize> {
    m.delineation
        .windows(2)
        .position(|w| match w {
            [before, now] => {
                now.class == BeatClass::Ectopic
                    && now
                        .qrs
                        .on
                        .zip(before.t.and_then(|t| t.g_off.or(t.off)))
                        .is_some_and(|(on, off)| on <= off)
            }
            _ => false,
        })
        .map(|k| k + 1)
}

type Elevated = Vec<(u16, f64)>;

/// ST elevation in neighbouring leads.
pub fn st(m: &Measured, quality: &Quality, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("st")?;
    let other = cell.other_at_least?;
    if m.median.beats < 3 {
        return None;
    }
    let high = |n: u16, uv: f64| {
        if (3..=5).contains(&n) {
            cell.chest_above.is_some_and(|t| uv > t) || cell.chest_at_least.is_some_and(|t| uv >= t)
        } else {
            uv >= other
        }
    };
    let lifted = |n: u16| {
        let id = LeadId::Standard(n);
        if quality.silent.contains(&id) {
            return None;
        }
        let uv = value(m, &format!("st_j60_{id}"))?;
        // Half of it at J already: a T wave that rises early and steeply is not an elevated segment.
        let j = f64::from(m.st_at_j(n)?);
        (high(n, uv) && high(n, 2.0 * j)).then_some((n, uv))
    };
    let need = cell.leads.unwrap_or(2);
    let (place, leads) = TERRITORIES
        .iter()
        .map(|(place, leads)| (*place, leads.iter().filter_map(|n| lifted(*n)).collect::<Elevated>()))
        .filter(|(_, found)| found.len() >= need)
        .max_by_key(|(_, found)| found.len())?;
    let list = leads
        .iter()
        .map(|(n, uv)| format!("{} {:.2}", LeadId::Standard(*n), uv / 1_000.0))
        .collect::<Vec<_>>()
        .join(", ");
    // A wide QRS lifts the ST segment by itself, and an unmeasured one may be wide: said, but a step lower.
    let narrow = value(m, "qrs").is_some_and(|q| q < 120.0);
    let doubt = if narrow { "急性心肌梗死待排" } else { "QRS增宽,请医师判断" };
    let found = Found::red(
        "st_elevation",
        format!("{place}导联ST段抬高({list} mV),{doubt}"),
        format!("{list} mV"),
        format!("{place}相邻 {} 个导联,J点后60 ms:{list} mV,标准 {}", leads.len(), cell.zh),
    );
    Some(if narrow { found } else { found.orange() })
}

/// Tall narrow T waves in two of V2..V4, wide QRS and no P wave together.
pub fn potassium(m: &Measured, preset: &Preset) -> Option<Found> {
    let cell = preset.cell("hyperkalaemia").filter(|c| c.found)?;
    let qrs = value(m, "qrs").filter(|q| *q >= 120.0)?;
    let (_, off) = m.marks.qrs?;
    if m.marks.p.is_some() || m.rhythm.p_present || !m.rhythm.pacing_spikes.is_empty() {
        return None;
    }
    let tents: Vec<String> = [4_u16, 5, 6]
        .into_iter()
        .filter_map(|n| {
            let (top, width) = tent(m.median.lead(n)?.get(off..)?)?;
            (top >= TALL_UV && width <= TENT_MS)
                .then(|| format!("{} {:.1} mV", LeadId::Standard(n), top / 1_000.0))
        })
        .collect();
    (tents.len() >= 2).then(|| {
        let list = tents.join(", ");
        Found::red(
            "hyperkalaemia",
            format!("T波高尖({list}),QRS增宽,P波消失,高钾血症待排"),
            list.clone(),
            format!("{list},QRS {qrs:.0} ms,无P波,标准 {}", cell.zh),
        )
    })
}

/// Height of the T wave and its width at half height, ms.
fn tent(s: &[f32]) -> Option<(f32, f32)> {
    let window = s.get(ms(40.0)..ms(460.0).min(s.len()))?;
    let (at, top) = window.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let above = |v: &&f32| **v >= top / 2.0;
    let left = window.get(..at)?.iter().rev().take_while(above).count();
    let right = window.get(at..)?.iter().take_while(above).count();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
    Some((top, (left + right) as f32 * 2.0))
}
