//! Escape sequences (HL7 2.5.1 §2.7). Decoding happens once, never deletes text it does not know,
//! and never panics; encoding refuses what cannot be said.

use super::{Charset, Delimiters};

/// Most line breaks one `\.sp n\` may produce.
const MAX_BREAKS: usize = 100;

/// Decodes a value for use: delimiters, line breaks and hexadecimal bytes. `\H\` and `\N\` stay.
pub fn decode(raw: &str, delimiters: &Delimiters, charset: Charset) -> String {
    run(raw, delimiters, charset, false)
}

/// Decodes a value for a reader: like [`decode`], and highlighting is removed.
pub fn display(raw: &str, delimiters: &Delimiters, charset: Charset) -> String {
    run(raw, delimiters, charset, true)
}

fn run(raw: &str, delimiters: &Delimiters, charset: Charset, display: bool) -> String {
    let Some(escape) = delimiters.escape else { return raw.to_owned() };
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once(escape) {
        out.push_str(before);
        let sequence = after.split_once(escape);
        match sequence.and_then(|(name, tail)| Some((meaning(name, delimiters, charset, display)?, tail))) {
            Some((text, tail)) => {
                out.push_str(&text);
                rest = tail;
            }
            None => {
                // unknown, unbalanced or lone: the escape character itself is text
                out.push(escape);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn meaning(name: &str, delimiters: &Delimiters, charset: Charset, display: bool) -> Option<String> {
    let one = |c: Option<char>| c.map(String::from);
    match name {
        "F" => Some(delimiters.field.to_string()),
        "S" => one(delimiters.component),
        "T" => one(delimiters.subcomponent),
        "R" => one(delimiters.repetition),
        "E" => one(delimiters.escape),
        "H" | "N" if display => Some(String::new()),
        ".br" => Some("\n".to_owned()),
        _ => name
            .strip_prefix('X')
            .and_then(|hex| bytes(hex, charset))
            .or_else(|| name.strip_prefix('.').and_then(layout)),
    }
}

/// `.sp n`, `.in n`, `.ti n`: the first makes line breaks, the others are layout only.
fn layout(name: &str) -> Option<String> {
    let (command, count) = name.split_at_checked(2)?;
    let count = count.trim().trim_start_matches('+');
    let number =
        if count.is_empty() { Some(1) } else { count.trim_start_matches('-').parse::<usize>().ok() }?;
    match command {
        "sp" => Some("\n".repeat(number.clamp(1, MAX_BREAKS))),
        "in" | "ti" => Some(String::new()),
        _ => None,
    }
}

/// Hexadecimal bytes in the character set of the message. Control characters other than line breaks and
/// tabs are not let through: they stay as written.
fn bytes(hex: &str, charset: Charset) -> Option<String> {
    if hex.is_empty() || !hex.len().is_multiple_of(2) || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let raw: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()).collect();
    let text = charset.decode(&raw?)?.replace("\r\n", "\n").replace('\r', "\n");
    (!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))).then_some(text)
}

/// A character a value may not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotEncodable(pub char);

impl std::fmt::Display for NotEncodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "character U+{:04X} has no form in an HL7 value", u32::from(self.0))
    }
}

impl std::error::Error for NotEncodable {}

/// Encodes a value with the delimiters of its own message; line breaks become `\.br\`.
///
/// # Errors
/// A control character, or a delimiter where the message has no escape character.
pub fn encode(text: &str, delimiters: &Delimiters) -> Result<String, NotEncodable> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let name = match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' | '\n' => Some(".br"),
            c if c == delimiters.field => Some("F"),
            c if Some(c) == delimiters.component => Some("S"),
            c if Some(c) == delimiters.subcomponent => Some("T"),
            c if Some(c) == delimiters.repetition => Some("R"),
            c if Some(c) == delimiters.escape => Some("E"),
            c if c.is_control() && c != '\t' => return Err(NotEncodable(c)),
            _ => None,
        };
        match (name, delimiters.escape) {
            (None, _) => out.push(c),
            (Some(name), Some(escape)) => {
                out.push(escape);
                out.push_str(name);
                out.push(escape);
            }
            (Some(_), None) => return Err(NotEncodable(c)),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(raw: &str) -> String {
        decode(raw, &Delimiters::default(), Charset::Gb18030)
    }

    #[test]
    fn known_sequences() {
        assert_eq!(plain(r"白细胞\.br\偏高"), "白细胞\n偏高");
        assert_eq!(plain(r"a\F\b\S\c\T\d\R\e\E\f"), r"a|b^c&d~e\f");
        assert_eq!(plain(r"a\X0D0A\b\X0a\c\X0d\d"), "a\nb\nc\nd");
        assert_eq!(plain(r"\XB0D7\"), "白");
        assert_eq!(plain(r"a\.sp 2\b\.in+4\c\.ti 2\d"), "a\n\nbcd");
        assert_eq!(plain(r"\E\T\E\"), r"\T\");
        assert_eq!(plain(r"\H\b\N\"), r"\H\b\N\");
        assert_eq!(display(r"\H\b\N\", &Delimiters::default(), Charset::Utf8), "b");
    }

    #[test]
    fn unknown_text_stays_as_it_came() {
        for raw in [
            r"C:\dir",
            r"10\ abc",
            r"C:\dir\sub",
            r"\",
            r"\\",
            r"\X0\",
            r"\XZZ\",
            r"\X00\",
            r"\Q\",
            r"\.\",
            r"\.白\",
            "a",
        ] {
            assert_eq!(plain(raw), raw, "{raw}");
        }
        assert_eq!(plain(r"a\b\.br\c"), "a\\b\nc");
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        assert_eq!(encode("a\u{1}b", &Delimiters::default()), Err(NotEncodable('\u{1}')));
        let poor = Delimiters { escape: None, ..Delimiters::default() };
        assert!(encode("a|b", &poor).is_err());
        assert_eq!(encode("a\r\nb\rc", &Delimiters::default()).unwrap(), r"a\.br\b\.br\c");
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(text in "[ -~\n\t白珅東一-龥]{0,60}") {
            let raw = encode(&text, &Delimiters::default()).unwrap();
            prop_assert!(!raw.contains(['|', '^', '~', '&', '\n']));
            prop_assert_eq!(plain(&raw), text);
        }

        #[test]
        fn any_text_decodes(text in "\\PC{0,80}", hex in "[0-9A-Fa-f]{0,12}") {
            let _ = plain(&text);
            let _ = plain(&format!("\\X{hex}\\{text}\\"));
        }
    }
}
