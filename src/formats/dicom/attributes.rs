//! Small data sets as values: identifiers of queries and the answers to them. Text is Unicode here; which character set it
//! gets on the way out is decided in `output`.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::json::person_groups;
use super::object::Node;
use super::output::Output;
use super::scan::Kind;
use super::{Object, Tag, Vr, tag};

/// Sequences inside each other in an identifier; the worklist needs two (PS3.4 §K.6.1.2.2).
const MAX_DEPTH: usize = 8;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Values as text, numbers too; empty = no value.
    Text(Vec<String>),
    /// Items of a sequence.
    Items(Vec<Attributes>),
}

/// Attributes by tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(BTreeMap<Tag, (Vr, Value)>);

impl Attributes {
    /// Sets one text value; empty text is an attribute without value.
    pub fn put(&mut self, t: Tag, text: impl Into<String>) -> &mut Self {
        let text = text.into();
        self.put_all(t, if text.is_empty() { Vec::new() } else { vec![text] })
    }

    /// Sets several values.
    pub fn put_all(&mut self, t: Tag, values: Vec<String>) -> &mut Self {
        self.0.insert(t, (Vr::of_tag(t), Value::Text(values)));
        self
    }

    /// Sets the items of a sequence.
    pub fn put_items(&mut self, t: Tag, items: Vec<Attributes>) -> &mut Self {
        self.0.insert(t, (Vr::SQ, Value::Items(items)));
        self
    }

    /// The attribute, with or without value.
    #[must_use]
    pub fn get(&self, t: Tag) -> Option<&Value> {
        self.0.get(&t).map(|(_, value)| value)
    }

    /// Whether the attribute is there, with or without value.
    #[must_use]
    pub fn has(&self, t: Tag) -> bool {
        self.0.contains_key(&t)
    }

    /// Text values; none for a sequence.
    #[must_use]
    pub fn values(&self, t: Tag) -> &[String] {
        match self.get(t) {
            Some(Value::Text(values)) => values,
            _ => &[],
        }
    }

    /// The first text value, or an empty one.
    #[must_use]
    pub fn text(&self, t: Tag) -> &str {
        self.values(t).first().map_or("", String::as_str)
    }

    /// The items of a sequence; none for another attribute.
    #[must_use]
    pub fn items(&self, t: Tag) -> &[Attributes] {
        match self.get(t) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// All of them in the order of their tags.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, Vr, &Value)> {
        self.0.iter().map(|(t, (vr, value))| (*t, *vr, value))
    }

    /// Takes an attribute out.
    pub fn remove(&mut self, t: Tag) {
        self.0.remove(&t);
    }

    /// Reads an identifier; group lengths are passed over.
    ///
    /// # Errors
    /// What is wrong with it, in a few ASCII words: it cannot be read to its end, an attribute comes twice, too deep.
    pub fn read(object: &Object) -> Result<Self, &'static str> {
        if ["truncated", "structure", "value-past-end"].iter().any(|slug| object.defects.has(slug)) {
            return Err("identifier cannot be read");
        }
        if object.defects.has("duplicate-tag") {
            return Err("attribute comes twice");
        }
        Self::of_node(&object.root(), 0)
    }

    fn of_node(node: &Node<'_>, depth: usize) -> Result<Self, &'static str> {
        if depth > MAX_DEPTH {
            return Err("sequences too deep");
        }
        let mut out = Self::default();
        for (index, token) in node.elements() {
            if token.tag.element() == 0 {
                continue;
            }
            let value = match token.kind {
                Kind::Sequence => {
                    let items = node.items_at(index);
                    Value::Items(
                        items.iter().map(|item| Self::of_node(item, depth + 1)).collect::<Result<_, _>>()?,
                    )
                }
                _ if token.vr.is_text() => {
                    let values = node.strings_at(index);
                    let empty = values.iter().all(|v| v.trim().is_empty());
                    Value::Text(if empty { Vec::new() } else { values })
                }
                _ => Value::Text(node.numbers_at(index).iter().map(|n| format!("{n}")).collect()),
            };
            let value = match value {
                // A sequence asked for without items comes as an empty element in implicit encoding.
                Value::Text(values) if values.is_empty() && Vr::of_tag(token.tag) == Vr::SQ => {
                    Value::Items(Vec::new())
                }
                value => value,
            };
            let vr = if token.vr == Vr::UN { Vr::of_tag(token.tag) } else { token.vr };
            out.0.insert(token.tag, (vr, value));
        }
        Ok(out)
    }

    /// Every text that (0008,0005) governs, and whether it is a name.
    pub fn each_text(&self, look: &mut dyn FnMut(&str, bool)) {
        for (_, vr, value) in self.iter() {
            match value {
                Value::Text(values) if vr.is_charset_text() => {
                    values.iter().for_each(|v| look(v, vr == Vr::PN));
                }
                Value::Text(_) => {}
                Value::Items(items) => items.iter().for_each(|item| item.each_text(look)),
            }
        }
    }

    /// Bytes of the data set in Explicit or Implicit VR Little Endian, (0008,0005) as `output` declares it. An attribute
    /// whose text `output` cannot express goes out empty; `output::choose` never gives such a set.
    #[must_use]
    pub fn encode(&self, explicit: bool, output: &Output) -> Vec<u8> {
        let mut whole = self.clone();
        if !output.declared().is_empty() {
            whole.put_all(tag::CHARSET, output.declared().split('\\').map(str::to_owned).collect());
        }
        let mut writer = super::dataset::Writer::new(explicit);
        whole.write(&mut writer, explicit, output);
        writer.bytes
    }

    fn write(&self, writer: &mut super::dataset::Writer, explicit: bool, output: &Output) {
        for (t, vr, value) in self.iter() {
            match value {
                Value::Text(values) => writer.element(t, vr, &bytes_of(vr, values, output)),
                Value::Items(items) => {
                    let mut body = Vec::new();
                    for item in items {
                        let mut inner = super::dataset::Writer::new(explicit);
                        item.write(&mut inner, explicit, output);
                        body.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0]);
                        body.extend_from_slice(
                            &u32::try_from(inner.bytes.len()).unwrap_or(u32::MAX).to_le_bytes(),
                        );
                        body.append(&mut inner.bytes);
                    }
                    writer.element(t, Vr::SQ, &body);
                }
            }
        }
    }
}

/// DICOM JSON (PS3.18 §F.2). A set that goes out on its own says `ISO_IR 192` in (0008,0005); that is the caller's to put.
impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(t, (vr, value))| (Key(*t), Attribute(*vr, value))))
    }
}

/// A tag as the name of a member: eight hexadecimal digits.
struct Key(Tag);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// `{"vr": .., "Value": [..]}`; no `Value` when there is none.
struct Attribute<'a>(Vr, &'a Value);

impl Serialize for Attribute<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(vr, value) = *self;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("vr", vr.as_str())?;
        match value {
            Value::Items(items) if !items.is_empty() => map.serialize_entry("Value", items)?,
            Value::Text(values) if values.iter().any(|v| !is_null(vr, v)) => {
                map.serialize_entry("Value", &Values(vr, values))?;
            }
            _ => {}
        }
        map.end()
    }
}

struct Values<'a>(Vr, &'a [String]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.1.iter().map(|v| Text(self.0, v)))
    }
}

/// Whether a value is written as null: an empty one, and a name of empty groups.
fn is_null(vr: Vr, text: &str) -> bool {
    text.is_empty() || (vr == Vr::PN && person_groups(text).next().is_none())
}

/// One value: numbers as numbers where they are, a name as its groups.
struct Text<'a>(Vr, &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(vr, text) = *self;
        if is_null(vr, text) {
            return to.serialize_unit();
        }
        match vr {
            Vr::PN => to.collect_map(person_groups(text)),
            Vr::IS | Vr::US | Vr::UL | Vr::SS | Vr::SL => match text.trim().parse::<i64>() {
                Ok(n) => to.serialize_i64(n),
                Err(_) => to.serialize_str(text),
            },
            Vr::DS | Vr::FL | Vr::FD => match text.trim().parse::<f64>() {
                Ok(n) if n.is_finite() => to.serialize_f64(n),
                _ => to.serialize_str(text),
            },
            _ => to.serialize_str(text),
        }
    }
}

fn bytes_of(vr: Vr, values: &[String], output: &Output) -> Vec<u8> {
    let integer = |v: &String| v.trim().parse::<i64>().unwrap_or(0);
    match vr {
        Vr::US => {
            values.iter().flat_map(|v| u16::try_from(integer(v)).unwrap_or(u16::MAX).to_le_bytes()).collect()
        }
        Vr::UL => {
            values.iter().flat_map(|v| u32::try_from(integer(v)).unwrap_or(u32::MAX).to_le_bytes()).collect()
        }
        _ if vr.is_charset_text() => {
            let bytes = output.encode(&values.join("\\"), vr == Vr::PN).unwrap_or_default();
            if vr.is_long() || bytes.len() <= usize::from(u16::MAX - 1) {
                return bytes;
            }
            // Longer than its length field can say, and a hundred times longer than its VR allows.
            let head: String = values.join("\\").chars().take(10_000).collect();
            output.encode(&head, vr == Vr::PN).unwrap_or_default()
        }
        // These were read byte by byte, and go out as they came.
        _ if vr.is_text() => {
            let text = values.join("\\");
            text.chars()
                .filter_map(|c| u8::try_from(u32::from(c)).ok())
                .take(usize::from(u16::MAX - 1))
                .collect()
        }
        _ => Vec::new(),
    }
}
