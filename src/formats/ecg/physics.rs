//! Checks every recording must pass whatever its format (ECG specification 10): a warning each, shown to the reader.

use super::lead::{LeadId, TWELVE};
use super::model::{Document, Group, GroupKind, Lead, Warning};
use super::ratio::Ratio;

const I: LeadId = LeadId::Standard(1);
const II: LeadId = LeadId::Standard(2);
const III: LeadId = LeadId::Standard(61);
const AVR: LeadId = LeadId::Standard(62);
const AVL: LeadId = LeadId::Standard(63);
const AVF: LeadId = LeadId::Standard(64);

/// One half.
const HALF: Ratio = Ratio::halved();

/// Share of samples that must satisfy a law, per thousand.
const SHARE: usize = 999;

/// Lowest rate for a diagnosis, Hz.
const RATE_HZ: f64 = 500.0;
/// Lowest upper band limit for a diagnosis, Hz.
const BAND_HZ: f64 = 150.0;
/// Shortest strip, s.
const SECONDS: f64 = 9.5;
/// What is measured of a longer recording, s.
const MINUTE: f64 = 60.0;

/// Checks every group; appends warnings and adds derived limb leads that the file does not store.
pub fn check(document: &mut Document) {
    let mut warnings = Vec::new();
    // A representative beat is averaged from the recording, lead by lead: it obeys half as exactly.
    let unit = document.groups.iter().map(coarsest).max().unwrap_or(0);
    for group in &mut document.groups {
        if group.kind == GroupKind::Rhythm {
            plausible(group, &mut warnings);
        }
        let limit = if group.derived { unit.saturating_mul(2) } else { coarsest(group) };
        einthoven(group, limit, &mut warnings);
        derive(group);
    }
    absent(document, &mut warnings);
    rate_and_length(document, &mut warnings);
    for w in warnings {
        if !document.warnings.contains(&w) {
            document.warnings.push(w);
        }
    }
}

/// Largest residual of a law over 99.9 % of the samples, nanovolts.
#[must_use]
pub fn residual(leads: &[&Lead], law: impl Fn(&[i64]) -> i64) -> Option<i64> {
    let count = leads.iter().map(|l| l.raw.len()).min()?;
    let mut row = Vec::with_capacity(leads.len());
    let mut rest: Vec<i64> = Vec::with_capacity(count);
    for i in 0..count {
        row.clear();
        row.extend(leads.iter().filter_map(|l| l.nv(i)));
        if row.len() == leads.len() {
            rest.push(law(&row).saturating_abs());
        }
    }
    let at = (rest.len() * SHARE / 1_000).min(rest.len().checked_sub(1)?);
    Some(*rest.select_nth_unstable(at).1)
}

/// Leads that are neither stored nor follow from those that are.
fn absent(document: &Document, warnings: &mut Vec<Warning>) {
    let missing = document.absent();
    // A file without any standard lead says so in its own words.
    if !missing.is_empty() && missing.len() < TWELVE.len() {
        let list = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        warnings.push(Warning::new(
            "leads_absent",
            format!("缺少导联:{list}"),
            format!("leads not recorded: {list}"),
        ));
    }
}

/// What a diagnosis should not be made from; the strip is shown all the same.
fn rate_and_length(document: &Document, warnings: &mut Vec<Warning>) {
    let Some(group) = document.rhythm() else { return };
    let rate = group.rate.to_f64();
    if rate < RATE_HZ {
        warnings.push(Warning::new(
            "rate_low",
            format!("采样率 {rate} Hz < 500:达不到诊断质量"),
            format!("{rate} Hz < 500: not diagnostic quality"),
        ));
    }
    if let Some(band) = document.high_hz.filter(|b| *b < BAND_HZ) {
        warnings.push(Warning::new(
            "band_low",
            format!("频带上限 {band} Hz < 150:达不到诊断质量"),
            format!("band up to {band} Hz < 150: not diagnostic quality"),
        ));
    }
    let seconds = group.seconds();
    if seconds < SECONDS {
        warnings.push(Warning::new(
            "duration_short",
            format!("记录仅 {seconds:.1} s"),
            format!("only {seconds:.1} s recorded"),
        ));
    }
    if seconds > MINUTE {
        warnings.push(Warning::new(
            "first_minute",
            format!("记录长 {seconds:.0} s:测量值与平均心搏只取自第一分钟;危急规则逐分钟检查,至多一小时"),
            format!(
                "{seconds:.0} s recorded: values and median beat are those of the first minute; critical rules are looked for \
                 minute by minute, for an hour at most"
            ),
        ));
    }
}

/// Whether the limb leads of the group contradict each other.
#[must_use]
pub fn contradicts(group: &Group) -> bool {
    let mut found = Vec::new();
    einthoven(group, coarsest(group), &mut found);
    !found.is_empty()
}

/// Nanovolts of the coarsest unit of the limb leads.
fn coarsest(group: &Group) -> i64 {
    let limbs = group.leads.iter().filter(|l| l.id.is_limb());
    limbs.map(|l| l.scale.scale(1).saturating_abs()).max().unwrap_or(0)
}

/// The laws of the limb leads, to two units.
fn einthoven(group: &Group, unit: i64, warnings: &mut Vec<Warning>) {
    let get = |ids: &[&LeadId]| ids.iter().map(|id| group.lead(id)).collect::<Option<Vec<_>>>();
    let mut broken = Vec::new();
    let mut law = |name: &'static str, ids: &[&LeadId], f: &dyn Fn(&[i64]) -> i64| {
        let Some(leads) = get(ids) else { return };
        if residual(&leads, f).is_some_and(|r| r > unit.saturating_mul(2)) {
            broken.push(name);
        }
    };
    let at = |r: &[i64], i: usize| r.get(i).copied().unwrap_or(0);
    law("III", &[&I, &II, &III], &|r| at(r, 2) - (at(r, 1) - at(r, 0)));
    law("aVR", &[&I, &II, &AVR], &|r| at(r, 2) + (at(r, 0) + at(r, 1)) / 2);
    law("aVL", &[&I, &II, &AVL], &|r| at(r, 2) - (at(r, 0) - at(r, 1) / 2));
    law("aVF", &[&I, &II, &AVF], &|r| at(r, 2) - (at(r, 1) - at(r, 0) / 2));
    if !broken.is_empty() {
        let list = broken.join(" ");
        warnings.push(Warning::new(
            "lead_map_or_skew",
            format!("肢体导联关系不符({list}):导联标记或采样时间有误"),
            format!("limb leads contradict each other ({list}): wrong lead names or skewed samples"),
        ));
    }
}

fn plausible(group: &Group, warnings: &mut Vec<Warning>) {
    let mut odd = Vec::new();
    let mut saturated = Vec::new();
    for lead in group.leads.iter().filter(|l| l.id.number().is_some()) {
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        let mut run = 0;
        let mut railed = false;
        for (i, raw) in lead.raw.iter().enumerate() {
            let Some(nv) = lead.nv(i) else { continue };
            low = low.min(nv);
            high = high.max(nv);
            run = if *raw == lead.rails.0 || *raw == lead.rails.1 { run + 1 } else { 0 };
            railed |= run >= 3;
        }
        let span = high.saturating_sub(low);
        // A flat lead is a matter of quality, not of scale.
        if low < high && span > 20_000 && !(50_000..=20_000_000).contains(&span) {
            odd.push(lead.id.to_string());
        }
        if railed {
            saturated.push(lead.id.to_string());
        }
    }
    let mut add = |code, list: Vec<String>, zh: &str, en: &str| {
        if !list.is_empty() {
            let list = list.join(" ");
            warnings.push(Warning::new(code, format!("{list}:{zh}"), format!("{list}: {en}")));
        }
    };
    add(
        "scale_suspect",
        odd,
        "幅度不在 50 µV–20 mV,定标可疑",
        "amplitude outside 50 µV to 20 mV, scale in doubt",
    );
    add("saturated", saturated, "信号饱和", "signal at the rail");
}

/// III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2, where absent. Exact while I and II share their scale,
/// else to half a nanovolt.
fn derive(group: &mut Group) {
    let (Some(one), Some(two)) = (group.lead(&I), group.lead(&II)) else { return };
    if one.raw.len() != two.raw.len() {
        return;
    }
    let alike = one.scale == two.scale && one.offset == two.offset;
    let unit = if alike { one.scale } else { Ratio::ONE };
    let offset = if alike { one.offset } else { Ratio::ZERO };
    // Half a unit must stay exact.
    let Some(half) = unit.times(HALF) else { return };
    let value = |lead: &Lead, raw: i32| if alike { i64::from(raw) } else { lead.nv_of(raw) };
    let missing = united(&one.missing, &two.missing);
    let mut made = Vec::new();
    for (id, a, b) in [(III, -2, 2), (AVR, -1, -1), (AVL, 2, -1), (AVF, -1, 2)] {
        if group.lead(&id).is_some() {
            continue;
        }
        let sums = one.raw.iter().zip(&two.raw).map(|(x, y)| value(one, *x) * a + value(two, *y) * b);
        let raw = sums.map(|v| i32::try_from(v).unwrap_or(if v > 0 { i32::MAX } else { i32::MIN })).collect();
        // The offset follows the same combination: (a + b)/2 of the common one.
        let Some(offset) = Ratio::new(a + b, 2).and_then(|k| offset.times(k)) else { continue };
        let label = id.to_string();
        let rails = (i32::MIN, i32::MAX);
        made.push(Lead {
            id,
            label,
            raw,
            scale: half,
            offset,
            missing: missing.clone(),
            rails,
            derived: true,
        });
    }
    group.leads.extend(made);
}

/// Gaps of either lead, sorted and joined.
fn united(a: &[(usize, usize)], b: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (from, to) in all {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}
