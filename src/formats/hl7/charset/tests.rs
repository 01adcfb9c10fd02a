//! Decisions of the character set table, one case each.

use super::*;

fn message(charset: Charset, label: &str, text: &str) -> Vec<u8> {
    charset
        .encode(&format!("MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5.1||||||{label}\rPID|1||9||{text}\r"))
        .unwrap()
}

#[test]
fn second_bytes_that_are_delimiters_stay_inside_their_character() {
    for name in ["王珅", "東", "䶮", "㛃𠮷"] {
        let bytes = message(Charset::Gb18030, "GB18030", name);
        let got = decode(&bytes, None).unwrap();
        assert!(got.text.contains(name));
        assert_eq!((got.charset, got.ambiguous), (Charset::Gb18030, false));
        assert_eq!(Charset::Gb18030.encode(&got.text).unwrap(), bytes);
    }
    assert!(Charset::Gb18030.encode("珅").unwrap().contains(&0x7C));
}

#[test]
fn wrong_labels_are_found_out() {
    let got = decode(&message(Charset::Gb18030, "UNICODE", "白细胞偏高"), None).unwrap();
    assert_eq!((got.charset, got.label_wrong), (Charset::Gb18030, true));
    let got = decode(&message(Charset::Utf8, "8859/1", "白细胞偏高"), None).unwrap();
    assert_eq!((got.charset, got.label_wrong), (Charset::Utf8, true));
    assert!(decode(&message(Charset::Utf8, "BIG-5", "白细胞"), None).is_err());
    assert!(decode(&message(Charset::Utf8, "BIG-5", "ascii"), None).is_ok());
}

#[test]
fn text_that_fits_both_is_held() {
    let bytes = message(Charset::Gb18030, "", "钱谭石");
    assert!(decode(&bytes, None).unwrap().ambiguous);
    let fixed = decode(&bytes, Some(Charset::Gb18030)).unwrap();
    assert!(!fixed.ambiguous && fixed.text.contains("钱谭石"));
}

#[test]
fn cut_utf8_is_refused_and_never_read_as_gb() {
    let mut bytes = message(Charset::Utf8, "UNICODE UTF-8", "白细胞偏高敏");
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(b"|F\r");
    assert_eq!(decode(&bytes, None).unwrap_err().code, ErrorCode::DataType);
    assert!(decode(&message(Charset::Utf8, "", "a\u{FFFD}b"), None).is_err());
    assert!(decode(b"MSH|^~\\&|\xFF\xFF\r", None).is_err());
}

#[test]
fn a_swallowed_separator_is_seen() {
    let mut bytes = message(Charset::Gb18030, "GB18030", "x");
    bytes.extend_from_slice(b"OBX|1|TX|a||\xC3|F|2026\r");
    assert_eq!(cut_characters(&bytes, Charset::Gb18030), vec![3]);
    assert!(cut_characters(&message(Charset::Gb18030, "", "珅(abc)"), Charset::Gb18030).is_empty());
}
