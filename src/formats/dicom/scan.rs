//! The bounded, iterative walk over a data set (specification §2): constant stack, no allocation by declared length.

use super::plausible::{Mode, headers_at};
use super::{Defects, Refusal, Source, Tag, Vr, tag};

/// Open sequences at most.
pub const MAX_DEPTH: usize = 64;
/// Items and fragments at most.
pub const MAX_ITEMS: u64 = 1_000_000;
/// Elements at most.
pub const MAX_ELEMENTS: u64 = 4_000_000;

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
    /// Kind.
    pub kind: Kind,
    /// Tag.
    pub tag: Tag,
    /// Value representation as found or from the dictionary.
    pub vr: Vr,
    /// Open items around it: 0 = data set.
    pub depth: usize,
    /// Where the value begins.
    pub offset: u64,
    /// Value length, never past the bytes that exist; for what has undefined length the rest of the enclosing.
    pub length: u64,
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
    depth: usize,
    done: bool,
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
            done: false,
            defects: Defects::default(),
        }
    }

    /// The bytes of a token's value, at most `limit`.
    pub fn value(&mut self, token: &Token, limit: u64) -> Vec<u8> {
        self.source.bytes(token.offset, token.length.min(limit))
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
            if self.depth > MAX_DEPTH {
                return Err(Refusal::new("depth", format!("more than {MAX_DEPTH} nested items")));
            }
        }
        self.stack.push(Frame { inside, end, undefined, mode, last: None, tag });
        Ok(end.saturating_sub(self.position)) // the header may reach past the end of what encloses it
    }

    fn item(&mut self, inside: Inside) -> Result<Option<Token>, Refusal> {
        let Some(top) = self.stack.last() else { return Ok(None) };
        let (mode, end, owner) = (top.mode, top.end, top.tag);
        let at = self.position;
        let Some(h) = self.source.array::<8>(at) else {
            self.stop("truncated");
            return Ok(None);
        };
        let t = mode.tag([h[0], h[1], h[2], h[3]]);
        let length = mode.u32([h[4], h[5], h[6], h[7]]);
        self.position = at + 8;
        match t {
            tag::SEQUENCE_END => Ok(Some(self.close())),
            tag::ITEM => {
                self.items += 1;
                if self.items > MAX_ITEMS {
                    return Err(Refusal::new(
                        "item-count",
                        format!("more than {MAX_ITEMS} items or fragments"),
                    ));
                }
                let depth = self.depth;
                let token = |kind, length| Token {
                    kind,
                    tag: owner,
                    vr: Vr::UN,
                    depth,
                    offset: at + 8,
                    length,
                    big: mode.big,
                };
                if inside == Inside::Fragments {
                    let left = end.saturating_sub(at + 8);
                    if u64::from(length) > left {
                        self.defects.note("value-past-end");
                    }
                    let kept = u64::from(length).min(left);
                    let token = token(Kind::Fragment, kept);
                    self.position += kept;
                    return Ok(Some(token));
                }
                // Content may have another encoding than the item header: private sequences written as implicit inside explicit.
                let inner = self.inner_mode(mode, at + 8);
                let mut token = token(Kind::Item, 0);
                token.length = self.push(Inside::Dataset, owner, inner, length)?;
                Ok(Some(token))
            }
            tag::ITEM_END => {
                self.defects.note("structure");
                Ok(None)
            }
            _ => {
                // Not an item: a sequence of defined length can be skipped, the rest of an undefined one cannot be trusted.
                self.defects.note("structure");
                if self.stack.last().is_some_and(|f| f.undefined) {
                    self.position = at;
                    if headers_at(self.source, mode, at, end, None, 3) {
                        return Ok(Some(self.close()));
                    }
                    self.done = true;
                } else {
                    self.position = end;
                }
                Ok(None)
            }
        }
    }

    fn inner_mode(&mut self, mode: Mode, at: u64) -> Mode {
        let end = self.source.len();
        if mode.explicit
            && !headers_at(self.source, mode, at, end, None, 1)
            && headers_at(self.source, Mode::IMPLICIT_LE, at, end, None, 1)
        {
            let Some(h) = self.source.array::<6>(at) else { return mode };
            if !Vr([h[4], h[5]]).is_known() {
                return Mode::IMPLICIT_LE;
            }
        }
        mode
    }

    fn element(&mut self) -> Result<Option<Token>, Refusal> {
        let Some(top) = self.stack.last() else { return Ok(None) };
        let (mode, end, last, nested, undefined) =
            (top.mode, top.end, top.last, self.stack.len() > 1, top.undefined);
        let at = self.position;
        let Some(h) = self.source.array::<8>(at).filter(|_| end - at >= 8) else {
            let rest = self.source.bytes(at, end - at);
            if rest.iter().any(|b| *b != 0) {
                self.defects.note("truncated");
            }
            self.position = end;
            return Ok(None);
        };
        let t = mode.tag([h[0], h[1], h[2], h[3]]);
        match t {
            tag::ITEM_END if nested && undefined => {
                self.position = at + 8;
                return Ok(Some(self.close()));
            }
            tag::ITEM_END | tag::SEQUENCE_END | tag::ITEM => {
                self.defects.note("structure");
                self.position = at + 8;
                return Ok(None);
            }
            Tag(0) if h == [0; 8] => {
                // Zero padding behind the data set; in an item it is damage.
                if nested {
                    self.defects.note("structure");
                }
                self.position = end;
                return Ok(None);
            }
            _ => {}
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(Refusal::new("element-count", format!("more than {MAX_ELEMENTS} elements")));
        }
        let Some((vr, header, length)) = self.head(mode, t, h, at, end) else {
            self.stop("structure");
            return Ok(None);
        };
        match last {
            Some(l) if l == t => self.defects.note("duplicate-tag"),
            Some(l) if l > t => self.defects.note("tag-order"),
            _ => {}
        }
        if let Some(top) = self.stack.last_mut() {
            top.last = Some(last.map_or(t, |l| l.max(t)));
        }
        self.position = at + header;
        let mut token = Token {
            kind: Kind::Element,
            tag: t,
            vr,
            depth: self.depth,
            offset: self.position,
            length: 0,
            big: mode.big,
        };
        if length == u32::MAX {
            if t == tag::PIXELS || matches!(vr, Vr::OB | Vr::OW) {
                token.kind = Kind::Encapsulated;
                token.length = self.push(Inside::Fragments, t, mode, length)?;
            } else {
                // CP-246: UN of undefined length is a sequence in Implicit VR Little Endian.
                let inner = if vr == Vr::UN && mode.explicit { Mode::IMPLICIT_LE } else { mode };
                token.kind = Kind::Sequence;
                token.vr = Vr::SQ;
                token.length = self.push(Inside::Sequence, t, inner, length)?;
            }
            return Ok(Some(token));
        }
        if vr == Vr::SQ {
            token.kind = Kind::Sequence;
            token.length = self.push(Inside::Sequence, t, mode, length)?;
            return Ok(Some(token));
        }
        let left = end.saturating_sub(self.position);
        token.length = u64::from(length).min(left);
        if u64::from(length) > left {
            self.defects.note("value-past-end");
        } else if vr.is_charset_text() && token.length > 0 && token.length <= 4096 {
            self.recount(&mut token, mode, end, t);
        }
        self.position = token.offset + token.length;
        Ok(Some(token))
    }

    /// VR, header length and declared value length; `None` when no reading of the header makes sense.
    fn head(&mut self, mode: Mode, t: Tag, h: [u8; 8], at: u64, end: u64) -> Option<(Vr, u64, u32)> {
        let plain = mode.u32([h[4], h[5], h[6], h[7]]);
        if !mode.explicit {
            return Some((Vr::of_tag(t), 8, plain));
        }
        let vr = Vr([h[4], h[5]]);
        let short = u32::from(mode.u16([h[6], h[7]]));
        let long = self.source.array::<4>(at + 8).map(|l| mode.u32(l));
        if vr.is_known() {
            if vr.is_long() {
                return Some((vr, 12, long?));
            }
            // A short VR written in the 32-bit form: believed only when the next header proves it.
            if short == 0
                && let Some(l) = long.filter(|l| *l > 0)
            {
                let next = at + 12 + u64::from(l);
                if !headers_at(self.source, mode, at + 8, end, Some(t), 1)
                    && next < end
                    && headers_at(self.source, mode, next, end, Some(t), 1)
                {
                    return Some((vr, 12, l));
                }
            }
            return Some((vr, 8, short));
        }
        let mut fits = |header: u64, length: u32| {
            let next = at + header + u64::from(length);
            length != u32::MAX && next <= end && headers_at(self.source, mode, next, end, Some(t), 2)
        };
        // Unknown VR letters: the 32-bit form of the standard, the 16-bit form, or an implicit element inside.
        if let Some(l) = long.filter(|l| fits(12, *l)) {
            return Some((Vr::UN, 12, l));
        }
        if fits(8, short) {
            return Some((Vr::UN, 8, short));
        }
        if fits(8, plain) {
            self.defects.note("ts-mismatch");
            return Some((Vr::of_tag(t), 8, plain));
        }
        None
    }

    /// Domestic devices count the length of Han text in characters: lengthen the value until three headers follow.
    fn recount(&mut self, token: &mut Token, mode: Mode, end: u64, t: Tag) {
        let next = token.offset + token.length;
        if next >= end || headers_at(self.source, mode, next, end, Some(t), 1) {
            return;
        }
        let value = self.source.bytes(token.offset, token.length);
        if value.iter().all(u8::is_ascii) {
            return;
        }
        let most = (token.length * 4).min(end - token.offset);
        for length in token.length + 1..=most {
            if headers_at(self.source, mode, token.offset + length, end, Some(t), 3) {
                token.length = length;
                self.defects.note("text-length-in-characters");
                return;
            }
        }
    }
}
