//! Bytes to text, with the proof of which character set and why (reference: HL7 table 0211; GB 18030).
//!
//! Decoding comes before splitting: 464 Han characters of GBK have a second byte that is also a delimiter.
//! U+FFFD never comes out of here: what cannot be decoded is refused.

use super::error::{ErrorCode, ReadError};
use encoding_rs::{Encoding, GB18030, UTF_8};

mod damage;
pub use damage::{cut_characters, damaged_utf8};

/// A character set a connection can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charset {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, and with it GBK and GB2312.
    Gb18030,
    /// Latin-1, ISO 8859-1.
    #[serde(rename = "8859-1")]
    Latin1,
    /// Another part of ISO 8859.
    #[serde(rename = "8859-n")]
    Latin(u8),
}

impl Charset {
    /// From a connection setting: `gb18030`, `utf-8`, `8859-1`. `None` for `auto` and anything unknown.
    pub fn of_setting(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gb18030" | "gbk" | "gb2312" => Some(Self::Gb18030),
            "utf-8" | "utf8" => Some(Self::Utf8),
            other => part_8859(&other.replace('-', "/")),
        }
    }

    /// The name for MSH-18 (table 0211).
    pub fn label(self) -> String {
        match self {
            Self::Utf8 => "UNICODE UTF-8".to_owned(),
            Self::Gb18030 => "GB 18030-2000".to_owned(),
            Self::Latin1 => "8859/1".to_owned(),
            Self::Latin(part) => format!("8859/{part}"),
        }
    }

    /// Decodes strictly; `None` when one byte does not fit.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok()?.to_owned(),
            Self::Latin1 => bytes.iter().map(|b| char::from(*b)).collect(),
            Self::Gb18030 => strict(GB18030, bytes)?,
            Self::Latin(part) => strict(latin(part)?, bytes)?,
        };
        (!text.contains('\u{FFFD}')).then_some(text)
    }

    /// Encodes strictly; `None` when the character set lacks a character.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        let encoding = match self {
            Self::Utf8 => return Some(text.as_bytes().to_vec()),
            Self::Latin1 => return text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            Self::Gb18030 => GB18030,
            Self::Latin(part) => latin(part)?,
        };
        let (bytes, _, lost) = encoding.encode(text);
        (!lost).then(|| bytes.into_owned())
    }
}

/// How the character set was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The connection says so.
    Setting,
    /// Every byte is ASCII.
    Ascii,
    /// MSH-18 and the bytes agree.
    Label,
    /// The bytes decide; MSH-18 is empty, says ASCII or is wrong.
    Bytes,
}

/// Text with the way it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The whole message.
    pub text: String,
    /// The character set it was read in, and the acknowledgement is written in.
    pub charset: Charset,
    /// Why this one.
    pub basis: Basis,
    /// Both GB18030 and UTF-8 fit: the message is held for an operator and never becomes a result unseen.
    pub ambiguous: bool,
    /// MSH-18 names another character set than the bytes prove.
    pub label_wrong: bool,
}

/// Decodes a message. With a connection setting that character set alone counts, strictly.
///
/// # Errors
/// 102 when no character set fits, or a UTF-8 message was cut inside a character.
pub fn decode(bytes: &[u8], setting: Option<Charset>) -> Result<Decoded, ReadError> {
    let refuse = |reason| Err(ReadError::new(0, ErrorCode::DataType, reason));
    if let Some(charset) = setting {
        return match charset.decode(bytes) {
            Some(text) => {
                Ok(Decoded { text, charset, basis: Basis::Setting, ambiguous: false, label_wrong: false })
            }
            None => refuse("bytes do not fit the character set of this connection"),
        };
    }
    let found = |text: Option<String>, charset, basis, ambiguous, label_wrong| match text {
        Some(text) => Ok(Decoded { text, charset, basis, ambiguous, label_wrong }),
        None => refuse("bytes fit no character set"),
    };
    let utf8 = Charset::Utf8.decode(bytes);
    if bytes.is_ascii() {
        return found(utf8, Charset::Utf8, Basis::Ascii, false, false);
    }
    let gb = Charset::Gb18030.decode(bytes);
    let (use_utf8, use_gb) = (Charset::Utf8, Charset::Gb18030);
    match label(utf8.as_deref().or(gb.as_deref()).unwrap_or_default(), bytes) {
        Label::Unicode if utf8.is_some() => found(utf8, use_utf8, Basis::Label, false, false),
        Label::Unicode if damaged_utf8(bytes) => refuse("utf-8 text is cut inside a character"),
        Label::Unicode => found(gb, use_gb, Basis::Bytes, false, true),
        Label::Gb if gb.is_some() => {
            let doubtful = utf8.is_some() && damaged_utf8(bytes);
            found(gb, use_gb, Basis::Label, doubtful, false)
        }
        Label::Gb => found(utf8, use_utf8, Basis::Bytes, false, true),
        Label::None if utf8.is_some() => {
            let sure = gb.is_none() || damage::has_long_sequence(bytes);
            if sure {
                found(utf8, use_utf8, Basis::Bytes, false, false)
            } else {
                found(gb, use_gb, Basis::Bytes, true, false)
            }
        }
        Label::None if damaged_utf8(bytes) => refuse("utf-8 text is cut inside a character"),
        Label::None => found(gb, use_gb, Basis::Bytes, false, false),
        Label::Part(_) if utf8.is_some() => found(utf8, use_utf8, Basis::Bytes, false, true),
        Label::Part(part) => found(part.decode(bytes), part, Basis::Label, false, false),
        Label::Other => refuse("character set of MSH-18 is not supported"),
    }
}

enum Label {
    None,
    Unicode,
    Gb,
    Part(Charset),
    Other,
}

/// MSH-18 of the text; of the raw first line where nothing decodes.
fn label(text: &str, bytes: &[u8]) -> Label {
    let lossy;
    let text = if text.is_empty() {
        let line =
            bytes.split(|b| matches!(b, b'\r' | b'\n')).find(|l| l.starts_with(b"MSH")).unwrap_or_default();
        lossy = String::from_utf8_lossy(line).into_owned();
        &lossy
    } else {
        text
    };
    let line =
        text.split(['\r', '\n']).find(|l| l.trim_start_matches(['\u{FEFF}', '\u{B}']).starts_with("MSH"));
    let line = line.unwrap_or_default().trim_start_matches(['\u{FEFF}', '\u{B}']);
    let Some(separator) = line.chars().nth(3) else { return Label::None };
    let field = line.split(separator).nth(17).unwrap_or_default();
    let name = field.split(['~', '^']).next().unwrap_or_default().trim().to_ascii_uppercase();
    match name.as_str() {
        "" | "ASCII" => Label::None,
        "UNICODE UTF-8" | "UNICODE" | "UTF-8" | "UTF8" => Label::Unicode,
        "GB18030" | "GB 18030-2000" | "GB 18030" | "GBK" | "GB2312" => Label::Gb,
        other => part_8859(other).map_or(Label::Other, Label::Part),
    }
}

fn part_8859(name: &str) -> Option<Charset> {
    let at = name.find("8859/")?;
    match name.get(at + 5..)?.parse().ok()? {
        1 => Some(Charset::Latin1),
        part => latin(part).map(|_| Charset::Latin(part)),
    }
}

fn latin(part: u8) -> Option<&'static Encoding> {
    Some(match part {
        2 => encoding_rs::ISO_8859_2,
        3 => encoding_rs::ISO_8859_3,
        4 => encoding_rs::ISO_8859_4,
        5 => encoding_rs::ISO_8859_5,
        6 => encoding_rs::ISO_8859_6,
        7 => encoding_rs::ISO_8859_7,
        8 => encoding_rs::ISO_8859_8,
        9 => encoding_rs::WINDOWS_1254,
        15 => encoding_rs::ISO_8859_15,
        _ => return None,
    })
}

fn strict(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    debug_assert!(encoding != UTF_8, "utf-8 is decoded by the standard library");
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests;
