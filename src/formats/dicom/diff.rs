//! What two objects say differently, element by element: the card beside a second version.

use std::collections::BTreeSet;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use serde_json::{Value, json};

use super::{Object, Tag, json as dicom_json};

/// Differences listed at most.
pub const MAX_DIFFERENCES: usize = 500;
/// Characters of a value shown at most.
const SHOWN: usize = 200;

/// One element that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path, `00100010` or `00400275/1/00400007`.
    pub path: String,
    /// Keyword of the dictionary, empty for a private element.
    pub keyword: String,
    /// The value in the first object; `None` when it does not have the element.
    pub left: Option<String>,
    /// The value in the second.
    pub right: Option<String>,
}

/// Elements that differ, in tag order, long binary values by their length only; pixel data is compared elsewhere.
#[must_use]
pub fn differences(left: &Object, right: &Object) -> Vec<Difference> {
    let bulk = |_: &str| String::new();
    let (a, b) = (dicom_json::dataset(left, &bulk), dicom_json::dataset(right, &bulk));
    let mut out = Vec::new();
    // Pairs of data sets still to compare: nothing recurses over what was received.
    let mut open = vec![(String::new(), a, b)];
    while let Some((path, a, b)) = open.pop() {
        let keys: BTreeSet<&String> =
            [&a, &b].into_iter().filter_map(Value::as_object).flat_map(|m| m.keys()).collect();
        for key in keys {
            let (one, two) = (a.get(key), b.get(key));
            if one == two || key == "7FE00010" {
                continue;
            }
            if out.len() >= MAX_DIFFERENCES {
                return out;
            }
            let items = |v: Option<&Value>| -> Option<Vec<Value>> {
                let v = v?;
                (v.get("vr")? == "SQ")
                    .then(|| v.get("Value").and_then(Value::as_array).cloned().unwrap_or_default())
            };
            match (items(one), items(two)) {
                (Some(x), Some(y)) if x.len() == y.len() => {
                    for (n, (x, y)) in x.into_iter().zip(y).enumerate() {
                        open.push((format!("{path}{key}/{}/", n + 1), x, y));
                    }
                }
                _ => out.push(Difference {
                    path: format!("{path}{key}"),
                    keyword: keyword(key),
                    left: one.map(shown),
                    right: two.map(shown),
                }),
            }
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// The dictionary's keyword of a tag in eight hexadecimal digits; empty when it has none.
#[must_use]
pub fn keyword(hex: &str) -> String {
    let Some(tag) = Tag::from_hex(hex) else { return String::new() };
    dicom_dictionary_std::StandardDataDictionary
        .by_tag(dicom_core::Tag(tag.group(), tag.element()))
        .map(|e| e.alias().to_owned())
        .unwrap_or_default()
}

fn shown(element: &Value) -> String {
    let values = element.get("Value").and_then(Value::as_array);
    let text = match (values, element.get("InlineBinary")) {
        (Some(list), _) => list.iter().map(one).collect::<Vec<_>>().join("\\"),
        (None, Some(Value::String(b64))) => format!("({} bytes)", b64.len() / 4 * 3),
        _ if element.get("BulkDataURI").is_some() => "(long value)".into(),
        _ => String::new(),
    };
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}

fn one(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Object(m) if ["Alphabetic", "Ideographic", "Phonetic"].iter().any(|k| m.contains_key(*k)) => {
            let groups = ["Alphabetic", "Ideographic", "Phonetic"]
                .map(|k| m.get(k).and_then(Value::as_str).unwrap_or_default());
            groups.join("=").trim_end_matches('=').to_owned()
        }
        Value::Object(m) => format!("{{{} elements}}", m.len()),
        other => other.to_string(),
    }
}

/// As JSON for a page.
#[must_use]
pub fn to_json(list: &[Difference]) -> Value {
    list.iter()
        .map(|d| json!({"path": d.path, "keyword": d.keyword, "left": d.left, "right": d.right}))
        .collect()
}
