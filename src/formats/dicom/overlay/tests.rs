//! Corrections read back by our own scanner; other people's readers do the same in `tests/interop`.

use super::*;
use crate::dicom::dataset::Writer;
use crate::dicom::{part10, text};

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
const REQUEST: Tag = Tag(0x0040_0275);
const STEP: Tag = Tag(0x0040_0007);

fn item(inner: &[u8], undefined: bool) -> Vec<u8> {
    let mut out = vec![0xFE, 0xFF, 0x00, 0xE0];
    let length = if undefined { u32::MAX } else { u32::try_from(inner.len()).unwrap() };
    out.extend(length.to_le_bytes());
    out.extend(inner);
    if undefined {
        out.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0]);
    }
    out
}

struct Made<'a> {
    charset: &'a str,
    name: &'a [u8],
    implicit: bool,
    undefined: bool,
}

fn made(m: &Made<'_>) -> Vec<u8> {
    let mut w = Writer::new(!m.implicit);
    if !m.charset.is_empty() {
        w.text(tag::CHARSET, Vr::CS, m.charset);
    }
    w.text(tag::SOP_CLASS, Vr::UI, CR);
    w.text(tag::SOP_INSTANCE, Vr::UI, "1.2.3.4.5");
    w.element(Tag(0x0010_0000), Vr::UL, &26_u32.to_le_bytes());
    w.element(tag::PATIENT_NAME, Vr::PN, m.name);
    w.text(tag::PATIENT_ID, Vr::LO, "P1");
    w.text(tag::STUDY_UID, Vr::UI, "1.2.3");
    w.text(tag::SERIES_UID, Vr::UI, "1.2.3.4");
    let mut inner = Writer::new(!m.implicit);
    inner.text(STEP, Vr::LO, "CHEST");
    let body = item(&inner.bytes, m.undefined);
    if m.undefined {
        w.bytes.extend([0x40, 0x00, 0x75, 0x02]);
        if !m.implicit {
            w.bytes.extend([b'S', b'Q', 0, 0]);
        }
        w.bytes.extend(u32::MAX.to_le_bytes());
        w.bytes.extend(&body);
        w.bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    } else {
        w.element(REQUEST, Vr::SQ, &body);
    }
    w.element(tag::PIXELS, Vr::OW, &[7; 64]);
    let syntax = if m.implicit { crate::dicom::uid::IMPLICIT_LE } else { crate::dicom::uid::EXPLICIT_LE };
    let mut out = part10::head(CR, "1.2.3.4.5", syntax);
    out.extend(&w.bytes);
    out
}

fn gb(name: &str) -> Vec<u8> {
    text::encode("GB18030", name).unwrap()
}

fn read(bytes: &[u8]) -> Object {
    Object::parse(bytes, None).unwrap()
}

#[test]
fn only_the_corrected_element_changes() {
    let stored =
        made(&Made { charset: "GB18030", name: &gb("王^小东"), implicit: false, undefined: false });
    let out = apply(&stored, &[Change::of(tag::PATIENT_NAME, Vr::PN, "卢^瑋")]).unwrap();
    let object = read(&out);
    assert_eq!(object.root().text(tag::PATIENT_NAME), "卢^瑋");
    assert_eq!(object.root().strings(tag::CHARSET), ["GB18030"]);
    let old = gb("王^小东");
    let at = stored.windows(old.len()).position(|w| w == old).unwrap();
    let group = stored.windows(6).position(|w| w == [0x10, 0, 0, 0, b'U', b'L']).unwrap();
    assert_eq!(out[..group + 8], stored[..group + 8], "everything before the group length");
    assert_eq!(out[group + 12..at - 2], stored[group + 12..at - 2], "and up to the length of the name");
    let tail = &stored[at + old.len() + old.len() % 2..];
    assert!(out.ends_with(tail), "everything behind it");
}

#[test]
fn a_value_outside_the_own_set_moves_the_object_to_utf8() {
    let stored =
        made(&Made { charset: "ISO_IR 100", name: b"M\xFCller^J\xF6rg", implicit: false, undefined: true });
    let out = apply(
        &stored,
        &[Change { path: "00400275/1/00400007".into(), vr: Vr::LO, value: Some("胸部".into()) }],
    )
    .unwrap();
    let object = read(&out);
    assert_eq!(object.root().strings(tag::CHARSET), ["ISO_IR 192"]);
    assert_eq!(object.root().text(tag::PATIENT_NAME), "Müller^Jörg");
    assert_eq!(object.root().items(REQUEST)[0].text(STEP), "胸部");
    assert!(object.defects.is_empty(), "{:?}", object.defects);
}

#[test]
fn a_lying_label_is_put_right_with_the_name() {
    let stored =
        made(&Made { charset: "ISO_IR 100", name: &gb("王^小东"), implicit: false, undefined: false });
    let out = apply(&stored, &[Change::of(tag::PATIENT_NAME, Vr::PN, "李^四")]).unwrap();
    let object = read(&out);
    assert_eq!(object.root().strings(tag::CHARSET), ["GB18030"]);
    assert_eq!(
        (object.root().text(tag::PATIENT_NAME).as_str(), object.charset.how),
        ("李^四", How::Declared)
    );
}

#[test]
fn lengths_of_sequences_and_groups_follow() {
    for implicit in [false, true] {
        for undefined in [false, true] {
            let stored = made(&Made { charset: "GB18030", name: &gb("王^小东"), implicit, undefined });
            let changes = [
                Change {
                    path: "00400275/1/00400007".into(),
                    vr: Vr::LO,
                    value: Some("CHEST AND ABDOMEN".into()),
                },
                Change { path: "00400275/1/00400009".into(), vr: Vr::SH, value: Some("S7".into()) },
                Change::of(tag::ACCESSION, Vr::SH, "A1"),
                Change::of(tag::SEX, Vr::CS, "M"),
                Change { path: tag::PATIENT_ID.to_string(), vr: Vr::LO, value: None },
            ];
            let out = apply(&stored, &changes).unwrap();
            let object = read(&out);
            let root = object.root();
            assert_eq!(root.items(REQUEST)[0].text(STEP), "CHEST AND ABDOMEN");
            assert_eq!(root.items(REQUEST)[0].text(Tag(0x0040_0009)), "S7");
            assert_eq!((root.text(tag::ACCESSION), root.text(tag::SEX)), ("A1".into(), "M".into()));
            assert!(!root.has(tag::PATIENT_ID));
            assert_eq!(root.bytes(tag::PIXELS), Some([7; 64].as_slice()));
            assert!(
                object.defects.is_empty(),
                "implicit {implicit} undefined {undefined}: {:?}",
                object.defects
            );
            // The group grew by (0010,0040) `M ` and shrank by (0010,0020) `P1`: both 10 bytes.
            assert_eq!(root.int(Tag(0x0010_0000)), Some(26));
        }
    }
}

#[test]
fn a_sequence_is_taken_away_with_all_that_is_in_it() {
    for (implicit, undefined) in [(false, false), (false, true), (true, false), (true, true)] {
        let stored = made(&Made { charset: "ISO_IR 100", name: b"M\xFCller", implicit, undefined });
        let changes = [
            Change { path: REQUEST.to_string(), vr: Vr::SQ, value: None },
            // What is said of an item that goes is said of nothing; the name makes every text UTF-8.
            Change { path: "00400275/1/00400007".into(), vr: Vr::LO, value: Some("X".into()) },
            Change { path: "00102110".into(), vr: Vr::LO, value: None },
            Change::of(tag::PATIENT_NAME, Vr::PN, "李四"),
            Change::of(Tag(0x0040_1001), Vr::SH, "R1"),
        ];
        let out = apply(&stored, &changes).unwrap();
        let object = read(&out);
        let root = object.root();
        assert!(
            !root.has(REQUEST) && object.defects.is_empty(),
            "{implicit} {undefined}: {:?}",
            object.defects
        );
        assert_eq!((root.text(tag::PATIENT_NAME), root.text(Tag(0x0040_1001))), ("李四".into(), "R1".into()));
        assert_eq!(root.bytes(tag::PIXELS), Some([7; 64].as_slice()));
        assert!(out.len() < stored.len());
    }
}

#[test]
fn a_stray_item_does_not_go_out_with_a_correction() {
    let stored = made(&Made { charset: "", name: b"A^B ", implicit: false, undefined: false });
    let pixels = stored.windows(4).position(|w| w == [0xE0, 0x7F, 0x10, 0x00]).unwrap();
    let mut inner = Writer::new(true);
    inner.text(tag::PATIENT_ID, Vr::LO, "OTHERS");
    let stray = [item(&inner.bytes, false), item(b"", false), vec![0; 512]].concat();
    let odd = [&stored[..pixels], &stray[..], &stored[pixels..]].concat();
    let change = Change::of(tag::PATIENT_NAME, Vr::PN, "李四");
    let out = apply(&odd, std::slice::from_ref(&change)).unwrap();
    assert!(!out.windows(6).any(|w| w == b"OTHERS"));
    // A gap of nothing goes out as it came, and no group length pays for it.
    assert!(out.windows(512).any(|w| w == [0; 512]));
    let root = read(&out);
    assert_eq!(root.root().text(tag::PATIENT_ID), "P1");
    assert_eq!(root.root().bytes(tag::PIXELS), Some([7; 64].as_slice()));
    let behind = [&stored[..], &stray[..]].concat();
    let out = apply(&behind, std::slice::from_ref(&change)).unwrap();
    assert!(!out.windows(6).any(|w| w == b"OTHERS"), "nor behind the last element");
    let clean = read(&apply(&stored, &[change]).unwrap());
    let group = |o: &Object| o.root().int(Tag(0x0010_0000));
    assert_eq!(group(&root), group(&clean));
}

#[test]
fn a_planned_file_reads_like_the_written_one() {
    let stored =
        made(&Made { charset: "GB18030", name: &gb("王^小东"), implicit: false, undefined: false });
    let mut source = SliceSource(&stored);
    let planned = plan(&mut source, &[Change::of(tag::PATIENT_ID, Vr::LO, "C01-77")]).unwrap();
    let written = render(&stored, &planned);
    assert_eq!(written.len() as u64, planned.length);
    let mut spliced = Spliced::new(&mut source, &planned);
    assert_eq!(spliced.bytes(0, u64::MAX), written);
    for (offset, n) in [(0, 7), (120, 20), (200, 100), (300, 1_000)] {
        let end = written.len().min(offset + n);
        assert_eq!(spliced.bytes(offset as u64, n as u64), written[offset..end]);
    }
    assert_eq!(Object::read(&mut spliced, None, Keep::INDEX).unwrap().root().text(tag::PATIENT_ID), "C01-77");
}

#[test]
fn a_deflated_object_is_opened_and_closed_again() {
    let plain =
        made(&Made { charset: "GB18030", name: &gb("王^小东"), implicit: false, undefined: false });
    let start = usize::try_from(read(&plain).head.dataset).unwrap();
    let mut stored = part10::head(CR, "1.2.3.4.5", crate::dicom::uid::DEFLATED_LE);
    stored.extend(deflate(&plain[start..]).unwrap());
    let out = apply(&stored, &[Change::of(tag::PATIENT_NAME, Vr::PN, "李^四")]).unwrap();
    let object = read(&out);
    assert!(object.deflated.is_some());
    assert_eq!(object.root().text(tag::PATIENT_NAME), "李^四");
}

#[test]
fn the_preamble_goes_out_empty() {
    let mut stored = made(&Made { charset: "", name: b"A^B", implicit: false, undefined: false });
    stored[..4].copy_from_slice(b"II*\0");
    let out = render(&stored, &untouched(&mut SliceSource(&stored), CR));
    assert!(out[..128].iter().all(|b| *b == 0) && out[128..] == stored[128..]);
    let kept = render(&stored, &untouched(&mut SliceSource(&stored), WHOLE_SLIDE));
    assert_eq!(kept, stored);
}

#[test]
fn damaged_objects_and_bad_paths_are_answered() {
    let stored =
        made(&Made { charset: "GB18030", name: &gb("王^小东"), implicit: false, undefined: true });
    let changes = [Change::of(tag::PATIENT_NAME, Vr::PN, "玘"), Change::of(tag::SEX, Vr::CS, "F")];
    for cut in 0..stored.len() {
        let _ = apply(&stored[..cut], &changes);
        let mut flipped = stored.clone();
        flipped[cut] ^= 0xA5;
        let _ = apply(&flipped, &changes);
    }
    for path in ["", "0010001", "00400275/0/00400007", "00400275/00400007", "x/1/00100010"] {
        let bad = Change { path: path.into(), vr: Vr::PN, value: None };
        assert_eq!(apply(&stored, &[bad]).unwrap_err().slug, "overlay-path", "{path}");
    }
    let far = Change { path: "00400275/9/00400007".into(), vr: Vr::LO, value: Some("X".into()) };
    let planned = plan(&mut SliceSource(&stored), &[far]).unwrap();
    assert_eq!(planned.missed, ["00400275/9/00400007"]);
    let long = Change::of(tag::PATIENT_ID, Vr::LO, "x".repeat(70_000));
    assert_eq!(apply(&stored, &[long]).unwrap_err().slug, "overlay-length");
}
