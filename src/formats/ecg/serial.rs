//! Two recordings of one person side by side (ECG specification 14): deltas, ST by lead, median beats laid on each other.

use serde::Serialize;

use super::lead::{LeadId, TWELVE};
use super::measure::Measured;
use super::measure::median::Median;
use super::measure::signal::ms;

/// Changes worth a look: ST 0.1 mV, QRS 20 ms, QTc 60 ms, axis 30 degrees; PR and QT as QRS and QTc, rate a quarter.
const ST_UV: f64 = 100.0;
/// What is compared, and from which change on it is notable; `hr` by share.
const WHAT: [(&str, f64); 10] = [
    ("hr", 0.25),
    ("pr", 20.0),
    ("qrs", 20.0),
    ("qt", 60.0),
    ("qtcf", 60.0),
    ("qtcb", 60.0),
    ("axis_p", 30.0),
    ("axis_qrs", 30.0),
    ("axis_t", 30.0),
    ("rr_max", 1_000.0),
];
/// Likeness of the median beats of all leads below which they may be of two persons.
const STRANGER: f64 = 0.5;

/// Change of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delta {
    /// `hr pr qrs …`.
    pub what: String,
    /// Unit.
    pub unit: &'static str,
    /// Before.
    pub before: Option<f64>,
    /// Now.
    pub now: Option<f64>,
    /// Now - before; none when one of them is missing. Angles go the short way round.
    pub delta: Option<f64>,
    /// Worth a look; also when a value appeared or was lost.
    pub notable: bool,
}

/// Change of ST 60 ms after J in a lead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StDelta {
    /// Lead.
    pub lead: String,
    /// Before, µV.
    pub before_uv: Option<f64>,
    /// Now, µV.
    pub now_uv: Option<f64>,
    /// Now - before.
    pub delta_uv: Option<f64>,
    /// At least 0.1 mV.
    pub notable: bool,
}

/// Median beats of a lead on the same time axis, µV.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Lead.
    pub lead: String,
    /// Before.
    pub before: Vec<i32>,
    /// Now.
    pub now: Vec<i32>,
}

/// The comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Values.
    pub deltas: Vec<Delta>,
    /// ST by lead.
    pub st: Vec<StDelta>,
    /// Mean likeness (-1..1) of the median beats over the leads, QRS to T; none without two median beats.
    pub correlation: Option<f64>,
    /// The beats are so unlike that the person is in doubt.
    pub same_person_doubt: bool,
    /// Leads of both, QRS peaks at the same sample, 500 Hz.
    pub medians: Vec<Pair>,
}

/// Compares.
#[must_use]
pub fn compare(now: &Measured, before: &Measured) -> Comparison {
    let value =
        |m: &Measured, what: &str| m.values.iter().find(|v| v.what == what).map(|v| (v.number, v.unit));
    let mut out = Comparison::default();
    for (what, limit) in WHAT {
        let (a, b) = (value(before, what), value(now, what));
        let Some(unit) = a.or(b).map(|v| v.1) else { continue };
        let (a, b) = (a.and_then(|v| v.0), b.and_then(|v| v.0));
        let delta = a.zip(b).map(|(a, b)| if unit == "deg" { around(b - a) } else { b - a });
        let notable = match (a, delta) {
            (Some(a), Some(d)) if what == "hr" => d.abs() >= limit * a.max(1.0),
            (_, Some(d)) => d.abs() >= limit,
            // A PR that appeared or was lost is a change of rhythm.
            (_, None) => a.is_some() != b.is_some() && what == "pr",
        };
        out.deltas.push(Delta { what: what.into(), unit, before: a, now: b, delta, notable });
    }
    for id in &TWELVE {
        let what = format!("st_j60_{id}");
        let get = |m| value(m, &what).and_then(|v| v.0);
        let (a, b) = (get(before), get(now));
        if a.is_none() && b.is_none() {
            continue;
        }
        let delta = a.zip(b).map(|(a, b)| b - a);
        out.st.push(StDelta {
            lead: id.to_string(),
            before_uv: a,
            now_uv: b,
            delta_uv: delta,
            notable: delta.is_some_and(|d| d.abs() >= ST_UV),
        });
    }
    beats(&now.median, &before.median, &mut out);
    out
}

/// -180..180.
fn around(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

fn beats(now: &Median, before: &Median, out: &mut Comparison) {
    let common: Vec<(u16, &[f32], &[f32])> = TWELVE
        .iter()
        .filter_map(LeadId::number)
        .filter_map(|n| Some((n, now.lead(n)?, before.lead(n)?)))
        .collect();
    if common.is_empty() {
        return;
    }
    let reach = isize::try_from(ms(30.0)).unwrap_or(0);
    let mean = |shift: isize| {
        let each: Vec<f64> =
            common.iter().filter_map(|(_, a, b)| likeness(a, b, now.peak, before.peak, shift)).collect();
        #[expect(clippy::cast_precision_loss, reason = "at most twelve leads")]
        let n = each.len() as f64;
        (!each.is_empty()).then(|| each.iter().sum::<f64>() / n)
    };
    let best = (-reach..=reach).filter_map(|s| Some((s, mean(s)?))).max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((shift, likeness)) = best else { return };
    out.correlation = Some((likeness * 1_000.0).round() / 1_000.0);
    out.same_person_doubt = likeness < STRANGER;
    // The same stretch of both, sample by sample.
    let peak = now.peak.saturating_add_signed(shift);
    let start = peak.min(before.peak);
    let (a0, b0) = (peak - start, before.peak - start);
    for (n, a, b) in common {
        let count = a.len().saturating_sub(a0).min(b.len().saturating_sub(b0));
        let whole = |s: &[f32], from: usize| {
            #[expect(clippy::cast_possible_truncation, reason = "microvolts; the cast saturates")]
            s.iter().skip(from).take(count).map(|v| v.round() as i32).collect::<Vec<i32>>()
        };
        out.medians.push(Pair {
            lead: LeadId::Standard(n).to_string(),
            before: whole(b, b0),
            now: whole(a, a0),
        });
    }
}

/// Correlation from 80 ms before to 400 ms after the QRS peak; none for a lead without signal in either.
fn likeness(a: &[f32], b: &[f32], peak_a: usize, peak_b: usize, shift: isize) -> Option<f64> {
    let from = |peak: usize| peak.checked_sub(ms(80.0));
    let a = a.get(from(peak_a.checked_add_signed(shift)?)?..)?.get(..ms(480.0))?;
    let b = b.get(from(peak_b)?..)?.get(..ms(480.0))?;
    #[expect(clippy::cast_precision_loss, reason = "240 samples")]
    let mean = |s: &[f32]| s.iter().map(|v| f64::from(*v)).sum::<f64>() / s.len().max(1) as f64;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x) - ma, f64::from(*y) - mb);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    // Below 20 µV RMS there is nothing to be alike.
    let least = 400.0 * 240.0;
    (aa > least && bb > least).then(|| ab / (aa * bb).sqrt())
}
