//! What Healforce (力康) recorders write below the name of SCP-ECG: the frame of the standard with 16-bit lengths, pointers
//! from 0, packed 10-bit samples. The leads have no names and are never offered as standard ones.

use super::build::{Budget, group, lead16, size_at, text, u8_at, u16_at};
use crate::ecg::format::Format;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Fiducial};
use crate::ecg::ratio::Ratio;

/// Nanovolts of a unit: 0.01 mV.
const UNIT_NV: i64 = 10_000;
/// Bytes that hold four samples.
const PACK: usize = 6;
/// Marks read at most.
const MARKS: usize = 100_000;

/// Decodes a record. Its checksums are not those of the standard and are not looked at.
///
/// # Errors
/// Cut, without leads, without rate.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let mut document =
        Document { source: Format::Healforce, format: "Healforce SCP".into(), ..Document::default() };
    "Healforce".clone_into(&mut document.device.maker);
    if let Some(body) = section(bytes, 1) {
        person(body, &mut document);
    }
    match waveform(bytes, limits, &mut document) {
        Ok(()) => Ok(document),
        Err(refusal) => Err(refusal.of(&document)),
    }
}

/// The body of a section; indexes count from 0.
fn section(bytes: &[u8], id: u16) -> Option<&[u8]> {
    let zero = size_at(bytes, 10)?;
    let table = bytes.get(22..zero.saturating_add(6).min(bytes.len()))?;
    let pointer = table.chunks_exact(10).find(|p| u16_at(p, 0) == Some(id))?;
    let (length, at) = (size_at(pointer, 2)?, size_at(pointer, 6)?);
    let whole = bytes.get(at..at.saturating_add(length)).filter(|s| u16_at(s, 2) == Some(id))?;
    whole.get(16..)
}

/// Tags as in the standard; the year of the date has its high byte first.
fn person(body: &[u8], document: &mut Document) {
    let (mut at, mut date, mut time) = (0, String::new(), String::new());
    while let (Some(tag), Some(length)) = (u8_at(body, at), u16_at(body, at + 1)) {
        let from = at + 3;
        let Some(value) = body.get(from..from + usize::from(length)) else { break };
        at = from + value.len();
        match (tag, value) {
            (255, _) => break,
            (0, _) => document.subject.name = text(value),
            (2, _) => document.subject.id = text(value),
            (8, [sex, ..]) => {
                let sex = match sex {
                    1 => "M",
                    2 => "F",
                    _ => "",
                };
                sex.clone_into(&mut document.subject.sex);
            }
            (25, [a, b, month @ 1..=12, day @ 1..=31, ..]) => {
                date = format!("{:04}{month:02}{day:02}", u16::from_be_bytes([*a, *b]));
            }
            (26, [h @ 0..24, m @ 0..60, s @ 0..60, ..]) => time = format!("{h:02}{m:02}{s:02}"),
            _ => {}
        }
    }
    if date.len() == 8 && !time.is_empty() {
        document.acquired = format!("{date}{time}");
    }
}

fn waveform(bytes: &[u8], limits: &Limits, document: &mut Document) -> Result<(), Refusal> {
    let wrong = |why: &str| Refusal::new("waveform", why);
    let record = u16_at(bytes, 4).map_or(0, usize::from);
    if record > bytes.len() {
        let why = format!("a record of {record} bytes is declared, {} are present", bytes.len());
        return Err(Refusal::new("structure", why).at(4));
    }
    let leads = section(bytes, 3).and_then(|b| u8_at(b, 0)).map_or(0, usize::from);
    if leads == 0 {
        return Err(Refusal::new("lead", "section 3 names no lead"));
    }
    let body = section(bytes, 6).ok_or_else(|| wrong("section 6 is absent or leads outside the file"))?;
    // The field of the sample interval holds the rate in hertz.
    let rate = u16_at(body, 2).filter(|r| *r > 0).ok_or_else(|| wrong("sampling rate not given"))?;
    let length = u16_at(body, 6).map(usize::from).ok_or_else(|| wrong("section 6 ends inside its header"))?;
    let stream = body.get(8..8 + length).ok_or_else(|| wrong("section 6 ends inside its samples"))?;
    let count = stream.len() / PACK * 4 / leads;
    if count == 0 {
        return Err(wrong("section 6 has no samples"));
    }
    let mut budget = Budget::new(limits);
    budget.take(leads, count)?;
    let mut planar: Vec<Vec<i32>> = (0..leads).map(|_| Vec::with_capacity(count)).collect();
    let mut marks: Vec<usize> = Vec::new();
    for (n, (sample, mark)) in stream.chunks_exact(PACK).flat_map(unpack).enumerate().take(count * leads) {
        if let Some(lead) = planar.get_mut(n % leads) {
            lead.push(sample);
        }
        if mark && marks.last() != Some(&(n / leads)) && marks.len() < MARKS {
            marks.push(n / leads);
        }
    }
    let named = planar.into_iter().enumerate().map(|(k, raw)| {
        let label = format!("Ch {}", k + 1);
        let mut lead =
            lead16(LeadId::Other(format!("ch{}", k + 1), label.clone()), label, raw, Ratio::whole(UNIT_NV));
        lead.rails = (-512, 511);
        lead
    });
    let rate = Ratio::whole(i64::from(rate));
    document.groups.push(group(false, rate, 0.0, named.collect(), &mut budget)?);
    document.fiducials = marks.into_iter().map(|sample| Fiducial { what: "r", sample, group: 0 }).collect();
    let (zh, en) =
        ("导联未命名,不作为标准导联", "the leads have no names and are not taken for standard ones");
    super::build::warn(document, "leads_unnamed", zh, en);
    Ok(())
}

/// Four samples of three words: the low ten bits of each, and the fourth from bits 10-13 of all three. Bit 15 of a word
/// marks a QRS.
fn unpack(pack: &[u8]) -> [(i32, bool); 4] {
    let word = |k: usize| u16_at(pack, 2 * k).unwrap_or(0);
    let (a, b, c) = (word(0), word(1), word(2));
    let value = |bits: u16| i32::from(bits & 0x3FF) - 512;
    let fourth = ((a & 0x3C00) >> 2) | ((b & 0x3C00) >> 6) | ((c & 0x3C00) >> 10);
    let mark = |w: u16| w & 0x8000 != 0;
    [(value(a), mark(a)), (value(b), mark(b)), (value(c), mark(c)), (value(fourth), false)]
}
