//! Signs of cut text: UTF-8 cut inside a character, and a GB18030 lead byte that swallowed a delimiter.

use super::Charset;

/// Whether at least 80 % of the non-ASCII bytes lie in valid sequences of three or four bytes: the text
/// was UTF-8, whatever GB18030 makes of its ruins.
pub fn damaged_utf8(bytes: &[u8]) -> bool {
    let (long, all) = long_sequences(bytes);
    all > 0 && long * 10 >= all * 8
}

/// Whether the bytes hold one valid UTF-8 sequence of three or four bytes.
pub(super) fn has_long_sequence(bytes: &[u8]) -> bool {
    long_sequences(bytes).0 > 0
}

/// Bytes in valid sequences of three or four bytes, and all non-ASCII bytes.
fn long_sequences(bytes: &[u8]) -> (usize, usize) {
    let (mut long, mut all, mut at) = (0, 0, 0);
    while let Some(byte) = bytes.get(at) {
        let length = match byte {
            0..=0x7F => {
                at += 1;
                continue;
            }
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        let valid = length > 1 && bytes.get(at..at + length).is_some_and(|s| std::str::from_utf8(s).is_ok());
        let step = if valid { length } else { 1 };
        all += step;
        if step >= 3 {
            long += step;
        }
        at += step;
    }
    (long, all)
}

/// Lines (from 1) where a device may have cut a GB18030 character: a two-byte character whose second
/// byte is a delimiter (`| ^ ~ \`) stands directly before an ASCII letter or digit, or ends a line.
/// The result of such a line is held, never released.
pub fn cut_characters(bytes: &[u8], charset: Charset) -> Vec<usize> {
    let mut lines = Vec::new();
    if charset != Charset::Gb18030 {
        return lines;
    }
    let (mut at, mut line) = (0, 1);
    while let Some(&lead) = bytes.get(at) {
        match (lead, bytes.get(at + 1)) {
            (b'\r', next) => {
                line += 1;
                at += if next == Some(&b'\n') { 2 } else { 1 };
            }
            (b'\n', _) => {
                line += 1;
                at += 1;
            }
            (0x81..=0xFE, Some(0x30..=0x39)) => at += 4,
            (0x81..=0xFE, Some(trail)) => {
                let delimiter = matches!(trail, b'|' | b'^' | b'~' | b'\\');
                if delimiter
                    && bytes.get(at + 2).is_some_and(u8::is_ascii_alphanumeric)
                    && lines.last() != Some(&line)
                {
                    lines.push(line);
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    lines
}
