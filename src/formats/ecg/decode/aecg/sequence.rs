//! Sequence sets: one sequence is the time, the others are leads (`value = origin + scale * digit`).

use crate::ecg::decode::build::{Budget, lead16, nanovolts, warn};
use crate::ecg::decode::xml::Path;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::Refusal;
use crate::ecg::model::{Document, Lead};
use crate::ecg::ratio::Ratio;

/// Decimals of a sample at most.
const DECIMALS: u32 = 6;

/// A number and its unit as written.
#[derive(Debug, Default)]
struct Quantity {
    value: String,
    unit: String,
}

/// One sequence as read.
#[derive(Debug, Default)]
pub struct Sequence {
    code: String,
    scheme: String,
    head: Quantity,
    increment: Quantity,
    origin: Quantity,
    scale: Quantity,
    digits: Option<(Vec<i32>, u32)>,
}

impl Sequence {
    /// Reads an element inside the sequence.
    ///
    /// # Errors
    /// A sample that is no number, more than the budget.
    pub fn read(&mut self, path: Path<'_>, budget: &mut Budget<'_>) -> Result<(), Refusal> {
        let Some(here) = path.here() else { return Ok(()) };
        let quantity = || Quantity { value: here.value().to_owned(), unit: here.attr("unit").to_owned() };
        match path.name() {
            "code" if path.up(1) == "sequence" => {
                here.attr("code").clone_into(&mut self.code);
                here.attr("codeSystemName").clone_into(&mut self.scheme);
            }
            "head" => self.head = quantity(),
            "increment" => self.increment = quantity(),
            "origin" => self.origin = quantity(),
            "scale" => self.scale = quantity(),
            "digits" => self.digits = Some(digits(here.value(), budget)?),
            _ => {}
        }
        Ok(())
    }

    fn is_time(&self) -> bool {
        matches!(self.code.as_str(), "TIME_ABSOLUTE" | "TIME_RELATIVE")
    }

    /// Head and increment of an absolute time.
    #[must_use]
    pub fn absolute(&self) -> Option<(&str, &str)> {
        (self.code == "TIME_ABSOLUTE").then_some((self.head.value.as_str(), self.increment.value.as_str()))
    }

    /// The lead; `None` when it is none and cannot be scaled.
    fn lead(&mut self, document: &mut Document) -> Result<Option<Lead>, Refusal> {
        let Some((raw, decimals)) = self.digits.take() else { return Ok(None) };
        let id = LeadId::of_code(&self.code, "MDC", &self.code);
        let known = id.is_some();
        let id = id.unwrap_or_else(|| LeadId::Other(self.code.clone(), self.code.clone()));
        let refuse = |why: String| Refusal::new("lead", format!("lead {id}: {why}"));
        let made = (|| {
            let unit = |q: &Quantity| {
                nanovolts(&q.unit)
                    .ok_or_else(|| refuse(format!("unit '{}' is not a voltage this program knows", q.unit)))
            };
            let ten = Ratio::new(1, 10_i64.pow(decimals)).unwrap_or(Ratio::ONE);
            let scale = Ratio::from_decimal(&self.scale.value)
                .and_then(|s| s.times(ten))
                .filter(|s| s.num() != 0)
                .ok_or_else(|| refuse("no usable scale".into()))?
                .times(unit(&self.scale)?)
                .ok_or_else(|| refuse("no usable scale".into()))?;
            let origin = match self.origin.value.as_str() {
                "" => Ratio::ZERO,
                text => Ratio::from_decimal(text).ok_or_else(|| refuse("origin is not a number".into()))?,
            };
            // An origin of 0 needs no unit.
            let offset =
                if origin == Ratio::ZERO { Some(Ratio::ZERO) } else { origin.times(unit(&self.origin)?) };
            let mut lead = lead16(id.clone(), self.code.clone(), raw, scale);
            lead.offset = offset.ok_or_else(|| refuse("origin is not a number".into()))?;
            Ok(lead)
        })();
        match made {
            Err(refusal) if known => Err(refusal),
            Err(_) => {
                let (zh, en) = (
                    format!("通道 {} 不是心电,未读取", self.code),
                    format!("channel {} is no ECG and is not read", self.code),
                );
                warn(document, "channel_skipped", zh, en);
                Ok(None)
            }
            Ok(lead) => Ok(Some(lead)),
        }
    }
}

/// What a set holds.
#[derive(Debug)]
pub struct Made {
    /// Samples per second.
    pub rate: Ratio,
    /// Absolute time of the first sample; empty when relative.
    pub head: String,
    /// Relative time of the first sample, ms.
    pub offset_ms: f64,
    /// The leads.
    pub leads: Vec<Lead>,
}

/// A sequence set as read.
#[derive(Debug, Default)]
pub struct Set {
    list: Vec<Sequence>,
}

impl Set {
    /// Adds a sequence.
    ///
    /// # Errors
    /// More than any recorder has channels.
    pub fn add(&mut self, sequence: Sequence, budget: &Budget<'_>) -> Result<(), Refusal> {
        // One sequence is the time.
        budget.channels(self.list.len())?;
        self.list.push(sequence);
        Ok(())
    }

    /// The leads with their common time.
    ///
    /// # Errors
    /// Leads without a time, an increment that is none, a lead that cannot be scaled.
    pub fn finish(mut self, document: &mut Document) -> Result<Made, Refusal> {
        let leads_present = self.list.iter().any(|s| !s.is_time() && s.digits.is_some());
        let wrong = |why: &str| Refusal::new("waveform", why);
        let (mut rate, mut head, mut offset_ms) = (Ratio::ONE, String::new(), 0.0);
        match self.list.iter().find(|s| s.is_time()) {
            Some(time) => {
                let unit = seconds(&time.increment.unit)
                    .ok_or_else(|| wrong("the sample interval has no unit of time"))?;
                rate = Ratio::from_decimal(&time.increment.value)
                    .and_then(|i| i.times(unit))
                    .and_then(|i| Ratio::ONE.over(i))
                    .filter(|r| r.is_positive())
                    .ok_or_else(|| wrong("the sample interval is not a positive number"))?;
                if time.code == "TIME_ABSOLUTE" {
                    time.head.value.clone_into(&mut head);
                } else {
                    let at = Ratio::from_decimal(&time.head.value).unwrap_or(Ratio::ZERO);
                    let unit = seconds(&time.head.unit).unwrap_or(Ratio::ONE);
                    offset_ms = at.to_f64() * unit.to_f64() * 1_000.0;
                }
            }
            None if leads_present => return Err(wrong("a set of sequences has no sequence of time")),
            None => {}
        }
        let mut leads = Vec::new();
        for sequence in self.list.iter_mut().filter(|s| !s.is_time()) {
            leads.extend(sequence.lead(document)?);
        }
        Ok(Made { rate, head, offset_ms, leads })
    }
}

/// Seconds of a unit of time.
fn seconds(unit: &str) -> Option<Ratio> {
    match unit.trim() {
        "s" => Some(Ratio::ONE),
        "ms" => Ratio::new(1, 1_000),
        "us" => Ratio::new(1, 1_000_000),
        _ => None,
    }
}

/// The samples, all with the same number of decimals.
fn digits(text: &str, budget: &mut Budget<'_>) -> Result<(Vec<i32>, u32), Refusal> {
    // A sample and its separator take two bytes.
    let most = text.len() / 2 + 1;
    let mut out = Vec::with_capacity(most.min(budget.limits().samples).min(1 << 16));
    let not = |token: &str| {
        let token: String = token.chars().take(20).collect();
        Refusal::new("waveform", format!("sample '{token}' is not a number"))
    };
    let mut decimal = false;
    for token in text.split_ascii_whitespace() {
        if let Ok(n) = token.parse::<i32>() {
            out.push(n);
        } else {
            decimal = true;
            break;
        }
        if out.len() > budget.limits().samples {
            break;
        }
    }
    if !decimal {
        budget.take(1, out.len())?;
        return Ok((out, 0));
    }
    let places = |token: &str| {
        let exponent: i64 = token.split_once(['e', 'E']).and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
        let written = token.split(['e', 'E']).next().unwrap_or("");
        let fraction = written.split_once('.').map_or(0, |(_, f)| f.trim_end_matches('0').len());
        u32::try_from(i64::try_from(fraction).unwrap_or(i64::MAX).saturating_sub(exponent).max(0))
            .unwrap_or(u32::MAX)
    };
    let decimals = text.split_ascii_whitespace().map(places).max().unwrap_or(0);
    if decimals > DECIMALS {
        return Err(Refusal::new("waveform", format!("samples with more than {DECIMALS} decimals")));
    }
    let unit = Ratio::whole(10_i64.pow(decimals));
    out.clear();
    for token in text.split_ascii_whitespace() {
        let value = Ratio::from_decimal(token).and_then(|r| r.times(unit)).filter(|r| r.den() == 1);
        out.push(value.and_then(|v| i32::try_from(v.num()).ok()).ok_or_else(|| not(token))?);
        if out.len() > budget.limits().samples {
            break;
        }
    }
    budget.take(1, out.len())?;
    Ok((out, decimals))
}
