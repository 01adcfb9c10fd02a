//! Character sets (PS3.5 §6.1, PS3.3 §C.12.1.1.2): declared terms and their aliases, decoding, splitting after decoding.

use super::Vr;
pub use super::detect::decide;
use super::iso2022::{self, Start};

/// A single-byte set or a multi-byte set without code extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plain {
    /// ISO_IR 6.
    #[default]
    Ascii,
    /// ISO_IR 100, byte = code point.
    Latin1,
    /// ISO_IR 148: Latin-1 with six Turkish letters.
    Latin5,
    /// ISO_IR 13: JIS X 0201.
    Jis201,
    /// A set `encoding_rs` knows exactly.
    Table(&'static encoding_rs::Encoding),
}

/// How the text of a data set is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charset {
    /// One set throughout.
    Plain(Plain),
    /// Code extensions (ISO 2022) from this initial state.
    Extended(Start),
}

impl Default for Charset {
    fn default() -> Self {
        Self::Plain(Plain::Ascii)
    }
}

impl Charset {
    /// UTF-8.
    pub const UTF8: Charset = Charset::Plain(Plain::Table(encoding_rs::UTF_8));
    /// GB18030 (and with it GBK and GB 2312).
    pub const GB18030: Charset = Charset::Plain(Plain::Table(encoding_rs::GB18030));

    /// The defined term, as recorded beside an object.
    #[must_use]
    pub fn term(&self) -> &'static str {
        match self {
            Self::Plain(Plain::Ascii) => "ISO_IR 6",
            Self::Plain(Plain::Latin1) => "ISO_IR 100",
            Self::Plain(Plain::Latin5) => "ISO_IR 148",
            Self::Plain(Plain::Jis201) => "ISO_IR 13",
            Self::Plain(Plain::Table(t)) if *t == encoding_rs::UTF_8 => "ISO_IR 192",
            Self::Plain(Plain::Table(t)) if *t == encoding_rs::GB18030 => "GB18030",
            Self::Plain(Plain::Table(t)) => t.name(),
            Self::Extended(_) => "ISO 2022",
        }
    }
}

/// How the set was found (specification §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// The declared set fits.
    #[default]
    Declared,
    /// A misspelt or private term was understood.
    Alias,
    /// The declared code extensions lack their escapes.
    Repaired,
    /// The bytes say otherwise than the label.
    Detected,
    /// Nothing fits; the fallback was taken.
    Profile,
}

impl How {
    /// As recorded.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Alias => "alias",
            Self::Repaired => "repaired",
            Self::Detected => "detected",
            Self::Profile => "profile",
        }
    }
}

/// The decision for a data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// (0008,0005) as sent; `None` when absent or empty.
    pub declared: Option<Vec<String>>,
    /// The set used.
    pub charset: Charset,
    /// How it was found.
    pub how: How,
    /// 0-100.
    pub confidence: u8,
}

/// What went wrong while decoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Bytes that mean nothing in the set, a cut tail not counted.
    pub bad: usize,
    /// The last character is cut.
    pub cut: bool,
}

fn fold(term: &str) -> String {
    term.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// The plain set of one term; the flag is true for an alias.
fn plain_term(folded: &str) -> Option<(Plain, bool)> {
    use encoding_rs as e;
    Some(match folded {
        "" | "isoir6" | "iso2022ir6" => (Plain::Ascii, false),
        "isoir100" | "iso2022ir100" => (Plain::Latin1, false),
        "isoir101" | "iso2022ir101" => (Plain::Table(e::ISO_8859_2), false),
        "isoir109" | "iso2022ir109" => (Plain::Table(e::ISO_8859_3), false),
        "isoir110" | "iso2022ir110" => (Plain::Table(e::ISO_8859_4), false),
        "isoir144" | "iso2022ir144" => (Plain::Table(e::ISO_8859_5), false),
        "isoir127" | "iso2022ir127" => (Plain::Table(e::ISO_8859_6), false),
        "isoir126" | "iso2022ir126" => (Plain::Table(e::ISO_8859_7), false),
        "isoir138" | "iso2022ir138" => (Plain::Table(e::ISO_8859_8), false),
        "isoir148" | "iso2022ir148" => (Plain::Latin5, false),
        "isoir203" | "iso2022ir203" => (Plain::Table(e::ISO_8859_15), false),
        "isoir13" | "iso2022ir13" => (Plain::Jis201, false),
        "isoir166" | "iso2022ir166" => (Plain::Table(e::WINDOWS_874), false),
        "isoir192" | "gb18030" | "gbk" => {
            (if folded == "isoir192" { Plain::Table(e::UTF_8) } else { Plain::Table(e::GB18030) }, false)
        }
        "utf8" | "iso2022ir192" => (Plain::Table(e::UTF_8), true),
        "gb2312" | "cp936" | "windows936" | "ms936" | "euccn" | "gb180302000" | "gb180302005"
        | "gb180302022" | "iso2022gbk" | "iso2022gb18030" | "isoirgbk" | "isoirgb18030" | "isoir58"
        | "iso2022ir165" | "isoir165" => (Plain::Table(e::GB18030), true),
        "iso88591" | "latin1" => (Plain::Latin1, true),
        _ => return None,
    })
}

/// The set of defined terms written as one value of (0008,0005), `GB18030` or `\\ISO 2022 IR 58`; `None` for unknown ones.
#[must_use]
pub fn of_terms(terms: &str) -> Option<Charset> {
    let values: Vec<String> = terms.split('\\').map(|v| v.trim().to_owned()).collect();
    parse(&values).map(|(charset, _)| charset)
}

/// Reads the values of (0008,0005). `None`: a term nobody knows.
#[must_use]
pub fn parse(declared: &[String]) -> Option<(Charset, How)> {
    let folded: Vec<String> = declared.iter().map(|t| fold(t)).collect();
    let first = folded.first().map_or("", String::as_str);
    let exact = declared.first().is_none_or(|t| {
        let plain = t.trim();
        plain.is_empty()
            || plain == "GB18030"
            || plain == "GBK"
            || plain.starts_with("ISO_IR ")
            || plain.starts_with("ISO 2022 IR ")
    });
    if folded.len() <= 1 {
        if first == "iso2022ir58" {
            return Some((Charset::Extended(Start::chinese()), How::Alias));
        }
        if matches!(first, "iso2022ir149" | "iso2022ir87" | "iso2022ir159") {
            return Some((Charset::Extended(Start::single(first)), How::Alias));
        }
        if let Some(extended) = first.strip_prefix("isoir").filter(|n| matches!(*n, "149" | "87" | "159")) {
            return Some((Charset::Extended(Start::single(&format!("iso2022ir{extended}"))), How::Alias));
        }
        let (plain, alias) = plain_term(first)?;
        return Some((Charset::Plain(plain), if alias || !exact { How::Alias } else { How::Declared }));
    }
    // GB18030 and UTF-8 do not take part in code extensions: beside another value they are an error of the device.
    let alone = |term: &str| {
        plain_term(term).map(|p| p.0).filter(
            |p| matches!(p, Plain::Table(t) if *t == encoding_rs::UTF_8 || *t == encoding_rs::GB18030),
        )
    };
    let start = plain_term(first).map(|p| p.0);
    if let Some(plain) = alone(first) {
        return Some((Charset::Plain(plain), How::Alias));
    }
    let further =
        folded.iter().skip(1).find_map(|t| alone(t).filter(|_| t != "iso2022ir165" && t != "isoir58"));
    if let (Some(plain), None | Some(Plain::Ascii)) = (further, start) {
        return Some((Charset::Plain(plain), How::Alias));
    }
    Some((Charset::Extended(Start::of(first, start)), How::Declared))
}

/// Decodes without splitting.
#[must_use]
pub fn decode(charset: &Charset, raw: &[u8], person_name: bool) -> (String, Faults) {
    match charset {
        Charset::Plain(plain) => decode_plain(*plain, raw),
        Charset::Extended(start) => iso2022::decode(*start, raw, person_name),
    }
}

/// Decodes a plain set.
#[must_use]
pub fn decode_plain(plain: Plain, raw: &[u8]) -> (String, Faults) {
    let mut faults = Faults::default();
    let text: String = match plain {
        Plain::Ascii => raw
            .iter()
            .map(|b| {
                if b.is_ascii() {
                    return char::from(*b);
                }
                faults.bad += 1;
                char::REPLACEMENT_CHARACTER
            })
            .collect(),
        Plain::Latin1 => raw.iter().map(|b| char::from(*b)).collect(),
        Plain::Latin5 => raw
            .iter()
            .map(|b| match b {
                0xD0 => 'Ğ',
                0xDD => 'İ',
                0xDE => 'Ş',
                0xF0 => 'ğ',
                0xFD => 'ı',
                0xFE => 'ş',
                b => char::from(*b),
            })
            .collect(),
        Plain::Jis201 => raw
            .iter()
            .map(|b| match b {
                0xA1..=0xDF => {
                    char::from_u32(0xFF61 + u32::from(*b) - 0xA1).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                b if b.is_ascii() => char::from(*b),
                _ => {
                    faults.bad += 1;
                    char::REPLACEMENT_CHARACTER
                }
            })
            .collect(),
        Plain::Table(table) => {
            let (text, _) = table.decode_without_bom_handling(raw);
            let all = text.matches(char::REPLACEMENT_CHARACTER).count();
            // One broken character at the very end of the value is a cut, not a wrong set.
            let cut = text.trim_end_matches([' ', '\0']).ends_with(char::REPLACEMENT_CHARACTER);
            faults.cut = cut;
            faults.bad = all - usize::from(cut);
            modern(text.into_owned())
        }
    };
    (text, faults)
}

/// Characters that fonts before GB 18030-2005 had in the private use area, as the standard names them today.
fn modern(text: String) -> String {
    // U+E815..=U+E864 are EE A0 95 ..= EE A1 A4 in UTF-8.
    if memchr::memchr(0xEE, text.as_bytes()).is_none() {
        return text;
    }
    text.chars().map(|c| modern_of(c).unwrap_or(c)).collect()
}

/// The private use characters stood for the GBK codes FE50 to FEA0 in order (GB 18030-2000, Annex E).
fn modern_of(c: char) -> Option<char> {
    let at = u32::from(c).checked_sub(0xE815).filter(|n| *n <= 0x4F)?;
    match c {
        '\u{E816}' => Some('\u{20087}'),
        '\u{E817}' => Some('\u{20089}'),
        '\u{E818}' => Some('\u{200CC}'),
        '\u{E831}' => Some('\u{215D7}'),
        '\u{E83B}' => Some('\u{2298F}'),
        '\u{E855}' => Some('\u{241FE}'),
        _ => {
            // 7F is no trail byte.
            let trail = u8::try_from(0x50 + at + u32::from(at >= 0x2F)).ok()?;
            let code = [0xFE, trail];
            let (text, _) = encoding_rs::GB18030.decode_without_bom_handling(&code);
            text.chars().next().filter(|m| *m != char::REPLACEMENT_CHARACTER && *m != c)
        }
    }
}

/// Values of a text element: decoded first, then split at the true separators, then trimmed (PS3.5 §6.2).
#[must_use]
pub fn values(charset: &Charset, vr: Vr, raw: &[u8]) -> Vec<String> {
    let text = if vr.is_charset_text() {
        decode(charset, raw, vr == Vr::PN).0
    } else {
        decode_plain(Plain::Latin1, raw).0
    };
    if text.is_empty() {
        return Vec::new();
    }
    let trim = |v: &str| -> String {
        // A device that sends its buffer whole: what stands behind the end of the text is no text.
        let v = v.split('\0').next().unwrap_or_default().trim_end_matches(' ');
        // Leading spaces are significant only in the long text types.
        if vr.is_multi_text() { v.trim_start_matches(' ').to_owned() } else { v.to_owned() }
    };
    if vr.is_multi_text() { text.split('\\').map(trim).collect() } else { vec![trim(&text)] }
}

/// Encodes text for an answer in the set the receiver asked for; `None` when a character does not fit.
#[must_use]
pub fn encode(term: &str, text: &str) -> Option<Vec<u8>> {
    let table = match plain_term(&fold(term)) {
        Some((Plain::Ascii, _)) => return text.is_ascii().then(|| text.as_bytes().to_vec()),
        Some((Plain::Latin1, _)) => return text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
        Some((Plain::Table(t), _)) if fold(term) == "gbk" || fold(term) == "gb2312" => {
            debug_assert_eq!(t, encoding_rs::GB18030);
            encoding_rs::GBK
        }
        Some((Plain::Table(t), _)) => t,
        _ => return None,
    };
    let (bytes, _, lost) = table.encode(text);
    (!lost).then(|| bytes.into_owned())
}
