//! A scanned data set as a flat tree: tokens in order, small values kept, big ones as offset and length.
//!
//! `Object::read` walks once; `Node` looks at the data set or at an item of a sequence. Nothing recurses.

use super::head::{self, Head};
use super::inflate::{Inflated, InflatedSource, inflate};
use super::plausible::{Mode, mode_at};
use super::scan::{Kind, Scanner, Token};
use super::text::{self, Charset, Decision};
use super::{Defects, Refusal, SliceSource, Source, Tag, Vr, tag, uid};

/// Which values are kept in memory.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// Longest value kept.
    pub value: u64,
    /// All kept values together.
    pub total: u64,
    /// Tokens kept at most.
    pub tokens: usize,
}

impl Keep {
    /// For the index and for JSON: values up to 64 KiB, 8 MiB in all.
    pub const INDEX: Keep = Keep { value: 64 << 10, total: 8 << 20, tokens: 400_000 };
    /// For objects decoded in the process (waveforms): values up to 64 MiB.
    pub const WHOLE: Keep = Keep { value: 64 << 20, total: 128 << 20, tokens: 400_000 };
}

/// A token with its place in the tree.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The token.
    pub token: Token,
    /// Index of the first entry behind this one and what it contains.
    pub next: usize,
    at: Option<usize>,
}

/// A scanned data set.
#[derive(Debug, Clone, Default)]
pub struct Object {
    /// Head of the file.
    pub head: Head,
    /// What was wrong.
    pub defects: Defects,
    /// Character set decision for the data set.
    pub charset: Decision,
    /// Offset and length of every fragment of top-level pixel data, the offset table first.
    pub fragments: Vec<(u64, u64)>,
    /// The data set was deflated: offsets are into the inflated bytes.
    pub deflated: Option<u64>,
    entries: Vec<Entry>,
    arena: Vec<u8>,
}

impl Object {
    /// Scans a file or, with `negotiated` given, a bare data set as well.
    ///
    /// # Errors
    /// A refusal of the scanner (`meta`, `depth`, `item-count`, `element-count`, `inflate-limit`).
    pub fn read<S: Source>(source: &mut S, negotiated: Option<&str>, keep: Keep) -> Result<Self, Refusal> {
        let mut object = Object::default();
        object.head = head::read(source, negotiated, &mut object.defects)?;
        if object.head.transfer_syntax == uid::DEFLATED_LE {
            let inflated = inflate(source, object.head.dataset, keep.value > Keep::INDEX.value)?;
            // Some senders label plain bytes as deflated; then nothing inflates.
            if inflated.total > 0 {
                object.deflated = Some(inflated.total);
                if inflated.truncated {
                    object.defects.note("truncated");
                }
                object.walk(&mut InflatedSource(inflated), 0, keep)?;
                return Ok(object);
            }
            object.defects.note("ts-mismatch");
        }
        let start = object.head.dataset;
        object.walk(source, start, keep)?;
        Ok(object)
    }

    /// Scans bytes in memory.
    ///
    /// # Errors
    /// As `read`.
    pub fn parse(bytes: &[u8], negotiated: Option<&str>) -> Result<Self, Refusal> {
        Self::read(&mut SliceSource(bytes), negotiated, Keep::WHOLE)
    }

    fn walk<S: Source>(&mut self, source: &mut S, start: u64, keep: Keep) -> Result<(), Refusal> {
        let expected = Mode::of(&self.head.transfer_syntax);
        let mode = mode_at(source, start, Some(expected)).unwrap_or(expected);
        if mode != expected {
            self.defects.note("ts-mismatch");
        }
        let mut scanner = Scanner::new(source, start, mode);
        let mut open: Vec<usize> = Vec::new();
        let mut total = 0u64;
        while let Some(token) = scanner.next_token()? {
            if token.kind == Kind::End {
                let behind = self.entries.len();
                if let Some(entry) = open.pop().and_then(|i| self.entries.get_mut(i)) {
                    entry.next = behind;
                }
                continue;
            }
            if token.kind == Kind::Fragment {
                if token.depth == 0 && token.tag == tag::PIXELS {
                    self.fragments.push((token.offset, token.length));
                }
                continue;
            }
            let opens = matches!(token.kind, Kind::Sequence | Kind::Item | Kind::Encapsulated);
            if self.entries.len() >= keep.tokens {
                self.defects.note("header-large");
                if opens {
                    open.push(usize::MAX);
                }
                continue;
            }
            let mut at = None;
            if !opens && token.length <= keep.value {
                if total + token.length <= keep.total {
                    total += token.length;
                    at = Some(self.arena.len());
                    let value = scanner.value(&token, keep.value);
                    let short = usize::try_from(token.length).unwrap_or(0).saturating_sub(value.len());
                    self.arena.extend_from_slice(&value);
                    // A source that keeps only its beginning (inflated data) reads short: the gap stays zero.
                    self.arena.resize(self.arena.len() + short, 0);
                } else {
                    self.defects.note("header-large");
                }
            }
            if opens {
                open.push(self.entries.len());
            }
            let next = self.entries.len() + 1;
            self.entries.push(Entry { token, next, at });
        }
        let found = std::mem::take(&mut scanner.defects);
        self.defects.merge(&found);
        self.decide();
        Ok(())
    }

    fn decide(&mut self) {
        let samples = self.samples(0, self.entries.len());
        let declared = self.raw_in(0, self.entries.len(), tag::CHARSET).map(<[u8]>::to_vec);
        let views: Vec<(&[u8], bool)> =
            samples.iter().filter_map(|(i, pn)| Some((self.value_of(*i)?, *pn))).collect();
        let (decision, notes) = text::decide(declared.as_deref(), &views);
        self.charset = decision;
        self.defects.merge(&notes);
    }

    /// Text elements directly in the range, skipping items that declare their own set.
    fn samples(&self, from: usize, to: usize) -> Vec<(usize, bool)> {
        let mut out = Vec::new();
        let mut i = from;
        while let Some(e) = self.entries.get(i).filter(|_| i < to) {
            if e.token.kind == Kind::Item && self.raw_in(i + 1, e.next, tag::CHARSET).is_some() {
                i = e.next.max(i + 1);
                continue;
            }
            if e.token.kind == Kind::Element && e.token.vr.is_charset_text() && e.token.length > 0 {
                out.push((i, e.token.vr == Vr::PN));
            }
            i += 1;
        }
        out
    }

    fn raw_in(&self, from: usize, to: usize, wanted: Tag) -> Option<&[u8]> {
        let mut i = from;
        while let Some(e) = self.entries.get(i).filter(|_| i < to) {
            if e.token.tag == wanted && e.token.kind == Kind::Element {
                return self.value_of(i);
            }
            i = e.next.max(i + 1);
        }
        None
    }

    fn value_of(&self, index: usize) -> Option<&[u8]> {
        let e = self.entries.get(index)?;
        let at = e.at?;
        self.arena.get(at..at + usize::try_from(e.token.length).ok()?)
    }

    /// The data set itself.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { object: self, from: 0, to: self.entries.len(), charset: self.charset.charset.clone() }
    }
}

/// The data set or one item.
#[derive(Debug, Clone)]
pub struct Node<'o> {
    object: &'o Object,
    from: usize,
    to: usize,
    charset: Charset,
}

impl<'o> Node<'o> {
    /// Its elements in order (sequences and encapsulated pixel data as one entry each).
    pub fn elements(&self) -> impl Iterator<Item = (usize, &'o Token)> + use<'o> {
        let (object, to) = (self.object, self.to);
        let mut i = self.from;
        std::iter::from_fn(move || {
            let at = i;
            let e = object.entries.get(at).filter(|_| at < to)?;
            i = e.next.max(at + 1);
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
        let (mut i, to) = (index + 1, e.next);
        let mut out = Vec::new();
        while let Some(item) = object.entries.get(i).filter(|_| i < to) {
            if item.token.kind == Kind::Item {
                let charset = match object.raw_in(i + 1, item.next, tag::CHARSET) {
                    None => self.charset.clone(),
                    Some(declared) => {
                        let samples = object.samples(i + 1, item.next);
                        let views: Vec<(&[u8], bool)> =
                            samples.iter().filter_map(|(k, pn)| Some((object.value_of(*k)?, *pn))).collect();
                        text::decide(Some(declared), &views).0.charset
                    }
                };
                out.push(Node { object, from: i + 1, to: item.next, charset });
            }
            i = item.next.max(i + 1);
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
        super::dataset::numbers(e.token.vr, raw, e.token.big)
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

impl From<Vec<u8>> for InflatedSource {
    fn from(bytes: Vec<u8>) -> Self {
        let total = bytes.len() as u64;
        Self(Inflated { bytes, total, truncated: false })
    }
}
