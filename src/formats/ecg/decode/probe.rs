//! Which format the bytes are in (ECG specification 4). Content decides, in a fixed order.

use super::build::{size_at, u8_at, u16_at};
use super::xml;
use crate::ecg::format::Format;

/// First bytes of an ISHNE file.
pub const ISHNE: &[u8] = b"ISHNE1.0";
/// First bytes of an EDF file: version 0 in eight places.
pub const EDF: &[u8] = b"0       ";

/// Bytes of an XML file searched for its root element.
const XML_HEAD: usize = 64 * 1024;

/// The format; `None` when nothing is recognised.
#[must_use]
pub fn probe(bytes: &[u8]) -> Option<Format> {
    if dicom(bytes) {
        return Some(Format::Dicom);
    }
    if healforce(bytes) {
        return Some(Format::Healforce);
    }
    if scp(bytes) {
        return Some(Format::Scp);
    }
    if bytes.starts_with(ISHNE) {
        return Some(Format::Ishne);
    }
    if bytes.starts_with(EDF) {
        return Some(Format::Edf);
    }
    if let Some(root) = xml::root(bytes.get(..XML_HEAD).unwrap_or(bytes)) {
        return match root.as_str() {
            "AnnotatedECG" => Some(Format::Aecg),
            "restingecgdata" => Some(Format::Philips),
            "RestingECG" => Some(Format::Muse),
            _ => None,
        };
    }
    if wfdb(bytes) {
        return Some(Format::Wfdb);
    }
    bytes.starts_with(b"%PDF-").then_some(Format::Pdf)
}

/// `DICM` behind the preamble, or the first element of a file without one: group 0002 or 0008 in either byte order with
/// a VR or a believable length.
fn dicom(bytes: &[u8]) -> bool {
    if bytes.get(128..132) == Some(b"DICM") {
        return true;
    }
    let Some([a, b, c, d, v, w, ..]) = bytes.get(..8) else { return false };
    let group = matches!((a, b), (2 | 8, 0) | (0, 2 | 8));
    let vr = v.is_ascii_uppercase() && w.is_ascii_uppercase();
    let length = size_at(bytes, 4).is_some_and(|n| n > 0 && n < 1024);
    // (0002,0000), (0008,0000) to (0008,00FF): a file begins with a low element.
    group && (*c == 0 || *d == 0) && (vr || length)
}

/// A section 0 that begins at offset 6 and whose table of pointers begins with section 0 itself. Makers leave the
/// reserved bytes empty and write garbage into the rest of the section header.
fn scp(bytes: &[u8]) -> bool {
    let (Some(record), Some(section)) = (size_at(bytes, 2), size_at(bytes, 10)) else { return false };
    let named = bytes.get(16..22) == Some(b"SCPECG") && u16_at(bytes, 8) == Some(0);
    let first = u16_at(bytes, 8) == Some(0) && u16_at(bytes, 22) == Some(0) && size_at(bytes, 28) == Some(7);
    // A cut file is still recognised, so that it is refused with the right words.
    named || (first && (36..=65_536).contains(&section) && record >= section)
}

/// Bytes 2-3 zero, a 16-bit record length at 4, version and protocol 0x0D, pointers counted from 0.
fn healforce(bytes: &[u8]) -> bool {
    u16_at(bytes, 2) == Some(0)
        && u16_at(bytes, 4).is_some_and(|n| n > 16)
        && u16_at(bytes, 8) == Some(0)
        && u8_at(bytes, 14) == Some(0x0D)
        && u8_at(bytes, 15) == Some(0x0D)
        && size_at(bytes, 28) != Some(7)
}

/// Text whose first line that is no comment is a record name, a number of signals and a rate.
fn wfdb(bytes: &[u8]) -> bool {
    let head = bytes.get(..4_096).unwrap_or(bytes);
    let Some(line) = head.split(|b| *b == b'\n').find(|l| !l.starts_with(b"#") && !l.trim_ascii().is_empty())
    else {
        return false;
    };
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let mut words = line.split_ascii_whitespace();
    let name = words
        .next()
        .is_some_and(|n| n.len() <= 64 && n.chars().all(|c| c.is_ascii_alphanumeric() || "_-/".contains(c)));
    let signals = words.next().and_then(|n| n.parse::<u16>().ok());
    let rate = words.next().is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    name && signals.is_some_and(|n| n > 0) && rate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let xml = |root: &str| {
            format!("<?xml version='1.0'?><!-- <x> --><!DOCTYPE a SYSTEM 'b.dtd'>\n<{root} a='1'>")
        };
        assert_eq!(probe(xml("AnnotatedECG").as_bytes()), Some(Format::Aecg));
        assert_eq!(probe(xml("p:restingecgdata").as_bytes()), Some(Format::Philips));
        assert_eq!(probe(xml("RestingECG").as_bytes()), Some(Format::Muse));
        assert_eq!(probe(xml("svg").as_bytes()), None);
        let wide: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(xml("restingecgdata").encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(probe(&wide), Some(Format::Philips));
        assert_eq!(probe(b"%PDF-1.7\n"), Some(Format::Pdf));
        assert_eq!(probe(b"ISHNE1.0"), Some(Format::Ishne));
        assert_eq!(probe(b"0       X"), Some(Format::Edf));
        assert_eq!(probe(b"1 12 500 5000\n1.dat 16 1716.0(19)/mV 16 0 -86 -4377 0 i\n"), Some(Format::Wfdb));
        assert_eq!(probe(&[&[0; 128][..], b"DICM"].concat()), Some(Format::Dicom));
        assert_eq!(probe(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"), Some(Format::Dicom));
        for other in [&b""[..], b"hello", b"\x89PNG\r\n\x1a\n", &[0; 64], b"<", b"<?xml"] {
            assert_eq!(probe(other), None, "{other:?}");
        }
    }
}
