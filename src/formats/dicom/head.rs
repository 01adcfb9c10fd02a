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
        if is_executable(source.array::<4>(0).unwrap_or_default()) {
            defects.note("preamble-executable");
        }
        132
    } else if source.array::<4>(0) == Some(*b"DICM") {
        defects.note("meta");
        4
    } else {
        0
    };
    let limit = at + MAX_META;
    let mode = meta_mode(source, at);
    if mode.is_some_and(|m| m != Mode::EXPLICIT_LE) {
        defects.note("meta");
    }
    while let Some(mode) = mode
        && let Some(h) = source.array::<8>(at)
    {
        let t = mode.tag([h[0], h[1], h[2], h[3]]);
        if t.group() != 2 {
            break;
        }
        let (header, length) = extent(source, mode, h, at)?;
        let next = at + header + length;
        if next > limit || next > source.len() {
            return Err(Refusal::new("meta", format!("element {t} runs past the meta group")));
        }
        let value = |source: &mut S| source.bytes(at + header, length.min(1024));
        match t.element() {
            2 => head.class = value(source),
            3 => head.instance = value(source),
            0x10 => head.transfer_syntax = uid::trimmed(&value(source)),
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

/// How the meta group is written: Explicit VR Little Endian whatever follows (PS3.10 §7.1), in faulty files otherwise.
fn meta_mode<S: Source>(source: &mut S, at: u64) -> Option<Mode> {
    let h = source.array::<8>(at)?;
    let known = Vr([h[4], h[5]]).is_known();
    match [h[0], h[1]] {
        [2, 0] if known => Some(Mode::EXPLICIT_LE),
        [2, 0] => Some(Mode::IMPLICIT_LE),
        [0, 2] if known => Some(Mode::EXPLICIT_BE),
        _ => None,
    }
}

/// Header and value length of a meta element.
fn extent<S: Source>(source: &mut S, mode: Mode, h: [u8; 8], at: u64) -> Result<(u64, u64), Refusal> {
    if !mode.explicit {
        return Ok((8, u64::from(mode.u32([h[4], h[5], h[6], h[7]]))));
    }
    let vr = Vr([h[4], h[5]]);
    if !vr.is_known() {
        return Err(Refusal::new("meta", format!("no value representation at byte {at}")));
    }
    if !vr.is_long() {
        return Ok((8, u64::from(mode.u16([h[6], h[7]]))));
    }
    let long = source.array::<4>(at + 8).ok_or_else(|| Refusal::new("meta", format!("cut at byte {at}")))?;
    Ok((12, u64::from(mode.u32(long))))
}

/// Starts of programs: Windows, ELF, scripts, Mach-O of either width and byte order, fat Mach-O (CVE-2019-11687).
fn is_executable(start: [u8; 4]) -> bool {
    start.starts_with(b"MZ")
        || start.starts_with(b"#!")
        || matches!(
            &start,
            b"\x7fELF"
                | b"\xFE\xED\xFA\xCE"
                | b"\xFE\xED\xFA\xCF"
                | b"\xCE\xFA\xED\xFE"
                | b"\xCF\xFA\xED\xFE"
                | b"\xCA\xFE\xBA\xBE"
        )
}

/// The meta group tags that are never part of a data set.
#[must_use]
pub fn is_meta(t: Tag) -> bool {
    t.group() == 2 || t == tag::TRAILING_PADDING
}
