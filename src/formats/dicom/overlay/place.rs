//! Where things stand: the header before a value, an element in an item, edits as runs of bytes.

use super::Piece;
use super::edit::Edit;
use crate::dicom::plausible::Mode;
use crate::dicom::scan::{Kind, Scanner, Token};
use crate::dicom::{Object, Source, Tag, Vr, tag};

/// The stored bytes of a token's value, at most `limit`.
pub(super) fn value<S: Source>(tokens: &mut Scanner<'_, S>, token: &Token, limit: u64) -> Vec<u8> {
    let mut out = Vec::new();
    tokens.append(&Token { length: token.length.min(limit), ..*token }, &mut out);
    out
}

/// Where a whole item at `at` ends that lies between two elements.
pub(super) fn stray<S: Source>(tokens: &mut Scanner<'_, S>, at: u64, until: u64, big: bool) -> Option<u64> {
    if at + 8 > until {
        return None;
    }
    let place = Token { kind: Kind::Item, tag: tag::ITEM, vr: Vr::UN, depth: 0, offset: at, length: 8, big };
    let raw = value(tokens, &place, 8);
    let h = raw.first_chunk::<8>()?;
    let mode = Mode { explicit: true, big };
    let length = mode.u32([h[4], h[5], h[6], h[7]]);
    let end = at + 8 + u64::from(length);
    (mode.tag([h[0], h[1], h[2], h[3]]) == tag::ITEM && length != u32::MAX && end <= until).then_some(end)
}

/// A header as it is written.
pub(super) struct Head {
    pub(super) length: u64,
    pub(super) explicit: bool,
}

/// How the header before a value is written: 8 bytes or 12, with a VR or without.
pub(super) fn head_of<S: Source>(tokens: &mut Scanner<'_, S>, token: &Token, cursor: u64) -> Head {
    let mut at = |offset: u64, n: u64| {
        let place = Token { offset, length: n, ..*token };
        value(tokens, &place, n)
    };
    let names = |raw: &[u8]| {
        let group = token.tag.group();
        let element = token.tag.element();
        let (g, e) = if token.big {
            (group.to_be_bytes(), element.to_be_bytes())
        } else {
            (group.to_le_bytes(), element.to_le_bytes())
        };
        raw.get(..4) == Some([g, e].concat().as_slice())
    };
    let short = at(token.offset.saturating_sub(8), 8);
    if token.offset >= cursor + 8 && names(&short) {
        let vr = short.get(4..6).and_then(|v| v.try_into().ok()).map(Vr);
        let plain = short.get(4..8).and_then(|v| v.try_into().ok()).map(|b: [u8; 4]| {
            u64::from(if token.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
        });
        // Two letters where the length of an implicit header stands: a length that fits says it is one.
        let explicit = vr.is_some_and(Vr::is_known) && plain != Some(token.length);
        return Head { length: 8, explicit };
    }
    Head { length: token.offset.saturating_sub(cursor).min(12), explicit: true }
}

/// Does the object have this element in this item?
pub(super) fn has(object: &Object, item: &str, t: Tag) -> bool {
    let mut node = object.root();
    let steps: Vec<&str> = item.split('/').filter(|s| !s.is_empty()).collect();
    for pair in steps.chunks(2) {
        let (Some(sequence), Some(n)) = (
            pair.first().and_then(|s| Tag::from_hex(s)),
            pair.get(1).and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1)),
        ) else {
            return false;
        };
        let Some(next) = node.items(sequence).into_iter().nth(n) else { return false };
        node = next;
    }
    node.has(t)
}

/// Edits as runs of copied and new bytes.
pub(super) fn pieces(edits: Vec<Edit>, total: u64) -> (Vec<Piece>, u64) {
    let mut out: Vec<Piece> = Vec::new();
    let mut at = 0;
    for edit in edits {
        if edit.at > at {
            out.push(Piece::Copy { offset: at, length: edit.at - at });
        }
        at = at.max(edit.at + edit.skip);
        match out.last_mut() {
            Some(Piece::Bytes(last)) => last.extend(edit.bytes),
            _ if edit.bytes.is_empty() => {}
            _ => out.push(Piece::Bytes(edit.bytes)),
        }
    }
    if at < total {
        out.push(Piece::Copy { offset: at, length: total - at });
    }
    let length = out.iter().map(Piece::length).sum();
    (out, length)
}
