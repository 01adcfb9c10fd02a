//! DICOM JSON (PS3.18 Annex F) from a scanned data set. Iterative; binary values above 1 KiB become `BulkDataURI`.

use super::object::{Node, Object};
use super::scan::Kind;
use super::{Tag, Vr, head, tag};
use base64ct as b64;
use serde_json::{Map, Value, json};

/// Binary values up to this many bytes stand inline.
pub const INLINE: u64 = 1024;

mod base64ct {
    //! RFC 4648 base64, the few lines this module needs.
    const TABLE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    pub fn encode(data: &[u8]) -> String {
        let mut out = String::with_capacity(data.len().div_ceil(3) * 4);
        for chunk in data.chunks(3) {
            let b = [
                chunk.first().copied().unwrap_or(0),
                chunk.get(1).copied().unwrap_or(0),
                chunk.get(2).copied().unwrap_or(0),
            ];
            let n = (u32::from(b[0]) << 16) | (u32::from(b[1]) << 8) | u32::from(b[2]);
            for (i, shift) in [18u32, 12, 6, 0].into_iter().enumerate() {
                out.push(if i <= chunk.len() {
                    char::from(TABLE[((n >> shift) & 63) as usize])
                } else {
                    '='
                });
            }
        }
        out
    }
}

struct Level<'o> {
    node: Node<'o>,
    elements: Vec<(usize, super::scan::Token)>,
    at: usize,
    map: Map<String, Value>,
    path: String,
    // The sequence being filled: tag, remaining items, finished items.
    sequence: Option<(Tag, std::vec::IntoIter<Node<'o>>, Vec<Value>, usize)>,
}

impl<'o> Level<'o> {
    fn new(node: Node<'o>, path: String) -> Self {
        let elements = node.elements().map(|(i, t)| (i, *t)).collect();
        Self { node, elements, at: 0, map: Map::new(), path, sequence: None }
    }
}

/// The data set as a JSON object. `bulk` makes the URI of a long or pixel value from its path (`7FE00010`, `54000100/1/54001010`).
#[must_use]
pub fn dataset(object: &Object, bulk: &dyn Fn(&str) -> String) -> Value {
    let mut root = Level::new(object.root(), String::new());
    // Everything below is UTF-8, whatever the object declared or left out.
    root.map.insert(tag::CHARSET.to_string(), json!({"vr": "CS", "Value": ["ISO_IR 192"]}));
    let mut stack = vec![root];
    loop {
        let Some(level) = stack.last_mut() else { return Value::Object(Map::new()) };
        if let Some((t, items, done, n)) = &mut level.sequence {
            if let Some(item) = items.next() {
                *n += 1;
                let path = format!("{}{t}/{n}/", level.path);
                stack.push(Level::new(item, path));
                continue;
            }
            let (t, done) = (*t, std::mem::take(done));
            level.sequence = None;
            let value =
                if done.is_empty() { json!({"vr": "SQ"}) } else { json!({"vr": "SQ", "Value": done}) };
            level.map.entry(t.to_string()).or_insert(value);
            continue;
        }
        if let Some((index, token)) = level.elements.get(level.at).copied() {
            level.at += 1;
            let t = token.tag;
            if head::is_meta(t) || t.element() == 0 {
                continue;
            }
            if token.kind == Kind::Sequence {
                level.sequence = Some((t, level.node.items_at(index).into_iter(), Vec::new(), 0));
                continue;
            }
            if t == tag::CHARSET {
                continue;
            }
            let value = element(&level.node, index, &token, &|| bulk(&format!("{}{t}", level.path)));
            level.map.entry(t.to_string()).or_insert(value);
            continue;
        }
        let Some(finished) = stack.pop() else { return Value::Object(Map::new()) };
        let value = Value::Object(finished.map);
        match stack.last_mut().and_then(|l| l.sequence.as_mut()) {
            Some((_, _, done, _)) => done.push(value),
            None => return value,
        }
    }
}

fn element(node: &Node<'_>, index: usize, token: &super::scan::Token, bulk: &dyn Fn() -> String) -> Value {
    let vr = token.vr;
    if token.length == 0 && token.kind == Kind::Element {
        return json!({"vr": vr.as_str()});
    }
    let binary = matches!(vr, Vr::OB | Vr::OD | Vr::OF | Vr::OL | Vr::OV | Vr::OW | Vr::UN);
    let raw = node.bytes_at(index);
    if token.kind != Kind::Element
        || token.tag == tag::PIXELS
        || (binary && token.length > INLINE)
        || raw.is_none()
    {
        return json!({"vr": vr.as_str(), "BulkDataURI": bulk()});
    }
    let raw = raw.unwrap_or_default();
    if binary {
        return json!({"vr": vr.as_str(), "InlineBinary": b64::encode(raw)});
    }
    let values: Vec<Value> = match vr {
        Vr::PN => node.strings_at(index).iter().map(|v| person(v)).collect(),
        Vr::DS | Vr::IS => node.strings_at(index).iter().map(|v| number_text(v)).collect(),
        Vr::AT => raw
            .chunks_exact(4)
            .map(|c| {
                let n = |a: u8, b: u8| {
                    if token.big { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) }
                };
                match c {
                    [a, b, c, d] => Value::String(Tag::new(n(*a, *b), n(*c, *d)).to_string()),
                    _ => Value::Null,
                }
            })
            .collect(),
        v if v.is_text() => node
            .strings_at(index)
            .into_iter()
            .map(|s| if s.is_empty() { Value::Null } else { Value::String(s) })
            .collect(),
        Vr::FL | Vr::FD => node.numbers_at(index).into_iter().map(float).collect(),
        _ => node.numbers_at(index).into_iter().map(whole).collect(),
    };
    if values.is_empty() || values.iter().all(Value::is_null) {
        json!({"vr": vr.as_str()})
    } else {
        json!({"vr": vr.as_str(), "Value": values})
    }
}

/// NaN and infinities are strings (PS3.18 §F.2.3).
fn float(n: f64) -> Value {
    serde_json::Number::from_f64(n).map_or_else(
        || {
            Value::String(if n.is_nan() {
                "NaN".into()
            } else if n > 0.0 {
                "inf".into()
            } else {
                "-inf".into()
            })
        },
        Value::Number,
    )
}

#[expect(clippy::cast_possible_truncation, reason = "values come from integers of at most 64 bits")]
fn whole(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 9.0e15 { json!(n as i64) } else { float(n) }
}

fn number_text(text: &str) -> Value {
    let t = text.trim();
    if t.is_empty() {
        return Value::Null;
    }
    if let Ok(n) = t.parse::<i64>() {
        return json!(n);
    }
    match t.parse::<f64>() {
        Ok(n) if n.is_finite() => float(n),
        _ => Value::String(t.to_owned()),
    }
}

/// A PN value as the JSON object of its groups.
#[must_use]
pub fn person(value: &str) -> Value {
    let mut map = Map::new();
    for (key, group) in ["Alphabetic", "Ideographic", "Phonetic"].into_iter().zip(value.split('=')) {
        if !group.is_empty() {
            map.insert(key.to_owned(), Value::String(group.to_owned()));
        }
    }
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// One attribute of an answer we compose: `{"vr": .., "Value": [..]}`.
pub fn put(map: &mut Map<String, Value>, t: Tag, vr: Vr, values: Vec<Value>) {
    let values: Vec<Value> = values.into_iter().filter(|v| !v.is_null() && v.as_str() != Some("")).collect();
    let value = if values.is_empty() {
        json!({"vr": vr.as_str()})
    } else {
        json!({"vr": vr.as_str(), "Value": values})
    };
    map.insert(t.to_string(), value);
}
