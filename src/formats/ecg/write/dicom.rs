//! DICOM waveform objects (PS3.3 §A.34.3-5, §C.10.9, §C.10.10): explicit little endian, microvolts, all derived limb
//! leads included, no padding value unless samples are missing, the median beat as second group.

use super::plane::{self, Plane, Sheet, decimal};
use super::{Export, Unwritable, bands, source_name};
use crate::dicom::build::{DataSet, TextSet, part10};
use crate::ecg::lead::LeadId;
use crate::ecg::model::{Document, Source};

const TEXT: TextSet = TextSet::Utf8;
/// 12-Lead ECG, General ECG, Ambulatory ECG, General 32-bit ECG.
const CLASSES: [&str; 4] = [
    "1.2.840.10008.5.1.4.1.1.9.1.1",
    "1.2.840.10008.5.1.4.1.1.9.1.2",
    "1.2.840.10008.5.1.4.1.1.9.1.3",
    "1.2.840.10008.5.1.4.1.1.9.1.4",
];
/// What stands for a missing sample.
const GAP: i32 = -32_768;

/// Annotation groups of the file.
const SERVER: u16 = 1;
const PHYSICIAN: u16 = 2;
const RECORDER: u16 = 3;
const R_PEAKS: u16 = 4;

/// Codes of values: our name, code, scheme, meaning (names as recorders write them).
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("hr", "5.10.2.5-1", "SCPECG", "Vent Rate"),
    ("rr", "5.10.2.1-3", "SCPECG", "RR Interval"),
    ("pr", "5.13.5-7", "SCPECG", "PR Interval"),
    ("qrs", "5.13.5-9", "SCPECG", "QRS Duration"),
    ("qt", "5.13.5-11", "SCPECG", "QT Interval"),
    ("qtc", "5.10.2.5-5", "SCPECG", "QTc Interval"),
    ("qtcb", "2:15880", "MDC", "QTcB Interval"),
    ("qtcf", "2:15892", "MDC", "QTcF Interval"),
    ("axis_p", "5.10.3-11", "SCPECG", "P Axis"),
    ("axis_qrs", "5.10.3-13", "SCPECG", "QRS Axis"),
    ("axis_t", "5.10.3-15", "SCPECG", "T Axis"),
];

/// Writes a Part-10 file. The SOP class follows from what is written: 12-lead while rate, length and channels allow it,
/// then General, Ambulatory for slow rates, 32-bit when 16 bits cannot hold the samples.
///
/// # Errors
/// [`Unwritable`] when the time is unknown or the samples cannot be written without loss.
pub fn dicom(document: &Document, export: &Export<'_>) -> Result<Vec<u8>, Unwritable> {
    let start = export.start(document)?;
    let rhythm = plane::rhythm(document)?;
    let wide = !fits(&rhythm);
    let class = class(&rhythm, wide)?;
    let median = if class == 2 { None } else { plane::median(document, export)? };
    let median = median.filter(|m| !m.leads.is_empty() && (wide || fits(m)));
    let sop = CLASSES.get(class).copied().unwrap_or_default();
    let mut set = DataSet::new(TEXT);
    set.declare_text().put_text(0x0008_0016, b"UI", sop).put_text(0x0008_0018, b"UI", export.instance);
    person(&mut set, document, export);
    context(&mut set, document, export, start);
    let mut groups = vec![group(&rhythm, "RHYTHM", "ORIGINAL", wide, &document.filters)?];
    if let Some(m) = &median {
        groups.push(group(m, "MEDIAN BEAT", "DERIVED", wide, "")?);
    }
    set.put_items(0x5400_0100, groups);
    let notes = annotations(document, export, &rhythm, median.is_some());
    if !notes.is_empty() {
        set.put_items(0x0040_B020, notes);
    }
    Ok(part10(&set, sop, export.instance))
}

fn fits(sheet: &Sheet) -> bool {
    sheet
        .leads
        .iter()
        .all(|l| l.raw.iter().enumerate().all(|(i, r)| (-32_767..=32_767).contains(r) || gap(&l.missing, i)))
}

fn gap(missing: &[(usize, usize)], i: usize) -> bool {
    missing.iter().any(|(a, b)| (*a..*b).contains(&i))
}

/// Index into `CLASSES` by the limits of each (PS3.3 §A.34.3.4, §A.34.4.4, §A.34.5.4).
fn class(rhythm: &Sheet, wide: bool) -> Result<usize, Unwritable> {
    let (rate, leads) = (rhythm.rate.to_f64(), rhythm.leads.len());
    Ok(match (rate, leads) {
        _ if wide && leads <= 24 => 3,
        (200.0..=1_000.0, ..=13) if rhythm.samples <= 16_384 => 0,
        (200.0..=1_000.0, ..=24) => 1,
        (50.0..=1_000.0, ..=12) => 2,
        (_, ..=24) => 3,
        _ => return Err(Unwritable(format!("{leads} leads at {rate} Hz: no DICOM ECG object takes them"))),
    })
}

fn cut(text: &str, most: usize) -> String {
    text.replace('\\', "/").chars().filter(|c| !c.is_control()).take(most).collect()
}

fn person(set: &mut DataSet, document: &Document, export: &Export<'_>) {
    let subject = export.subject.unwrap_or(&document.subject);
    let sex = match subject.sex.trim().to_ascii_uppercase().as_str() {
        "M" | "MALE" | "男" => "M",
        "F" | "FEMALE" | "女" => "F",
        "O" | "OTHER" => "O",
        _ => "",
    };
    let birth =
        Some(subject.birth_date.as_str()).filter(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
    set.put_text(0x0010_0010, b"PN", &cut(&subject.name, 64))
        .put_text(0x0010_0020, b"LO", &cut(&subject.id, 64))
        .put_text(0x0010_0030, b"DA", birth.unwrap_or_default())
        .put_text(0x0010_0040, b"CS", sex);
}

fn context(set: &mut DataSet, document: &Document, export: &Export<'_>, start: &str) {
    let (date, time) = (start.get(..8).unwrap_or_default(), start.get(8..14).unwrap_or_default());
    let device = &document.device;
    set.put_text(0x0008_0020, b"DA", date)
        .put_text(0x0008_0023, b"DA", date)
        .put_text(0x0008_002A, b"DT", &cut(start, 26))
        .put_text(0x0008_0030, b"TM", time)
        .put_text(0x0008_0033, b"TM", time)
        .put_text(0x0008_0050, b"SH", &cut(export.accession, 16))
        .put_text(0x0008_0060, b"CS", "ECG")
        .put_text(0x0008_0070, b"LO", &cut(&device.maker, 64))
        .put_text(0x0008_0090, b"PN", "")
        .put_text(0x0020_000D, b"UI", export.study)
        .put_text(0x0020_000E, b"UI", export.series)
        .put_text(0x0020_0010, b"SH", &cut(export.accession, 16))
        .put_text(0x0020_0011, b"IS", "1")
        .put_text(0x0020_0013, b"IS", "1")
        .put_items(0x0040_0555, Vec::new());
    for (tag, vr, text) in [
        (0x0008_0080, b"LO", export.institution),
        (0x0008_1090, b"LO", device.model.as_str()),
        (0x0018_1000, b"LO", device.serial.as_str()),
    ] {
        if !text.is_empty() {
            set.put_text(tag, vr, &cut(text, 64));
        }
    }
    if let (Some(day), Some(clock)) = (export.written.get(..8), export.written.get(8..14)) {
        set.put_text(0x0008_0012, b"DA", day).put_text(0x0008_0013, b"TM", clock);
    }
    // Who wrote this object and from what (PS3.3 §C.12.1).
    let mut by = DataSet::new(TEXT);
    by.put_text(0x0008_0070, b"LO", "Yigong")
        .put_code(0x0040_A170, "109103", "DCM", "Modifying Equipment")
        .put_text(0x0018_A003, b"ST", &description(export));
    set.put_items(0x0018_A001, vec![by]);
}

fn description(export: &Export<'_>) -> String {
    let groups = [(SERVER, Source::Server), (PHYSICIAN, Source::Physician), (RECORDER, Source::Vendor)]
        .map(|(n, s)| format!("{n} = {}", source_name(s)))
        .join(", ");
    let original = if export.original_sha256.is_empty() { "not given" } else { export.original_sha256 };
    format!(
        "Re-encoded without change of the samples. SHA-256 of the original: {original}. Annotation groups: {groups}, {R_PEAKS} = R peaks (server)."
    )
}

/// A multiplex group; samples interleaved.
fn group(
    s: &Sheet,
    label: &str,
    originality: &str,
    wide: bool,
    filters: &str,
) -> Result<DataSet, Unwritable> {
    let rate = decimal(s.rate)
        .filter(|t| t.len() <= 16)
        .ok_or_else(|| Unwritable("the sampling rate has no decimal text".into()))?;
    let (bits, kind) = if wide { (32_u16, "SL") } else { (16, "SS") };
    let count = |n: usize| u32::try_from(n).map_err(|_| Unwritable("too many samples".into()));
    let gaps = s.leads.iter().any(|l| !l.missing.is_empty());
    let low = if wide { i32::MIN } else { GAP };
    let mut item = DataSet::new(TEXT);
    item.put_text(0x003A_0004, b"CS", originality)
        .put_u16(0x003A_0005, &[u16::try_from(s.leads.len()).unwrap_or(u16::MAX)])
        .put_u32(0x003A_0010, count(s.samples)?)
        .put_text(0x003A_001A, b"DS", &rate)
        .put_text(0x003A_0020, b"SH", label)
        .put_items(0x003A_0200, s.leads.iter().map(|l| channel(l, bits, filters)).collect())
        .put_u16(0x5400_1004, &[bits])
        .put_text(0x5400_1006, b"CS", kind);
    let mut data = Vec::with_capacity(s.samples * s.leads.len() * usize::from(bits / 8));
    let mut put = |v: i32| {
        if wide {
            data.extend_from_slice(&v.to_le_bytes());
        } else {
            data.extend_from_slice(&i16::try_from(v).unwrap_or(i16::MIN).to_le_bytes());
        }
    };
    for i in 0..s.samples {
        for l in &s.leads {
            put(if gap(&l.missing, i) { low } else { l.raw.get(i).copied().unwrap_or(low) });
        }
    }
    let vr: &[u8; 2] = b"OW";
    if gaps {
        let padding = if wide { low.to_le_bytes().to_vec() } else { i16::MIN.to_le_bytes().to_vec() };
        item.put_bytes(0x5400_100A, vr, padding);
    }
    item.put_bytes(0x5400_1010, vr, data);
    Ok(item)
}

fn channel(l: &Plane, bits: u16, filters: &str) -> DataSet {
    let (low, high, notch) = bands(filters);
    let mut item = DataSet::new(TEXT);
    item.put_text(0x003A_0203, b"SH", &l.id.to_string())
        .put_items(0x003A_0208, vec![source(l)])
        .put_text(0x003A_0210, b"DS", &l.scale)
        .put_code(0x003A_0211, "uV", "UCUM", "microvolt")
        .put_text(0x003A_0212, b"DS", "1")
        .put_text(0x003A_0213, b"DS", &l.offset)
        .put_text(0x003A_0215, b"DS", "0")
        .put_u16(0x003A_021A, &[bits]);
    for (tag, text) in [(0x003A_0220, low), (0x003A_0221, high), (0x003A_0222, notch)] {
        if let Some(text) = text {
            item.put_text(tag, b"DS", text);
        }
    }
    item
}

/// CID 3001 ECG Lead.
fn source(l: &Plane) -> DataSet {
    let name = match l.id.number() {
        Some(62) => "aVR, augmented voltage, right".into(),
        Some(63) => "aVL, augmented voltage, left".into(),
        Some(64) => "aVF, augmented voltage, foot".into(),
        _ => format!("Lead {}", l.id),
    };
    concept(&format!("2:{}", l.id.number().unwrap_or(0)), "MDC", &name)
}

/// A coded concept; SCP-ECG codes need the version of their table (PS3.3 §8.8).
fn concept(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new(TEXT);
    item.put_text(0x0008_0100, b"SH", value).put_text(0x0008_0102, b"SH", scheme);
    if scheme == "SCPECG" {
        item.put_text(0x0008_0103, b"SH", "1.3");
    }
    item.put_text(0x0008_0104, b"LO", meaning);
    item
}

fn annotations(document: &Document, export: &Export<'_>, rhythm: &Sheet, with_median: bool) -> Vec<DataSet> {
    let mut out = Vec::new();
    let note = |set: u16, channels: &[u16]| {
        let mut item = DataSet::new(TEXT);
        item.put_u16(0x0040_A0B0, channels).put_u16(0x0040_A180, &[set]);
        item
    };
    for (set, source) in
        [(SERVER, Source::Server), (PHYSICIAN, Source::Physician), (RECORDER, Source::Vendor)]
    {
        for (v, number) in export.of(source) {
            let known = VALUES.iter().find(|(what, ..)| *what == v.what);
            let lead = v.what.strip_prefix("st_j60_").and_then(LeadId::of_name);
            let column = lead.as_ref().and_then(|id| rhythm.leads.iter().position(|l| l.id == *id));
            let (code, channel) = match (known, column) {
                (Some((_, code, scheme, meaning)), _) => ((*code, *scheme, (*meaning).to_owned()), 0),
                (None, Some(c)) => (
                    ("2:14336", "MDC", "Amplitude at 60 ms into ST segment, per lead".to_owned()),
                    u16::try_from(c + 1).unwrap_or(0),
                ),
                _ => continue,
            };
            let mut item = note(set, &[1, channel]);
            item.put_items(0x0040_A043, vec![concept(code.0, code.1, &code.2)])
                .put_code(0x0040_08EA, v.unit, "UCUM", v.unit)
                .put_decimals(0x0040_A30A, &[number]);
            out.push(item);
        }
    }
    let mut point = |set: u16, group: u16, code: (&str, &str), sample: usize| {
        let Ok(position) = u32::try_from(sample + 1) else { return };
        let mut item = note(set, &[group, 0]);
        item.put_text(0x0040_A130, b"CS", "POINT")
            .put_u32(0x0040_A132, position)
            .put_items(0x0040_A043, vec![concept(code.0, "SCPECG", code.1)]);
        out.push(item);
    };
    if let Some(m) = export.measured {
        let p = m.marks.p;
        let marks = [
            (("5.10.3-1", "P Onset"), p.map(|p| p.0)),
            (("5.10.3-2", "P Offset"), p.map(|p| p.1)),
            (("5.10.3-3", "QRS Onset"), m.marks.qrs.map(|q| q.0)),
            (("5.10.3-4", "QRS Offset"), m.marks.qrs.map(|q| q.1)),
            (("5.10.3-5", "T Offset"), m.marks.t_off),
        ];
        for (code, at) in marks.into_iter().filter(|_| with_median && !m.median.is_empty()) {
            if let Some(at) = at {
                point(SERVER, 2, code, at);
            }
        }
        for ms in &m.beats_ms {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a sample number; the cast saturates"
            )]
            let at = (ms * rhythm.rate.to_f64() / 1_000.0).round() as usize;
            if at < rhythm.samples {
                point(R_PEAKS, 1, ("5.7.1-3", "Fiducial Point"), at);
            }
        }
    }
    for (set, text) in export
        .statements
        .iter()
        .map(|t| (PHYSICIAN, t))
        .chain(document.statements.iter().map(|t| (RECORDER, t)))
        .filter(|(_, t)| !t.trim().is_empty())
    {
        let mut item = note(set, &[1, 0]);
        item.put_text(0x0070_0006, b"ST", &cut(text, 1_024));
        out.push(item);
    }
    out
}
