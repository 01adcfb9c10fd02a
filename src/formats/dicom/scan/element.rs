//! Elements of a data set or item (PS3.5 §7.1).

use super::super::plausible::Mode;
use super::super::{Refusal, Source, Tag, Vr, tag};
use super::{Inside, Kind, MAX_ELEMENTS, Scanner, Token};

/// Zeros looked at at once: few first, for a file may have many short gaps.
const ZEROS: std::ops::RangeInclusive<u64> = 64..=64 << 10;
/// Attributes that are sample values, "US or SS" (PS3.3 §C.7.6.3, §C.7.5.1.1.2): smallest and largest ones, and padding.
const SAMPLE_VALUES: std::ops::RangeInclusive<Tag> = Tag(0x0028_0104)..=Tag(0x0028_0121);

/// An element header as understood.
pub(super) struct Head {
    pub(super) vr: Vr,
    /// Bytes of the header.
    pub(super) size: u64,
    /// Declared value length.
    pub(super) length: u32,
}

impl<S: Source> Scanner<'_, S> {
    /// The next element, or the end of the item.
    pub(super) fn element(&mut self) -> Result<Option<Token>, Refusal> {
        let Some(top) = self.stack.last() else { return Ok(None) };
        let (mode, end, last) = (top.mode, top.end, top.last);
        let at = self.position;
        let Some(h) = self.source.array::<8>(at).filter(|_| end - at >= 8) else {
            self.tail(at, end);
            return Ok(None);
        };
        let t = mode.tag([h[0], h[1], h[2], h[3]]);
        if matches!(t, tag::ITEM_END | tag::SEQUENCE_END | tag::ITEM) {
            return Ok(self.delimiter(t, mode.u32([h[4], h[5], h[6], h[7]]), end));
        }
        if h == [0; 8] {
            self.padding(mode, at, end);
            return Ok(None);
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(Refusal::new("element-count", format!("more than {MAX_ELEMENTS} elements")));
        }
        let Some(mut head) = self.head(mode, t, h, at, end) else {
            self.stop(if end - at < 12 { "truncated" } else { "structure" });
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
        self.position = at + head.size;
        let mut inner = mode;
        if mode.explicit && head.vr == Vr::UN {
            // PS3.5 §6.2.2: a known attribute sent as UN has its dictionary's representation, and what is inside UN is Implicit LE.
            inner = Mode::IMPLICIT_LE;
            head.vr = self.known(t, head.length);
        }
        let token = Token {
            kind: Kind::Element,
            tag: t,
            vr: head.vr,
            depth: self.depth,
            offset: self.position,
            length: 0,
            big: inner.big,
        };
        self.pass(token, &head, inner, end)
    }

    /// Opens what holds items, steps over every other value.
    fn pass(
        &mut self,
        mut token: Token,
        head: &Head,
        inner: Mode,
        end: u64,
    ) -> Result<Option<Token>, Refusal> {
        let undefined = head.length == u32::MAX;
        if undefined && (token.tag == tag::PIXELS || matches!(head.vr, Vr::OB | Vr::OW)) {
            token.kind = Kind::Encapsulated;
            let outer = self.stack.last().map_or(inner, |f| f.mode);
            token.length = self.push(Inside::Fragments, token.tag, outer, head.length)?;
            return Ok(Some(token));
        }
        if undefined || head.vr == Vr::SQ {
            // CP-246: UN of undefined length is a sequence in Implicit VR Little Endian.
            token.kind = Kind::Sequence;
            token.vr = Vr::SQ;
            token.length = self.push(Inside::Sequence, token.tag, inner, head.length)?;
            return Ok(Some(token));
        }
        let left = end.saturating_sub(self.position);
        token.length = u64::from(head.length).min(left);
        if token.tag == tag::PIXEL_REPRESENTATION {
            self.signed = self.source.array::<2>(token.offset).is_some_and(|raw| inner.u16(raw) == 1);
        } else if self.signed && !inner.explicit && token.vr == Vr::US && SAMPLE_VALUES.contains(&token.tag) {
            token.vr = Vr::SS;
        }
        if u64::from(head.length) > left {
            self.defects.note("value-past-end");
        } else if token.vr.is_charset_text() {
            let mode = self.stack.last().map_or(inner, |f| f.mode);
            self.recount(&mut token, mode, end);
        }
        self.position = token.offset + token.length;
        Ok(Some(token))
    }

    /// The dictionary's representation of an attribute sent as UN; a sequence only when items are really there.
    fn known(&mut self, t: Tag, length: u32) -> Vr {
        let vr = if t.is_private() { Vr::UN } else { Vr::of_tag(t) };
        if vr == Vr::SQ && length != u32::MAX && length > 0 {
            let items = self.source.array::<4>(self.position) == Some([0xFE, 0xFF, 0x00, 0xE0]);
            return if items { vr } else { Vr::UN };
        }
        if length == u32::MAX && t != tag::PIXELS { Vr::UN } else { vr }
    }

    /// Item, item end or sequence end among elements.
    fn delimiter(&mut self, t: Tag, length: u32, end: u64) -> Option<Token> {
        let nested = self.stack.len() > 1;
        let undefined = nested && self.stack.last().is_some_and(|f| f.undefined);
        if t == tag::ITEM_END && undefined {
            self.position += 8;
            return Some(self.close());
        }
        self.defects.note("structure");
        if undefined {
            // The item was not ended: what holds it goes on with the delimiter.
            return Some(self.close());
        }
        self.position += 8;
        // An item that nothing holds: what is in it belongs to nobody, least of all to the data set. Where one of no said length
        // ends cannot be known; its elements are read as the data set's.
        if t == tag::ITEM && length != u32::MAX && u64::from(length) <= end.saturating_sub(self.position) {
            self.position += u64::from(length);
        }
        None
    }

    /// Fewer bytes than a header.
    fn tail(&mut self, at: u64, end: u64) {
        let rest = self.source.bytes(at, (end - at).min(8));
        if end - at >= 8 {
            // Bytes that exist but are not kept (the rest of an inflated data set).
            self.defects.note("header-large");
        } else if rest.iter().any(|b| *b != 0) {
            self.defects.note("truncated");
        }
        self.position = end;
    }

    /// Whether an element stands at `at`: one with a representation that is known, or without it two, or one with nothing behind.
    fn goes_on(&mut self, mode: Mode, at: u64, end: u64, last: Option<Tag>) -> bool {
        if mode.explicit || self.probe(mode, at, end, last, 2) {
            return self.probe(mode, at, end, last, 1);
        }
        let Some(h) = self.source.array::<8>(at) else { return false };
        let behind = at + 8 + u64::from(mode.u32([h[4], h[5], h[6], h[7]]));
        let rest = self.source.bytes(behind.min(end), end.saturating_sub(behind).min(8));
        rest.iter().all(|b| *b == 0) && self.probe(mode, at, end, last, 1)
    }

    /// Zeros behind the data set are padding. In an item, or with something behind them, they are damage: the data set goes on
    /// behind a gap, at an even distance as everything in it, where what stands there reads as its next elements. Other bytes
    /// are nobody's: samples of an image whose length was said too short, the end of another file.
    fn padding(&mut self, mode: Mode, at: u64, end: u64) {
        self.position = end;
        if self.stack.len() > 1 {
            self.defects.note("structure");
            return;
        }
        let (mut from, mut step) = (at, *ZEROS.start());
        while from < end {
            let part = self.source.bytes(from, (end - from).min(step));
            if part.is_empty() {
                return;
            }
            if let Some(n) = part.iter().position(|b| *b != 0) {
                self.defects.note("structure");
                let (next, last) = (from + (n - n % 2) as u64, self.stack.last().and_then(|f| f.last));
                if self.goes_on(mode, next, end, last) {
                    self.position = next;
                }
                return;
            }
            from += part.len() as u64;
            step = (step * 2).min(*ZEROS.end());
        }
    }
}
