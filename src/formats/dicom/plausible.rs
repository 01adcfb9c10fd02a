//! Is there a sequence of element headers at this place? Used to find the encoding and to resynchronise.

use super::{Source, Tag, Vr, tag};

/// How element headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// VR is written.
    pub explicit: bool,
    /// Big endian numbers.
    pub big: bool,
}

impl Mode {
    /// Implicit VR Little Endian.
    pub const IMPLICIT_LE: Mode = Mode { explicit: false, big: false };
    /// Explicit VR Little Endian.
    pub const EXPLICIT_LE: Mode = Mode { explicit: true, big: false };
    /// Explicit VR Big Endian.
    pub const EXPLICIT_BE: Mode = Mode { explicit: true, big: true };

    /// The mode of a transfer syntax (PS3.5 Annex A; every encapsulated one is Explicit LE).
    #[must_use]
    pub fn of(transfer_syntax: &str) -> Self {
        match transfer_syntax {
            super::uid::IMPLICIT_LE => Self::IMPLICIT_LE,
            super::uid::EXPLICIT_BE => Self::EXPLICIT_BE,
            _ => Self::EXPLICIT_LE,
        }
    }
    /// 16 bits.
    #[must_use]
    pub fn u16(self, b: [u8; 2]) -> u16 {
        if self.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
    }
    /// 32 bits.
    #[must_use]
    pub fn u32(self, b: [u8; 4]) -> u32 {
        if self.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }
    /// A tag.
    #[must_use]
    pub fn tag(self, b: [u8; 4]) -> Tag {
        Tag::new(self.u16([b[0], b[1]]), self.u16([b[2], b[3]]))
    }
}

/// Checks up to `count` headers from `offset`: known VRs, rising tags above `after`, lengths inside `end`.
/// Reaching `end` exactly, a delimiter, or an undefined length ends the check in favour. With nothing there the answer is true.
pub fn headers_at<S: Source>(
    source: &mut S,
    mode: Mode,
    mut offset: u64,
    end: u64,
    mut after: Option<Tag>,
    count: usize,
) -> bool {
    for _ in 0..count {
        if offset == end {
            return true;
        }
        let Some(h) = source.peek::<8>(offset) else { return false };
        let t = mode.tag([h[0], h[1], h[2], h[3]]);
        if t == tag::ITEM_END || t == tag::SEQUENCE_END {
            return mode.u32([h[4], h[5], h[6], h[7]]) == 0;
        }
        if after.is_some_and(|a| t <= a) || matches!(t.group(), 0 | 0xFFFE | 0xFFFF) {
            return false;
        }
        let (header, length) = if mode.explicit {
            let vr = Vr([h[4], h[5]]);
            if !vr.is_known() {
                return false;
            }
            if vr.is_long() {
                let Some(l) = source.peek::<4>(offset + 8) else { return false };
                (12, u64::from(mode.u32(l)))
            } else {
                (8, u64::from(mode.u16([h[6], h[7]])))
            }
        } else {
            (8, u64::from(mode.u32([h[4], h[5], h[6], h[7]])))
        };
        if length == u64::from(u32::MAX) {
            return true;
        }
        offset += header + length;
        if offset > end {
            return false;
        }
        after = Some(t);
    }
    true
}

/// The mode that the first headers speak, the expected one first; `None` when none fits.
pub fn mode_at<S: Source>(source: &mut S, offset: u64, expected: Option<Mode>) -> Option<Mode> {
    let end = source.len();
    if offset >= end {
        return expected.or(Some(Mode::EXPLICIT_LE));
    }
    let order = [expected, Some(Mode::EXPLICIT_LE), Some(Mode::EXPLICIT_BE), Some(Mode::IMPLICIT_LE)];
    // Three headers convince; a short or damaged object may only have one.
    [3, 1].into_iter().find_map(|count| {
        order.into_iter().flatten().find(|mode| headers_at(source, *mode, offset, end, None, count))
    })
}
