//! What every decoder builds with: little-endian reads that cannot leave the file, a budget of samples, leads, units.

use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Group, GroupKind, Lead, Source, Value, Warning};
use crate::ecg::ratio::Ratio;

/// Seconds above which a recording is ambulatory.
pub const HOLTER_SECONDS: f64 = 600.0;

/// Statements and warnings kept of one file.
const MOST: usize = 500;
/// Gaps of a lead: a lead of every other sample would be lists of gaps, four times its samples.
pub const GAPS: usize = 1 << 15;
/// Samples of a file whose packing may swell: twelve leads of ten minutes at 1000 Hz.
const PACKED: usize = 8 << 20;
/// Characters kept of a lead's name.
const LABEL: usize = 64;

/// Byte at `at`.
#[must_use]
pub fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// 16 bits, little-endian.
#[must_use]
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let part = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(part.try_into().ok()?))
}

/// 16 signed bits, little-endian.
#[must_use]
pub fn i16_at(bytes: &[u8], at: usize) -> Option<i16> {
    u16_at(bytes, at).map(u16::cast_signed)
}

/// 32 bits, little-endian.
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let part = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(part.try_into().ok()?))
}

/// The same as an index.
#[must_use]
pub fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    u32_at(bytes, at).and_then(|n| usize::try_from(n).ok())
}

/// Samples that may still be made, checked before they are.
#[derive(Debug)]
pub struct Budget<'a> {
    limits: &'a Limits,
    left: usize,
}

impl<'a> Budget<'a> {
    /// Everything the limits allow.
    #[must_use]
    pub const fn new(limits: &'a Limits) -> Self {
        Self { limits, left: limits.total }
    }

    /// For streams that are smaller than their samples: ten minutes of twelve leads.
    #[must_use]
    pub fn packed(limits: &'a Limits) -> Self {
        Self { limits, left: limits.total.min(PACKED) }
    }

    /// Samples that may still be made.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// Asks for a number of channels.
    ///
    /// # Errors
    /// More than the limits allow.
    pub fn channels(&self, channels: usize) -> Result<(), Refusal> {
        if channels > self.limits.channels {
            let why = format!("more than {} channels exceed the limits", self.limits.channels);
            return Err(Refusal::new("limit", why));
        }
        Ok(())
    }

    /// Takes `channels` of `samples` each.
    ///
    /// # Errors
    /// More than the limits allow.
    pub fn take(&mut self, channels: usize, samples: usize) -> Result<(), Refusal> {
        let wanted = channels.saturating_mul(samples);
        if channels > self.limits.channels || samples > self.limits.samples || wanted > self.left {
            return Err(Refusal::new(
                "limit",
                format!("{channels} channels of {samples} samples exceed the limits"),
            ));
        }
        self.left -= wanted;
        Ok(())
    }
}

/// A lead of 16-bit samples whose type minimum means "no data" (ECG specification 10).
#[must_use]
pub fn lead16(id: LeadId, label: impl Into<String>, raw: Vec<i32>, scale: Ratio) -> Lead {
    let low = i32::from(i16::MIN);
    let missing = gaps(&raw, |v| v == low);
    Lead {
        id,
        label: label.into(),
        raw,
        scale,
        offset: Ratio::ZERO,
        missing,
        rails: (low, i32::from(i16::MAX)),
        derived: false,
    }
}

/// Runs of samples for which `gone` holds, `[from, to)`. Behind [`GAPS`] of them nothing is read; such a file is refused.
#[must_use]
pub fn gaps(raw: &[i32], gone: impl Fn(i32) -> bool) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (i, _) in raw.iter().enumerate().filter(|(_, v)| gone(**v)) {
        lengthen(&mut out, i);
    }
    out
}

/// Adds sample `i` to the gaps before it.
pub fn lengthen(gaps: &mut Vec<(usize, usize)>, i: usize) {
    let full = gaps.len() >= GAPS;
    match gaps.last_mut() {
        Some(last) if last.1 == i || full => last.1 = i + 1,
        _ => gaps.push((i, i + 1)),
    }
}

/// A name as kept: nobody reads more of it, and a list of leads repeats it.
#[must_use]
pub fn label(text: &str) -> String {
    text.trim().chars().take(LABEL).collect()
}

/// A group whose kind follows from its length unless it is a beat. Leads shorter than the longest end in a gap.
///
/// # Errors
/// What must be added to the shorter leads exceeds the budget.
pub fn group(
    beat: bool,
    rate: Ratio,
    t0_ms: f64,
    mut leads: Vec<Lead>,
    budget: &mut Budget<'_>,
) -> Result<Group, Refusal> {
    let samples = leads.iter().map(|l| l.raw.len()).max().unwrap_or(0);
    let short = leads.iter().filter(|l| l.raw.len() < samples);
    for have in short.map(|l| l.raw.len()) {
        budget.take(1, samples - have)?;
    }
    for lead in &mut leads {
        let have = lead.raw.len();
        if have < samples {
            lead.raw.resize(samples, 0);
            lead.missing.push((have, samples));
        }
    }
    let mut group = Group { kind: GroupKind::Rhythm, derived: beat, rate, t0_ms, samples, leads };
    if beat {
        group.kind = GroupKind::Median;
    } else if group.seconds() > HOLTER_SECONDS {
        group.kind = GroupKind::Holter;
    }
    Ok(group)
}

/// Nanovolts of a UCUM unit; the code decides, the magnitude never does.
#[must_use]
pub fn nanovolts(unit: &str) -> Option<Ratio> {
    Some(Ratio::whole(match unit.trim() {
        "nV" => 1,
        "uV" | "µV" | "μV" => 1_000,
        "mV" => 1_000_000,
        "V" => 1_000_000_000,
        _ => return None,
    }))
}

/// Adds a value of the maker unless there is one of this name. An interval or rate of 0 or less means "not measured".
pub fn vendor(document: &mut Document, what: &str, number: Option<f64>, unit: &'static str) {
    let Some(number) = number.filter(|n| n.is_finite()) else { return };
    if (unit != "deg" && number <= 0.0) || document.values.iter().any(|v| v.what == what) {
        return;
    }
    document.values.push(Value { what: what.to_owned(), number: Some(number), unit, source: Source::Vendor });
}

/// Adds a statement of the maker once.
pub fn state(document: &mut Document, statement: String) {
    if !statement.is_empty() && document.statements.len() < MOST && !document.statements.contains(&statement)
    {
        document.statements.push(statement);
    }
}

/// Adds a warning once.
pub fn warn(document: &mut Document, code: &'static str, zh: impl Into<String>, en: impl Into<String>) {
    let warning = Warning::new(code, zh, en);
    if document.warnings.len() < MOST && !document.warnings.contains(&warning) {
        document.warnings.push(warning);
    }
}

/// Filters as printed on paper: `0.05-150 Hz AC50`.
#[must_use]
pub fn filters(low: Option<f64>, high: Option<f64>, notch: Option<f64>) -> String {
    let positive = |n: Option<f64>| n.filter(|n| n.is_finite() && *n > 0.0);
    let mut parts = Vec::new();
    match (positive(low), positive(high)) {
        (Some(l), Some(h)) => parts.push(format!("{l}-{h} Hz")),
        (Some(l), None) => parts.push(format!("> {l} Hz")),
        (None, Some(h)) => parts.push(format!("< {h} Hz")),
        (None, None) => {}
    }
    if let Some(n) = positive(notch) {
        parts.push(format!("AC{n}"));
    }
    parts.join(" ")
}

/// `family^given` (PS3.5 §6.2, PN); one part alone stands as it is.
#[must_use]
pub fn name(family: &str, given: &str) -> String {
    match (family.trim(), given.trim()) {
        (f, "") => f.to_owned(),
        ("", g) => g.to_owned(),
        (f, g) => format!("{f}^{g}"),
    }
}

/// Text of a file without a declared character set: strict UTF-8, else GB18030, else Latin-1. Ends at the first NUL.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let read = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map_or_else(|| bytes.iter().map(|b| char::from(*b)).collect(), |t| t.into_owned()),
    };
    read.trim().to_owned()
}

/// CRC-CCITT: polynomial 0x1021, start 0xFFFF, no reflection (EN 1064 §5.3.2, ISHNE).
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        let [high, low] = crc.to_be_bytes();
        let step = TABLE.get(usize::from(high ^ byte)).copied().unwrap_or(0);
        (u16::from(low) << 8) ^ step
    })
}

/// The remainder of every byte.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut n: u16 = 0;
    while n < 256 {
        let mut crc = n << 8;
        let mut k = 0;
        while k < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            k += 1;
        }
        table[n as usize] = crc;
        n += 1;
    }
    table
};
