//! Character sets of what is sent (PS3.3 §C.12.1.1.2, PS3.5 §6.1.2): a set is used only when it can express every character.

use super::text::encode;

/// Designates GB 2312 to G1 (PS3.5 Annex K).
const IR58: &[u8] = b"\x1B$)A";

/// A set to write text in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    declared: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One set without code extensions.
    Plain,
    /// Value 1 in G0 and G1 of the initial state, GB 2312 in G1 behind its escape.
    Ir58,
}

impl Output {
    /// UTF-8: expresses everything.
    #[must_use]
    pub fn utf8() -> Self {
        Self { declared: "ISO_IR 192".to_owned(), kind: Kind::Plain }
    }

    /// A set by the values of (0008,0005), joined by backslashes; `None` for one that is not written here.
    #[must_use]
    pub fn named(declared: &str) -> Option<Self> {
        let terms: Vec<&str> = declared.split('\\').map(str::trim).collect();
        let (declared, kind) = match terms.as_slice() {
            ["ISO 2022 IR 58"] | ["" | "ISO 2022 IR 6" | "ISO_IR 6", "ISO 2022 IR 58"] => {
                ("\\ISO 2022 IR 58".to_owned(), Kind::Ir58)
            }
            // A requestor that names no set, or the one without accents, reads ASCII.
            ["" | "ISO_IR 6"] => ("ISO_IR 6".to_owned(), Kind::Plain),
            [one] => (canonical(one)?, Kind::Plain),
            // Further values are code extensions we do not write; what value 1 expresses is right all the same.
            [first, ..] => (canonical(&first.replace("ISO 2022 IR ", "ISO_IR "))?, Kind::Plain),
            [] => return None,
        };
        Some(Self { declared, kind })
    }

    /// The value of (0008,0005).
    #[must_use]
    pub fn declared(&self) -> &str {
        &self.declared
    }

    /// The bytes of a text; `None` when a character does not fit.
    #[must_use]
    pub fn encode(&self, text: &str, person_name: bool) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Plain if self.declared == "ISO_IR 6" => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Kind::Plain => encode(&self.declared, text).filter(|b| self.declared != "GBK" || is_gbk(b)),
            Kind::Ir58 => ir58(text, person_name),
        }
    }
}

/// The defined term of a set that can be written, from what a requestor or a policy calls it.
fn canonical(term: &str) -> Option<String> {
    let known = match term.to_ascii_uppercase().as_str() {
        "GB18030" => "GB18030",
        "GBK" | "GB2312" | "CP936" => "GBK",
        "UTF-8" | "UTF8" | "ISO_IR 192" => "ISO_IR 192",
        "ISO_IR 100" | "ISO_IR 101" | "ISO_IR 109" | "ISO_IR 110" | "ISO_IR 144" | "ISO_IR 127"
        | "ISO_IR 126" | "ISO_IR 138" | "ISO_IR 166" | "ISO_IR 203" => {
            return Some(term.to_ascii_uppercase());
        }
        _ => return None,
    };
    Some(known.to_owned())
}

/// Han behind its designation; the state returns to the initial one at every separator and control character (PS3.5 §6.1.2.5.3).
fn ir58(text: &str, person_name: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut designated = false;
    for c in text.chars() {
        if c.is_ascii() {
            let resets =
                matches!(c, '\\' | '\t' | '\n' | '\r' | '\x0C') || person_name && matches!(c, '^' | '=');
            designated &= !resets;
            out.push(u8::try_from(u32::from(c)).ok()?);
            continue;
        }
        let mut utf8 = [0; 4];
        let (pair, _, lost) = encoding_rs::GBK.encode(c.encode_utf8(&mut utf8));
        match pair.as_ref() {
            [lead, trail] if !lost && is_gb2312(*lead, *trail) => {
                if !designated {
                    out.extend_from_slice(IR58);
                    designated = true;
                }
                out.extend_from_slice(&[*lead, *trail]);
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Whether every pair is in GBK proper: our encoder also writes the two-byte characters that GB 18030 added (䶮 = FE 9F),
/// and others who read GBK do not know them.
fn is_gbk(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        if first.is_ascii() {
            rest = tail;
            continue;
        }
        let Some((second, tail)) = tail.split_first() else { return false };
        let added = matches!(
            (first, second),
            (0xFE, 0x50..=0xA0)
                | (0xA6, 0xD9..=0xDF | 0xEC | 0xED | 0xF3)
                | (0xA8, 0xBF)
                | (0xA9, 0x89..=0x95)
        );
        if *first == 0x80 || added {
            return false;
        }
        rest = tail;
    }
    true
}

/// Whether a GBK pair is a character of GB 2312-80 too.
fn is_gb2312(lead: u8, trail: u8) -> bool {
    match lead {
        0xA1 | 0xA3 | 0xB0..=0xD6 | 0xD8..=0xF7 => (0xA1..=0xFE).contains(&trail),
        0xA2 => matches!(trail, 0xB1..=0xE2 | 0xE5..=0xEE | 0xF1..=0xFC),
        0xA4 => matches!(trail, 0xA1..=0xF3),
        0xA5 => matches!(trail, 0xA1..=0xF6),
        0xA6 => matches!(trail, 0xA1..=0xB8 | 0xC1..=0xD8),
        0xA7 => matches!(trail, 0xA1..=0xC1 | 0xD1..=0xF1),
        0xA8 => matches!(trail, 0xA1..=0xBA | 0xC5..=0xE9),
        0xA9 => matches!(trail, 0xA4..=0xEF),
        0xD7 => matches!(trail, 0xA1..=0xF9),
        _ => false,
    }
}

/// The set of one answer (specification §3): the requested one when it expresses every text, else the peer's, else UTF-8.
/// `None` in `requested` = the requestor did not say.
#[must_use]
pub fn choose(requested: Option<&str>, configured: Option<&str>, texts: &[(&str, bool)]) -> Output {
    let fits = |o: &Output| texts.iter().all(|(text, name)| o.encode(text, *name).is_some());
    requested
        .and_then(Output::named)
        .filter(fits)
        .or_else(|| configured.and_then(Output::named).filter(fits))
        .unwrap_or_else(Output::utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requested_set_when_it_expresses_everything() {
        let name = [("Lu^Wei=卢^瑋", true)];
        let of = |requested, configured, texts| choose(requested, configured, texts).declared().to_owned();
        assert_eq!(of(Some("GB18030"), None, &name), "GB18030");
        assert_eq!(of(Some("ISO_IR 100"), Some("GBK"), &name), "GBK");
        assert_eq!(of(Some("ISO_IR 100"), None, &name), "ISO_IR 192");
        assert_eq!(of(None, Some("GB18030"), &name), "GB18030");
        assert_eq!(of(None, None, &name), "ISO_IR 192");
        // 瑋 is not in GB 2312; 䶮 and 𬀩 only in GB18030
        assert_eq!(of(Some("\\ISO 2022 IR 58"), Some("GBK"), &name), "GBK");
        assert_eq!(of(Some("GBK"), None, &[("石䶮", true)]), "ISO_IR 192");
        assert_eq!(of(Some("GB18030"), None, &[("赵^𬀩", true)]), "GB18030");
        assert_eq!(of(Some("\\ISO 2022 IR 58"), None, &[("王^小东", true)]), "\\ISO 2022 IR 58");
        assert_eq!(of(Some("ISO_IR 6"), None, &[("Wang^Wei", true)]), "ISO_IR 6");
    }

    #[test]
    fn trail_bytes_that_look_like_separators() {
        let gb = Output::named("GB18030").unwrap();
        assert_eq!(gb.encode("誠玘瑋", true).unwrap(), [0xD5, 0x5C, 0xAB, 0x5E, 0xAC, 0x7C]);
        assert_eq!(gb.encode("𬀩", true).unwrap().len(), 4);
    }

    #[test]
    fn ir58_as_annex_k_writes_it() {
        let o = Output::named("ISO 2022 IR 58").unwrap();
        let bytes = o.encode("Zhang^XiaoDong=张^小东=", true).unwrap();
        assert_eq!(bytes, b"Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=");
        // the designation holds to the end of a line, ASCII between needs none
        assert_eq!(o.encode("a小b东\r\n王", false).unwrap(), b"a\x1B$)A\xD0\xA1b\xB6\xAB\r\n\x1B$)A\xCD\xF5");
        assert_eq!(o.encode("誠", false), None, "not in GB 2312");
        let (back, faults) = crate::dicom::text::decode(
            &crate::dicom::text::parse(&[String::new(), "ISO 2022 IR 58".into()]).unwrap().0,
            &bytes,
            true,
        );
        assert_eq!((back.as_str(), faults.bad), ("Zhang^XiaoDong=张^小东=", 0));
    }
}
