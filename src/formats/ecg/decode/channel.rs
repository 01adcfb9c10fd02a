//! One channel of a DICOM waveform: source code, scale, baseline, missing and saturated samples.

use crate::dicom::{Node, Tag};
use crate::ecg::model::runs;
use crate::ecg::{Lead, LeadId, Ratio};

const SOURCE: Tag = Tag(0x003A_0208);
const SENSITIVITY: Tag = Tag(0x003A_0210);
const UNITS: Tag = Tag(0x003A_0211);
const CORRECTION: Tag = Tag(0x003A_0212);
const BASELINE: Tag = Tag(0x003A_0213);
const BITS_STORED: Tag = Tag(0x003A_021A);
const BAND: [Tag; 3] = [Tag(0x003A_0220), Tag(0x003A_0221), Tag(0x003A_0222)];
const CODE_VALUE: Tag = Tag(0x0008_0100);
const CODE_SCHEME: Tag = Tag(0x0008_0102);
const CODE_MEANING: Tag = Tag(0x0008_0104);

/// How samples are stored (PS3.3 §C.10.9.1.5).
pub(super) struct Sampling {
    /// Bytes of a sample.
    pub bytes: usize,
    signed: bool,
}

impl Sampling {
    /// From (5400,1006) and (5400,1004); audio interpretations give `None`.
    pub fn of(interpretation: &str, bits: i64) -> Option<Sampling> {
        let (bytes, signed) = match interpretation.trim() {
            "SB" => (1, true),
            "UB" => (1, false),
            "SS" => (2, true),
            "US" => (2, false),
            "SL" => (4, true),
            "UL" => (4, false),
            _ => return None,
        };
        (bits == bytes as i64 * 8).then_some(Sampling { bytes, signed })
    }

    /// First sample of `data`. Unsigned 32-bit values above the signed range are clipped to it.
    pub fn sample(&self, data: &[u8], big: bool) -> Option<i32> {
        let mut b = [0u8; 4];
        let from = data.get(..self.bytes)?;
        for (i, byte) in from.iter().enumerate() {
            b[if big { self.bytes - 1 - i } else { i }] = *byte;
        }
        let value = u32::from_le_bytes(b);
        Some(match (self.bytes, self.signed) {
            (1, true) => i32::from(value as u8 as i8),
            (2, true) => i32::from(value as u16 as i16),
            (4, true) => value as i32,
            _ => i32::try_from(value).unwrap_or(i32::MAX),
        })
    }

    /// Least and greatest stored value for `bits` stored.
    fn extremes(&self, bits: u32) -> (i32, i32) {
        let bits = bits.clamp(2, self.bytes as u32 * 8);
        if self.signed { ((-1i64 << (bits - 1)) as i32, ((1i64 << (bits - 1)) - 1) as i32) } else { (0, i32::try_from((1i64 << bits) - 1).unwrap_or(i32::MAX)) }
    }
}

/// Decodes one channel. `Ok(None)` when it is not a voltage lead known by its source code.
///
/// value = (raw * sensitivity * correction + baseline) * unit; the baseline is already in that unit (PS3.3 §C.10.9.1.4.1).
pub(super) fn lead(definition: &Node<'_>, sampling: &Sampling, padding: Option<i32>, at: impl Fn(usize) -> Option<i32>, samples: usize) -> Result<Option<Lead>, String> {
    let sources = definition.items(SOURCE);
    let Some(source) = sources.first() else { return Ok(None) };
    let id = LeadId::from_code(&source.text(CODE_VALUE), &source.text(CODE_SCHEME), &source.text(CODE_MEANING));
    if matches!(id, LeadId::Other(_)) {
        return Ok(None);
    }
    let units = definition.items(UNITS);
    let unit_text = units.first().map(|u| u.text(CODE_VALUE)).unwrap_or_default();
    let unit = nanovolts(&unit_text).ok_or_else(|| format!("unit {unit_text:?} is not a voltage"))?;
    let number = |t: Tag, default: Ratio| {
        let text = definition.text(t);
        if text.trim().is_empty() { Some(default) } else { Ratio::parse(&text) }
    };
    let sensitivity = number(SENSITIVITY, Ratio::ZERO).filter(|r| r.num != 0).ok_or("sensitivity is missing")?;
    let correction = number(CORRECTION, Ratio::ONE).filter(|r| r.num != 0).unwrap_or(Ratio::ONE);
    let scale = sensitivity.times(correction).and_then(|s| s.times(unit)).ok_or("sensitivity does not fit")?;
    let offset = number(BASELINE, Ratio::ZERO).and_then(|b| b.times(unit)).ok_or("baseline does not fit")?;

    let width = sampling.bytes as u32 * 8;
    let bits = definition.int(BITS_STORED).and_then(|b| u32::try_from(b).ok()).filter(|b| (2..=width).contains(b)).unwrap_or(width);
    let shift = 32 - bits;
    let raw: Vec<i32> = (0..samples)
        .map(|i| {
            let v = at(i).unwrap_or(0);
            // 12 bits stored in 16: the unused high bits carry no sign.
            if sampling.signed && bits < width && v != sampling.extremes(width).0 { (v << shift) >> shift } else { v }
        })
        .collect();
    let (least, most) = sampling.extremes(width);
    let (low, high) = sampling.extremes(bits);
    // The type's extreme means "no data" in every group; a declared padding value counts only there, because
    // carts declare 0 and then record true zeros.
    let gap = |v: i32| (sampling.signed && v == least) || (padding == Some(v) && (v == least || v == most));
    let missing = runs(samples, 1, |i| gap(raw[i]));
    let saturated = runs(samples, 3, |i| !gap(raw[i]) && (raw[i] == low || raw[i] == high));
    let band = BAND.map(|t| definition.number(t));
    Ok(Some(Lead { id, raw, scale, offset, missing, saturated, band, derived: false }))
}

fn nanovolts(unit: &str) -> Option<Ratio> {
    let num = match unit.trim_matches(|c: char| c.is_whitespace() || c == '\0') {
        "nV" => 1,
        "uV" | "µV" | "μV" => 1_000,
        "mV" => 1_000_000,
        "V" => 1_000_000_000,
        _ => return None,
    };
    Some(Ratio { num, den: 1 })
}
