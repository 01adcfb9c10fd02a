//! WFDB headers with signal files (formats 16 and 212): for the command line and for tests, where several files lie
//! side by side.

use super::build::{Budget, gaps, group, nanovolts, warn};
use super::stamp::Stamp;
use crate::ecg::format::Format;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Lead};
use crate::ecg::physics;
use crate::ecg::ratio::Ratio;

/// Gain of a signal that gives none, units per mV (header(5)).
const GAIN: i64 = 200;

/// Finds a signal file by the name in the header.
pub type Files<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// A line of the header.
struct Signal {
    file: String,
    format: u32,
    skip: usize,
    scale: Ratio,
    offset: Ratio,
    label: String,
}

/// Name of the record: the first word that is no comment.
#[must_use]
pub fn record(header: &[u8]) -> String {
    lines(header)
        .next()
        .and_then(|l| l.split_ascii_whitespace().next().map(str::to_owned))
        .unwrap_or_default()
}

fn lines(header: &[u8]) -> impl Iterator<Item = String> + '_ {
    let text = header.split(|b| *b == b'\n').map(|l| String::from_utf8_lossy(l).trim().to_owned());
    text.filter(|l| !l.is_empty() && !l.starts_with('#'))
}

/// Decodes a record and checks it.
///
/// # Errors
/// A header that is none, a signal file that is absent or short, a format that is not read.
pub fn decode(header: &[u8], files: &Files<'_>, limits: &Limits) -> Result<Document, Refusal> {
    let wrong = |why: &str| Refusal::new("structure", why);
    let mut lines = lines(header);
    let first = lines.next().ok_or_else(|| wrong("an empty header"))?;
    let words: Vec<&str> = first.split_ascii_whitespace().collect();
    let word = |k: usize| words.get(k).copied().unwrap_or_default();
    if word(0).contains('/') {
        return Err(wrong("records of several segments are not read"));
    }
    let count = word(1).parse::<usize>().ok().filter(|n| (1..=limits.channels).contains(n));
    let count = count.ok_or_else(|| wrong("number of signals is none or above the limit"))?;
    // The rate may be followed by a counter frequency.
    let rate = word(2).split(['/', '(']).next().and_then(Ratio::from_decimal).filter(|r| r.is_positive());
    let rate = rate.ok_or_else(|| wrong("sampling rate not given"))?;
    let declared = word(3).parse::<usize>().ok().filter(|n| *n > 0);
    let signals: Vec<Signal> = lines.take(count).map(|l| signal(&l)).collect::<Result<_, _>>()?;
    if signals.len() < count {
        return Err(wrong(&format!("{count} signals declared, {} described", signals.len())));
    }
    let mut document = Document { source: Format::Wfdb, format: "WFDB".into(), ..Document::default() };
    document.acquired = acquired(word(4), word(5));
    let mut budget = Budget::new(limits);
    let mut leads = Vec::new();
    for block in signals.chunk_by(|a, b| a.file == b.file) {
        leads.extend(file(block, files, declared, &mut budget)?);
    }
    document.groups.push(group(false, rate, 0.0, leads, &mut budget)?);
    physical(&mut document);
    physics::check(&mut document);
    Ok(document)
}

/// `9:05:00` and `21/11/2002`.
fn acquired(time: &str, date: &str) -> String {
    let numbers =
        |text: &str| text.split(['/', ':', '.']).map(|p| p.parse::<u32>().ok()).collect::<Option<Vec<_>>>();
    let (Some(d), Some(t)) = (numbers(date), numbers(time)) else { return String::new() };
    let ([day, month, year], [h, m, s, ..]) = (d.as_slice(), t.as_slice()) else { return String::new() };
    let text = format!("{year:04}{month:02}{day:02}{h:02}{m:02}{s:02}");
    Stamp::read(&text).map_or_else(String::new, |_| text)
}

/// `file format[xN][:skew][+offset] gain[(baseline)][/unit] resolution zero first checksum block description`.
fn signal(line: &str) -> Result<Signal, Refusal> {
    let mut words = line.split_ascii_whitespace();
    let file = words.next().unwrap_or_default().to_owned();
    let format = words.next().unwrap_or_default();
    let refuse = |why: &str| Refusal::new("structure", format!("signal of {file}: {why}"));
    let code = format.split(['x', ':', '+']).next().and_then(|c| c.parse().ok());
    let code = code.ok_or_else(|| refuse("format not given"))?;
    let after = |mark: char| format.split(mark).nth(1).and_then(|t| t.split(['x', ':', '+']).next());
    if after('x').is_some_and(|n| n != "1") {
        return Err(refuse("several samples a frame are not read"));
    }
    let skip =
        after('+').map_or(Some(0), |t| t.parse().ok()).ok_or_else(|| refuse("offset is not a number"))?;
    let gain = words.next().unwrap_or_default();
    let (gain, unit) = gain.split_once('/').unwrap_or((gain, "mV"));
    let (gain, baseline) = gain.split_once('(').unwrap_or((gain, ""));
    let per_unit = Ratio::from_decimal(gain).filter(|g| g.num() != 0).unwrap_or(Ratio::whole(GAIN));
    let zero = words.nth(1).unwrap_or_default();
    let baseline = [baseline.trim_end_matches(')'), zero].into_iter().find(|t| !t.is_empty()).unwrap_or("0");
    let baseline = baseline.parse::<i64>().map_err(|_| refuse("baseline is not a number"))?;
    let label = words.skip(3).collect::<Vec<_>>().join(" ");
    let scale = nanovolts(unit).and_then(|u| u.over(per_unit));
    let scale = scale.ok_or_else(|| refuse("its unit is not a voltage this program knows"))?;
    let offset = scale
        .times(Ratio::whole(baseline.saturating_neg()))
        .ok_or_else(|| refuse("baseline out of range"))?;
    Ok(Signal { file, format: code, skip, scale, offset, label })
}

/// The signals of one file, interleaved sample by sample.
fn file(
    block: &[Signal],
    files: &Files<'_>,
    declared: Option<usize>,
    budget: &mut Budget<'_>,
) -> Result<Vec<Lead>, Refusal> {
    let Some(first) = block.first() else { return Ok(Vec::new()) };
    let name = &first.file;
    let refuse = |why: String| Refusal::new("waveform", format!("signal file {name}: {why}"));
    let bytes = files(name).ok_or_else(|| refuse("not found".into()))?;
    let data = bytes.get(first.skip..).unwrap_or_default();
    let present = match first.format {
        16 => data.len() / 2,
        212 => data.len() / 3 * 2 + usize::from(data.len() % 3 == 2),
        other => return Err(refuse(format!("format {other} is not read"))),
    } / block.len();
    let count = declared.unwrap_or(present);
    if count > present || count == 0 || block.iter().any(|s| s.format != first.format) {
        return Err(refuse(format!("{count} samples declared, {present} present")));
    }
    budget.take(block.len(), count)?;
    let low = if first.format == 16 { i32::from(i16::MIN) } else { -2_048 };
    let made = block.iter().enumerate().map(|(k, s)| {
        let raw: Vec<i32> =
            (0..count).map(|i| sample(data, first.format, i * block.len() + k).unwrap_or(low)).collect();
        let id = LeadId::of_name(&s.label).unwrap_or_else(|| LeadId::Other(s.label.clone(), s.label.clone()));
        let missing = gaps(&raw, |v| v == low);
        Lead {
            id,
            label: s.label.clone(),
            raw,
            scale: s.scale,
            offset: s.offset,
            missing,
            rails: (low, -low - 1),
            derived: false,
        }
    });
    Ok(made.collect())
}

/// Sample `n` of a file: 16 bits, or two of 12 bits in three bytes.
fn sample(data: &[u8], format: u32, n: usize) -> Option<i32> {
    if format == 16 {
        return super::build::i16_at(data, 2 * n).map(i32::from);
    }
    let at = n / 2 * 3;
    let middle = u16::from(*data.get(at + 1)?);
    let bits = if n.is_multiple_of(2) {
        u16::from(*data.get(at)?) | (middle & 0x0F) << 8
    } else {
        u16::from(*data.get(at + 2)?) | (middle & 0xF0) << 4
    };
    // The sign is bit 11.
    Some(i32::from((bits << 4).cast_signed() >> 4))
}

/// Gains that make the limb leads contradict each other, while the stored integers agree, are a normalisation of each
/// lead by the makers of a collection: the integers are then microvolts (ECG specification 10).
fn physical(document: &mut Document) {
    let Some(group) = document.groups.first().filter(|g| physics::contradicts(g)) else { return };
    let mut plain = group.clone();
    for lead in &mut plain.leads {
        (lead.scale, lead.offset) = (Ratio::whole(1_000), Ratio::ZERO);
    }
    if physics::contradicts(&plain) {
        return;
    }
    document.groups = vec![plain];
    let (zh, en) = (
        "文件头增益与肢体导联关系矛盾,按每单位 1 µV 读取",
        "the gains of the header contradict the limb leads: read as 1 µV a unit",
    );
    warn(document, "gain_ignored", zh, en);
}
