//! EDF and EDF+ (Kemp 1992, Kemp and Olivan 2003). Only signals labelled ECG are offered as leads.

use super::build::{Budget, filters, gaps, group, nanovolts, warn};
use super::stamp::joined;
use crate::ecg::format::Format;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, GroupKind, Lead};
use crate::ecg::ratio::Ratio;

/// Bytes of the fixed header, and of the header of each signal.
const HEADER: usize = 256;
/// Label of the signal that holds texts.
const TEXTS: &str = "EDF Annotations";

/// A signal as described.
struct Signal {
    label: String,
    unit: String,
    physical: [Option<Ratio>; 2],
    digital: [Option<i64>; 2],
    prefilter: String,
    per_record: usize,
    /// Samples before it in a record.
    before: usize,
}

/// Decodes a file.
///
/// # Errors
/// Header that contradicts itself, records that are not there, no ECG, an ECG signal without scale.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let mut document = Document { source: Format::Edf, format: "EDF".into(), ..Document::default() };
    match read(bytes, limits, &mut document) {
        Ok(()) => Ok(document),
        Err(refusal) => Err(refusal.of(&document)),
    }
}

/// A field of the header, without the blanks around it.
fn field(bytes: &[u8], at: usize, length: usize) -> Result<String, Refusal> {
    let raw = bytes
        .get(at..at + length)
        .ok_or_else(|| Refusal::new("structure", "the header is cut").at(bytes.len()))?;
    Ok(super::build::text(raw))
}

fn read(bytes: &[u8], limits: &Limits, document: &mut Document) -> Result<(), Refusal> {
    let wrong = |why: &str| Refusal::new("structure", why);
    let reserved = field(bytes, 192, 44)?;
    let plus = reserved.starts_with("EDF+");
    if plus {
        "EDF+".clone_into(&mut document.format);
    }
    who(bytes, plus, document)?;
    let count = field(bytes, 252, 4)?.parse::<usize>().ok().filter(|n| (1..=limits.channels).contains(n));
    let count = count.ok_or_else(|| wrong("number of signals is none or above the limit"))?;
    let signals = signals(bytes, count)?;
    let duration = Ratio::from_decimal(&field(bytes, 244, 8)?).filter(|d| d.is_positive());
    let duration = duration.ok_or_else(|| wrong("a record has no duration"))?;
    let width: usize = signals.iter().map(|s| s.per_record).sum();
    let data = bytes.get(HEADER * (count + 1)..).unwrap_or_default();
    let present = data.len() / (2 * width).max(1);
    let declared =
        field(bytes, 236, 8)?.parse::<i64>().map_err(|_| wrong("number of records is not a number"))?;
    // -1 is written while the recording runs.
    let records = usize::try_from(declared).unwrap_or(present);
    if records > present || records == 0 || width == 0 {
        let why = format!("{declared} records of {width} samples declared, {} bytes present", data.len());
        return Err(Refusal::new("waveform", why));
    }
    let records = if reserved.starts_with("EDF+D") {
        continuous(data, &signals, width, records, duration, document)
    } else {
        records
    };
    let mut budget = Budget::new(limits);
    let mut others = Vec::new();
    for signal in &signals {
        if signal.label == TEXTS || signal.per_record == 0 {
            continue;
        }
        budget.take(1, records.saturating_mul(signal.per_record))?;
        let rate = Ratio::whole(i64::try_from(signal.per_record).unwrap_or(i64::MAX)).over(duration);
        let rate = rate.ok_or_else(|| wrong("a signal has no rate"))?;
        let raw = samples(data, width, records, signal);
        match lead(signal, raw)? {
            (true, lead) => place(document, rate, lead, signal, &mut budget)?,
            (false, lead) => others.push((rate, lead)),
        }
    }
    if document.groups.is_empty() {
        let names = signals.iter().map(|s| s.label.as_str()).take(6).collect::<Vec<_>>().join(", ");
        return Err(Refusal::new("lead", format!("no signal is labelled ECG ({names})")));
    }
    if !others.is_empty() {
        let names = others.iter().map(|(_, l)| l.label.clone()).collect::<Vec<_>>().join(", ");
        let (zh, en) =
            (format!("非心电信号,未定标:{names}"), format!("signals that are no ECG, not scaled: {names}"));
        warn(document, "signals_not_ecg", zh, en);
    }
    for (rate, lead) in others {
        let mut other = group(false, rate, 0.0, vec![lead], &mut budget)?;
        other.kind = GroupKind::Other;
        document.groups.push(other);
    }
    Ok(())
}

/// Person and time. EDF+ gives `id sex birthdate name` with underscores for blanks; EDF a free text.
fn who(bytes: &[u8], plus: bool, document: &mut Document) -> Result<(), Refusal> {
    let (patient, recording) = (field(bytes, 8, 80)?, field(bytes, 88, 80)?);
    let known = |text: Option<&str>| text.filter(|t| *t != "X").unwrap_or_default().replace('_', " ");
    if plus {
        let mut words = patient.split(' ');
        document.subject.id = known(words.next());
        document.subject.sex = known(words.next());
        document.subject.birth_date = day(words.next().unwrap_or_default());
        document.subject.name = known(words.next());
        document.device.model = known(recording.split(' ').nth(4));
    } else {
        document.subject.name = patient;
    }
    let (date, time) = (field(bytes, 168, 8)?, field(bytes, 176, 8)?);
    let parts: Vec<u32> = date.split('.').filter_map(|p| p.parse().ok()).collect();
    if let [d, m, y] = parts.as_slice() {
        // Years 85 to 99 are of the last century; later ones stand in the EDF+ recording field.
        let year = if *y >= 85 { 1900 + y } else { 2000 + y };
        document.acquired = joined(&format!("{year}-{m}-{d}"), &time, false);
    }
    Ok(())
}

/// `02-MAY-1951` as `19510502`.
fn day(text: &str) -> String {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let mut parts = text.split('-');
    let (Some(d), Some(m), Some(y)) = (parts.next(), parts.next(), parts.next()) else {
        return String::new();
    };
    let month = MONTHS.iter().position(|n| n.eq_ignore_ascii_case(m)).map_or(0, |k| k + 1);
    joined(&format!("{y}-{month}-{d}"), "", false).chars().take(8).collect()
}

/// The headers of the signals stand column by column.
fn signals(bytes: &[u8], count: usize) -> Result<Vec<Signal>, Refusal> {
    let mut out: Vec<Signal> = Vec::new();
    let mut before = 0;
    for k in 0..count {
        // Label, transducer, unit, physical and digital limits, prefilter, samples, reserved.
        let column = |before: usize, width: usize| field(bytes, HEADER + before * count + width * k, width);
        let decimal = |at| column(at, 8).map(|t| Ratio::from_decimal(&t));
        let whole = |at| column(at, 8).map(|t| t.parse::<i64>().ok());
        let per_record = column(216, 8)?.parse::<u32>().map_err(|_| {
            Refusal::new("structure", format!("signal {}: number of samples is not a number", k + 1))
        })?;
        let per_record = usize::try_from(per_record).unwrap_or(usize::MAX);
        out.push(Signal {
            label: column(0, 16)?,
            unit: column(96, 8)?,
            physical: [decimal(104)?, decimal(112)?],
            digital: [whole(120)?, whole(128)?],
            prefilter: column(136, 80)?,
            per_record,
            before,
        });
        before = before.saturating_add(per_record);
    }
    Ok(out)
}

fn samples(data: &[u8], width: usize, records: usize, signal: &Signal) -> Vec<i32> {
    let mut out = Vec::with_capacity(records * signal.per_record);
    for record in data.chunks_exact(2 * width).take(records) {
        let own = record.get(2 * signal.before..2 * (signal.before + signal.per_record)).unwrap_or_default();
        out.extend(own.as_chunks::<2>().0.iter().map(|w| i32::from(i16::from_le_bytes(*w))));
    }
    out
}

/// The lead, and whether it is an ECG. `physical = (digital - lowest) * (span of physical / span of digital) + lowest`.
fn lead(signal: &Signal, raw: Vec<i32>) -> Result<(bool, Lead), Refusal> {
    let name = ["ECG", "EKG"].iter().find_map(|p| strip(&signal.label, p));
    let id = name.map(|n| {
        LeadId::of_name(n).unwrap_or_else(|| LeadId::Other(signal.label.clone(), signal.label.clone()))
    });
    let low = i32::from(i16::MIN);
    let mut made = Lead {
        id: LeadId::Other(signal.label.clone(), signal.label.clone()),
        label: signal.label.clone(),
        missing: gaps(&raw, |v| v == low),
        raw,
        scale: Ratio::ONE,
        offset: Ratio::ZERO,
        rails: (low, i32::from(i16::MAX)),
        derived: false,
    };
    let Some(id) = id else { return Ok((false, made)) };
    let refuse = |why: &str| Refusal::new("lead", format!("signal '{}': {why}", signal.label));
    let unit =
        nanovolts(&signal.unit).ok_or_else(|| refuse("its unit is not a voltage this program knows"))?;
    let ([Some(p0), Some(p1)], [Some(d0), Some(d1)]) = (signal.physical, signal.digital) else {
        return Err(refuse("its limits are not numbers"));
    };
    let per = p1.minus(p0).and_then(|p| p.over(Ratio::whole(d1.checked_sub(d0)?))).filter(|s| s.num() != 0);
    let per = per.ok_or_else(|| refuse("its limits give no scale"))?;
    let at_zero = per.times(Ratio::whole(d0)).and_then(|d| p0.minus(d));
    made.id = id;
    made.scale = per.times(unit).ok_or_else(|| refuse("its scale is out of range"))?;
    made.offset = at_zero.and_then(|o| o.times(unit)).ok_or_else(|| refuse("its offset is out of range"))?;
    if let (Ok(a), Ok(b)) = (i32::try_from(d0), i32::try_from(d1)) {
        made.rails = (a.min(b), a.max(b));
    }
    Ok((true, made))
}

fn strip<'a>(label: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = label.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .then_some(rest)
}

/// Adds the lead to the group of its rate.
fn place(
    document: &mut Document,
    rate: Ratio,
    lead: Lead,
    signal: &Signal,
    budget: &mut Budget<'_>,
) -> Result<(), Refusal> {
    if document.filters.is_empty() {
        let of = |mark: &str| {
            let rest = signal.prefilter.split(mark).nth(1)?;
            rest.trim_start_matches(':')
                .split(|c: char| !(c.is_ascii_digit() || c == '.'))
                .next()?
                .parse::<f64>()
                .ok()
        };
        let high = of("LP").filter(|h| *h > 0.0);
        document.filters = filters(of("HP"), high, of("N:"));
        document.high_hz = high;
    }
    match document
        .groups
        .iter_mut()
        .find(|g| g.rate == rate && g.samples == lead.raw.len() && g.lead(&lead.id).is_none())
    {
        Some(group) => group.leads.push(lead),
        None => document.groups.push(group(false, rate, 0.0, vec![lead], budget)?),
    }
    Ok(())
}

/// Records before the first gap of a discontinuous file: each begins with `+<onset>` in its texts.
fn continuous(
    data: &[u8],
    signals: &[Signal],
    width: usize,
    records: usize,
    duration: Ratio,
    document: &mut Document,
) -> usize {
    let Some(texts) = signals.iter().find(|s| s.label == TEXTS) else { return records };
    let onset = |record: &[u8]| {
        let own = record.get(2 * texts.before..2 * (texts.before + texts.per_record))?;
        let first = own.split(|b| matches!(b, 0x14 | 0x15 | 0)).next()?;
        Ratio::from_decimal(std::str::from_utf8(first).ok()?)
    };
    let mut start = None;
    for (k, record) in data.chunks_exact(2 * width).take(records).enumerate() {
        let Some(at) = onset(record) else { continue };
        let first = *start.get_or_insert(at);
        let run = i64::try_from(k).ok().and_then(|k| duration.times(Ratio::whole(k)));
        if k > 0 && run.and_then(|r| r.plus(first)) != Some(at) {
            let (zh, en) =
                ("记录不连续,仅读取第一段", "the recording is interrupted; only its first part is read");
            warn(document, "discontinuous", zh, en);
            return k;
        }
    }
    records
}
