//! Numbers from beats and boundaries: rate, intervals, corrected QT, axes, ST levels.

use super::beat::{BEFORE, Median, ms};
use super::filter::median as middle;
use super::{Analysis, Marks, Strip};
use crate::ecg::{EcgDocument, LeadId, Source, Value};

/// Puts the analysis together.
pub fn assemble(_document: &EcgDocument, strip: &Strip, beats: &[usize], median: Option<Median>, marks: Option<Marks>) -> Analysis {
    let beats_ms: Vec<f64> = beats.iter().map(|b| ms(*b as f64)).collect();
    let rr: Vec<f64> = beats_ms.windows(2).map(|w| w[1] - w[0]).collect();
    let dominant: Vec<bool> = (0..beats.len()).map(|i| median.as_ref().is_some_and(|m| m.members.contains(&i))).collect();
    let mean_rr = if rr.is_empty() { None } else { Some(rr.iter().sum::<f64>() / rr.len() as f64) };
    let step: Vec<f64> = rr.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    let wobble = if step.is_empty() { 0.0 } else { step.iter().sum::<f64>() / step.len() as f64 };
    let all_dominant = dominant.iter().filter(|d| !**d).count() * 10 <= dominant.len();
    let mut out = Analysis {
        longest_rr_ms: rr.iter().copied().reduce(f64::max),
        shortest_rr_ms: rr.iter().copied().reduce(f64::min),
        mean_rate: mean_rr.map(|r| 60_000.0 / r),
        irregular: rr.len() >= 4 && all_dominant && mean_rr.is_some_and(|m| wobble > 0.08 * m),
        p_present: marks.as_ref().is_some_and(|m| m.p.is_some()),
        beats_ms,
        dominant,
        ..Analysis::default()
    };
    let mut put = |what: &str, number: Option<f64>, unit: &'static str| {
        out.values.push(Value { what: what.into(), number: number.map(|n| (n * 10.0).round() / 10.0), unit, source: Source::Server });
    };
    let typical = middle(&rr);
    put("hr", typical.map(|r| (60_000.0 / r).round()), "bpm");
    if let Some(m) = &marks {
        let qt = m.t.map(|(_, end)| ms(end as f64 - m.qrs_on as f64));
        put("pr", m.p.map(|(on, _)| ms(m.qrs_on as f64 - on as f64)), "ms");
        put("qrs", Some(ms((m.qrs_off - m.qrs_on) as f64)), "ms");
        put("qt", qt, "ms");
        let corrected = |power: f64| qt.zip(typical).map(|(qt, rr)| (qt / (rr / 1000.0).powf(power)).round());
        put("qtcf", corrected(1.0 / 3.0), "ms");
        put("qtcb", corrected(0.5), "ms");
        if let Some(median) = &median {
            put("axis_p", m.p.and_then(|(on, off)| axis(median, on, off, on)), "deg");
            put("axis_qrs", axis(median, m.qrs_on, m.qrs_off, m.qrs_on), "deg");
            put("axis_t", m.t.and_then(|(_, end)| axis(median, m.qrs_off + 20, end, m.qrs_on)), "deg");
            for code in strip.codes.iter().copied() {
                let level = median.lead(code).and_then(|l| Some(l.get(m.qrs_off + 30)? - baseline(l, m.qrs_on)));
                put(&format!("st_j60_{}", LeadId::Code(code).name()), level.map(|v| f64::from(v).round()), "uV");
            }
        }
    }
    out.median = median;
    out.marks = marks;
    out
}

/// Mean of the 16 ms that end 4 ms before `onset`, the isoelectric level of the beat.
fn baseline(lead: &[f32], onset: usize) -> f32 {
    let part = &lead[onset.saturating_sub(10)..onset.saturating_sub(2).max(1).min(BEFORE)];
    if part.is_empty() { 0.0 } else { part.iter().sum::<f32>() / part.len() as f32 }
}

/// Frontal axis in degrees from the net areas of I and aVF; aVF is scaled by 2/sqrt(3) to the length of I.
fn axis(median: &Median, from: usize, to: usize, onset: usize) -> Option<f64> {
    let area = |code: u16| -> Option<f64> {
        let lead = median.lead(code)?;
        let base = baseline(lead, onset);
        Some(lead.get(from..to)?.iter().map(|v| f64::from(v - base)).sum())
    };
    let (x, y) = (area(1)?, area(64)? * 1.1547);
    (x.hypot(y) > 50.0).then(|| y.atan2(x).to_degrees().round())
}
