//! ISHNE Holter standard output format (Badilini 1998): 522 bytes of header, a variable block, interleaved 16-bit samples.

use super::build::{Budget, crc16, group, i16_at, lead16, name, text, u16_at, u32_at, warn};
use super::stamp::joined;
use crate::ecg::format::Format;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::Document;
use crate::ecg::ratio::Ratio;

/// Where the header begins behind magic and checksum.
const HEADER: usize = 10;
/// Leads of the table.
const MOST: usize = 12;

/// Decodes a file.
///
/// # Errors
/// Cut, without leads or rate, a lead without resolution, longer than the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let mut document =
        Document { source: Format::Ishne, format: "ISHNE Holter".into(), ..Document::default() };
    who(bytes, &mut document);
    match samples(bytes, limits, &mut document) {
        Ok(()) => Ok(document),
        Err(refusal) => Err(refusal.of(&document)),
    }
}

fn who(bytes: &[u8], document: &mut Document) {
    let part = |at: usize, length: usize| text(bytes.get(at..at + length).unwrap_or_default());
    document.subject.name = name(&part(68, 40), &part(28, 40));
    document.subject.id = part(108, 20);
    let sex = match i16_at(bytes, 128) {
        Some(1) => "M",
        Some(2) => "F",
        _ => "",
    };
    sex.clone_into(&mut document.subject.sex);
    document.device.model = part(232, 40);
    // Three numbers each: day, month, year; hour, minute, second.
    let three = |at: usize| [0, 2, 4].map(|k| i16_at(bytes, at + k).filter(|v| *v >= 0));
    let date = |at: usize| match three(at) {
        [Some(d), Some(m), Some(y)] if y > 0 => format!("{y}-{m}-{d}"),
        _ => String::new(),
    };
    document.subject.birth_date = joined(&date(132), "", false).chars().take(8).collect();
    if let [Some(h), Some(m), Some(s)] = three(150) {
        document.acquired = joined(&date(138), &format!("{h}:{m}:{s}"), false);
    }
}

fn samples(bytes: &[u8], limits: &Limits, document: &mut Document) -> Result<(), Refusal> {
    let cut = || Refusal::new("structure", "the file ends inside its header").at(bytes.len());
    let declared = u32_at(bytes, 14).ok_or_else(cut)?;
    let at = u32_at(bytes, 22).and_then(|n| usize::try_from(n).ok()).ok_or_else(cut)?;
    let leads = u16_at(bytes, 156).map(usize::from).ok_or_else(cut)?;
    let rate = i16_at(bytes, 272)
        .filter(|r| *r > 0)
        .ok_or_else(|| Refusal::new("waveform", "sampling rate not given"))?;
    if !(1..=MOST).contains(&leads) {
        return Err(Refusal::new("lead", format!("{leads} leads: the format knows 1 to {MOST}")));
    }
    let header = bytes.get(HEADER..at).ok_or_else(cut)?;
    if u16_at(bytes, 8) != Some(crc16(header)) {
        warn(document, "crc_mismatch", "ISHNE 头校验和不符", "checksum of the ISHNE header is wrong");
    }
    let data = bytes.get(at..).ok_or_else(cut)?;
    // The size is written per lead by some and for all leads by others; the file itself decides.
    let present = data.len() / (2 * leads);
    let declared = usize::try_from(declared).unwrap_or(usize::MAX);
    let count = if declared == present || declared == 0 {
        present
    } else if declared / leads <= present && declared > present {
        declared / leads
    } else if declared < present {
        declared
    } else {
        let why = format!("{declared} samples declared, {} bytes present", data.len());
        return Err(Refusal::new("waveform", why));
    };
    if count == 0 {
        return Err(Refusal::new("waveform", "the file has no samples"));
    }
    let mut budget = Budget::new(limits);
    budget.take(leads, count)?;
    let mut out = Vec::new();
    for k in 0..leads {
        let code = i16_at(bytes, 158 + 2 * k).ok_or_else(cut)?;
        let id = lead_of(code).unwrap_or_else(|| LeadId::Other(code.to_string(), format!("Ch {}", k + 1)));
        let unit = i16_at(bytes, 206 + 2 * k).filter(|r| *r > 0);
        let unit = unit.ok_or_else(|| Refusal::new("lead", format!("lead {id}: no usable resolution")))?;
        let rows = data.chunks_exact(2 * leads).take(count);
        let raw = rows.map(|row| i16_at(row, 2 * k).map_or(0, i32::from)).collect();
        out.push(lead16(id.clone(), id.to_string(), raw, Ratio::whole(i64::from(unit))));
    }
    document.groups.push(group(false, Ratio::whole(i64::from(rate)), 0.0, out, &mut budget)?);
    Ok(())
}

/// Codes of the lead table: 2-4 X Y Z, 5-10 limb leads, 11-16 V1-V6.
fn lead_of(code: i16) -> Option<LeadId> {
    const NUMBERS: [u16; 15] = [16, 17, 18, 1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8];
    let place = usize::try_from(code).ok()?.checked_sub(2)?;
    NUMBERS.get(place).copied().and_then(LeadId::of_number)
}
