//! A data set in another encoding: what leaves for a receiver that does not take the stored transfer syntax.
//!
//! Values are carried over byte by byte (numbers of big-endian sets are turned); sequences get undefined lengths, group lengths
//! are left out, pixel data is left to the caller. What was received stays as it is: this makes a copy for the way out.

use super::dataset::header;
use super::plausible::Mode;
use super::scan::{Kind, Scanner, Token};
use super::{Refusal, Source, Tag, Vr, tag};

/// Longest value that is taken into memory; longer ones are copied by range.
const INLINE: u64 = 64 << 10;
/// (0088,0200).
const ICON_IMAGES: Tag = Tag(0x0088_0200);

/// A part of the new data set, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes of the stored file (of the inflated data set when deflated); `swap` > 1 = width of the numbers to turn.
    Copy {
        /// First byte.
        offset: u64,
        /// Bytes.
        length: u64,
        /// Width of big-endian numbers, else 1.
        swap: usize,
    },
    /// The caller's element (7FE0,0010) with its header.
    Pixels,
}

/// What the new data set is to be.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Explicit VR Little Endian, else Implicit.
    pub explicit: bool,
    /// Elements to replace or add, in tag order, with values of even length.
    pub changes: Vec<(Tag, Vr, Vec<u8>)>,
    /// The caller writes pixel data; otherwise native pixel data is copied.
    pub own_pixels: bool,
}

/// Lays the data set that begins at `start` out anew.
///
/// # Errors
/// As the scanner.
pub fn rewrite<S: Source>(
    source: &mut S,
    start: u64,
    mode: Mode,
    wanted: &Wanted,
) -> Result<Vec<Piece>, Refusal> {
    let mut out = Out { pieces: Vec::new(), bytes: Vec::new(), explicit: wanted.explicit };
    let mut written = vec![false; wanted.changes.len()];
    let mut scanner = Scanner::new(source, start, mode);
    let mut open: Vec<Kind> = Vec::new();
    // levels of what is left out, counted from where it began
    let mut skipped = 0_usize;
    while let Some(token) = scanner.next_token()? {
        let opens = matches!(token.kind, Kind::Sequence | Kind::Item | Kind::Encapsulated);
        if skipped > 0 {
            skipped = match token.kind {
                Kind::End => skipped - 1,
                _ if opens => skipped + 1,
                _ => skipped,
            };
            continue;
        }
        if token.kind == Kind::End {
            out.end(open.pop());
            continue;
        }
        if open.is_empty() {
            // Also where the tags of a file do not rise, each is written once.
            for ((t, vr, value), done) in wanted.changes.iter().zip(&mut written) {
                if *t <= token.tag && !std::mem::replace(done, true) {
                    out.element(*t, *vr, value);
                }
            }
            if wanted.changes.iter().any(|c| c.0 == token.tag) {
                skipped = usize::from(opens);
                continue;
            }
            if wanted.own_pixels && token.tag == tag::PIXELS {
                out.pixels();
                skipped = usize::from(opens);
                continue;
            }
        }
        if left_out(&token, wanted.own_pixels) {
            skipped = usize::from(opens);
            continue;
        }
        if opens {
            out.begin(&token);
            open.push(token.kind);
        } else if token.kind == Kind::Fragment {
            out.value(&mut scanner, &token, tag::ITEM);
        } else {
            out.value(&mut scanner, &token, token.tag);
        }
    }
    for ((t, vr, value), _) in wanted.changes.iter().zip(written).filter(|(_, done)| !done) {
        out.element(*t, *vr, value);
    }
    out.flush();
    Ok(out.pieces)
}

/// Group lengths and paddings would be wrong, offset tables belong to the old pixel data, icons may be coded like it.
fn left_out(token: &Token, own_pixels: bool) -> bool {
    (token.kind != Kind::Item && token.kind != Kind::Fragment && token.tag.element() == 0)
        || token.tag == tag::TRAILING_PADDING
        || token.tag.group() == 2
        || (own_pixels && matches!(token.tag, tag::EXTENDED_OFFSETS | tag::EXTENDED_LENGTHS | ICON_IMAGES))
}

struct Out {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    explicit: bool,
}

impl Out {
    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.pieces.push(Piece::Bytes(std::mem::take(&mut self.bytes)));
        }
    }

    fn pixels(&mut self) {
        self.flush();
        self.pieces.push(Piece::Pixels);
    }

    fn element(&mut self, t: Tag, vr: Vr, value: &[u8]) {
        header(&mut self.bytes, self.explicit, t, vr, u32::try_from(value.len()).unwrap_or(0));
        self.bytes.extend_from_slice(value);
    }

    fn begin(&mut self, token: &Token) {
        match token.kind {
            Kind::Item => header(&mut self.bytes, false, tag::ITEM, Vr::UN, u32::MAX),
            Kind::Encapsulated => header(&mut self.bytes, self.explicit, token.tag, Vr::OB, u32::MAX),
            _ => header(&mut self.bytes, self.explicit, token.tag, Vr::SQ, u32::MAX),
        }
    }

    fn end(&mut self, what: Option<Kind>) {
        let t = if what == Some(Kind::Item) { tag::ITEM_END } else { tag::SEQUENCE_END };
        header(&mut self.bytes, false, t, Vr::UN, 0);
    }

    /// An element or fragment with its value, padded to even length.
    fn value<S: Source>(&mut self, scanner: &mut Scanner<'_, S>, token: &Token, t: Tag) {
        let padded = token.length + token.length % 2;
        let mut vr = if token.vr.is_known() { token.vr } else { Vr::UN };
        // a short VR cannot carry it; unknown can (PS3.5 §6.2.2)
        if !vr.is_long() && padded > 0xFFFE {
            vr = Vr::UN;
        }
        let explicit = self.explicit && token.kind != Kind::Fragment;
        header(&mut self.bytes, explicit, t, vr, u32::try_from(padded).unwrap_or(u32::MAX - 1));
        let swap = if token.big { if token.vr == Vr::AT { 2 } else { token.vr.width() } } else { 1 };
        if token.length > INLINE {
            self.flush();
            self.pieces.push(Piece::Copy { offset: token.offset, length: token.length, swap });
        } else {
            let mut value = Vec::new();
            scanner.append(token, &mut value);
            // what a damaged file does not hold is zero, so that the length stays true
            value.resize(usize::try_from(token.length).unwrap_or(0), 0);
            turn(&mut value, swap);
            self.bytes.extend_from_slice(&value);
        }
        if padded > token.length {
            self.bytes.push(if token.vr.is_text() && token.vr != Vr::UI { b' ' } else { 0 });
        }
    }
}

/// Turns numbers of `width` bytes.
pub fn turn(bytes: &mut [u8], width: usize) {
    if width > 1 {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}
