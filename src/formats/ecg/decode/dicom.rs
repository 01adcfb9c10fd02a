//! DICOM waveform objects (PS3.3 §A.34, §C.10.9), read through the bounded scanner.

use super::channel::{self, Sampling};
use super::{Limits, WAVEFORM_CLASSES, annotation};
use crate::dicom::{Keep, Node, Object, SliceSource, Tag, tag};
use crate::ecg::{EcgDocument, Group, GroupKind, Ratio, Refusal};

const ACQUISITION_DATETIME: Tag = Tag(0x0008_002A);
const ORIGINALITY: Tag = Tag(0x003A_0004);
const CHANNELS: Tag = Tag(0x003A_0005);
const SAMPLES: Tag = Tag(0x003A_0010);
const FREQUENCY: Tag = Tag(0x003A_001A);
const LABEL: Tag = Tag(0x003A_0020);
const DEFINITIONS: Tag = Tag(0x003A_0200);
const BITS_ALLOCATED: Tag = Tag(0x5400_1004);
const INTERPRETATION: Tag = Tag(0x5400_1006);
const PADDING: Tag = Tag(0x5400_100A);
const DATA: Tag = Tag(0x5400_1010);

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<EcgDocument, Refusal> {
    let refuse = |reason: String| Refusal { stage: "structure", reason };
    let object = Object::read(&mut SliceSource(bytes), None, Keep::WHOLE).map_err(|r| refuse(format!("not a DICOM object: {r:?}")))?;
    let root = object.root();
    let class = root.text(tag::SOP_CLASS);
    let mut document = EcgDocument {
        format: WAVEFORM_CLASSES.iter().find(|(uid, _)| *uid == class).map_or("DICOM", |(_, name)| name).to_owned(),
        device: [root.text(tag::MANUFACTURER), root.text(tag::MODEL), root.text(tag::DEVICE_SERIAL)],
        acquired: acquired(&root),
        ..EcgDocument::default()
    };
    let items = root.items(tag::WAVEFORMS);
    if items.is_empty() {
        return Err(refuse("the object holds no waveform sequence".into()));
    }
    for item in &items {
        let group = group(item, limits, &mut document)?;
        if let Some(group) = group {
            document.groups.push(group);
        }
    }
    classify(&mut document.groups);
    if document.rhythm().is_none_or(|g| g.leads.is_empty()) {
        return Err(Refusal { stage: "waveform", reason: "no group holds an ECG lead".into() });
    }
    annotation::read(&root, &mut document);
    Ok(document)
}

fn acquired(root: &Node<'_>) -> String {
    let digits = |t: &str, n: usize| t.chars().take_while(char::is_ascii_digit).take(n).collect::<String>();
    let moment = digits(&root.text(ACQUISITION_DATETIME), 14);
    if moment.len() == 14 {
        return moment;
    }
    for (date, time) in [(Tag(0x0008_0022), Tag(0x0008_0032)), (Tag(0x0008_0023), Tag(0x0008_0033)), (tag::STUDY_DATE, tag::STUDY_TIME)] {
        let (date, time) = (digits(&root.text(date), 8), digits(&root.text(time), 6));
        if date.len() == 8 && time.len() >= 4 {
            return format!("{date}{time:0<6}");
        }
    }
    String::new()
}

/// One item of the waveform sequence; `None` for groups without an ECG lead.
fn group(item: &Node<'_>, limits: &Limits, document: &mut EcgDocument) -> Result<Option<Group>, Refusal> {
    let refuse = |reason: String| Refusal { stage: "waveform", reason };
    let count = |t: Tag, what: &str| item.int(t).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).ok_or_else(|| refuse(format!("{what} is missing or zero")));
    let (channels, samples) = (count(CHANNELS, "number of channels")?, count(SAMPLES, "number of samples")?);
    if channels > limits.channels || samples > limits.samples {
        return Err(refuse(format!("{channels} channels of {samples} samples exceed the limits")));
    }
    let rate = Ratio::parse(&item.text(FREQUENCY)).filter(|r| r.is_positive()).ok_or_else(|| refuse("sampling frequency is missing".into()))?;
    let bits = item.int(BITS_ALLOCATED).unwrap_or(16);
    let interpretation = item.text(INTERPRETATION);
    let sampling = Sampling::of(&interpretation, bits).ok_or_else(|| refuse(format!("sample interpretation {interpretation:?} with {bits} bits is not a waveform")))?;
    let (_, token) = item.get(DATA).ok_or_else(|| refuse("waveform data is missing".into()))?;
    let data = item.bytes(DATA).unwrap_or_default();
    let wanted = channels.saturating_mul(samples).saturating_mul(sampling.bytes);
    if data.len() < wanted {
        return Err(refuse(format!("{channels} x {samples} samples need {wanted} bytes, the data holds {}", data.len())));
    }
    let definitions = item.items(DEFINITIONS);
    if definitions.len() < channels {
        return Err(refuse(format!("{channels} channels, but {} definitions", definitions.len())));
    }
    let padding = item.bytes(PADDING).and_then(|b| sampling.sample(b, token.big));
    let mut leads = Vec::new();
    for (c, definition) in definitions.iter().take(channels).enumerate() {
        match channel::lead(definition, &sampling, padding, |i| data.get((i * channels + c) * sampling.bytes..).and_then(|b| sampling.sample(b, token.big)), samples) {
            Ok(Some(lead)) => leads.push(lead),
            Ok(None) => {}
            Err(why) => document.warn("unit_unknown", format!("通道 {} 的单位无法识别,未采用", c + 1), format!("channel {} left out: {why}", c + 1)),
        }
    }
    if leads.is_empty() {
        return Ok(None);
    }
    let label = item.text(LABEL).to_ascii_uppercase();
    let derived = item.text(ORIGINALITY).trim() == "DERIVED";
    let kind = if label.contains("MEDIAN") || label.contains("AVERAGE") || label.contains("TEMPLATE") || (derived && !label.contains("RHYTHM")) {
        GroupKind::Median
    } else {
        GroupKind::Rhythm
    };
    Ok(Some(Group { kind, rate, samples, leads }))
}

/// Without a usable label the longest group is the rhythm strip and one under 2 s is a median beat; only one rhythm group stays.
fn classify(groups: &mut Vec<Group>) {
    if !groups.iter().any(|g| g.kind == GroupKind::Rhythm)
        && let Some(longest) = groups.iter_mut().max_by_key(|g| g.samples)
    {
        longest.kind = GroupKind::Rhythm;
    }
    let longest = groups.iter().filter(|g| g.kind == GroupKind::Rhythm).map(|g| g.samples).max().unwrap_or(0);
    for group in groups.iter_mut() {
        if group.kind == GroupKind::Rhythm && group.samples < longest && group.seconds() < 2.0 {
            group.kind = GroupKind::Median;
        }
    }
    groups.sort_by_key(|g| (g.kind == GroupKind::Median, std::cmp::Reverse(g.samples)));
}
