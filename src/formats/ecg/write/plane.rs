//! Groups as they are written: leads with integers, the exact decimal text of their scale, and their gaps.

use super::{Export, Unwritable};
use crate::ecg::lead::{LeadId, TWELVE};
use crate::ecg::measure::HZ;
use crate::ecg::model::{Document, Group, Lead};
use crate::ecg::ratio::Ratio;

/// One lead ready for writing.
pub struct Plane {
    /// Which lead.
    pub id: LeadId,
    /// Integers.
    pub raw: Vec<i32>,
    /// Microvolts of one unit, decimal text.
    pub scale: String,
    /// Microvolts at 0, decimal text.
    pub offset: String,
    /// Gaps.
    pub missing: Vec<(usize, usize)>,
}

/// A group ready for writing.
pub struct Sheet {
    /// Leads of the same length.
    pub leads: Vec<Plane>,
    /// Samples per second.
    pub rate: Ratio,
    /// Samples of each lead.
    pub samples: usize,
}

/// The rhythm group, the twelve leads first; 1 nV a unit for a lead whose scale has no finite decimal text.
pub fn rhythm(document: &Document) -> Result<Sheet, Unwritable> {
    let group = document.rhythm().ok_or_else(|| Unwritable("the recording has no waveform".into()))?;
    let sheet = of(group)?;
    if sheet.leads.is_empty() || sheet.samples == 0 {
        return Err(Unwritable("the recording has no ECG lead".into()));
    }
    Ok(sheet)
}

/// The median beat of this program at 0.5 µV a unit, else the maker's.
pub fn median(document: &Document, export: &Export<'_>) -> Result<Option<Sheet>, Unwritable> {
    if let Some(m) = export.measured.map(|m| &m.median).filter(|m| !m.is_empty()) {
        let mut leads: Vec<Plane> = m
            .leads
            .iter()
            .map(|(n, s)| Plane {
                id: LeadId::Standard(*n),
                raw: s.iter().map(half_microvolts).collect(),
                scale: "0.5".into(),
                offset: "0".into(),
                missing: Vec::new(),
            })
            .collect();
        limbs(&mut leads);
        leads.sort_by_key(|l| place(&l.id));
        #[expect(clippy::cast_possible_truncation, reason = "a constant of some hundred Hz")]
        let rate = Ratio::whole(HZ as i64);
        return Ok(Some(Sheet { samples: m.len(), leads, rate }));
    }
    document.median().map(of).transpose()
}

/// A median taken sample by sample does not keep III = II - I: the limb leads follow from the medians of I and II.
fn limbs(leads: &mut [Plane]) {
    let get = |n: u16| leads.iter().find(|l| l.id == LeadId::Standard(n)).map(|l| l.raw.clone());
    let (Some(one), Some(two)) = (get(1), get(2)) else { return };
    for l in leads.iter_mut() {
        let (a, b) = match l.id.number() {
            Some(61) => (-2, 2),
            Some(62) => (-1, -1),
            Some(63) => (2, -1),
            Some(64) => (-1, 2),
            _ => continue,
        };
        l.raw = one.iter().zip(&two).map(|(x, y)| ((x * a + y * b) / 2).clamp(-32_767, 32_767)).collect();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
fn half_microvolts(v: &f32) -> i32 {
    (v * 2.0).round().clamp(-32_767.0, 32_767.0) as i32
}

fn place(id: &LeadId) -> usize {
    TWELVE.iter().position(|t| t == id).unwrap_or(TWELVE.len() + usize::from(id.number().unwrap_or(0)))
}

fn of(group: &Group) -> Result<Sheet, Unwritable> {
    let mut leads: Vec<&Lead> = group.leads.iter().filter(|l| l.id.number().is_some()).collect();
    leads.sort_by_key(|l| place(&l.id));
    let leads = leads.into_iter().map(|l| plane(l, group.samples)).collect::<Result<_, _>>()?;
    Ok(Sheet { leads, rate: group.rate, samples: group.samples })
}

fn plane(lead: &Lead, samples: usize) -> Result<Plane, Unwritable> {
    let micro = Ratio::new(1, 1_000).unwrap_or(Ratio::ONE);
    let text = |r: Ratio| r.times(micro).and_then(decimal);
    let mut out = Plane {
        id: lead.id.clone(),
        raw: Vec::new(),
        scale: String::new(),
        offset: String::new(),
        missing: lead.missing.clone(),
    };
    match (text(lead.scale), text(lead.offset)) {
        (Some(scale), Some(offset)) if scale.len() <= 16 && offset.len() <= 16 => {
            (out.raw, out.scale, out.offset) = (lead.raw.clone(), scale, offset);
        }
        _ => {
            let nv = lead.raw.iter().map(|r| i32::try_from(lead.nv_of(*r)));
            out.raw = nv
                .collect::<Result<_, _>>()
                .map_err(|_| Unwritable(format!("lead {}: above 2 V, cannot be written", lead.id)))?;
            (out.scale, out.offset) = ("0.001".into(), "0".into());
        }
    }
    if out.raw.len() != samples {
        let have = out.raw.len();
        return Err(Unwritable(format!("lead {}: {have} samples, its group has {samples}", lead.id)));
    }
    Ok(out)
}

/// The finite decimal text of a ratio, if there is one.
pub fn decimal(r: Ratio) -> Option<String> {
    let (mut den, mut num, mut digits) = (i128::from(r.den()), i128::from(r.num()), 0_usize);
    while den > 1 {
        // A factor 2 of the denominator needs a factor 5 above and the other way round.
        let (by, times) = if den % 10 == 0 {
            (10, 1)
        } else if den % 2 == 0 {
            (2, 5)
        } else if den % 5 == 0 {
            (5, 2)
        } else {
            return None;
        };
        den /= by;
        num = num.checked_mul(times)?;
        digits += 1;
    }
    let sign = if num < 0 { "-" } else { "" };
    let text = format!("{:0width$}", num.unsigned_abs(), width = digits + 1);
    let (whole, part) = text.split_at_checked(text.len().checked_sub(digits)?)?;
    let part = part.trim_end_matches('0');
    Some(if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_not_there() {
        for (num, den, text) in [
            (5, 2, "2.5"),
            (-1, 8, "-0.125"),
            (122, 100, "1.22"),
            (500, 1, "500"),
            (1, 1_000, "0.001"),
            (0, 1, "0"),
        ] {
            assert_eq!(decimal(Ratio::new(num, den).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(decimal(Ratio::new(1, 3).unwrap()), None);
    }
}
