//! Samples for the page: u32 LE header length, JSON header, then planar i16 LE (contract of `/api/ecg/{record}/wave`).

use serde_json::{Value, json};

use super::strips;
use crate::ecg::analyse::Analysis;
use crate::ecg::lead::TWELVE;
use crate::ecg::measure::HZ;
use crate::ecg::model::{Document, Group, Lead};

/// Which groups a blob carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The recording and the median beat.
    Whole,
    /// The recording.
    Rhythm,
    /// The median beat.
    Median,
}

impl Part {
    /// `rhythm`, `median`; `None` for anything else.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "rhythm" => Some(Self::Rhythm),
            "median" => Some(Self::Median),
            _ => None,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Rhythm => "rhythm",
            Self::Median => "median",
        }
    }
}

/// The rhythm group and the server's median beat (the maker's when nothing could be measured), with the marks of both.
#[must_use]
pub fn blob(document: &Document, analysis: &Analysis) -> Vec<u8> {
    blob_of(document, analysis, Part::Whole)
}

/// The asked groups. The header names the part, lists its groups and markers, and for the median the `marks` in ms from
/// its first sample.
#[must_use]
pub fn blob_of(document: &Document, analysis: &Analysis, part: Part) -> Vec<u8> {
    let mut groups = Vec::new();
    let mut markers = Vec::new();
    let mut marks = serde_json::Map::new();
    let mut samples: Vec<i16> = Vec::new();
    if let Some((group, late)) = strips::together(document).filter(|_| part != Part::Median) {
        groups.push(head("rhythm", &group, &mut samples));
        let beats = analysis.measured.beats_ms.iter().map(|ms| ms + late);
        markers.extend(beats.map(|ms| json!({"what": "r_peak", "group": 0, "ms": ms})));
    }
    let n = groups.len();
    if part == Part::Rhythm {
        // Only the recording was asked for.
    } else if !analysis.measured.median.is_empty() {
        groups.push(median(analysis, &mut samples));
        let m = analysis.measured.marks;
        let at = |i: usize| ms_of(i);
        let mut mark = |what: &str, i: Option<usize>| {
            if let Some(i) = i {
                markers.push(json!({"what": what, "group": n, "ms": at(i)}));
                marks.insert(what.to_owned(), json!(at(i)));
            }
        };
        mark("p_on", m.p.map(|p| p.0));
        mark("p_off", m.p.map(|p| p.1));
        mark("qrs_on", m.qrs.map(|q| q.0));
        mark("r_peak", Some(analysis.measured.median.peak));
        mark("qrs_off", m.qrs.map(|q| q.1));
        mark("t_off", m.t_off);
    } else if let Some(group) = document.median() {
        groups.push(head("median", group, &mut samples));
    }
    let mut header = json!({"group": part.code(), "groups": groups, "markers": markers});
    if let (false, Some(o)) = (part == Part::Rhythm, header.as_object_mut()) {
        o.insert("marks".into(), marks.into());
    }
    let header = header.to_string();
    let length = u32::try_from(header.len()).unwrap_or(0);
    let mut out = Vec::with_capacity(4 + header.len() + samples.len() * 2);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    for s in samples {
        out.extend_from_slice(&s.to_le_bytes());
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "a sample of one beat")]
fn ms_of(i: usize) -> f64 {
    i as f64 * 1_000.0 / f64::from(HZ)
}

/// The twelve leads in drawing order, then the others, whole: what is not sent is not read.
fn head(kind: &str, group: &Group, samples: &mut Vec<i16>) -> Value {
    let ordered = TWELVE.iter().filter_map(|id| group.lead(id));
    let others = group.leads.iter().filter(|l| !TWELVE.contains(&l.id));
    let leads: Vec<Value> = ordered.chain(others).map(|l| lead(l, samples)).collect();
    json!({"kind": kind, "rate_hz": group.rate.to_f64(), "t0_ms": group.t0_ms, "leads": leads})
}

/// Samples that do not fit 16 bits are moved to their middle and, if they still do not, divided.
fn lead(lead: &Lead, samples: &mut Vec<i16>) -> Value {
    let raw = &lead.raw;
    let gone = |i: usize| lead.is_missing(i);
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for (_, r) in raw.iter().enumerate().filter(|(i, _)| !gone(*i)) {
        low = low.min(i64::from(*r));
        high = high.max(i64::from(*r));
    }
    let fits = low > high || (low >= i64::from(i16::MIN) && high <= i64::from(i16::MAX));
    let (middle, divisor) =
        if fits { (0, 1) } else { (i64::midpoint(low, high), ((high - low) / 65_000 + 1).max(1)) };
    for (i, r) in raw.iter().enumerate() {
        let v = if gone(i) { 0 } else { (i64::from(*r) - middle) / divisor };
        samples.push(i16::try_from(v).unwrap_or(if v > 0 { i16::MAX } else { i16::MIN }));
    }
    let (scale, offset) = (lead.scale.to_f64(), lead.offset.to_f64());
    #[expect(clippy::cast_precision_loss, reason = "a header number")]
    let (nv_per_unit, offset_nv) = (scale * divisor as f64, offset + scale * middle as f64);
    let missing: Vec<(usize, usize)> =
        lead.missing.iter().filter(|(a, _)| *a < raw.len()).map(|(a, b)| (*a, (*b).min(raw.len()))).collect();
    json!({"name": lead.id.to_string(), "nv_per_unit": nv_per_unit, "offset_nv": offset_nv, "count": raw.len(), "missing": missing})
}

/// The server's median beat, 0.5 µV a unit.
fn median(analysis: &Analysis, samples: &mut Vec<i16>) -> Value {
    let m = &analysis.measured.median;
    let leads: Vec<Value> = m
        .leads
        .iter()
        .map(|(n, s)| {
            #[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
            samples.extend(s.iter().map(|v| (v * 2.0).round().clamp(-32_767.0, 32_767.0) as i16));
            json!({"name": crate::ecg::LeadId::Standard(*n).to_string(), "nv_per_unit": 500.0, "offset_nv": 0.0, "count": s.len(), "missing": []})
        })
        .collect();
    json!({"kind": "median", "rate_hz": f64::from(HZ), "t0_ms": 0.0, "leads": leads})
}
