//! The decoded recording: planar integers with an exact scale, never floats.

use super::{LeadId, Ratio};
use sha2::{Digest, Sha256};

/// What a group of leads is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// The recorded strip.
    Rhythm,
    /// The maker's median or average beat.
    Median,
}

/// One recording.
#[derive(Clone, Debug, Default)]
pub struct EcgDocument {
    /// Format in words, e.g. `DICOM 12-lead ECG`.
    pub format: String,
    /// Groups, the rhythm group first.
    pub groups: Vec<Group>,
    /// Maker, model, serial number of the cart.
    pub device: [String; 3],
    /// Start of recording as the cart's clock said it, `YYYYMMDDHHMMSS`; empty when unknown.
    pub acquired: String,
    /// Statements of the cart.
    pub statements: Vec<String>,
    /// Values computed by the cart.
    pub measurements: Vec<Value>,
    /// What the checks found; shown to the reader.
    pub warnings: Vec<Warning>,
}

/// Leads sampled together.
#[derive(Clone, Debug)]
pub struct Group {
    /// Rhythm strip or median beat.
    pub kind: GroupKind,
    /// Samples per second.
    pub rate: Ratio,
    /// Samples of each lead.
    pub samples: usize,
    /// The leads.
    pub leads: Vec<Lead>,
}

/// One lead. Microvolts = (raw * scale + offset) / 1000.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Identity.
    pub id: LeadId,
    /// Samples as stored.
    pub raw: Vec<i32>,
    /// Nanovolts a unit.
    pub scale: Ratio,
    /// Nanovolts at raw 0.
    pub offset: Ratio,
    /// Sample ranges without data, end exclusive.
    pub missing: Vec<(usize, usize)>,
    /// Sample ranges at either rail of the converter, end exclusive.
    pub saturated: Vec<(usize, usize)>,
    /// Pass band and mains notch in Hz, as declared.
    pub band: [Option<f64>; 3],
    /// True when computed from other leads.
    pub derived: bool,
}

/// Who computed a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The cart.
    Vendor,
    /// This program.
    Server,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// `hr pr qrs qt qtcf qtcb axis_p axis_qrs axis_t st_j60_<LEAD>`.
    pub what: String,
    /// The number; `None` means looked for and not measurable.
    pub number: Option<f64>,
    /// `bpm`, `ms`, `deg` or `uV`.
    pub unit: &'static str,
    /// Who computed it.
    pub source: Source,
}

/// Something the reader must know about the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable slug.
    pub code: &'static str,
    /// Chinese sentence.
    pub text_zh: String,
    /// English sentence.
    pub text_en: String,
}

/// Why bytes are not a readable recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stage that refused: `probe`, `structure`, `waveform`.
    pub stage: &'static str,
    /// Plain words.
    pub reason: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.stage, self.reason)
    }
}

impl std::error::Error for Refusal {}

impl Lead {
    /// Nanovolts of sample `i`, rounded to the nearest; `None` outside the lead or where data is missing.
    pub fn nanovolts(&self, i: usize) -> Option<i64> {
        let raw = i128::from(*self.raw.get(i)?);
        if self.is_missing(i) {
            return None;
        }
        let (s, o) = (self.scale, self.offset);
        let (num, den) = (raw * i128::from(s.num) * i128::from(o.den) + i128::from(o.num) * i128::from(s.den), i128::from(s.den) * i128::from(o.den));
        let half = if num < 0 { -den / 2 } else { den / 2 };
        i64::try_from((num + half) / den.max(1)).ok()
    }

    /// Microvolts of sample `i`.
    pub fn microvolts(&self, i: usize) -> Option<f64> {
        let raw = *self.raw.get(i)?;
        (!self.is_missing(i)).then(|| (f64::from(raw) * self.scale.to_f64() + self.offset.to_f64()) / 1000.0)
    }

    /// True when sample `i` holds no data.
    pub fn is_missing(&self, i: usize) -> bool {
        self.missing.iter().any(|(from, to)| (*from..*to).contains(&i))
    }
}

impl Group {
    /// Lead by standard code.
    pub fn lead(&self, code: u16) -> Option<&Lead> {
        self.leads.iter().find(|l| l.id == LeadId::Code(code))
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        if self.rate.is_positive() { self.samples as f64 / self.rate.to_f64() } else { 0.0 }
    }

    /// Adds III, aVR, aVL and aVF where absent: III = II-I, aVR = -(I+II)/2, aVL = I-II/2, aVF = II-I/2.
    pub fn derive_limb_leads(&mut self) {
        let (Some(one), Some(two)) = (self.lead(1), self.lead(2)) else { return };
        let nanovolts = |l: &Lead| -> Vec<Option<i64>> { (0..self.samples).map(|i| l.nanovolts(i)).collect() };
        let (one, two) = (nanovolts(one), nanovolts(two));
        let rules: [(u16, fn(i64, i64) -> i64); 4] =
            [(61, |a, b| b - a), (62, |a, b| -(a + b) / 2), (63, |a, b| a - b / 2), (64, |a, b| b - a / 2)];
        for (code, rule) in rules {
            if self.lead(code).is_some() {
                continue;
            }
            let values: Vec<Option<i64>> = one.iter().zip(&two).map(|(a, b)| Some(rule((*a)?, (*b)?))).collect();
            let missing = runs(values.len(), 1, |i| values[i].is_none());
            // 100 nV steps keep +-200 V in 32 bits and hold every half microvolt exactly.
            let raw = values.iter().map(|v| i32::try_from(v.unwrap_or(0) / 100).unwrap_or(0)).collect();
            self.leads.push(Lead { id: LeadId::Code(code), raw, scale: Ratio { num: 100, den: 1 }, offset: Ratio::ZERO, missing, saturated: Vec::new(), band: [None; 3], derived: true });
        }
    }
}

impl EcgDocument {
    /// The rhythm group.
    pub fn rhythm(&self) -> Option<&Group> {
        self.groups.iter().find(|g| g.kind == GroupKind::Rhythm)
    }

    /// SHA-256 over rate, count and nanovolts of I, II, V1..V6 of the rhythm group, hexadecimal: equal hash = the
    /// same ECG in another format. `None` without these eight leads.
    pub fn waveform_hash(&self) -> Option<String> {
        let group = self.rhythm()?;
        let mut hash = Sha256::new();
        hash.update(group.rate.num.to_le_bytes());
        hash.update(group.rate.den.to_le_bytes());
        hash.update((group.samples as u64).to_le_bytes());
        for code in [1, 2, 3, 4, 5, 6, 7, 8] {
            let lead = group.lead(code)?;
            for i in 0..group.samples {
                hash.update(lead.nanovolts(i).unwrap_or(i64::MIN).to_le_bytes());
            }
        }
        Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Adds a warning once.
    pub fn warn(&mut self, code: &'static str, text_zh: impl Into<String>, text_en: impl Into<String>) {
        let warning = Warning { code, text_zh: text_zh.into(), text_en: text_en.into() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Ranges of at least `least` consecutive indexes where `holds` is true.
pub fn runs(count: usize, least: usize, holds: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut start = None;
    for i in 0..=count {
        match (i < count && holds(i), start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                if i - from >= least {
                    out.push((from, i));
                }
                start = None;
            }
            _ => {}
        }
    }
    out
}
