//! The wave blob of the page: u32 LE length of a JSON header, the header, then planar i16 LE samples by group and lead.

use crate::ecg::measure::Analysis;
use crate::ecg::{EcgDocument, Group, GroupKind, Lead};
use serde_json::{Value, json};

/// Builds the blob. The server's median beat is added when the cart sent none; markers are milliseconds in their group.
pub fn page(document: &EcgDocument, analysis: &Analysis) -> Vec<u8> {
    let mut heads = Vec::new();
    let mut body = Vec::new();
    for group in &document.groups {
        let leads: Vec<Value> = ordered(group).into_iter().map(|l| lead(l, &mut body)).collect();
        let kind = if group.kind == GroupKind::Rhythm { "rhythm" } else { "median" };
        heads.push(json!({"kind": kind, "rate_hz": group.rate.to_f64(), "t0_ms": 0, "leads": leads, "source": "vendor"}));
    }
    let vendor_median = document.groups.iter().any(|g| g.kind == GroupKind::Median);
    let mut markers: Vec<Value> = analysis.beats_ms.iter().map(|ms| json!({"what": "r", "group": "rhythm", "ms": ms})).collect();
    if let (Some(median), false) = (&analysis.median, vendor_median) {
        let leads: Vec<Value> = median
            .codes
            .iter()
            .zip(&median.leads)
            .map(|(code, x)| {
                for v in x {
                    body.extend_from_slice(&(v.round().clamp(-32_767.0, 32_767.0) as i16).to_le_bytes());
                }
                json!({"name": crate::ecg::LeadId::Code(*code).name(), "nv_per_unit": 1000, "offset_nv": 0, "count": x.len(), "missing": []})
            })
            .collect();
        heads.push(json!({"kind": "median", "rate_hz": 500, "t0_ms": -500, "leads": leads, "source": "server"}));
        if let Some(m) = analysis.marks {
            let mut mark = |what: &str, at: Option<usize>| {
                if let Some(at) = at {
                    markers.push(json!({"what": what, "group": "median", "ms": at as f64 * 2.0 - 500.0}));
                }
            };
            mark("p_on", m.p.map(|p| p.0));
            mark("p_off", m.p.map(|p| p.1));
            mark("qrs_on", Some(m.qrs_on));
            mark("qrs_off", Some(m.qrs_off));
            mark("t_peak", m.t.map(|t| t.0));
            mark("t_off", m.t.map(|t| t.1));
        }
    }
    let head = json!({"groups": heads, "markers": markers}).to_string().into_bytes();
    let mut out = Vec::with_capacity(4 + head.len() + body.len());
    out.extend_from_slice(&u32::try_from(head.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(&body);
    out
}

/// Standard leads first in paper order, the others as in the file.
fn ordered(group: &Group) -> Vec<&Lead> {
    let mut out: Vec<&Lead> = crate::ecg::lead::STANDARD.iter().filter_map(|c| group.lead(*c)).collect();
    out.extend(group.leads.iter().filter(|l| !l.id.is_standard()));
    out
}

fn lead(l: &Lead, body: &mut Vec<u8>) -> Value {
    // 32-bit samples beyond 16 bits are shown at a coarser step.
    let most = l.raw.iter().enumerate().filter(|(i, _)| !l.is_missing(*i)).map(|(_, v)| i64::from(*v).abs()).max().unwrap_or(0);
    let step = i32::try_from(most / 32_767 + 1).unwrap_or(i32::MAX);
    for (i, v) in l.raw.iter().enumerate() {
        let v = if l.is_missing(i) { 0 } else { v / step };
        body.extend_from_slice(&(v.clamp(-32_767, 32_767) as i16).to_le_bytes());
    }
    json!({"name": l.id.name(), "nv_per_unit": l.scale.to_f64() * f64::from(step), "offset_nv": l.offset.to_f64(), "count": l.raw.len(),
        "missing": l.missing.iter().map(|(a, b)| json!([a, b])).collect::<Vec<_>>(), "derived": l.derived})
}
