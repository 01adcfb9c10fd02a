//! The character set a person gave a device: used where an object's own label and bytes leave doubt (specification §3, step 4).

use super::Object;
use super::text::{self, Decision, How};

/// Below this the detection itself says that it may be wrong.
const DOUBT: u8 = 60;
/// Confidence of a set a person chose.
const CHOSEN: u8 = 80;

/// Reads a doubtful object in the set `term`; false when there is no doubt or the term is unknown.
pub fn apply(object: &mut Object, term: &str) -> bool {
    if object.charset.confidence >= DOUBT {
        return false;
    }
    let values: Vec<String> = term.split('\\').map(|v| v.trim().to_owned()).collect();
    let Some((charset, _)) = text::parse(&values) else { return false };
    let declared = object.charset.declared.take();
    object.charset = Decision { declared, charset, how: How::Profile, confidence: CHOSEN };
    for slug in ["charset-missing", "charset-wrong"] {
        object.defects.forget(slug);
    }
    true
}

/// The sets a person may choose for a device, with the reading each gives of a text.
#[must_use]
pub fn readings(raw: &[u8], person_name: bool) -> Vec<(&'static str, String)> {
    ["GB18030", "ISO_IR 192", "ISO_IR 100", "\\ISO 2022 IR 58"]
        .into_iter()
        .filter_map(|term| {
            let values: Vec<String> = term.split('\\').map(str::to_owned).collect();
            let (charset, _) = text::parse(&values)?;
            let (read, faults) = text::decode(&charset, raw, person_name);
            (faults.bad == 0).then_some((term, read.trim_end_matches(['\0', ' ']).to_owned()))
        })
        .collect()
}
