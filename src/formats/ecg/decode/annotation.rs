//! Values and statements of the cart from the waveform annotation sequence (PS3.3 §C.10.10).

use crate::dicom::{Node, Tag};
use crate::ecg::{EcgDocument, Source, Value};

const ANNOTATIONS: Tag = Tag(0x0040_B020);
const CONCEPT: Tag = Tag(0x0040_A043);
const NUMBER: Tag = Tag(0x0040_A30A);
const TEXT: Tag = Tag(0x0070_0006);
const CODE_VALUE: Tag = Tag(0x0008_0100);
const CODE_MEANING: Tag = Tag(0x0008_0104);

/// Code in SCPECG and MDC notation, our name, unit.
const KNOWN: &[(&[&str], &str, &str)] = &[
    (&["5.13.5-7", "2:15872"], "pr", "ms"),
    (&["5.13.5-9", "2:16156"], "qrs", "ms"),
    (&["5.13.5-11", "2:16160"], "qt", "ms"),
    (&["5.10.2.5-5", "2:15876"], "qtcb", "ms"),
    (&["2:15880"], "qtcf", "ms"),
    (&["5.10.2.1-3", "2:16168"], "rr", "ms"),
    (&["5.10.2.5-1", "2:16770"], "hr", "bpm"),
    (&["5.10.3-11", "2:16128"], "axis_p", "deg"),
    (&["5.10.3-13", "2:16132"], "axis_qrs", "deg"),
    (&["5.10.3-15", "2:16136"], "axis_t", "deg"),
];

/// Limits on what is kept: statements and values, each.
const MOST: usize = 64;

pub(super) fn read(root: &Node<'_>, document: &mut EcgDocument) {
    for item in root.items(ANNOTATIONS) {
        let text = item.text(TEXT);
        if !text.trim().is_empty() && document.statements.len() < MOST {
            document.statements.push(text.trim().chars().take(512).collect());
        }
        let concepts = item.items(CONCEPT);
        let (Some(concept), Some(number)) = (concepts.first(), item.number(NUMBER)) else { continue };
        let code = concept.text(CODE_VALUE);
        let known = KNOWN.iter().find(|(codes, _, _)| codes.contains(&code.trim()));
        let named = concept.text(CODE_MEANING).to_ascii_lowercase();
        let (what, unit) = match known {
            Some((_, what, unit)) => (*what, *unit),
            None if named.contains("heart rate") => ("hr", "bpm"),
            None => continue,
        };
        // Carts write 0 or 29999 for "not measured"; an axis of 0 is real.
        let usable = number.is_finite() && number.abs() < 20_000.0 && (unit == "deg" || number > 0.0);
        let (what, number) = if what == "rr" { ("hr", 60_000.0 / number) } else { (what, number) };
        if usable && !document.measurements.iter().any(|v| v.what == what) {
            let number = if unit == "ms" && what == "hr" { number.round() } else { number };
            document.measurements.push(Value { what: what.into(), number: Some(number), unit: if what == "hr" { "bpm" } else { unit }, source: Source::Vendor });
        }
    }
}
