//! What devices and other software write: each case is read, and says what was wrong.

use super::super::*;
use super::super::{dataset::Writer, json, part10};

/// Element header in Explicit VR Little Endian with any declared length.
fn head(t: Tag, vr: &[u8; 2], length: u32) -> Vec<u8> {
    let mut out = [t.group().to_le_bytes(), t.element().to_le_bytes()].concat();
    out.extend_from_slice(vr);
    if Vr(*vr).is_long() {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&length.to_le_bytes());
    } else {
        out.extend_from_slice(&(length as u16).to_le_bytes());
    }
    out
}

pub(super) fn element(t: Tag, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    [head(t, vr, value.len() as u32), value.to_vec()].concat()
}

/// Element in Implicit VR Little Endian.
pub(super) fn implicit(t: Tag, value: &[u8]) -> Vec<u8> {
    let mut w = Writer::new(false);
    w.element(t, Vr::UN, value);
    w.bytes
}

fn mark(element: u16, length: u32) -> Vec<u8> {
    [0xFFFE_u16.to_le_bytes().to_vec(), element.to_le_bytes().to_vec(), length.to_le_bytes().to_vec()]
        .concat()
}

fn item(length: u32) -> Vec<u8> {
    mark(0xE000, length)
}
fn item_end() -> Vec<u8> {
    mark(0xE00D, 0)
}
fn sequence_end() -> Vec<u8> {
    mark(0xE0DD, 0)
}

/// The four UIDs and a name.
pub(super) fn uids() -> Vec<u8> {
    [
        element(tag::SOP_CLASS, b"UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
        element(tag::SOP_INSTANCE, b"UI", b"1.2.3\0"),
        element(tag::MODALITY, b"CS", b"OT"),
        element(tag::PATIENT_NAME, b"PN", b"A^B "),
        element(tag::STUDY_UID, b"UI", b"1.2.4\0"),
        element(tag::SERIES_UID, b"UI", b"1.2.5\0"),
    ]
    .concat()
}

pub(super) fn file(body: &[u8]) -> Vec<u8> {
    [part10::head("1.2.840.10008.5.1.4.1.1.7", "1.2.3", uid::EXPLICIT_LE), body.to_vec()].concat()
}

pub(super) fn scanned(bytes: &[u8]) -> Object {
    Object::read(&mut SliceSource(bytes), None, Keep::INDEX).unwrap()
}

const CODE: Tag = Tag(0x0040_A730);
pub(super) const COMMENT: Tag = Tag(0x0040_0280);
const LATER: Tag = Tag(0x0040_DB00);

/// A later element was found: the walk came through.
fn reaches(bytes: &[u8], defects: &[&str]) -> Object {
    let object = scanned(bytes);
    assert_eq!(object.root().text(LATER), "END", "{:?}", object.defects);
    assert_eq!(object.defects.slugs(), defects);
    object
}

fn with_end(parts: &[&[u8]]) -> Vec<u8> {
    file(&[uids(), parts.concat(), element(LATER, b"CS", b"END ")].concat())
}

#[test]
fn unknown_representations_are_unknown_values() {
    for vr in [b"??", b"OX", b"  ", b"\0\0", b"un"] {
        let short = [COMMENT.group().to_le_bytes(), COMMENT.element().to_le_bytes()].concat();
        let short = [short, vr.to_vec(), vec![4, 0], b"text".to_vec()].concat();
        let object = reaches(&with_end(&[&short]), &[]);
        assert_eq!(object.root().text(COMMENT), "text", "{vr:?}: the dictionary knows the attribute");
        let long = [0x0041_u16.to_le_bytes(), 0x1001_u16.to_le_bytes()].concat();
        let long = [long, vr.to_vec(), vec![0, 0, 6, 0, 0, 0], b"binary".to_vec()].concat();
        let object = scanned(&file(&[uids(), long, element(Tag(0x7FE1_0010), b"LO", b"END ")].concat()));
        assert_eq!(object.root().bytes(Tag(0x0041_1001)), Some(&b"binary"[..]), "{vr:?}");
    }
}

#[test]
fn both_wrong_forms_of_the_header_are_read() {
    // SH in the 32-bit form.
    let long = [head(COMMENT, b"ST", 0), 4_u32.to_le_bytes().to_vec(), b"text".to_vec()].concat();
    assert_eq!(reaches(&with_end(&[&long]), &[]).root().text(COMMENT), "text");
    // UT in the 16-bit form.
    let t = Tag(0x0040_A160);
    let short = [t.group().to_le_bytes(), t.element().to_le_bytes(), *b"UT", 4_u16.to_le_bytes()].concat();
    let object = reaches(&with_end(&[&short, b"text"]), &["ts-mismatch"]);
    assert_eq!(object.root().text(t), "text");
}

#[test]
fn un_is_what_the_dictionary_says() {
    let inner = [item(u32::MAX), implicit(Tag(0x0008_0100), b"CODE"), item_end()].concat();
    for (length, end) in [(u32::MAX, sequence_end()), (inner.len() as u32, Vec::new())] {
        let t = Tag(0x0008_1140);
        let body = [
            element(tag::SOP_CLASS, b"UI", b"1.2\0"),
            head(t, b"UN", length),
            inner.clone(),
            end,
            element(tag::PATIENT_NAME, b"UN", b"Wang^Xi "),
            element(Tag(0x0028_0010), b"UN", &[7, 0]),
            element(LATER, b"CS", b"END "),
        ];
        let object = reaches(&file(&body.concat()), &[]);
        assert_eq!(object.root().items(t)[0].text(Tag(0x0008_0100)), "CODE");
        assert_eq!(object.root().text(tag::PATIENT_NAME), "Wang^Xi");
        assert_eq!(object.root().int(tag::ROWS), Some(7));
        let j = json::dataset(&object, &|p| p.to_owned());
        assert_eq!(j["00081140"]["Value"][0]["00080100"]["Value"][0], "CODE");
    }
}

#[test]
fn mixed_encodings_inside_items() {
    let explicit = element(Tag(0x0008_0100), b"SH", b"CODE");
    let plain = implicit(Tag(0x0008_0100), b"CODE");
    let more = implicit(Tag(0x0008_0104), b"meaning!");
    let cases = [
        // UN with Explicit VR inside, against CP-246; SQ with Implicit VR inside.
        (b"UN", [item(u32::MAX), explicit.clone(), item_end(), sequence_end()].concat()),
        (b"SQ", [item(u32::MAX), plain, more, item_end(), sequence_end()].concat()),
    ];
    for (vr, inside) in cases {
        let object = reaches(&with_end(&[&head(CODE, vr, u32::MAX), &inside]), &["ts-mismatch"]);
        assert_eq!(object.root().items(CODE)[0].text(Tag(0x0008_0100)), "CODE", "{vr:?}");
    }
}

#[test]
fn delimiters_that_are_missing_or_too_many() {
    let code = element(Tag(0x0008_0100), b"SH", b"CODE");
    let sequence = head(CODE, b"SQ", u32::MAX);
    for (what, body) in [
        ("item not ended", [sequence.clone(), item(u32::MAX), code.clone(), sequence_end()].concat()),
        (
            "items not ended",
            [
                sequence.clone(),
                item(u32::MAX),
                code.clone(),
                item(u32::MAX),
                code.clone(),
                item_end(),
                sequence_end(),
            ]
            .concat(),
        ),
        ("sequence not ended", [sequence, item(u32::MAX), code.clone(), item_end()].concat()),
        ("stray item end", item_end()),
        ("stray sequence end", [element(COMMENT, b"ST", b"text"), sequence_end()].concat()),
    ] {
        let bytes = with_end(&[&body, &element(Tag(0x0040_A731), b"LO", b"x ")]);
        let object = scanned(&bytes);
        assert_eq!(object.root().text(LATER), "END", "{what}: {:?}", object.defects);
        assert!(object.defects.has("structure"), "{what}");
    }
}

#[test]
fn lengths_counted_in_characters_never_swallow_an_element() {
    let han = encoding_rs::GB18030.encode("乡镇卫生院").0.into_owned();
    let body = |institution: u32, next: Vec<u8>| {
        let mut b = element(tag::CHARSET, b"CS", b"GB18030 ");
        b.extend(head(tag::INSTITUTION, b"LO", institution));
        b.extend_from_slice(&han);
        b.extend(next);
        b.extend(element(tag::PATIENT_ID, b"LO", b"P1"));
        b.extend(element(tag::BIRTH_DATE, b"DA", b"19700101"));
        b.extend(element(tag::SEX, b"CS", b"F "));
        b
    };
    for declared in [5, 6, 8] {
        let object = scanned(&file(&body(declared, Vec::new())));
        assert_eq!(object.root().text(tag::INSTITUTION), "乡镇卫生院");
        assert_eq!(object.root().text(tag::SEX), "F");
        assert!(object.defects.has("text-length-in-characters"));
    }
    // A right length before an element out of order: the order is at fault, not the length.
    let object = scanned(&file(&body(10, element(Tag(0x0008_0008), b"CS", b"ORIGINAL"))));
    assert_eq!(object.root().text(tag::INSTITUTION), "乡镇卫生院");
    assert_eq!(object.root().text(tag::IMAGE_TYPE), "ORIGINAL");
    assert_eq!(object.defects.slugs(), ["tag-order"]);
}

#[test]
fn files_without_preamble_meta_or_syntax() {
    let explicit = uids();
    let mut big = Vec::new();
    for (t, vr, v) in [
        (tag::SOP_CLASS, b"UI", &b"1.2\0"[..]),
        (tag::SOP_INSTANCE, b"UI", b"1.2.3\0"),
        (tag::ROWS, b"US", &[1, 0]),
    ] {
        big.extend(
            [t.group().to_be_bytes(), t.element().to_be_bytes(), *vr, (v.len() as u16).to_be_bytes()]
                .concat(),
        );
        big.extend_from_slice(v);
    }
    let plain = [
        implicit(tag::SOP_CLASS, b"1.2\0"),
        implicit(tag::SOP_INSTANCE, b"1.2.3\0"),
        implicit(tag::PATIENT_ID, b"P1"),
    ]
    .concat();
    for (bytes, syntax) in
        [(explicit.clone(), uid::EXPLICIT_LE), (big, uid::EXPLICIT_BE), (plain.clone(), uid::IMPLICIT_LE)]
    {
        let object = scanned(&bytes);
        assert_eq!(object.head.transfer_syntax, syntax);
        assert!(object.root().has(tag::SOP_INSTANCE) && object.defects.has("meta"));
    }
    // The meta group at the start; written as Implicit VR; saying another syntax than it is.
    let whole = file(&explicit);
    assert_eq!(scanned(&whole[132..]).root().text(tag::SOP_INSTANCE), "1.2.3");
    let meta =
        [implicit(Tag(0x0002_0002), b"1.2\0"), implicit(Tag(0x0002_0010), b"1.2.840.10008.1.2\0")].concat();
    let object = scanned(&[vec![0; 128], b"DICM".to_vec(), meta, plain.clone()].concat());
    assert_eq!(object.root().text(tag::PATIENT_ID), "P1");
    assert_eq!(object.defects.slugs(), ["meta"]);
    let object = scanned(&file(&plain));
    assert_eq!(object.root().text(tag::PATIENT_ID), "P1");
    assert!(object.defects.has("ts-mismatch"));
}

#[test]
fn what_stands_behind_the_pixels_is_read() {
    let pixels = [
        element(tag::PIXELS, b"OB", &[1; 64]),
        [head(tag::PIXELS, b"OB", u32::MAX), item(0), item(4), vec![0xFF, 0xD8, 0, 0], sequence_end()]
            .concat(),
        // The last fragment has an odd length and no padding.
        [head(tag::PIXELS, b"OB", u32::MAX), item(0), item(3), vec![0xFF, 0xD8, 0], vec![0], sequence_end()]
            .concat(),
    ];
    for p in pixels {
        let bytes = file(
            &[
                uids(),
                p,
                element(Tag(0xFFFA_0010), b"LO", b"END "),
                element(tag::TRAILING_PADDING, b"OB", &[0; 64]),
            ]
            .concat(),
        );
        assert_eq!(scanned(&bytes).root().text(Tag(0xFFFA_0010)), "END");
    }
    assert!(
        scanned(&file(&[uids(), vec![0; 300]].concat())).defects.is_empty(),
        "zeros behind the data set are padding"
    );
    let hidden = [uids(), vec![0; 300], b"something else".to_vec()].concat();
    assert!(scanned(&file(&hidden)).defects.has("structure"));
    // A gap before the pixels, whose last rows are black.
    for (gap, behind) in [(8, 0), (64, 6), (64, 3_000), (200_000, 0)] {
        let pixels = element(tag::PIXELS, b"OB", &[vec![1; 64], vec![0; 128]].concat());
        let bytes = file(&[uids(), vec![0; gap], pixels, vec![0; behind]].concat());
        let object = scanned(&bytes);
        assert_eq!(
            (object.root().place(tag::PIXELS).map(|p| p.1), object.defects.has("structure")),
            (Some(192), true),
            "{gap}"
        );
    }
    // The same where elements say no representation, with another gap behind the first of them.
    let body = [
        implicit(tag::SOP_CLASS, b"1.2\0"),
        implicit(tag::SOP_INSTANCE, b"1.2.3\0"),
        vec![0; 40],
        implicit(tag::PATIENT_ID, b"P1"),
        vec![0; 40],
        implicit(tag::STUDY_UID, b"1.2.4\0"),
    ];
    let head = part10::head("1.2.840.10008.5.1.4.1.1.7", "1.2.3", uid::IMPLICIT_LE);
    let gaps = [head, body.concat()].concat();
    let object = scanned(&gaps);
    assert_eq!([tag::PATIENT_ID, tag::STUDY_UID].map(|t| object.root().text(t)), ["P1", "1.2.4"]);
    // As many gaps as fit: each is looked at once.
    let many: Vec<u8> = (0..60_000_u32)
        .flat_map(|n| [vec![0; 8], element(Tag(0x0029_1000 + n), b"ST", b"")].concat())
        .collect();
    let _ = scanned(&file(&many));
    // Samples behind pixel data whose length was said too short, a black line first, are no elements.
    for samples in [[5_u16, 0, 0, 0], [700, 701, 702, 703], [0xFFFF; 4]] {
        let samples: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()).collect();
        let rest = [vec![0; 64], samples, vec![0; 64]].concat();
        let bytes = file(&[uids(), element(tag::PIXELS, b"OB", &[1; 64]), rest].concat());
        let object = scanned(&bytes);
        assert_eq!(object.root().elements().last().map(|(_, t)| t.tag), Some(tag::PIXELS));
        assert!(object.defects.has("structure"));
    }
}

#[test]
fn what_is_in_a_stray_item_is_nobodys() {
    let other = element(tag::ACCESSION, b"SH", b"OTHERS");
    let stray = [item(other.len() as u32), other].concat();
    let object_bytes = file(&[uids(), stray, element(LATER, b"CS", b"END ")].concat());
    let object = scanned(&object_bytes);
    assert!(!object.root().has(tag::ACCESSION) && object.defects.has("structure"));
    assert_eq!(object.root().text(LATER), "END");
}

#[test]
fn duplicates_keep_the_first() {
    let twice =
        [element(COMMENT, b"ST", b"one "), element(LATER, b"CS", b"END "), element(COMMENT, b"ST", b"two ")]
            .concat();
    let object = scanned(&file(&[uids(), twice].concat()));
    assert_eq!(object.root().text(COMMENT), "one");
    assert_eq!(object.defects.slugs(), ["tag-order", "duplicate-tag"]);
    let j = json::dataset(&object, &|p| p.to_owned());
    assert_eq!(j["00400280"]["Value"][0], "one");
}

#[test]
fn deflated_in_a_zlib_envelope() {
    use std::io::Write;
    let mut z = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    z.write_all(&uids()).unwrap();
    let bytes = [part10::head("1.2", "1.2.3", uid::DEFLATED_LE), z.finish().unwrap()].concat();
    assert_eq!(scanned(&bytes).root().text(tag::SERIES_UID), "1.2.5");
}

#[test]
fn limits_are_limits() {
    let nest = |n: usize| {
        let open = [head(CODE, b"SQ", u32::MAX), item(u32::MAX)].concat();
        file(&[uids(), open.repeat(n), [item_end(), sequence_end()].concat().repeat(n)].concat())
    };
    assert!(scanned(&nest(64)).defects.is_empty());
    let refused = |bytes: &[u8]| Object::read(&mut SliceSource(bytes), None, Keep::INDEX).unwrap_err().slug;
    assert_eq!(refused(&nest(65)), "depth");
    assert_eq!(refused(&nest(1_000_000)), "depth");
    let many =
        |n: usize| file(&[uids(), head(CODE, b"SQ", u32::MAX), item(0).repeat(n), sequence_end()].concat());
    assert!(!scanned(&many(scan::MAX_ITEMS as usize)).defects.has("structure"));
    assert_eq!(refused(&many(scan::MAX_ITEMS as usize + 1)), "item-count");
    let elements = |n: usize| file(&[uids(), element(COMMENT, b"ST", b"").repeat(n)].concat());
    assert_eq!(refused(&elements(scan::MAX_ELEMENTS as usize)), "element-count");
    let long = |n: usize| file(&[uids(), element(Tag(0x0040_A160), b"UT", &vec![b'a'; n])].concat());
    assert_eq!(scanned(&long(1 << 20)).root().text(Tag(0x0040_A160)).len(), 1 << 20);
    let j = json::dataset(&scanned(&long((1 << 20) + 2)), &|p| p.to_owned());
    assert_eq!(j["0040A160"], serde_json::json!({"vr": "UT", "BulkDataURI": "0040A160"}));
}

#[test]
fn json_numbers_follow_the_standard() {
    let body = [
        uids(),
        element(Tag(0x0018_0050), b"DS", b"1.5\\nan\\-3e2\\\\7 "),
        element(Tag(0x0020_0013), b"IS", b"007 "),
        element(Tag(0x0028_0009), b"AT", &[0x18, 0, 0x63, 0x10]),
        element(Tag(0x0041_1001), b"FD", &f64::NAN.to_le_bytes()),
        element(Tag(0x0041_1002), b"UV", &[u64::MAX.to_le_bytes(), 5_u64.to_le_bytes()].concat()),
        element(Tag(0x0041_1003), b"FL", &f32::NEG_INFINITY.to_le_bytes()),
    ];
    let j = json::dataset(&scanned(&file(&body.concat())), &|p| p.to_owned());
    assert_eq!(j["00180050"]["Value"], serde_json::json!([1.5, "nan", -300.0, null, 7]));
    assert_eq!(j["00200013"]["Value"], serde_json::json!([7]));
    assert_eq!(j["00280009"]["Value"], serde_json::json!(["00181063"]));
    assert_eq!(j["00411001"]["Value"], serde_json::json!(["NaN"]));
    assert_eq!(j["00411002"]["Value"], serde_json::json!(["18446744073709551615", 5]));
    assert_eq!(j["00411003"]["Value"], serde_json::json!(["-inf"]));
}

#[test]
fn the_printed_form_commands_no_terminal() {
    let body = [uids(), element(COMMENT, b"ST", b"\x1b[31mred\x07 ")].concat();
    let h = header(&mut SliceSource(&file(&body)), None).unwrap();
    let mut out = String::new();
    dump::write(&h, &mut out).unwrap();
    let meta = [implicit(Tag(0x0002_0010), b"1.2\x1b[2J")].concat();
    let h = header(&mut SliceSource(&[vec![0; 128], b"DICM".to_vec(), meta, uids()].concat()), None).unwrap();
    let mut syntax = String::new();
    dump::write(&h, &mut syntax).unwrap();
    assert!(!syntax.contains('\u{1b}'), "{syntax}");
    assert!(out.contains("\\u{1b}[31mred") && !out.contains('\u{1b}'), "{out}");
    assert!(out.contains("verdict  accept") && out.contains("(0008,0018) UI 6 SOPInstanceUID"), "{out}");
}
