//! Code extensions by ISO 2022 escapes as DICOM uses them (PS3.5 §6.1.2.5, Annexes H to K).

use super::text::{Faults, Plain, decode_plain};

/// What is designated to G1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum High {
    None,
    Single(Plain),
    Gb2312,
    Ksx1001,
}

/// What is designated to G0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Low {
    Ascii,
    Jis208,
    Jis212,
}

/// The state at the start of every value and component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    high: High,
    low: Low,
}

impl Start {
    /// Value 1 of (0008,0005) folded, with its plain set when it has one.
    #[must_use]
    pub fn of(first: &str, plain: Option<Plain>) -> Self {
        match plain {
            Some(Plain::Ascii) | None => Self::single(first),
            Some(p) => Self { high: High::Single(p), low: Low::Ascii },
        }
    }
    /// The plain set that text without any escape is in; `None` when the state begins in a multi-byte set.
    #[must_use]
    pub fn plain(self) -> Option<Plain> {
        match self.high {
            High::None => Some(Plain::Ascii),
            High::Single(plain) => Some(plain),
            High::Gb2312 | High::Ksx1001 => None,
        }
    }
    /// `ISO 2022 IR 58` alone: devices write Han in G1 with or without the escape.
    #[must_use]
    pub fn chinese() -> Self {
        Self { high: High::Gb2312, low: Low::Ascii }
    }
    /// A multi-byte term in place of value 1.
    #[must_use]
    pub fn single(first: &str) -> Self {
        let high = match first {
            "iso2022ir58" => High::Gb2312,
            "iso2022ir149" => High::Ksx1001,
            _ => High::None,
        };
        Self { high, low: Low::Ascii }
    }
}

/// True when a known designation stands anywhere in the bytes.
#[must_use]
pub fn designates(raw: &[u8]) -> bool {
    let mut scratch = Start { high: High::None, low: Low::Ascii };
    memchr::memchr_iter(0x1B, raw)
        .any(|at| designate(raw.get(at + 1..).unwrap_or_default(), &mut scratch).is_some())
}

/// Applies a designation; returns its length after ESC, `None` when unknown.
fn designate(rest: &[u8], state: &mut Start) -> Option<usize> {
    use encoding_rs as e;
    let single = |state: &mut Start, p| {
        state.high = High::Single(p);
        Some(2)
    };
    match rest {
        [b'$', b')', b'A', ..] => {
            state.high = High::Gb2312;
            Some(3)
        }
        [b'$', b')', b'C', ..] => {
            state.high = High::Ksx1001;
            Some(3)
        }
        [b'$', b'(', b'D', ..] => {
            state.low = Low::Jis212;
            Some(3)
        }
        [b'$', b'B' | b'@', ..] => {
            state.low = Low::Jis208;
            Some(2)
        }
        [b'(', b'B' | b'J', ..] => {
            state.low = Low::Ascii;
            Some(2)
        }
        [b')', b'I', ..] => single(state, Plain::Jis201),
        [b'-', b'A', ..] => single(state, Plain::Latin1),
        [b'-', b'B', ..] => single(state, Plain::Table(e::ISO_8859_2)),
        [b'-', b'C', ..] => single(state, Plain::Table(e::ISO_8859_3)),
        [b'-', b'D', ..] => single(state, Plain::Table(e::ISO_8859_4)),
        [b'-', b'L', ..] => single(state, Plain::Table(e::ISO_8859_5)),
        [b'-', b'G', ..] => single(state, Plain::Table(e::ISO_8859_6)),
        [b'-', b'F', ..] => single(state, Plain::Table(e::ISO_8859_7)),
        [b'-', b'H', ..] => single(state, Plain::Table(e::ISO_8859_8)),
        [b'-', b'M', ..] => single(state, Plain::Latin5),
        [b'-', b'T', ..] => single(state, Plain::Table(e::WINDOWS_874)),
        [b'-', b'b', ..] => single(state, Plain::Table(e::ISO_8859_15)),
        _ => None,
    }
}

/// Decodes a whole element; the state returns to `start` at separators and control characters.
#[must_use]
pub fn decode(start: Start, raw: &[u8], person_name: bool) -> (String, Faults) {
    let mut out = String::with_capacity(raw.len());
    let mut faults = Faults::default();
    let mut state = start;
    let mut i = 0;
    let bad = |out: &mut String, faults: &mut Faults| {
        out.push(char::REPLACEMENT_CHARACTER);
        faults.bad += 1;
    };
    while let Some(&b) = raw.get(i) {
        let next = raw.get(i + 1).copied();
        match b {
            0x1B => {
                if let Some(n) = designate(raw.get(i + 1..).unwrap_or_default(), &mut state) {
                    i += 1 + n;
                } else {
                    bad(&mut out, &mut faults);
                    i += 1;
                }
            }
            b'\t' | b'\n' | b'\r' | 0x0C => {
                state = start;
                out.push(char::from(b));
                i += 1;
            }
            0..0x80 if state.low != Low::Ascii && b > 0x20 => {
                let Some(second) = next.filter(|n| (0x21..0x7F).contains(n)) else {
                    out.push(char::REPLACEMENT_CHARACTER);
                    if next.is_none() {
                        faults.cut = true;
                    } else {
                        faults.bad += 1;
                    }
                    i += 1;
                    continue;
                };
                let code = [0x8F, b | 0x80, second | 0x80];
                let pair = if state.low == Low::Jis208 { code.get(1..) } else { code.get(..) };
                let (text, broken) =
                    encoding_rs::EUC_JP.decode_without_bom_handling(pair.unwrap_or_default());
                out.push_str(&text);
                faults.bad += usize::from(broken);
                i += 2;
            }
            0..0x80 => {
                // `=` and `^` reset only in names; the backslash wherever values are separated.
                if b == b'\\' || (person_name && matches!(b, b'^' | b'=')) {
                    state = start;
                }
                out.push(char::from(b));
                i += 1;
            }
            _ => match state.high {
                High::None => {
                    bad(&mut out, &mut faults);
                    i += 1;
                }
                High::Single(plain) => {
                    let (text, f) = decode_plain(plain, &[b]);
                    out.push_str(&text);
                    faults.bad += f.bad + usize::from(f.cut);
                    i += 1;
                }
                High::Gb2312 | High::Ksx1001 => {
                    // Both bytes are high in a 94 × 94 set: a half character never takes a separator with it.
                    let Some(second) = next.filter(|n| *n >= 0xA1) else {
                        out.push(char::REPLACEMENT_CHARACTER);
                        if is_end(raw.get(i + 1..).unwrap_or_default(), person_name) {
                            faults.cut = true;
                        } else {
                            faults.bad += 1;
                        }
                        i += 1;
                        continue;
                    };
                    let table =
                        if state.high == High::Gb2312 { encoding_rs::GBK } else { encoding_rs::EUC_KR };
                    let pair = [b, second];
                    let (text, broken) = table.decode_without_bom_handling(&pair);
                    out.push_str(&text);
                    faults.bad += usize::from(broken);
                    i += 2;
                }
            },
        }
    }
    (out, faults)
}

/// Is the value or component over here, padding aside?
fn is_end(rest: &[u8], person_name: bool) -> bool {
    match rest.iter().find(|b| !matches!(b, 0 | b' ')) {
        None | Some(b'\\') => true,
        Some(b'^' | b'=') => person_name,
        Some(_) => false,
    }
}
