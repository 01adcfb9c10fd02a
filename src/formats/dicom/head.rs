//! The head of a Part-10 file (PS3.10 §7.1): preamble, `DICM`, meta group. Also what is there when it is missing.

use super::plausible::{Mode, mode_at};
use super::{Defects, Refusal, Source, Tag, Vr, tag, uid};

/// Meta group bytes at most.
pub const MAX_META: u64 = 64 * 1024;

/// What the head says and where the data set begins.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// First byte of the data set.
    pub dataset: u64,
    /// (0002,0010), or the guess when the file has none.
    pub transfer_syntax: String,
    /// (0002,0002).
    pub class: Vec<u8>,
    /// (0002,0003).
    pub instance: Vec<u8>,
    /// There was a meta group.
    pub has_meta: bool,
}

/// Reads the head. A bare data set (`negotiated` given and no `DICM`) begins at 0.
///
/// # Errors
/// `meta` when the meta group is broken or too long.
pub fn read<S: Source>(
    source: &mut S,
    negotiated: Option<&str>,
    defects: &mut Defects,
) -> Result<Head, Refusal> {
    let mut head = Head::default();
    let mut at = if source.array::<4>(128) == Some(*b"DICM") {
        let start = source.array::<4>(0).unwrap_or_default();
        if start.starts_with(b"MZ")
            || start == *b"\x7fELF"
            || start.starts_with(b"#!")
            || start == [0xCF, 0xFA, 0xED, 0xFE]
            || start == [0xFE, 0xED, 0xFA, 0xCF]
        {
            defects.note("preamble-executable");
        }
        132
    } else if source.array::<4>(0) == Some(*b"DICM") {
        defects.note("meta");
        4
    } else {
        0
    };
    let start = at;
    let limit = start + MAX_META;
    // Every meta element is Explicit VR Little Endian whatever follows.
    while let Some(h) = source.array::<8>(at).filter(|h| h[0] == 2 && h[1] == 0) {
        let t = Tag::new(2, u16::from_le_bytes([h[2], h[3]]));
        let vr = Vr([h[4], h[5]]);
        if !vr.is_known() {
            return if head.has_meta {
                Err(Refusal::new("meta", format!("no value representation at byte {at}")))
            } else {
                break_without(head, at)
            };
        }
        let (header, length) = if vr.is_long() {
            let Some(l) = source.array::<4>(at + 8) else { return Err(Refusal::new("meta", "cut")) };
            (12, u64::from(u32::from_le_bytes(l)))
        } else {
            (8, u64::from(u16::from_le_bytes([h[6], h[7]])))
        };
        let next = at + header + length;
        if next > limit || next > source.len() {
            return Err(Refusal::new("meta", format!("element {t} runs past the meta group")));
        }
        let value = |source: &mut S| source.bytes(at + header, length.min(1024));
        match t.element() {
            2 => head.class = value(source),
            3 => head.instance = value(source),
            0x10 => {
                head.transfer_syntax =
                    String::from_utf8_lossy(&value(source)).trim_end_matches(['\0', ' ']).to_owned()
            }
            _ => {}
        }
        head.has_meta = true;
        at = next;
    }
    head.dataset = at;
    if let Some(ts) = negotiated {
        head.transfer_syntax = ts.to_owned();
    } else if !head.has_meta || head.transfer_syntax.is_empty() {
        defects.note("meta");
        let guess = mode_at(source, at, None).unwrap_or(Mode::IMPLICIT_LE);
        head.transfer_syntax = match guess {
            Mode::EXPLICIT_BE => uid::EXPLICIT_BE,
            m if m.explicit => uid::EXPLICIT_LE,
            _ => uid::IMPLICIT_LE,
        }
        .to_owned();
    }
    Ok(head)
}

fn break_without(mut head: Head, at: u64) -> Result<Head, Refusal> {
    head.dataset = at;
    Err(Refusal::new("meta", format!("no meta element at byte {at}")))
}

/// The meta group tags that are never part of a data set.
#[must_use]
pub fn is_meta(t: Tag) -> bool {
    t.group() == 2 || t == tag::TRAILING_PADDING
}
