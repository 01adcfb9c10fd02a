//! Flat Part-10 writer for objects this program makes itself: explicit VR little endian, nested
//! sequences, GB18030 or UTF-8 text, a meta group that depends on nothing but the arguments.
//!
//! Never used to write back what was received: bytes that arrive are kept as they came (invariant 2).

use std::collections::BTreeMap;

/// Transfer syntax of everything built here: Explicit VR Little Endian (PS3.5 §A.2).
pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
/// Implementation class UID written into the meta group (PS3.7 §D.3.3.2), from the UUID-derived root.
pub const IMPLEMENTATION_UID: &str = "2.25.163410985723490871235098712350987123";
/// Implementation version name written into the meta group, at most 16 characters.
pub const IMPLEMENTATION_NAME: &str = "YIGONG_1";

/// Character set of the text in a built object (PS3.3 §C.12.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSet {
    /// `GB18030`, what domestic devices send.
    Gb18030,
    /// `ISO_IR 192`.
    Utf8,
}

impl TextSet {
    /// Value for (0008,0005).
    pub fn defined_term(self) -> &'static str {
        match self {
            TextSet::Gb18030 => "GB18030",
            TextSet::Utf8 => "ISO_IR 192",
        }
    }

    fn encode(self, text: &str) -> Vec<u8> {
        match self {
            TextSet::Utf8 => text.as_bytes().to_vec(),
            TextSet::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
        }
    }
}

enum Value {
    Bytes(Vec<u8>),
    Items(Vec<DataSet>),
}

/// A data set under construction. Elements may be put in any order; they are written by tag.
pub struct DataSet {
    text: TextSet,
    elements: BTreeMap<u32, ([u8; 2], Value)>,
}

impl DataSet {
    /// An empty data set whose text will be encoded in `text`. For a root set also call
    /// [`DataSet::declare_text`].
    pub fn new(text: TextSet) -> Self {
        Self { text, elements: BTreeMap::new() }
    }

    /// Writes (0008,0005); only the root of an object needs it.
    pub fn declare_text(&mut self) -> &mut Self {
        let term = self.text.defined_term();
        self.put_text(0x0008_0005, b"CS", term)
    }

    /// Text of any character VR. Values are separated by `\` in `value`. Padded with a space, `UI` with NUL.
    pub fn put_text(&mut self, tag: u32, vr: &[u8; 2], value: &str) -> &mut Self {
        let mut bytes = match vr {
            b"SH" | b"LO" | b"UC" | b"PN" | b"ST" | b"LT" | b"UT" => self.text.encode(value),
            _ => value.as_bytes().to_vec(),
        };
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == b"UI" { 0 } else { b' ' });
        }
        self.put_bytes(tag, vr, bytes)
    }

    /// Decimal string(s), each at most 16 characters (PS3.5 §6.2).
    pub fn put_decimals(&mut self, tag: u32, values: &[f64]) -> &mut Self {
        let text: Vec<String> = values.iter().map(|v| decimal(*v)).collect();
        self.put_text(tag, b"DS", &text.join("\\"))
    }

    /// Integer string.
    pub fn put_integer(&mut self, tag: u32, value: i64) -> &mut Self {
        self.put_text(tag, b"IS", &value.to_string())
    }

    /// Unsigned 16-bit values.
    pub fn put_u16(&mut self, tag: u32, values: &[u16]) -> &mut Self {
        self.put_bytes(tag, b"US", values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Signed 16-bit value.
    pub fn put_i16(&mut self, tag: u32, value: i16) -> &mut Self {
        self.put_bytes(tag, b"SS", value.to_le_bytes().to_vec())
    }

    /// Unsigned 32-bit value.
    pub fn put_u32(&mut self, tag: u32, value: u32) -> &mut Self {
        self.put_bytes(tag, b"UL", value.to_le_bytes().to_vec())
    }

    /// Signed 32-bit value.
    pub fn put_i32(&mut self, tag: u32, value: i32) -> &mut Self {
        self.put_bytes(tag, b"SL", value.to_le_bytes().to_vec())
    }

    /// 64-bit floating point value.
    pub fn put_f64(&mut self, tag: u32, value: f64) -> &mut Self {
        self.put_bytes(tag, b"FD", value.to_le_bytes().to_vec())
    }

    /// Raw value bytes; an odd length gets one zero byte (PS3.5 §7.1.1).
    pub fn put_bytes(&mut self, tag: u32, vr: &[u8; 2], mut bytes: Vec<u8>) -> &mut Self {
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.elements.insert(tag, (*vr, Value::Bytes(bytes)));
        self
    }

    /// A sequence of items, all of defined length.
    pub fn put_items(&mut self, tag: u32, items: Vec<DataSet>) -> &mut Self {
        self.elements.insert(tag, (*b"SQ", Value::Items(items)));
        self
    }

    /// A code sequence with one item: value, scheme designator, meaning (PS3.3 §8.8).
    pub fn put_code(&mut self, tag: u32, value: &str, scheme: &str, meaning: &str) -> &mut Self {
        let mut item = DataSet::new(self.text);
        item.put_text(0x0008_0100, b"SH", value).put_text(0x0008_0102, b"SH", scheme).put_text(
            0x0008_0104,
            b"LO",
            meaning,
        );
        self.put_items(tag, vec![item])
    }

    /// The data set without preamble and meta group, as sent in a C-STORE.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// The same in Implicit VR Little Endian (PS3.5 §A.1).
    pub fn encode_implicit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_as(&mut out, write_implicit);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.write_as(out, write_element);
    }

    fn write_as(&self, out: &mut Vec<u8>, element: fn(&mut Vec<u8>, u32, &[u8; 2], &[u8])) {
        for (tag, (vr, value)) in &self.elements {
            match value {
                Value::Bytes(bytes) => element(out, *tag, vr, bytes),
                Value::Items(items) => {
                    let mut body = Vec::new();
                    for item in items {
                        let mut inner = Vec::new();
                        item.write_as(&mut inner, element);
                        body.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0]);
                        body.extend_from_slice(&length(inner.len()).to_le_bytes());
                        body.extend_from_slice(&inner);
                    }
                    element(out, *tag, vr, &body);
                }
            }
        }
    }
}

/// A complete Part-10 file (PS3.10 §7): preamble, meta group, data set.
pub fn part10(data: &DataSet, sop_class: &str, sop_instance: &str) -> Vec<u8> {
    let mut meta = DataSet::new(TextSet::Utf8);
    meta.put_bytes(0x0002_0001, b"OB", vec![0, 1])
        .put_text(0x0002_0002, b"UI", sop_class)
        .put_text(0x0002_0003, b"UI", sop_instance)
        .put_text(0x0002_0010, b"UI", EXPLICIT_LE)
        .put_text(0x0002_0012, b"UI", IMPLEMENTATION_UID)
        .put_text(0x0002_0013, b"SH", IMPLEMENTATION_NAME);
    let meta = meta.encode();
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    write_element(&mut out, 0x0002_0000, b"UL", &length(meta.len()).to_le_bytes());
    out.extend_from_slice(&meta);
    data.write(&mut out);
    out
}

/// Number as a DS value: the shortest text that reads back equal, cut to 16 characters.
fn decimal(value: f64) -> String {
    let text = format!("{value}");
    if text.len() <= 16 {
        return text;
    }
    let whole = format!("{}", value.trunc()).len();
    format!("{value:.*}", 15_usize.saturating_sub(whole))
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX - 1)
}

fn write_element(out: &mut Vec<u8>, tag: u32, vr: &[u8; 2], bytes: &[u8]) {
    out.extend_from_slice(&((tag >> 16) as u16).to_le_bytes());
    out.extend_from_slice(&(tag as u16).to_le_bytes());
    out.extend_from_slice(vr);
    let long =
        matches!(vr, b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"SQ" | b"UC" | b"UN" | b"UR" | b"UT");
    if long {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&length(bytes.len()).to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX - 1).to_le_bytes());
    }
    out.extend_from_slice(if long { bytes } else { &bytes[..bytes.len().min(usize::from(u16::MAX - 1))] });
}

fn write_implicit(out: &mut Vec<u8>, tag: u32, _vr: &[u8; 2], bytes: &[u8]) {
    out.extend_from_slice(&((tag >> 16) as u16).to_le_bytes());
    out.extend_from_slice(&(tag as u16).to_le_bytes());
    out.extend_from_slice(&length(bytes.len()).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted_and_padded() {
        let mut set = DataSet::new(TextSet::Gb18030);
        set.put_text(0x0010_0010, b"PN", "Wang^Wei=玘").put_text(0x0008_0018, b"UI", "1.2.3");
        set.declare_text();
        let bytes = set.encode();
        assert_eq!(&bytes[..8], &[8, 0, 5, 0, b'C', b'S', 8, 0]);
        assert_eq!(&bytes[16..24], &[8, 0, 0x18, 0, b'U', b'I', 6, 0]);
        assert_eq!(bytes[29], 0, "UI is padded with NUL");
        assert_eq!(&bytes[bytes.len() - 3..], &[0xAB, 0x5E, b' '], "玘 in GB18030, padded with a space");
    }

    #[test]
    fn same_input_gives_same_file() {
        let make = || {
            let mut set = DataSet::new(TextSet::Utf8);
            set.declare_text().put_code(0x0040_A043, "5.6.3-9-1", "SCPECG", "Lead I");
            part10(&set, "1.2.840.10008.5.1.4.1.1.9.1.1", "2.25.1")
        };
        assert_eq!(make(), make());
        assert_eq!(&make()[128..132], b"DICM");
    }

    #[test]
    fn decimals_fit_sixteen_characters() {
        assert_eq!(decimal(0.2), "0.2");
        assert!(decimal(-1.0 / 3.0).len() <= 16);
    }
}
