//! What devices write wrongly and is still readable: wrong forms of the header, text lengths counted in characters.

use super::super::plausible::{Mode, headers_at};
use super::super::{Source, Tag, Vr};
use super::element::Head;
use super::{Scanner, Token};

/// Longest text value whose length is doubted (SH, LO and PN are far shorter).
const DOUBTED: u64 = 4096;

impl<S: Source> Scanner<'_, S> {
    /// Are there `count` headers at a place that may be far away? Paid from the budget; without budget nothing is repaired.
    pub(super) fn probe(&mut self, mode: Mode, at: u64, end: u64, after: Option<Tag>, count: usize) -> bool {
        let Some(left) = self.probes.checked_sub(1) else { return false };
        self.probes = left;
        headers_at(self.source, mode, at, end, after, count)
    }

    /// VR, header size and declared value length; `None` when no reading of the header makes sense.
    pub(super) fn head(&mut self, mode: Mode, t: Tag, h: [u8; 8], at: u64, end: u64) -> Option<Head> {
        let plain = mode.u32([h[4], h[5], h[6], h[7]]);
        let vr = Vr([h[4], h[5]]);
        let head = |vr, size, length| Some(Head { vr, size, length });
        if !mode.explicit {
            // An explicit element inside an implicit data set: as an implicit length its letters reach past the end.
            if vr.is_known() && plain != u32::MAX && u64::from(plain) > end - at {
                let explicit = Mode { explicit: true, ..mode };
                if self.probe(explicit, at, end, None, 2) {
                    self.defects.note("ts-mismatch");
                    return self.head(explicit, t, h, at, end);
                }
            }
            return head(Vr::of_tag(t), 8, plain);
        }
        let short = u32::from(mode.u16([h[6], h[7]]));
        if !vr.is_known() {
            return self.unknown(mode, t, h, at, end);
        }
        if vr.is_long() {
            let long = mode.u32(self.source.array::<4>(at + 8)?);
            // A long VR written in the 16-bit form: its reserved bytes are not zero.
            if short != 0
                && long != u32::MAX
                && !self.follows(mode, t, at + 12 + u64::from(long), end, 1)
                && self.follows(mode, t, at + 8 + u64::from(short), end, 2)
            {
                self.defects.note("ts-mismatch");
                return head(vr, 8, short);
            }
            return head(vr, 12, long);
        }
        // A short VR written in the 32-bit form: believed only when the next header proves it.
        if short == 0
            && !headers_at(self.source, mode, at + 8, end, Some(t), 1)
            && let Some(long) = self.source.array::<4>(at + 8).map(|l| mode.u32(l)).filter(|l| *l > 0)
            && at + 12 + u64::from(long) < end
            && self.follows(mode, t, at + 12 + u64::from(long), end, 1)
        {
            return head(vr, 12, long);
        }
        head(vr, 8, short)
    }

    /// Do headers follow when the value ends at `next`?
    fn follows(&mut self, mode: Mode, t: Tag, next: u64, end: u64, count: usize) -> bool {
        next <= end && self.probe(mode, next, end, Some(t), count)
    }

    /// Unknown VR letters: the 32-bit form of the standard, the 16-bit form, or an implicit element inside.
    fn unknown(&mut self, mode: Mode, t: Tag, h: [u8; 8], at: u64, end: u64) -> Option<Head> {
        let short = u32::from(mode.u16([h[6], h[7]]));
        let plain = mode.u32([h[4], h[5], h[6], h[7]]);
        if let Some(long) = self.source.array::<4>(at + 8).map(|l| mode.u32(l)) {
            let item = self.source.array::<4>(at + 12).map(|b| mode.tag(b));
            let holds = matches!(item, Some(super::super::tag::ITEM | super::super::tag::SEQUENCE_END));
            if long == u32::MAX && short == 0 && holds {
                return Some(Head { vr: Vr::UN, size: 12, length: long });
            }
            if long != u32::MAX && self.follows(mode, t, at + 12 + u64::from(long), end, 2) {
                return Some(Head { vr: Vr::UN, size: 12, length: long });
            }
        }
        if self.follows(mode, t, at + 8 + u64::from(short), end, 2) {
            return Some(Head { vr: Vr::UN, size: 8, length: short });
        }
        if plain != u32::MAX && self.follows(mode, t, at + 8 + u64::from(plain), end, 2) {
            self.defects.note("ts-mismatch");
            return Some(Head { vr: Vr::of_tag(t), size: 8, length: plain });
        }
        None
    }

    /// Domestic devices count the length of Han text in characters: lengthen the value until three headers follow.
    /// The bytes added must be text, so that no element is ever swallowed.
    pub(super) fn recount(&mut self, token: &mut Token, mode: Mode, end: u64) {
        let next = token.offset + token.length;
        if token.length == 0
            || token.length > DOUBTED
            || next >= end
            || headers_at(self.source, mode, next, end, Some(token.tag), 1)
        {
            return;
        }
        let most = (token.length * 4).min(end - token.offset);
        let value = self.source.bytes(token.offset, most);
        let (own, more) =
            value.split_at_checked(usize::try_from(token.length).unwrap_or(0)).unwrap_or_default();
        if own.is_ascii() {
            return;
        }
        for (added, byte) in (1u64..).zip(more) {
            let is_text = *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B);
            if !is_text && *byte != 0 {
                return;
            }
            if self.probe(mode, next + added, end, Some(token.tag), 3) {
                token.length += added;
                self.defects.note("text-length-in-characters");
                return;
            }
            if !is_text {
                return; // a NUL pads the value: nothing of it follows
            }
        }
    }
}
