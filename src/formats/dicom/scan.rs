//! The bounded, iterative walk over a data set (specification §2): constant stack, no allocation by declared length.
//!
//! `element` reads the elements of a data set or item, `item` the items of a sequence and the fragments of encapsulated
//! pixel data, `repair` what devices write wrongly. Everything that looks ahead for a repair is paid from one budget, so
//! that no input makes the walk more than linear.

mod element;
mod item;
mod repair;

use super::plausible::Mode;
use super::{Defects, Refusal, Source, Tag, Vr};

/// Open items at most.
pub const MAX_DEPTH: usize = 64;
/// Items and fragments at most.
pub const MAX_ITEMS: u64 = 1_000_000;
/// Elements at most.
pub const MAX_ELEMENTS: u64 = 4_000_000;
/// Looks ahead for a repair at most: an object that needs more is not repaired any further.
const MAX_PROBES: u32 = 20_000;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An element with a value.
    Element,
    /// A sequence begins; its items follow.
    Sequence,
    /// An item begins; its elements follow.
    Item,
    /// One fragment of encapsulated pixel data (the first is the Basic Offset Table).
    Fragment,
    /// Encapsulated pixel data begins; its fragments follow.
    Encapsulated,
    /// The innermost open sequence, item or encapsulation ends.
    End,
}

/// One step of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Where the value begins.
    pub offset: u64,
    /// Value length, never past the bytes that exist; for what has undefined length the rest of the enclosing.
    pub length: u64,
    /// Tag.
    pub tag: Tag,
    /// Value representation as found or from the dictionary.
    pub vr: Vr,
    /// Kind.
    pub kind: Kind,
    /// Open items around it: 0 = data set.
    pub depth: u8,
    /// Big endian numbers.
    pub big: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Dataset,
    Sequence,
    Fragments,
}

struct Frame {
    inside: Inside,
    end: u64,
    undefined: bool,
    mode: Mode,
    last: Option<Tag>,
    tag: Tag,
}

/// The walk. Call `next_token` until it yields `None`; then read `defects`.
pub struct Scanner<'s, S> {
    source: &'s mut S,
    position: u64,
    stack: Vec<Frame>,
    items: u64,
    elements: u64,
    depth: u8,
    probes: u32,
    done: bool,
    /// (0028,0103) says that samples have a sign: what is "US or SS" behind it is SS (PS3.3 §C.7.6.3).
    signed: bool,
    /// What was wrong so far.
    pub defects: Defects,
}

impl<'s, S: Source> Scanner<'s, S> {
    /// Starts at `offset` in `mode`.
    pub fn new(source: &'s mut S, offset: u64, mode: Mode) -> Self {
        let end = source.len();
        let root = Frame { inside: Inside::Dataset, end, undefined: false, mode, last: None, tag: Tag(0) };
        Self {
            source,
            position: offset,
            stack: vec![root],
            items: 0,
            elements: 0,
            depth: 0,
            probes: MAX_PROBES,
            done: false,
            signed: false,
            defects: Defects::default(),
        }
    }

    /// The bytes of a token's value, at most `limit`.
    pub fn value(&mut self, token: &Token, limit: u64) -> Vec<u8> {
        self.source.bytes(token.offset, token.length.min(limit))
    }

    /// Appends the bytes of a token's value to `out`. A source that keeps only its beginning reads short: the gap is zeros.
    pub fn append(&mut self, token: &Token, out: &mut Vec<u8>) {
        let from = out.len();
        let exists = self.source.len().saturating_sub(token.offset).min(token.length);
        out.resize(from + usize::try_from(exists).unwrap_or(0), 0);
        if let Some(place) = out.get_mut(from..) {
            self.source.read_at(token.offset, place);
        }
    }

    /// The next token, `None` at the end.
    ///
    /// # Errors
    /// `depth`, `item-count`, `element-count`.
    pub fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        loop {
            if self.done {
                // What is still open ends here, so that callers always see balanced tokens.
                return Ok(if self.stack.len() > 1 { Some(self.close()) } else { None });
            }
            let Some(top) = self.stack.last() else { return Ok(None) };
            let (inside, end, undefined) = (top.inside, top.end, top.undefined);
            if self.position >= end {
                if self.stack.len() == 1 {
                    self.done = true;
                    continue;
                }
                if undefined {
                    self.defects.note("truncated");
                }
                return Ok(Some(self.close()));
            }
            let found = match inside {
                Inside::Dataset => self.element()?,
                Inside::Sequence | Inside::Fragments => self.item(inside)?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn close(&mut self) -> Token {
        let frame = self.stack.pop();
        let (tag, inside, big) =
            frame.map_or((Tag(0), Inside::Sequence, false), |f| (f.tag, f.inside, f.mode.big));
        if inside == Inside::Dataset {
            self.depth = self.depth.saturating_sub(1);
        }
        Token { kind: Kind::End, tag, vr: Vr::UN, depth: self.depth, offset: self.position, length: 0, big }
    }

    fn stop(&mut self, slug: &'static str) {
        self.defects.note(slug);
        self.done = true;
    }

    /// Opens a sequence, an item or an encapsulation at the present position; answers the bytes it may have.
    fn push(&mut self, inside: Inside, tag: Tag, mode: Mode, length: u32) -> Result<u64, Refusal> {
        let outer = self.stack.last().map_or(0, |f| f.end);
        let undefined = length == u32::MAX;
        let mut end = if undefined { outer } else { self.position.saturating_add(u64::from(length)) };
        if end > outer {
            self.defects.note("value-past-end");
            end = outer;
        }
        if inside == Inside::Dataset {
            self.depth += 1;
            if usize::from(self.depth) > MAX_DEPTH {
                return Err(Refusal::new("depth", format!("more than {MAX_DEPTH} nested items")));
            }
        }
        self.stack.push(Frame { inside, end, undefined, mode, last: None, tag });
        Ok(end.saturating_sub(self.position)) // the header may reach past the end of what encloses it
    }
}
