//! DICOM JSON (PS3.18 Annex F) from a scanned data set. Iterative; binary values above 1 KiB become `BulkDataURI`.

use std::io::{self, Write};

use super::object::{Node, Object};
use super::scan::{Kind, Token};
use super::visit::{Event, visit};
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

/// Writes the data set as a JSON object; memory does not grow with the data set. `bulk` makes the URI of a long or pixel
/// value from its path (`7FE00010`, `54000100/1/54001010`).
///
/// # Errors
/// Those of `out`.
pub fn write<W: Write>(object: &Object, bulk: &dyn Fn(&str) -> String, out: &mut W) -> io::Result<()> {
    let mut text = Text { out, comma: false, failed: Ok(()) };
    text.raw("{");
    let mut charset = Some(utf8());
    let mut open: Vec<bool> = Vec::new();
    visit(object.root(), &mut |event| {
        if open.is_empty()
            && let Event::Element { token, .. } | Event::Sequence { token, .. } = &event
            && token.tag >= tag::CHARSET
            && let Some(value) = charset.take()
        {
            text.value(tag::CHARSET, &value);
        }
        match event {
            Event::Element { node, index, token, path } => {
                if is_shown(token) {
                    text.value(token.tag, &element(node, index, token, &|| bulk(path)));
                }
            }
            Event::Sequence { token, items } => {
                text.key(token.tag);
                text.raw(if items == 0 { "{\"vr\":\"SQ\"" } else { "{\"vr\":\"SQ\",\"Value\":[" });
                text.comma = false;
                open.push(items > 0);
            }
            Event::Item(_) => {
                text.separate();
                text.raw("{");
                text.comma = false;
            }
            Event::EndItem => {
                text.raw("}");
                text.comma = true;
            }
            Event::EndSequence => {
                text.raw(if open.pop() == Some(true) { "]}" } else { "}" });
                text.comma = true;
            }
        }
    });
    if let Some(value) = charset {
        text.value(tag::CHARSET, &value);
    }
    text.raw("}");
    text.failed
}

/// The data set as a JSON value, for callers that change it.
#[must_use]
pub fn dataset(object: &Object, bulk: &dyn Fn(&str) -> String) -> Value {
    let mut open: Vec<(Map<String, Value>, Tag, Vec<Value>)> = Vec::new();
    let mut map = Map::new();
    map.insert(tag::CHARSET.to_string(), utf8());
    visit(object.root(), &mut |event| match event {
        Event::Element { node, index, token, path } => {
            if is_shown(token) {
                map.insert(token.tag.to_string(), element(node, index, token, &|| bulk(path)));
            }
        }
        Event::Sequence { token, .. } => open.push((std::mem::take(&mut map), token.tag, Vec::new())),
        Event::Item(_) => map = Map::new(),
        Event::EndItem => {
            if let Some((_, _, items)) = open.last_mut() {
                items.push(Value::Object(std::mem::take(&mut map)));
            }
        }
        Event::EndSequence => {
            if let Some((outer, tag, items)) = open.pop() {
                map = outer;
                let value =
                    if items.is_empty() { json!({"vr": "SQ"}) } else { json!({"vr": "SQ", "Value": items}) };
                map.insert(tag.to_string(), value);
            }
        }
    });
    Value::Object(map)
}

/// Everything in the answer is UTF-8, whatever the object declared or left out.
fn utf8() -> Value {
    json!({"vr": "CS", "Value": ["ISO_IR 192"]})
}

/// Neither the meta group nor group lengths nor the character set of the object stand in JSON (PS3.18 §F.2.2).
fn is_shown(token: &Token) -> bool {
    !head::is_meta(token.tag) && token.tag.element() != 0 && token.tag != tag::CHARSET
}

struct Text<'w, W> {
    out: &'w mut W,
    comma: bool,
    failed: io::Result<()>,
}

impl<W: Write> Text<'_, W> {
    fn raw(&mut self, text: &str) {
        if self.failed.is_ok() {
            self.failed = self.out.write_all(text.as_bytes());
        }
    }
    fn separate(&mut self) {
        if self.comma {
            self.raw(",");
        }
    }
    fn key(&mut self, tag: Tag) {
        self.separate();
        self.raw(&format!("\"{tag}\":"));
    }
    fn value(&mut self, tag: Tag, value: &Value) {
        self.key(tag);
        self.raw(&value.to_string());
        self.comma = true;
    }
}

fn element(node: &Node<'_>, index: usize, token: &Token, bulk: &dyn Fn() -> String) -> Value {
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
    if binary && token.big && vr.width() > 1 {
        // Little endian, whatever the object is in (PS3.18 §F.2.7).
        let turned: Vec<u8> = raw.chunks(vr.width()).flat_map(|word| word.iter().rev().copied()).collect();
        return json!({"vr": vr.as_str(), "InlineBinary": b64::encode(&turned)});
    }
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
        Vr::SV | Vr::UV => raw.chunks_exact(8).map(|c| long(vr, c, token.big)).collect(),
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

/// A 64-bit integer: a number while JSON readers keep it exactly, else a string (PS3.18 §F.2.3).
fn long(vr: Vr, raw: &[u8], big: bool) -> Value {
    let Ok(mut b) = <[u8; 8]>::try_from(raw) else { return Value::Null };
    if big {
        b.reverse();
    }
    let (signed, unsigned) = (i64::from_le_bytes(b), u64::from_le_bytes(b));
    match vr {
        Vr::SV if signed.unsigned_abs() < 1 << 53 => json!(signed),
        Vr::SV => Value::String(signed.to_string()),
        _ if unsigned < 1 << 53 => json!(unsigned),
        _ => Value::String(unsigned.to_string()),
    }
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
    let map: Map<String, Value> =
        person_groups(value).map(|(key, group)| (key.to_owned(), Value::String(group.to_owned()))).collect();
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// The groups of a PN value that are not empty, by their names in DICOM JSON (PS3.18 §F.2.2).
pub(super) fn person_groups(value: &str) -> impl Iterator<Item = (&'static str, &str)> {
    ["Alphabetic", "Ideographic", "Phonetic"]
        .into_iter()
        .zip(value.split('='))
        .filter(|(_, group)| !group.is_empty())
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
