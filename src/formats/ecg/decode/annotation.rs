//! Waveform annotations (PS3.3 §C.10.10): the maker's statements, values and marks.

use crate::dicom::{Node, Tag};
use crate::ecg::model::{Document, Fiducial, GroupKind, Source, Value};

const ANNOTATIONS: Tag = Tag(0x0040_B020);
const TEXT: Tag = Tag(0x0070_0006);
const NAME: Tag = Tag(0x0040_A043);
const NUMBER: Tag = Tag(0x0040_A30A);
const UNITS: Tag = Tag(0x0040_08EA);
const POSITIONS: Tag = Tag(0x0040_A132);
const SET: Tag = Tag(0x0040_A180);
const CODE: Tag = Tag(0x0008_0100);
const MEANING: Tag = Tag(0x0008_0104);
/// Annotations read at most.
const MOST: usize = 20_000;

/// Values: SCP-ECG code, words of the meaning, our name, unit.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("5.10.2.1-3", "RR INTERVAL", "rr", "ms"),
    ("5.13.5-7", "PR INTERVAL", "pr", "ms"),
    ("5.13.5-9", "QRS DURATION", "qrs", "ms"),
    ("5.13.5-11", "QT INTERVAL", "qt", "ms"),
    ("5.10.2.5-5", "QTC INTERVAL", "qtc", "ms"),
    ("", "QTCB INTERVAL", "qtcb", "ms"),
    ("", "QTCF INTERVAL", "qtcf", "ms"),
    ("5.10.3-11", "P AXIS", "axis_p", "deg"),
    ("5.10.3-13", "QRS AXIS", "axis_qrs", "deg"),
    ("5.10.3-15", "T AXIS", "axis_t", "deg"),
    ("", "VENTRICULAR HEART RATE", "hr", "/min"),
    ("", "HEART RATE", "hr", "/min"),
    ("", "VENT RATE", "hr", "/min"),
];

/// Marks.
const MARKS: &[(&str, &str, &str)] = &[
    ("5.10.3-1", "P ONSET", "p_on"),
    ("5.10.3-2", "P OFFSET", "p_off"),
    ("5.10.3-3", "QRS ONSET", "qrs_on"),
    ("5.10.3-4", "QRS OFFSET", "qrs_off"),
    ("5.10.3-5", "T OFFSET", "t_off"),
    ("5.7.1-3", "FIDUCIAL POINT", "r"),
];

struct Mark {
    what: &'static str,
    sample: usize,
    set: i64,
}

/// Reads the annotation sequence; empty items and unknown names are passed over.
pub fn read(root: &Node<'_>, document: &mut Document) {
    let mut marks = Vec::new();
    for item in root.items(ANNOTATIONS).into_iter().take(MOST) {
        let text = item.text(TEXT);
        if !text.trim().is_empty() {
            document.statements.push(text.trim().to_owned());
        }
        let Some(name) = item.items(NAME).into_iter().next() else { continue };
        let (code, meaning) = (name.text(CODE), name.text(MEANING).to_ascii_uppercase());
        if let Some(number) = item.number(NUMBER) {
            let unit = item.items(UNITS).first().map(|u| u.text(CODE)).unwrap_or_default();
            value(&code, &meaning, number, &unit, document);
        } else if let Some(position) =
            item.int(POSITIONS).and_then(|p| usize::try_from(p).ok()).filter(|p| *p > 0)
            && let Some((_, _, what)) = MARKS.iter().find(|(c, m, _)| *c == code || *m == meaning)
        {
            // Positions count from 1 (PS3.3 §C.10.10).
            marks.push(Mark { what, sample: position - 1, set: item.int(SET).unwrap_or(0) });
        }
    }
    assign(&marks, document);
}

fn value(code: &str, meaning: &str, number: f64, unit: &str, document: &mut Document) {
    let known = VALUES
        .iter()
        .find(|(c, _, _, _)| !c.is_empty() && *c == code)
        .or_else(|| VALUES.iter().find(|(_, m, _, _)| *m == meaning));
    let Some((_, _, what, canonical)) = known else { return };
    // Seconds happen; an axis labelled "ms" (seen) is still an angle. An interval of 0 means "not measured".
    let number = if *canonical == "ms" && unit == "s" { number * 1_000.0 } else { number };
    if !number.is_finite()
        || (*canonical != "deg" && number <= 0.0)
        || document.values.iter().any(|v| v.what == *what)
    {
        return;
    }
    document.values.push(Value {
        what: (*what).to_owned(),
        number: Some(number),
        unit: canonical,
        source: Source::Vendor,
    });
}

/// Marks of the median and of the rhythm share one list and name the same channels: a set with a position beyond the
/// median, or any but the first set, belongs to the rhythm.
fn assign(marks: &[Mark], document: &mut Document) {
    let index = |kind| document.groups.iter().position(|g| g.kind == kind);
    let (rhythm, median) = (index(GroupKind::Rhythm), index(GroupKind::Median));
    let first = marks.iter().map(|m| m.set).min();
    let mut out = Vec::new();
    for mark in marks {
        let length = median.and_then(|i| document.groups.get(i)).map_or(0, |g| g.samples);
        let beyond = marks.iter().any(|m| m.set == mark.set && m.sample >= length);
        let group = if Some(mark.set) == first && !beyond { median } else { None };
        let Some(group) = group.or(rhythm) else { continue };
        if document.groups.get(group).is_some_and(|g| mark.sample < g.samples) {
            out.push(Fiducial { what: mark.what, sample: mark.sample, group });
        }
    }
    document.fiducials = out;
}
