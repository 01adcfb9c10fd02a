//! DICOM waveforms (PS3.3 §C.10.9): 12-lead, General, General 32-bit, Ambulatory, Hemodynamic that carries ECG leads.
//!
//! Whether an object is an ECG is decided by the channel source codes, not by its SOP class.

use super::annotation;
use super::build::{self, HOLTER_SECONDS};
use super::channel::{self, Channel};
use super::samples::{self, Stored};
use crate::dicom::{Node, Object, Tag, tag, uid};
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Device, Document, Group, GroupKind, Subject, Warning};
use crate::ecg::ratio::Ratio;

const ACQUIRED: Tag = Tag(0x0008_002A);
const TIME_OFFSET: Tag = Tag(0x0018_1068);
const ORIGINALITY: Tag = Tag(0x003A_0004);
const CHANNELS: Tag = Tag(0x003A_0005);
const SAMPLES: Tag = Tag(0x003A_0010);
const RATE: Tag = Tag(0x003A_001A);
const LABEL: Tag = Tag(0x003A_0020);
const CHANNEL_DEFINITIONS: Tag = Tag(0x003A_0200);
const BITS_ALLOCATED: Tag = Tag(0x5400_1004);
const INTERPRETATION: Tag = Tag(0x5400_1006);
const PADDING: Tag = Tag(0x5400_100A);
const DATA: Tag = Tag(0x5400_1010);

/// Bytes in which the transfer syntax stands.
const HEAD: usize = 4_096;
/// Multiplex groups read at most.
const GROUPS: usize = 64;
/// A deflated object may come to twenty times its size: more than this is no ECG.
const DEFLATED: usize = 3 << 20;

/// Seconds below which a derived group is a representative beat.
const BEAT_SECONDS: f64 = 3.0;

/// Decodes a DICOM object.
///
/// # Errors
/// Not DICOM, no waveform, no ECG lead, unknown unit, sizes that contradict each other.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if bytes.len() > DEFLATED && memchr::memmem::find(head, uid::DEFLATED_LE.as_bytes()).is_some() {
        return Err(Refusal::new("limit", format!("a deflated object of more than {DEFLATED} bytes")));
    }
    let object = Object::parse(bytes, None).map_err(|e| Refusal::new("structure", e.to_string()))?;
    let root = object.root();
    let mut document =
        Document { format: format_name(&root.text(tag::SOP_CLASS)).into(), ..Document::default() };
    document.subject = Subject {
        id: root.text(tag::PATIENT_ID),
        name: root.text(tag::PATIENT_NAME),
        sex: root.text(tag::SEX),
        birth_date: root.text(tag::BIRTH_DATE),
    };
    document.device = Device {
        maker: root.text(tag::MANUFACTURER),
        model: root.text(tag::MODEL),
        serial: root.text(tag::DEVICE_SERIAL),
    };
    document.acquired = acquired(&root);
    match groups(&root, limits, &mut document) {
        Ok(()) => {}
        Err(mut refusal) => {
            refusal.subject = Box::new(document.subject);
            refusal.device = Box::new(document.device);
            return Err(refusal);
        }
    }
    annotation::read(&root, &mut document);
    for slug in object.defects.slugs() {
        document.warnings.push(Warning::new(
            "defect",
            format!("文件缺陷:{slug}"),
            format!("defect of the file: {slug}"),
        ));
    }
    Ok(document)
}

fn format_name(sop_class: &str) -> &'static str {
    match sop_class.strip_prefix("1.2.840.10008.5.1.4.1.1.9.") {
        Some("1.1") => "DICOM 12-lead ECG",
        Some("1.2") => "DICOM General ECG",
        Some("1.3") => "DICOM Ambulatory ECG",
        Some("1.4") => "DICOM General 32-bit ECG",
        Some("2.1") => "DICOM Hemodynamic",
        _ => "DICOM waveform",
    }
}

/// Acquisition DateTime, else the acquisition, content or study date and time.
fn acquired(root: &Node<'_>) -> String {
    let whole = root.text(ACQUIRED);
    if whole.len() >= 14 {
        return whole;
    }
    let pairs = [
        (tag::ACQUISITION_DATE, tag::ACQUISITION_TIME),
        (Tag(0x0008_0023), Tag(0x0008_0033)),
        (tag::STUDY_DATE, tag::STUDY_TIME),
    ];
    for (date, time) in pairs {
        let (d, t) = (root.text(date), root.text(time));
        if d.len() == 8 && t.len() >= 6 {
            return format!("{d}{t}");
        }
    }
    String::new()
}

fn groups(root: &Node<'_>, limits: &Limits, document: &mut Document) -> Result<(), Refusal> {
    let items = root.items(tag::WAVEFORMS);
    if items.is_empty() {
        return Err(Refusal::new("waveform", "the object has no waveform sequence (5400,0100)"));
    }
    if items.len() > GROUPS {
        return Err(Refusal::new("limit", format!("more than {GROUPS} multiplex groups")));
    }
    let mut left = limits.total;
    let mut foreign = Vec::new();
    for (n, item) in items.iter().enumerate() {
        group(item, n, limits, &mut left, document, &mut foreign)?;
    }
    if !document.groups.iter().any(|g| g.leads.iter().any(|l| l.id.number().is_some())) {
        let names = foreign.into_iter().take(6).collect::<Vec<_>>().join(", ");
        return Err(Refusal::new("lead", format!("no channel is an ECG lead ({names})")));
    }
    Ok(())
}

fn group(
    item: &Node<'_>,
    n: usize,
    limits: &Limits,
    left: &mut usize,
    document: &mut Document,
    foreign: &mut Vec<String>,
) -> Result<(), Refusal> {
    let at = format!("group {}", n + 1);
    let wrong = |what: &str| Refusal::new("waveform", format!("{at}: {what}"));
    let channels = size(item, CHANNELS).ok_or_else(|| wrong("number of channels not given"))?;
    let count = size(item, SAMPLES).ok_or_else(|| wrong("number of samples not given"))?;
    if channels == 0 || count == 0 {
        return Ok(());
    }
    if channels > limits.channels || count > limits.samples || channels.saturating_mul(count) > *left {
        return Err(Refusal::new(
            "limit",
            format!("{at}: {channels} channels of {count} samples exceed the limits"),
        ));
    }
    let interpretation = item.text(INTERPRETATION);
    let Some(stored) = Stored::of(&interpretation, item.int(BITS_ALLOCATED).unwrap_or(16)) else {
        // Companded audio beside the tracing is no reason to refuse the tracing.
        let (zh, en) = (
            format!("{at} 的采样类型 {interpretation} 不支持"),
            format!("{at}: sample type {interpretation} is not read"),
        );
        document.warnings.push(Warning::new("group_skipped", zh, en));
        return Ok(());
    };
    let rate = Ratio::from_decimal(&item.text(RATE))
        .filter(|r| r.is_positive())
        .ok_or_else(|| wrong("sampling frequency not given"))?;
    let data = item.bytes(DATA).unwrap_or_default();
    let need = channels.saturating_mul(count).saturating_mul(stored.bytes());
    if data.len() < need {
        return Err(wrong(&format!("{need} bytes of samples declared, {} present", data.len())));
    }
    *left -= channels * count;
    let big = item.place(DATA).is_some_and(|(_, _, big)| big);
    let definitions = item.items(CHANNEL_DEFINITIONS);
    if definitions.len() < channels {
        return Err(wrong(&format!("{channels} channels declared, {} described", definitions.len())));
    }
    let padding = item.bytes(PADDING).and_then(|b| stored.read(b, big));
    let mut leads = Vec::new();
    for (c, definition) in definitions.iter().take(channels).enumerate() {
        match channel::read(definition, stored)? {
            Channel::Lead(mut lead, bits) => {
                (lead.raw, lead.missing) =
                    samples::planar(data, big, stored, bits, (c, channels, count), padding);
                lead.rails = stored.rails(bits);
                leads.push(*lead);
            }
            Channel::Foreign(name) => foreign.push(name),
        }
    }
    if leads.is_empty() {
        return Ok(());
    }
    if definitions.iter().take(channels).any(channel::is_skewed) {
        let (zh, en) =
            ("导联采样时间有偏差,未校正", "leads were sampled at different moments; this is not corrected");
        build::warn(document, "skew", zh, en);
    }
    let derived = item.text(ORIGINALITY) == "DERIVED";
    let mut group = Group {
        kind: GroupKind::Other,
        derived,
        rate,
        t0_ms: item.number(TIME_OFFSET).filter(|t| t.is_finite()).unwrap_or(0.0),
        samples: count,
        leads,
    };
    group.kind = kind(&item.text(LABEL), &group);
    if group.kind == GroupKind::Rhythm && document.filters.is_empty() {
        (document.filters, document.high_hz) = definitions.first().map(channel::filters).unwrap_or_default();
    }
    // Leads of the same stretch of time are one group however many the file spreads them over.
    match document.groups.iter_mut().find(|g| g.continues(&group)) {
        Some(old) if old.leads.len() + group.leads.len() <= limits.channels => old.leads.extend(group.leads),
        _ => document.groups.push(group),
    }
    Ok(())
}

/// Label first, then originality, then duration.
fn kind(label: &str, group: &Group) -> GroupKind {
    let label = label.to_ascii_uppercase();
    let seconds = group.seconds();
    if ["MEDIAN", "REPRESENT", "AVERAGE", "TEMPLATE", "SINGLE BEAT"].iter().any(|w| label.contains(w))
        && seconds < BEAT_SECONDS
    {
        GroupKind::Median
    } else if seconds > HOLTER_SECONDS {
        GroupKind::Holter
    } else if label.contains("RHYTHM") || !group.derived {
        GroupKind::Rhythm
    } else if seconds < BEAT_SECONDS {
        GroupKind::Median
    } else {
        GroupKind::Other
    }
}

fn size(item: &Node<'_>, wanted: Tag) -> Option<usize> {
    item.int(wanted).and_then(|n| usize::try_from(n).ok())
}
