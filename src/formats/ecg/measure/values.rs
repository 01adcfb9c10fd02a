//! Values from boundaries (ECG specification 11.10): rate, intervals, QTc, frontal axes, ST by lead.

use super::Measured;
use super::signal::{ms, percentile_f64};
use crate::ecg::lead::LeadId;
use crate::ecg::model::Value;

/// Milliseconds of a sample.
const MS_PER_SAMPLE: f64 = 2.0;

/// All values; `rr` = RR intervals in ms.
#[must_use]
pub fn values(m: &Measured, rr: &[f64]) -> Vec<Value> {
    let mut out = Vec::new();
    let typical = typical(rr);
    let rate = typical.map(|t| 60_000.0 / t);
    out.push(Value::server("hr", rate, "/min"));
    if m.beats.is_empty() {
        return out;
    }
    let span = |a: usize, b: usize| between(a, b);
    let qrs = m.marks.qrs;
    let pr = qrs.and_then(|(on, _)| m.marks.p.map(|(p, _)| span(p, on)));
    let qt = qrs.and_then(|(on, _)| m.marks.t_off.map(|t| span(on, t)));
    out.push(Value::server("pr", pr, "ms"));
    out.push(Value::server("qrs", qrs.map(|(on, off)| span(on, off)), "ms"));
    out.push(Value::server("qt", qt, "ms"));
    let seconds = typical.map(|t| t / 1_000.0);
    out.push(Value::server("qtcf", qt.zip(seconds).map(|(q, s)| q / s.cbrt()), "ms"));
    out.push(Value::server("qtcb", qt.zip(seconds).map(|(q, s)| q / s.sqrt()), "ms"));
    out.push(Value::server("rr", typical, "ms"));
    out.push(Value::server("rr_max", m.longest_rr_ms, "ms"));
    out.push(Value::server("axis_p", m.marks.p.and_then(|(a, b)| axis(m, a, b, false)), "deg"));
    out.push(Value::server("axis_qrs", qrs.and_then(|(a, b)| axis(m, a, b, true)), "deg"));
    let t = qrs.zip(m.marks.t_off).map(|((_, off), t)| (off + ms(60.0), t));
    out.push(Value::server("axis_t", t.and_then(|(a, b)| axis(m, a, b, true)), "deg"));
    if let Some((on, off)) = qrs {
        for (n, lead) in &m.median.leads {
            let st = st(lead, on, off + ms(60.0)).map(f64::from);
            out.push(Value::server(format!("st_j60_{}", LeadId::Standard(*n)), st, "uV"));
        }
    }
    out
}

/// The median RR interval, ms. The first and the last interval are left out when there are five more: the beats at the edges of
/// a strip are cut or begin in the settling of a filter.
#[must_use]
pub fn typical(rr: &[f64]) -> Option<f64> {
    let inner = if rr.len() >= 7 { rr.get(1..rr.len() - 1).unwrap_or(rr) } else { rr };
    percentile_f64(inner, 0.5)
}

#[expect(clippy::cast_precision_loss, reason = "samples of one beat")]
fn between(a: usize, b: usize) -> f64 {
    b.saturating_sub(a) as f64 * MS_PER_SAMPLE
}

/// The lead at `i` against its level before the QRS, µV.
pub(super) fn st(lead: &[f32], on: usize, i: usize) -> Option<f32> {
    Some(at(lead, i)? - level(lead, on)?)
}

/// Mean of 8 ms around a sample.
fn at(lead: &[f32], i: usize) -> Option<f32> {
    mean(lead.get(i.saturating_sub(2)..i + 3)?)
}

/// The level just before the QRS.
fn level(lead: &[f32], on: usize) -> Option<f32> {
    mean(lead.get(on.saturating_sub(ms(16.0))..on)?)
}

#[expect(clippy::cast_precision_loss, reason = "a handful of samples")]
fn mean(w: &[f32]) -> Option<f32> {
    (!w.is_empty()).then(|| w.iter().sum::<f32>() / w.len() as f32)
}

/// Frontal axis from the net areas of I and aVF; aVF is augmented, so it counts 2/sqrt(3). The zero line is the level
/// before the QRS, for a P wave the line through its ends. None when the vector is too small to have a direction.
fn axis(m: &Measured, a: usize, b: usize, from_qrs: bool) -> Option<f64> {
    let (on, _) = m.marks.qrs?;
    let area = |n: u16| {
        let lead = m.median.lead(n)?;
        let wave = lead.get(a..=b)?;
        let (first, last) = if from_qrs {
            let z = level(lead, on)?;
            (z, z)
        } else {
            (at(lead, a)?, at(lead, b)?)
        };
        #[expect(clippy::cast_precision_loss, reason = "samples of one wave")]
        let net = wave
            .iter()
            .enumerate()
            .map(|(i, v)| v - first - (last - first) * i as f32 / wave.len() as f32)
            .sum::<f32>();
        Some(f64::from(net))
    };
    let (x, y) = (area(1)?, area(64)? * 2.0 / 3.0_f64.sqrt());
    (x.hypot(y) > 40.0).then(|| y.atan2(x).to_degrees())
}
