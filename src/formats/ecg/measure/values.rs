//! Values from boundaries (ECG specification 11.10): rate, intervals, QTc, frontal axes, ST by lead.

use super::Measured;
use super::delineate::Beat;
use super::signal::{HZ, ms, percentile_f64};
use crate::ecg::lead::LeadId;
use crate::ecg::model::Value;

/// Milliseconds of a sample.
const MS_PER_SAMPLE: f64 = 2.0;

/// Points behind the QRS at which ST is read: name and ms.
const ST: [(&str, f32); 4] = [("j", 0.0), ("j40", 40.0), ("j60", 60.0), ("j80", 80.0)];

/// All values; `rr` = RR intervals in ms.
#[must_use]
pub fn values(m: &Measured, rr: &[f64]) -> Vec<Value> {
    let mut out = rates(rr);
    if m.beats.is_empty() {
        return out;
    }
    let qrs = m.marks.qrs;
    let pr = qrs.and_then(|(on, _)| m.marks.p.map(|(p, _)| between(p, on)));
    let qt = qrs.and_then(|(on, _)| m.marks.t_off.map(|t| between(on, t)));
    out.push(Value::server("pr", pr, "ms"));
    out.push(Value::server("qrs", qrs.map(|(on, off)| between(on, off)), "ms"));
    out.push(Value::server("qt", qt, "ms"));
    let both = qt.zip(typical(rr).map(|t| t / 1_000.0));
    for (name, formula) in QTC {
        out.push(Value::server(name, both.map(|(q, s)| formula(q, s)), "ms"));
    }
    out.push(Value::server("qt_dispersion", m.qt_dispersion, "ms"));
    out.push(Value::server("axis_p", m.marks.p.and_then(|(a, b)| axis(m, a, b, false)), "deg"));
    out.push(Value::server("axis_qrs", qrs.and_then(|(a, b)| axis(m, a, b, true)), "deg"));
    let t = qrs.zip(m.marks.t_off).map(|((_, off), t)| (off + ms(60.0), t));
    out.push(Value::server("axis_t", t.and_then(|(a, b)| axis(m, a, b, true)), "deg"));
    if let Some((on, off)) = qrs {
        out.push(Value::server("rv5_sv1", voltage(m, on, off), "uV"));
        for (n, lead) in &m.median.leads {
            for (name, behind) in ST {
                let st = st(lead, on, off + ms(behind)).map(f64::from);
                out.push(Value::server(format!("st_{name}_{}", LeadId::Standard(*n)), st, "uV"));
            }
        }
    }
    out
}

/// Rate and RR intervals.
fn rates(rr: &[f64]) -> Vec<Value> {
    #[expect(clippy::cast_precision_loss, reason = "a count of beats")]
    let mean = (!rr.is_empty()).then(|| rr.iter().sum::<f64>() / rr.len() as f64);
    let typical = typical(rr);
    vec![
        Value::server("hr", typical.map(|t| 60_000.0 / t), "/min"),
        Value::server("hr_mean", mean.map(|t| 60_000.0 / t), "/min"),
        Value::server("rr", typical, "ms"),
        Value::server("rr_mean", mean, "ms"),
        Value::server("rr_min", rr.iter().copied().reduce(f64::min), "ms"),
        Value::server("rr_max", rr.iter().copied().reduce(f64::max), "ms"),
    ]
}

/// Corrected QT from QT in ms and RR in seconds.
type Correction = fn(f64, f64) -> f64;

/// Fridericia 1920, Bazett 1920, Sagie (Framingham) 1992, Hodges 1983.
const QTC: [(&str, Correction); 4] = [
    ("qtcf", |qt, rr| qt / rr.cbrt()),
    ("qtcb", |qt, rr| qt / rr.sqrt()),
    ("qtc_framingham", |qt, rr| qt + 154.0 * (1.0 - rr)),
    ("qtc_hodges", |qt, rr| qt + 1.75 * (60.0 / rr - 60.0)),
];

/// Sokolow-Lyon: R in V5 and S in V1, against the level before the QRS.
fn voltage(m: &Measured, on: usize, off: usize) -> Option<f64> {
    let wave = |n: u16| {
        let lead = m.median.lead(n)?;
        let zero = level(lead, on)?;
        let w = lead.get(on..=off)?;
        Some(w.iter().fold((0.0_f32, 0.0_f32), |(low, high), v| (low.min(v - zero), high.max(v - zero))))
    };
    let ((_, r), (s, _)) = (wave(7)?, wave(3)?);
    Some(f64::from(r - s))
}

/// RR intervals in ms from QRS onset to QRS onset: where in a wide or paced complex its steepest part lies differs from beat
/// to beat, where it begins does not. A complex without an onset is taken to begin as long before its centre as the others.
#[must_use]
pub fn onset_intervals(beats: &[Beat]) -> Vec<f64> {
    let mut before: Vec<f64> = beats.iter().filter_map(|b| Some(b.qrs.peak - b.qrs.on?)).collect();
    before.sort_by(f64::total_cmp);
    let usual = before.get(before.len() / 2).copied().unwrap_or(0.0);
    let starts: Vec<f64> = beats.iter().map(|b| b.qrs.on.unwrap_or(b.qrs.peak - usual)).collect();
    starts.windows(2).filter_map(|w| Some((w.get(1)? - w.first()?) * 1_000.0 / f64::from(HZ))).collect()
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
