//! Look-up tables (PS3.3 §C.11.1, §C.11.2, §C.7.6.3.1.5, §C.7.9) and palettes, plain or segmented.

use serde::{Deserialize, Serialize};

use super::super::object::Node;
use super::super::{Tag, tag};
use super::packed;

/// Entries at most: a descriptor counts to 65,536.
const MAX_ENTRIES: usize = 65_536;

/// A table of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Input value of the first entry; values outside take the first or last entry.
    pub first: i64,
    /// Bits of an entry: the output runs from 0 to 2^bits - 1.
    pub bits: u32,
    /// Entries.
    #[serde(with = "packed::words")]
    pub entries: Vec<u16>,
}

impl Table {
    /// The entry for an input value; 0 for an empty table.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates and the index is clamped")]
    pub fn at(&self, value: f64) -> u16 {
        let index = (value.round() as i64).saturating_sub(self.first).max(0);
        let last = self.entries.len().saturating_sub(1);
        let index = usize::try_from(index).map_or(last, |i| i.min(last));
        self.entries.get(index).copied().unwrap_or(0)
    }
    /// The entry as a share of the largest value the table can give, 0 to 1.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let top = f64::from((1_u32 << self.bits.clamp(1, 16)) - 1);
        (f64::from(self.at(value)) / top).min(1.0)
    }
}

/// A palette brought to 8 bits (PS3.3 §C.7.9).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Palette {
    /// Stored value of the first entry; values outside are clamped.
    pub first: i64,
    /// Red, green, blue.
    #[serde(with = "packed::colours")]
    pub entries: Vec<[u8; 3]>,
}

/// Entries, first input value and bits of a descriptor; 0 entries means 65,536, the first value is signed when the pixels are.
fn descriptor(node: &Node<'_>, t: Tag, signed: bool) -> Option<(usize, i64, u32)> {
    let numbers = node.numbers(t);
    let [count, first, bits, ..] = numbers.as_slice() else { return None };
    // written as US in a signed image or as SS where more than 32,767 entries are meant
    let count = if *count < 0.0 { *count + 65_536.0 } else { *count };
    let count = if count == 0.0 { MAX_ENTRIES } else { count as usize };
    let first = if signed && *first > f64::from(i16::MAX) { *first - 65_536.0 } else { *first };
    Some((count.min(MAX_ENTRIES), first as i64, *bits as u32))
}

/// Entries as stored: words, or bytes where there are too few bytes for words (8-bit entries packed in OW).
fn entries(node: &Node<'_>, t: Tag, count: usize) -> Option<Vec<u16>> {
    let raw = node.bytes(t)?;
    let big = node.place(t)?.2;
    if raw.len() >= count * 2 {
        let word = |c: [u8; 2]| if big { u16::from_be_bytes(c) } else { u16::from_le_bytes(c) };
        return Some(raw.chunks_exact(2).take(count).filter_map(|c| c.try_into().ok()).map(word).collect());
    }
    let byte = |i: usize| raw.get(if big { i ^ 1 } else { i }).map(|b| u16::from(*b));
    (0..count).map(byte).collect()
}

/// The table in an item of (0028,3000), (0028,3010) or (2050,0010).
pub(super) fn table(item: &Node<'_>, signed: bool) -> Option<Table> {
    let (count, first, bits) = descriptor(item, tag::LUT_DESCRIPTOR, signed)?;
    let entries = entries(item, tag::LUT_DATA, count)?;
    // some devices write 16 where the largest entry says less; the range they mean is the descriptor's all the same
    Some(Table { first, bits: bits.clamp(1, 16), entries })
}

/// The palette of a `PALETTE COLOR` image; `None` when it is missing or cut.
#[must_use]
pub fn palette(node: &Node<'_>) -> Option<Palette> {
    let signed = node.int(tag::PIXEL_REPRESENTATION) == Some(1);
    let channel = |colour: u16| -> Option<(i64, Vec<u8>)> {
        let (count, first, bits) = descriptor(node, Tag::new(0x0028, 0x1101 + colour), signed)?;
        let plain = Tag::new(0x0028, 0x1201 + colour);
        let words = match node.has(plain) {
            true => entries(node, plain, count)?,
            false => segmented(&entries_all(node, Tag::new(0x0028, 0x1221 + colour))?, count)?,
        };
        // 16 bits by the descriptor, 8 by the entries: then these are meant
        let wide = bits > 8 && words.iter().any(|w| *w > 0xFF);
        Some((first, words.iter().map(|w| if wide { w >> 8 } else { *w } as u8).collect()))
    };
    let ((first, red), (_, green), (_, blue)) = (channel(0)?, channel(1)?, channel(2)?);
    let entries = red.iter().zip(&green).zip(&blue).map(|((r, g), b)| [*r, *g, *b]).collect();
    Some(Palette { first, entries })
}

/// Every word of a segmented table.
fn entries_all(node: &Node<'_>, t: Tag) -> Option<Vec<u16>> {
    let words = node.bytes(t)?.len() / 2;
    entries(node, t, words)
}

/// Expands a segmented table (PS3.3 §C.7.9.2): discrete, linear and indirect segments.
fn segmented(words: &[u16], count: usize) -> Option<Vec<u16>> {
    let mut out: Vec<u16> = Vec::with_capacity(count);
    // (position, segments left): an indirect segment sends reading elsewhere and comes back; never inside another one
    let mut back: Option<(usize, u16)> = None;
    let mut at = 0;
    while out.len() < count {
        if let Some((home, 0)) = back {
            at = home;
            back = None;
        }
        let Some((kind, length)) = words.get(at).zip(words.get(at + 1)) else { break };
        let length = usize::from(*length);
        match kind {
            0 => {
                out.extend_from_slice(words.get(at + 2..at + 2 + length)?);
                at += 2 + length;
            }
            1 => {
                let (from, to) = (f64::from(*out.last()?), f64::from(*words.get(at + 2)?));
                let step = (to - from) / length.max(1) as f64;
                out.extend((1..=length).map(|i| (from + step * i as f64).round() as u16));
                at += 3;
            }
            2 if back.is_none() => {
                let (low, high) = (usize::from(*words.get(at + 2)?), usize::from(*words.get(at + 3)?));
                back = Some((at + 4, u16::try_from(length).ok()?.checked_add(1)?));
                // a byte offset from the start of the table
                at = (high << 16 | low) / 2;
            }
            _ => return None,
        }
        if let Some((_, left)) = &mut back {
            *left = left.checked_sub(1)?;
        }
    }
    out.truncate(count);
    (out.len() == count).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_expand_as_the_standard_says() {
        // discrete 0 1, linear to 5 in 4 steps, then segment 1 again from its byte offset
        let words = [0, 2, 0, 1, 1, 4, 5, 2, 1, 0, 0];
        assert_eq!(segmented(&words, 8), Some(vec![0, 1, 2, 3, 4, 5, 0, 1]));
        assert_eq!(segmented(&words, 9), None, "too few entries");
        assert_eq!(segmented(&[1, 4, 5], 4), None, "a line begins at an entry");
        assert_eq!(segmented(&[2, 1, 0, 0, 2, 1, 0, 0], 4), None, "no indirection inside another");
    }

    #[test]
    fn values_outside_a_table_take_its_ends() {
        let table = Table { first: -2, bits: 8, entries: vec![10, 20, 255] };
        assert_eq!([-9.0, -2.0, -1.0, 0.0, 7.0].map(|v| table.at(v)), [10, 10, 20, 255, 255]);
        assert_eq!((table.share(9.0), Table::default().at(3.0)), (1.0, 0));
    }
}
