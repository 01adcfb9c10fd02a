//! A message that was read whole: the text and where its fields stand. Values stay raw until asked for.
//!
//! Absent, empty and `""` are three values (HL7 2.5.1 §2.5.3).

use super::error::Warning;
use super::{Charset, Delimiters, escape};
use std::fmt;

/// One message, owned. Made by [`super::read::read`] only, after the coverage proof.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub(super) text: String,
    pub(super) delimiters: Delimiters,
    pub(super) charset: Charset,
    /// Byte ranges of all fields; the first of a segment is its name.
    pub(super) fields: Vec<(usize, usize)>,
    pub(super) segments: Vec<Span>,
    /// What was repaired on the way in.
    pub warnings: Vec<Warning>,
}

/// Which fields are of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) end: usize,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'m> {
    /// Not sent.
    Absent,
    /// Sent with nothing in it.
    Empty,
    /// `""`: the sender says there is none, delete what you have.
    Null,
    /// Raw text, escapes not decoded.
    Text(&'m str),
}

/// A place in a message: segment name, field, component, subcomponent; numbers from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Segment name.
    pub segment: String,
    /// Field number.
    pub field: usize,
    /// Component number; 1 unless written.
    pub component: usize,
    /// Subcomponent number; 0 = the whole component.
    pub subcomponent: usize,
}

impl Path {
    /// Reads `OBR-3`, `OBR-3.2` or `SPM-2.1.1`. Numbers above 9999 are no paths.
    pub fn parse(text: &str) -> Option<Self> {
        let (segment, rest) = text.split_once('-')?;
        let mut numbers = rest.split('.').map(|n| n.parse::<usize>().ok().filter(|n| (1..=9999).contains(n)));
        let path = Self {
            segment: (segment.len() == 3).then(|| segment.to_owned())?,
            field: numbers.next()??,
            component: numbers.next().unwrap_or(Some(1))?,
            subcomponent: numbers.next().unwrap_or(Some(0))?,
        };
        numbers.next().is_none().then_some(path)
    }
}

impl Message {
    /// The normalised text: what [`super::normalise`] made of the bytes, unchanged.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Delimiters of this message.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// Character set it arrived in.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// All segments in order.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment<'_>> {
        self.segments.iter().enumerate().map(|(index, span)| Segment { message: self, span, index })
    }

    /// The first segment of that name.
    pub fn segment(&self, name: &str) -> Option<Segment<'_>> {
        self.segments().find(|s| s.name() == name)
    }

    /// Decoded text at a path, in the first segment of that name; empty when there is none.
    pub fn at(&self, path: &Path) -> String {
        self.segment(&path.segment).map(|s| s.at(path)).unwrap_or_default()
    }

    /// MSH-9.1, MSH-9.2 and MSH-9.3.
    pub fn kind(&self) -> (String, String, String) {
        let of = |n| self.segment("MSH").map(|s| s.component(9, n)).unwrap_or_default();
        (of(1), of(2), of(3))
    }

    /// MSH-10 as sent, byte for byte.
    pub fn control_id(&self) -> &str {
        self.segment("MSH").map(|s| s.raw(10)).unwrap_or_default()
    }
}

impl fmt::Debug for Message {
    /// Shape only: a message holds a patient.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("segments", &self.segments.len())
            .field("bytes", &self.text.len())
            .finish()
    }
}

/// One segment of a message.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    message: &'m Message,
    span: &'m Span,
    /// Position in the message, from 0.
    pub index: usize,
}

impl<'m> Segment<'m> {
    /// Three-character name.
    pub fn name(&self) -> &'m str {
        self.slice(0).unwrap_or_default()
    }

    /// Number of fields sent.
    pub fn field_count(&self) -> usize {
        (self.span.end - self.span.first).saturating_sub(1)
    }

    /// Raw field, repetitions and all. MSH-1 and MSH-2 are the delimiters.
    pub fn raw(&self, field: usize) -> &'m str {
        self.slice(field).unwrap_or_default()
    }

    /// Raw repetitions of a field.
    pub fn repetitions(&self, field: usize) -> Vec<&'m str> {
        match self.repetition_mark(field) {
            Some(mark) => self.raw(field).split(mark).collect(),
            None => vec![self.raw(field)],
        }
    }

    fn repetition_mark(&self, field: usize) -> Option<char> {
        if self.is_delimiter_field(field) { None } else { self.message.delimiters.repetition }
    }

    /// What stands in a component of the first repetition.
    pub fn value(&self, field: usize, component: usize) -> Value<'m> {
        match self.slice(field) {
            None => Value::Absent,
            Some(raw) => match nth(raw, self.repetition_mark(field), 1).and_then(|r| self.part(r, component))
            {
                None => Value::Absent,
                Some("") => Value::Empty,
                Some("\"\"") => Value::Null,
                Some(text) => Value::Text(text),
            },
        }
    }

    /// First component of the first repetition, decoded; empty for absent, empty and null.
    pub fn text(&self, field: usize) -> String {
        self.component(field, 1)
    }

    /// A component of the first repetition, decoded; its subcomponents stay joined.
    pub fn component(&self, field: usize, component: usize) -> String {
        match self.value(field, component) {
            Value::Text(raw) => self.decode(raw),
            _ => String::new(),
        }
    }

    /// A whole field decoded, with component and repetition marks left as they are: for TX and FT, which have none.
    pub fn whole(&self, field: usize) -> String {
        match self.raw(field) {
            "\"\"" => String::new(),
            raw => self.decode(raw),
        }
    }

    /// A component of one raw repetition, decoded.
    pub fn component_of(&self, repetition: &'m str, component: usize) -> String {
        self.part(repetition, component)
            .filter(|raw| *raw != "\"\"")
            .map(|raw| self.decode(raw))
            .unwrap_or_default()
    }

    /// Decoded text at a path within this segment.
    pub fn at(&self, path: &Path) -> String {
        match (self.value(path.field, path.component), path.subcomponent) {
            (Value::Text(raw), 0) => self.decode(raw),
            (Value::Text(raw), n) => {
                let part = nth(raw, self.message.delimiters.subcomponent, n);
                part.map(|raw| self.decode(raw)).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    fn decode(&self, raw: &str) -> String {
        escape::decode(raw, &self.message.delimiters, self.message.charset)
    }

    fn part(&self, repetition: &'m str, component: usize) -> Option<&'m str> {
        nth(repetition, self.message.delimiters.component, component)
    }

    fn is_delimiter_field(&self, field: usize) -> bool {
        field <= 2 && self.name() == "MSH"
    }

    fn slice(&self, field: usize) -> Option<&'m str> {
        let own = self.message.fields.get(self.span.first..self.span.end)?;
        let (from, to) = *own.get(field)?;
        self.message.text.get(from..to)
    }
}

/// The part with this number, from 1; without a mark the text is one part.
fn nth(text: &str, mark: Option<char>, number: usize) -> Option<&str> {
    let before = number.checked_sub(1)?;
    match mark {
        Some(mark) => text.split(mark).nth(before),
        None => (before == 0).then_some(text),
    }
}
