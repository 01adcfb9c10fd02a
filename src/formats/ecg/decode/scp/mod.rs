//! SCP-ECG (EN 1064, ISO 41064), versions 1 to 3.

mod huffman;
mod layout;
mod measures;
mod patient;
mod sections;
mod signal;

use super::build::{Budget, group, lead16, warn};
use crate::ecg::format::Format;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Fiducial};
use crate::ecg::ratio::Ratio;
use huffman::Coding;
use layout::{Beats, Leads};
use sections::Sections;
use signal::{Reference, Rhythm, Streams};

/// How often the zones of all beats together may cover the recording.
const OVERLAP: usize = 4;
/// Samples a lead may begin behind the first one.
const LATE: usize = 10_000;

/// Decodes a record.
///
/// # Errors
/// Cut, without leads or rhythm, streams shorter than declared, more than the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let mut sections = Sections::read(bytes)?;
    let mut document = Document { source: Format::Scp, format: "SCP-ECG".into(), ..Document::default() };
    if let Ok(Some(body)) = sections.get(1) {
        patient::read(body, &mut document);
    }
    // Who it was is read even when the rest is not there.
    if let Some(refusal) = sections.cut.take() {
        return Err(refusal.of(&document));
    }
    match waveforms(&sections, limits, &mut document) {
        Ok(()) => Ok(document),
        Err(refusal) => Err(refusal.of(&document)),
    }
}

fn waveforms(sections: &Sections<'_>, limits: &Limits, document: &mut Document) -> Result<(), Refusal> {
    let mut budget = Budget::packed(limits);
    let leads = Leads::read(sections.need(3)?)?;
    let coding = Coding::read(sections.get(2)?)?;
    let beats = sections.get(4)?.map(Beats::read).transpose()?.unwrap_or_default();
    let count = leads.list.len();
    let reference = match sections.get(5)? {
        Some(body) if beats.reference_ms > 0 => {
            let streams = Streams::read(5, body, count)?;
            Some(Reference::read(&streams, &coding, &beats, &leads, &mut budget)?)
        }
        _ => None,
    };
    let streams = Streams::read(6, sections.need(6)?, count)?;
    let rhythm = Rhythm {
        streams: &streams,
        coding: &coding,
        leads: &leads,
        beats: &beats,
        reference: reference.as_ref(),
    };
    if leads.subtracted && beats.subtracted().next().is_none() {
        return Err(Refusal::new("waveform", "beats were subtracted, but section 4 does not say where"));
    }
    let covered = beats.subtracted().map(|b| b.to - b.from + 1).fold(0, usize::saturating_add);
    let longest = leads.list.iter().map(|l| l.count).max().unwrap_or(0);
    if leads.subtracted && covered > longest.saturating_mul(OVERLAP) {
        return Err(Refusal::new(
            "waveform",
            "the zones of the subtracted beats cover the recording many times",
        ));
    }
    rebuild(&rhythm, &mut budget, document)?;
    if let Some(reference) = &reference {
        median(reference, &leads, document, &mut budget)?;
    }
    notes(sections, &rhythm, document);
    Ok(())
}

fn rebuild(rhythm: &Rhythm<'_>, budget: &mut Budget<'_>, document: &mut Document) -> Result<(), Refusal> {
    let (interval, factor) = rhythm.interval()?;
    let leads = rhythm.leads;
    let first = leads.list.iter().map(|l| l.start).min().unwrap_or(1);
    let longest = leads.list.iter().map(|l| l.start - first + l.count).max().unwrap_or(0);
    if leads.list.iter().any(|l| l.start - first > LATE) {
        return Err(Refusal::new("waveform", "leads begin too far apart"));
    }
    budget.take(leads.list.len(), longest)?;
    let mut out = Vec::new();
    for (k, channel) in leads.list.iter().enumerate() {
        let (mut raw, unit) = rhythm
            .lead(k, channel, factor)
            .map_err(|r| Refusal::new(r.stage, format!("lead {}: {}", channel.id, r.reason)))?;
        let late = channel.start - first;
        if late > 0 {
            raw.splice(0..0, std::iter::repeat_n(0, late));
        }
        let mut lead = lead16(channel.id.clone(), channel.id.to_string(), raw, Ratio::whole(unit));
        if leads.subtracted {
            // A sum of two streams has no rails and no "no data".
            (lead.missing, lead.rails) = (Vec::new(), (i32::MIN, i32::MAX));
        }
        if late > 0 {
            lead.missing.insert(0, (0, late));
        }
        out.push(lead);
    }
    let rate = Ratio::new(1_000_000, i64::from(interval))
        .ok_or_else(|| Refusal::new("waveform", "section 6 has no sample interval"))?;
    let group = group(false, rate, 0.0, out, budget)?;
    for beat in &rhythm.beats.list {
        if let Some(sample) =
            beat.fiducial.checked_sub(first).filter(|s| beat.fiducial > 0 && *s < group.samples)
        {
            document.fiducials.push(Fiducial { what: "r", sample, group: 0 });
        }
    }
    document.groups.push(group);
    Ok(())
}

fn median(
    reference: &Reference,
    leads: &Leads,
    document: &mut Document,
    budget: &mut Budget<'_>,
) -> Result<(), Refusal> {
    let Some(rate) = Ratio::new(1_000_000, i64::from(reference.interval_us)) else { return Ok(()) };
    let unit = Ratio::whole(i64::from(reference.unit_nv));
    let list = leads.list.iter().zip(&reference.leads);
    let made = list.map(|(l, raw)| lead16(l.id.clone(), l.id.to_string(), raw.clone(), unit)).collect();
    document.groups.push(group(true, rate, 0.0, made, budget)?);
    Ok(())
}

/// Values, statements, and what a reader must know.
fn notes(sections: &Sections<'_>, rhythm: &Rhythm<'_>, document: &mut Document) {
    let median = document.groups.iter().position(|g| g.derived);
    let median = median.and_then(|k| Some((k, document.groups.get(k)?.rate.to_f64())));
    let mut unread: Vec<u16> = sections.later().collect();
    match sections.get(7) {
        Ok(Some(body)) => measures::values(body, document, median),
        Ok(None) => {}
        Err(_) => unread.push(7),
    }
    match sections.get(8) {
        Ok(Some(body)) => measures::statements(body, document),
        Ok(None) => {}
        Err(_) => unread.push(8),
    }
    if !unread.is_empty() {
        let list = unread.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (zh, en) = (format!("未读取的 SCP 段:{list}"), format!("SCP sections not read: {list}"));
        warn(document, "sections_skipped", zh, en);
    }
    if !sections.crc_wrong.is_empty() {
        let list = sections.crc_wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let zh = format!("SCP 校验和不符(段 {list}),内容可能受损");
        warn(
            document,
            "crc_mismatch",
            zh,
            format!("SCP checksum wrong (section {list}), the file may be damaged"),
        );
    }
    if rhythm.clipped() > 0 {
        let zh = "参考心搏短于扣除区,部分心搏未能完全还原";
        warn(
            document,
            "reference_beat_short",
            zh,
            "the reference beat is shorter than its zone: some beats are not whole",
        );
    }
}
