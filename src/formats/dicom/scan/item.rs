//! Items of a sequence and fragments of encapsulated pixel data (PS3.5 §7.5, §A.4).

use super::super::plausible::{Mode, headers_at};
use super::super::{Refusal, Source, Vr, tag};
use super::{Inside, Kind, MAX_ITEMS, Scanner, Token};

impl<S: Source> Scanner<'_, S> {
    /// The next item or fragment, or the end of what holds them.
    pub(super) fn item(&mut self, inside: Inside) -> Result<Option<Token>, Refusal> {
        let Some(top) = self.stack.last() else { return Ok(None) };
        let (mode, end) = (top.mode, top.end);
        let at = self.position;
        let Some(h) = self.source.array::<8>(at).filter(|_| end - at >= 8) else {
            self.defects.note("truncated");
            self.position = end;
            return Ok(None);
        };
        let length = mode.u32([h[4], h[5], h[6], h[7]]);
        match mode.tag([h[0], h[1], h[2], h[3]]) {
            tag::SEQUENCE_END => {
                self.position = at + 8;
                Ok(Some(self.close()))
            }
            tag::ITEM => {
                self.items += 1;
                if self.items > MAX_ITEMS {
                    let detail = format!("more than {MAX_ITEMS} items or fragments");
                    return Err(Refusal::new("item-count", detail));
                }
                self.position = at + 8;
                if inside == Inside::Fragments {
                    return Ok(Some(self.fragment(mode, length, end)));
                }
                self.open_item(mode, length, end).map(Some)
            }
            tag::ITEM_END => {
                self.defects.note("structure");
                self.position = at + 8;
                Ok(None)
            }
            _ => Ok(self.no_item(mode, h, at, end)),
        }
    }

    fn fragment(&mut self, mode: Mode, length: u32, end: u64) -> Token {
        let left = end.saturating_sub(self.position);
        if u64::from(length) > left {
            self.defects.note("value-past-end");
        }
        let mut token = self.token(Kind::Fragment, mode);
        token.length = u64::from(length).min(left);
        self.position += token.length;
        token
    }

    fn open_item(&mut self, mode: Mode, length: u32, end: u64) -> Result<Token, Refusal> {
        // The content may have another encoding than the item header: private sequences written as implicit inside explicit.
        let inner = if length == 0 { mode } else { self.inner_mode(mode, length, end) };
        let mut token = self.token(Kind::Item, mode);
        token.length = self.push(Inside::Dataset, token.tag, inner, length)?;
        Ok(token)
    }

    fn token(&self, kind: Kind, mode: Mode) -> Token {
        let tag = self.stack.last().map_or(super::Tag(0), |f| f.tag);
        let depth = self.depth;
        Token { kind, tag, vr: Vr::UN, depth, offset: self.position, length: 0, big: mode.big }
    }

    /// Something else stands where an item should: the sequence was not ended, or the rest cannot be trusted.
    fn no_item(&mut self, mode: Mode, h: [u8; 8], at: u64, end: u64) -> Option<Token> {
        self.defects.note("structure");
        if !self.stack.last().is_some_and(|f| f.undefined) {
            // A defined length can be skipped.
            self.position = end;
            return None;
        }
        // An odd fragment without its padding byte shifts the next header by one.
        if let Some([_, shifted @ ..]) = self.source.array::<9>(at) {
            let next = mode.tag([shifted[0], shifted[1], shifted[2], shifted[3]]);
            let length = mode.u32([shifted[4], shifted[5], shifted[6], shifted[7]]);
            if next == tag::ITEM && u64::from(length) < end - at || next == tag::SEQUENCE_END && length == 0 {
                self.position = at + 1;
                return None;
            }
        }
        let outer = self.stack.iter().rev().nth(1).map_or(mode, |f| f.mode);
        if h == [0; 8] || self.probe(outer, at, end, None, 3) {
            return Some(self.close());
        }
        self.done = true;
        None
    }

    /// The encoding inside an item: the one of its sequence unless only another one makes sense.
    fn inner_mode(&mut self, mode: Mode, length: u32, outer: u64) -> Mode {
        let at = self.position;
        let end = if length == u32::MAX { outer } else { at.saturating_add(u64::from(length)).min(outer) };
        if headers_at(self.source, mode, at, end, None, 1) {
            return mode;
        }
        let known = self.source.array::<6>(at).is_some_and(|h| Vr([h[4], h[5]]).is_known());
        let other = if known { Mode::EXPLICIT_LE } else { Mode::IMPLICIT_LE };
        if other != mode && known != mode.explicit && self.probe(other, at, end, None, 2) {
            self.defects.note("ts-mismatch");
            return other;
        }
        mode
    }
}
