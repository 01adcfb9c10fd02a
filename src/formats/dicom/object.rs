//! A scanned data set as a flat tree: tokens in order, small values kept, big ones as offset and length.
//!
//! `Object::read` walks once; `Node` looks at the data set or at an item of a sequence. Nothing recurses.

mod node;

pub use node::Node;

use super::head::{self, Head};
use super::inflate::{Inflated, InflatedSource, inflate};
use super::plausible::{Mode, mode_at};
use super::scan::{Kind, Scanner, Token};
use super::text::{self, Charset, Decision};
use super::{Defects, Refusal, SliceSource, Source, Tag, Vr, tag, uid};

/// Which values are kept in memory.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// Longest binary value kept.
    pub value: u64,
    /// Longest text value kept.
    pub text: u64,
    /// All kept values together.
    pub total: u64,
    /// Tokens kept at most.
    pub tokens: usize,
    /// Pixel data is a value like any other; without it, frames are read where they lie.
    pub pixels: bool,
}

impl Keep {
    /// For the index and for JSON: text up to 1 MiB, other values up to 64 KiB, 8 MiB in all.
    pub const INDEX: Keep =
        Keep { value: 64 << 10, text: 1 << 20, total: 8 << 20, tokens: 400_000, pixels: true };
    /// For objects decoded in the process (waveforms): values up to 64 MiB.
    pub const WHOLE: Keep =
        Keep { value: 64 << 20, text: 64 << 20, total: 128 << 20, tokens: 400_000, pixels: true };

    fn takes(&self, token: &Token) -> bool {
        let pixels = matches!(token.tag, tag::PIXELS | tag::FLOAT_PIXELS | tag::DOUBLE_PIXELS);
        if pixels && token.depth == 0 && !self.pixels {
            return false;
        }
        // The offset tables of an object with many frames are needed whole: 8 bytes a frame.
        let table = matches!(token.tag, tag::EXTENDED_OFFSETS | tag::EXTENDED_LENGTHS);
        let limit = if table {
            self.total
        } else if token.vr.is_text() {
            self.text
        } else {
            self.value
        };
        token.kind == Kind::Element && token.length <= limit
    }
}

/// What is known about a data set before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading<'a> {
    /// Transfer syntax negotiated for a bare data set; the head of a file says its own.
    pub negotiated: Option<&'a str>,
    /// The set the sending peer is known to use; decides where neither label nor bytes do (specification §3).
    pub profile: Option<&'a Charset>,
}

/// A token with its place in the tree.
#[derive(Debug, Clone, Copy)]
struct Entry {
    token: Token,
    /// Index of the first entry behind this one and what it contains.
    next: u32,
    /// Where the value stands in the arena.
    at: u32,
}

/// No kept value.
const NOWHERE: u32 = u32::MAX;

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
    /// Items that declare a set of their own, by index.
    own_charset: Vec<(usize, Decision)>,
}

impl Object {
    /// Scans a file or, with `negotiated` given, a bare data set as well.
    ///
    /// # Errors
    /// A refusal of the scanner (`meta`, `depth`, `item-count`, `element-count`, `inflate-limit`).
    pub fn read<S: Source>(source: &mut S, negotiated: Option<&str>, keep: Keep) -> Result<Self, Refusal> {
        Self::read_with(source, Reading { negotiated, profile: None }, keep)
    }

    /// The same with what is known about the sender.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_with<S: Source>(source: &mut S, reading: Reading<'_>, keep: Keep) -> Result<Self, Refusal> {
        let mut object = Object::default();
        object.head = head::read(source, reading.negotiated, &mut object.defects)?;
        let start = object.head.dataset;
        object.body(source, start, keep)?;
        object.decide(reading.profile);
        object.duplicates();
        Ok(object)
    }

    /// Scans a deflated object whose data set was inflated elsewhere; `truncated` = its stream ended early.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_inflated<S: Source, I: Source>(
        file: &mut S,
        inflated: &mut I,
        truncated: bool,
        keep: Keep,
    ) -> Result<Self, Refusal> {
        let mut object = Object::default();
        object.head = head::read(file, None, &mut object.defects)?;
        object.deflated = Some(inflated.len());
        if truncated {
            object.defects.note("truncated");
        }
        object.walk(inflated, 0, keep)?;
        object.decide(None);
        object.duplicates();
        Ok(object)
    }

    /// Scans bytes in memory.
    ///
    /// # Errors
    /// As `read`.
    pub fn parse(bytes: &[u8], negotiated: Option<&str>) -> Result<Self, Refusal> {
        Self::read(&mut SliceSource(bytes), negotiated, Keep::WHOLE)
    }

    fn body<S: Source>(&mut self, source: &mut S, start: u64, keep: Keep) -> Result<(), Refusal> {
        if self.head.transfer_syntax == uid::DEFLATED_LE {
            let inflated = inflate(source, start, keep.value > Keep::INDEX.value)?;
            // Some senders label plain bytes as deflated; then nothing inflates.
            if inflated.total > 0 {
                self.deflated = Some(inflated.total);
                if inflated.truncated {
                    self.defects.note("truncated");
                }
                return self.walk(&mut InflatedSource(inflated), 0, keep);
            }
            self.defects.note("ts-mismatch");
        }
        self.walk(source, start, keep)
    }

    fn walk<S: Source>(&mut self, source: &mut S, start: u64, keep: Keep) -> Result<(), Refusal> {
        let expected = Mode::of(&self.head.transfer_syntax);
        let mode = mode_at(source, start, Some(expected)).unwrap_or(expected);
        if mode != expected {
            self.defects.note("ts-mismatch");
        }
        let mut scanner = Scanner::new(source, start, mode);
        let mut open: Vec<Option<usize>> = Vec::new();
        while let Some(token) = scanner.next_token()? {
            if token.kind == Kind::End {
                let behind = u32::try_from(self.entries.len()).unwrap_or(NOWHERE);
                if let Some(entry) = open.pop().flatten().and_then(|i| self.entries.get_mut(i)) {
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
            let opens = token.kind != Kind::Element;
            // The data set itself is never left out for what stands in its sequences: without its pixel data it would be no image.
            let room = self.entries.len() < keep.tokens
                || (token.depth == 0 && self.entries.len() < 2 * keep.tokens);
            if opens {
                open.push(room.then_some(self.entries.len()));
            }
            if !room {
                self.defects.note("header-large");
                continue;
            }
            let mut at = NOWHERE;
            if keep.takes(&token) {
                if self.arena.len() as u64 + token.length <= keep.total {
                    at = u32::try_from(self.arena.len()).unwrap_or(NOWHERE);
                    scanner.append(&token, &mut self.arena);
                } else {
                    self.defects.note("header-large");
                }
            }
            let next = u32::try_from(self.entries.len() + 1).unwrap_or(NOWHERE);
            self.entries.push(Entry { token, next, at });
        }
        let found = std::mem::take(&mut scanner.defects);
        self.defects.merge(&found);
        Ok(())
    }

    /// Decides the set of the data set and of every item that declares its own.
    fn decide(&mut self, profile: Option<&Charset>) {
        let (root, notes) = self.decide_in(0, self.entries.len(), profile);
        self.defects.merge(&notes);
        self.charset = root;
        let items: Vec<(usize, usize)> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, e)| e.token.kind == Kind::Item)
            .map(|(i, e)| (i, e.next as usize))
            .collect();
        for (i, next) in items {
            if self.declares(i, next) {
                let (own, notes) = self.decide_in(i + 1, next, profile);
                self.defects.merge(&notes);
                self.own_charset.push((i, own));
            }
        }
    }

    fn decide_in(&self, from: usize, to: usize, profile: Option<&Charset>) -> (Decision, Defects) {
        let samples = self.samples(from, to);
        let views: Vec<(&[u8], bool)> =
            samples.iter().filter_map(|(i, pn)| Some((self.value_of(*i)?, *pn))).collect();
        text::decide(self.raw_in(from, to, tag::CHARSET), &views, profile)
    }

    /// Does the item at `index` declare a set of its own? An empty element declares nothing.
    fn declares(&self, index: usize, next: usize) -> bool {
        self.raw_in(index + 1, next, tag::CHARSET).is_some_and(|v| v.iter().any(|b| !matches!(b, 0 | b' ')))
    }

    /// Tags out of order may repeat an earlier one: the first occurrence is the one that counts.
    fn duplicates(&mut self) {
        if self.defects.has("tag-order") {
            let mut tags: Vec<Tag> = self.root().elements().map(|(_, t)| t.tag).collect();
            tags.sort_unstable();
            if tags.windows(2).any(|w| w.first() == w.get(1)) {
                self.defects.note("duplicate-tag");
            }
        }
    }

    /// Text elements in the range, except those of items that declare their own set.
    fn samples(&self, from: usize, to: usize) -> Vec<(usize, bool)> {
        let mut out = Vec::new();
        let mut i = from;
        while let Some(e) = self.entries.get(i).filter(|_| i < to) {
            let next = e.next as usize;
            if e.token.kind == Kind::Item && self.declares(i, next) {
                i = next.max(i + 1);
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
            i = (e.next as usize).max(i + 1);
        }
        None
    }

    fn value_of(&self, index: usize) -> Option<&[u8]> {
        let e = self.entries.get(index).filter(|e| e.at != NOWHERE)?;
        let at = e.at as usize;
        self.arena.get(at..at.checked_add(usize::try_from(e.token.length).ok()?)?)
    }

    /// The data set itself.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { object: self, from: 0, to: self.entries.len(), charset: self.charset.charset.clone() }
    }
}

impl From<Vec<u8>> for InflatedSource {
    fn from(bytes: Vec<u8>) -> Self {
        let total = bytes.len() as u64;
        Self(Inflated { bytes, total, truncated: false })
    }
}
