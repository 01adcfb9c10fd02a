//! One channel definition (PS3.3 §C.10.9.1.4): which lead, which unit, exactly which scale.

use super::build::{self, nanovolts};
use super::samples::Stored;
use crate::dicom::{Node, Tag};
use crate::ecg::lead::LeadId;
use crate::ecg::limits::Refusal;
use crate::ecg::model::Lead;
use crate::ecg::ratio::Ratio;

const SOURCE: Tag = Tag(0x003A_0208);
const LABEL: Tag = Tag(0x003A_0203);
const SENSITIVITY: Tag = Tag(0x003A_0210);
const UNITS: Tag = Tag(0x003A_0211);
const CORRECTION: Tag = Tag(0x003A_0212);
const BASELINE: Tag = Tag(0x003A_0213);
const SKEW: Tag = Tag(0x003A_0214);
const SAMPLE_SKEW: Tag = Tag(0x003A_0215);
const BITS_STORED: Tag = Tag(0x003A_021A);
const LOW: Tag = Tag(0x003A_0220);
const HIGH: Tag = Tag(0x003A_0221);
const NOTCH: Tag = Tag(0x003A_0222);
const CODE: Tag = Tag(0x0008_0100);
const SCHEME: Tag = Tag(0x0008_0102);
const MEANING: Tag = Tag(0x0008_0104);

/// A channel as described.
pub enum Channel {
    /// An ECG lead without its samples, and its stored bits.
    Lead(Box<Lead>, u32),
    /// Something else (pressure, respiration), by name.
    Foreign(String),
}

/// Reads a definition.
///
/// # Errors
/// An ECG lead whose unit or scale cannot be known: never guessed.
pub fn read(definition: &Node<'_>, stored: Stored) -> Result<Channel, Refusal> {
    let source = definition.items(SOURCE).into_iter().next();
    let (code, scheme, meaning) =
        source.map(|s| (s.text(CODE), s.text(SCHEME), s.text(MEANING))).unwrap_or_default();
    let label = definition.text(LABEL);
    let unit = definition.items(UNITS).first().map(|u| u.text(CODE)).unwrap_or_default();
    let id = LeadId::of_code(&code, &scheme, &meaning).or_else(|| LeadId::of_name(&label));
    let name = [meaning, label, code].into_iter().find(|t| !t.is_empty()).unwrap_or_default();
    let Some(id) = id else { return Ok(Channel::Foreign(name)) };
    let bad = |what: String| Refusal::new("lead", format!("lead {id}: {what}"));
    let nv =
        nanovolts(&unit).ok_or_else(|| bad(format!("unit '{unit}' is not a voltage this program knows")))?;
    let decimal = |tag: Tag, absent: Ratio| match definition.text(tag).trim() {
        "" => Some(absent),
        text => Ratio::from_decimal(text),
    };
    let scale = Ratio::from_decimal(&definition.text(SENSITIVITY))
        .and_then(|s| s.times(decimal(CORRECTION, Ratio::ONE)?))
        .and_then(|s| s.times(nv))
        .filter(|s| s.num() != 0)
        .ok_or_else(|| bad("no usable sensitivity".into()))?;
    // The baseline is already in the unit of the channel: value = (raw * sensitivity * correction + baseline) * unit.
    let offset = decimal(BASELINE, Ratio::ZERO)
        .and_then(|b| b.times(nv))
        .ok_or_else(|| bad("baseline is not a number".into()))?;
    let bits = definition
        .int(BITS_STORED)
        .and_then(|b| u32::try_from(b).ok())
        .filter(|b| (2..=stored.bits()).contains(b))
        .unwrap_or(stored.bits());
    let lead = Lead {
        id,
        label: name,
        raw: Vec::new(),
        scale,
        offset,
        missing: Vec::new(),
        rails: (0, 0),
        derived: false,
    };
    Ok(Channel::Lead(Box::new(lead), bits))
}

/// Whether the channel was sampled at another moment than the others of its group.
#[must_use]
pub fn is_skewed(definition: &Node<'_>) -> bool {
    [SKEW, SAMPLE_SKEW].iter().any(|t| definition.number(*t).is_some_and(|n| n != 0.0))
}

/// Filters as printed on paper, and the upper limit in Hz.
#[must_use]
pub fn filters(definition: &Node<'_>) -> (String, Option<f64>) {
    let number = |tag| definition.number(tag).filter(|n| n.is_finite() && *n > 0.0);
    let (low, high, notch) = (number(LOW), number(HIGH), number(NOTCH));
    (build::filters(low, high, notch), high)
}
