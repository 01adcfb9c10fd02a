//! A look at the data set or at one item of it: elements, items, text, numbers.

use super::super::scan::{Kind, Token};
use super::super::text::{self, Charset};
use super::super::{Tag, dataset};
use super::Object;

/// The data set or one item.
#[derive(Debug, Clone)]
pub struct Node<'o> {
    pub(super) object: &'o Object,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) charset: Charset,
}

impl<'o> Node<'o> {
    /// Its elements in order (sequences and encapsulated pixel data as one entry each).
    pub fn elements(&self) -> impl Iterator<Item = (usize, &'o Token)> + use<'o> {
        let (object, to) = (self.object, self.to);
        let mut i = self.from;
        std::iter::from_fn(move || {
            let at = i;
            let e = object.entries.get(at).filter(|_| at < to)?;
            i = (e.next as usize).max(at + 1);
            Some((at, &e.token))
        })
    }
    /// The first element of this tag.
    #[must_use]
    pub fn get(&self, wanted: Tag) -> Option<(usize, &'o Token)> {
        self.elements().find(|(_, t)| t.tag == wanted)
    }
    /// True when the element is present, empty or not.
    #[must_use]
    pub fn has(&self, wanted: Tag) -> bool {
        self.get(wanted).is_some()
    }
    /// The items of a sequence; empty when there is none.
    #[must_use]
    pub fn items(&self, wanted: Tag) -> Vec<Node<'o>> {
        self.get(wanted).map(|(i, _)| self.items_at(i)).unwrap_or_default()
    }
    /// The items of the sequence at an index from `elements`.
    #[must_use]
    pub fn items_at(&self, index: usize) -> Vec<Node<'o>> {
        let object = self.object;
        let Some(e) = object.entries.get(index).filter(|e| e.token.kind == Kind::Sequence) else {
            return Vec::new();
        };
        let (mut i, to) = (index + 1, e.next as usize);
        let mut out = Vec::new();
        while let Some(item) = object.entries.get(i).filter(|_| i < to) {
            let next = item.next as usize;
            if item.token.kind == Kind::Item {
                let own = object.own_charset.binary_search_by_key(&i, |(at, _)| *at).ok();
                let charset = own
                    .and_then(|n| object.own_charset.get(n))
                    .map_or_else(|| self.charset.clone(), |(_, d)| d.charset.clone());
                out.push(Node { object, from: i + 1, to: next, charset });
            }
            i = next.max(i + 1);
        }
        out
    }
    /// The kept bytes of an element (its value as received, padding included).
    #[must_use]
    pub fn bytes(&self, wanted: Tag) -> Option<&'o [u8]> {
        self.get(wanted).and_then(|(i, _)| self.object.value_of(i))
    }
    /// The kept bytes at an index from `elements`.
    #[must_use]
    pub fn bytes_at(&self, index: usize) -> Option<&'o [u8]> {
        self.object.value_of(index)
    }
    /// Where the value of an element stands in the scanned bytes: offset, length, big endian.
    #[must_use]
    pub fn place(&self, wanted: Tag) -> Option<(u64, u64, bool)> {
        self.get(wanted).map(|(_, t)| (t.offset, t.length, t.big))
    }
    /// Text values, decoded before they are split, padding trimmed.
    #[must_use]
    pub fn strings(&self, wanted: Tag) -> Vec<String> {
        self.get(wanted).map(|(i, _)| self.strings_at(i)).unwrap_or_default()
    }
    /// The same at an index from `elements`.
    #[must_use]
    pub fn strings_at(&self, index: usize) -> Vec<String> {
        let (Some(e), Some(raw)) = (self.object.entries.get(index), self.object.value_of(index)) else {
            return Vec::new();
        };
        text::values(&self.charset, e.token.vr, raw)
    }
    /// The first text value, empty when absent.
    #[must_use]
    pub fn text(&self, wanted: Tag) -> String {
        self.strings(wanted).into_iter().next().unwrap_or_default()
    }
    /// Numbers of DS, IS or a binary VR.
    #[must_use]
    pub fn numbers(&self, wanted: Tag) -> Vec<f64> {
        self.get(wanted).map(|(i, _)| self.numbers_at(i)).unwrap_or_default()
    }
    /// The same at an index from `elements`.
    #[must_use]
    pub fn numbers_at(&self, index: usize) -> Vec<f64> {
        let (Some(e), Some(raw)) = (self.object.entries.get(index), self.object.value_of(index)) else {
            return Vec::new();
        };
        if e.token.vr.is_text() {
            return text::values(&self.charset, e.token.vr, raw)
                .iter()
                .filter_map(|v| v.trim().parse::<f64>().ok())
                .filter(|n| n.is_finite())
                .collect();
        }
        dataset::numbers(e.token.vr, raw, e.token.big)
    }
    /// The first number.
    #[must_use]
    pub fn number(&self, wanted: Tag) -> Option<f64> {
        self.numbers(wanted).into_iter().next()
    }
    /// The first number as an integer.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates and the value is range-checked by its user"
    )]
    pub fn int(&self, wanted: Tag) -> Option<i64> {
        self.number(wanted).map(|n| n as i64)
    }
    /// The character set in force here.
    #[must_use]
    pub fn charset(&self) -> &Charset {
        &self.charset
    }
}
