//! The scanner and the text decoder against the fixtures, the hostile set and random bytes.

use super::name;
use super::*;

mod charset;
mod odd;
mod values;
use serde_json::Value;
use std::path::PathBuf;

fn shared() -> Option<PathBuf> {
    let base = std::env::var_os("YIGONG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    base.join("data/dicom").is_dir().then(|| base.join("data/dicom"))
}

fn skipped(what: &str) {
    eprintln!("SKIPPED: {what} (YIGONG_SHARED has no data)");
}

#[test]
fn charset_fixtures() {
    let Some(dir) = shared() else { return skipped("charset fixtures") };
    let expected: Vec<Value> =
        serde_json::from_slice(&std::fs::read(dir.join("charset/expected.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in &expected {
        let file = case["file"].as_str().unwrap();
        let bytes = std::fs::read(dir.join("charset").join(file)).unwrap();
        let h = header(&mut SliceSource(&bytes), None).unwrap_or_else(|e| panic!("{file}: {e}"));
        let root = h.root();
        for (key, values) in case["values"].as_object().unwrap() {
            let found = root.strings(Tag::from_hex(key).unwrap());
            let wanted: Vec<String> =
                values.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
            if found != wanted {
                wrong.push(format!("{file} {key}: {found:?} instead of {wanted:?}"));
            }
        }
        if h.charset().how.as_str() != case["how"].as_str().unwrap() {
            wrong.push(format!("{file} how {:?} instead of {}", h.charset(), case["how"]));
        }
        if h.name.ideographic.as_deref() != case["index_ideographic"].as_str() {
            wrong.push(format!("{file} ideographic {:?}", h.name.ideographic));
        }
        let person = json::person(&root.text(tag::PATIENT_NAME));
        if person != case["patient_name_json"] {
            wrong.push(format!("{file} json {person}"));
        }
        for d in case["defects"].as_array().unwrap() {
            if !h.defects.has(d.as_str().unwrap()) {
                wrong.push(format!("{file} defects {:?} without {d}", h.defects.slugs()));
            }
        }
        if case["defects"].as_array().unwrap().is_empty() && h.defects.verdict() != Verdict::Accept {
            wrong.push(format!("{file} unexpected defects {:?}", h.defects.slugs()));
        }
        if let Some(items) = case["items_00400275_00400007"].as_array() {
            let found: Vec<Value> = root
                .items(Tag(0x0040_0275))
                .iter()
                .map(|i| Value::String(i.text(Tag(0x0040_0007))))
                .collect();
            if &found != items {
                wrong.push(format!("{file} items {found:?}"));
            }
        }
        assert_eq!(h.patient_id, case["patient_id"].as_str().unwrap());
        let j = json::dataset(&h.object, &|p| p.to_owned());
        assert_eq!(j["00080005"]["Value"][0], "ISO_IR 192");
        let mut written = Vec::new();
        json::write(&h.object, &|p| p.to_owned(), &mut written).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), j, "{file}: both writers agree");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the generator of the hostile set is a Python script")]
fn hostile_set() {
    let Some(dir) = shared() else { return skipped("hostile set") };
    let out = std::env::temp_dir().join(format!("yigong-hostile-{}", std::process::id()));
    let made = std::process::Command::new("python3")
        .arg(dir.join("make_hostile.py"))
        .arg(&out)
        .arg("--big")
        .output();
    if !made.is_ok_and(|o| o.status.success()) {
        return skipped("hostile set: no python3");
    }
    let expected: Vec<Value> =
        serde_json::from_slice(&std::fs::read(out.join("hostile_expected.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in &expected {
        let file = case["file"].as_str().unwrap();
        let bytes = std::fs::read(out.join(file)).unwrap();
        let (store, reason) = (case["store"].as_str().unwrap(), case["reason"].as_str().unwrap());
        let from_file = std::fs::File::open(out.join(file)).unwrap();
        let by_file = header(&mut FileSource::new(from_file, bytes.len() as u64), None).map(|h| h.defects);
        let by_slice = header(&mut SliceSource(&bytes), None).map(|h| h.defects);
        assert_eq!(by_file, by_slice, "{file}: file and slice differ");
        let ok = match (&by_slice, store) {
            (Ok(d), "accept") => d.is_empty(),
            (Ok(d), "defect") => d.has(reason),
            (Err(r), "refuse") => r.slug == reason,
            _ => false,
        };
        if !ok {
            wrong.push(format!("{file}: {by_slice:?} instead of {store} {reason}"));
        }
    }
    let _ = std::fs::remove_dir_all(&out);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names() {
    let n = name::read("王^小东");
    assert_eq!((n.shown.as_str(), n.pinyin.as_str(), n.initials.as_str()), ("王小东", "wangxiaodong", "wxd"));
    let n = name::read("Shan^Wei=单^伟");
    assert_eq!(
        (n.shown.as_str(), n.pinyin.as_str(), n.initials.as_str(), n.derived),
        ("单伟", "shanwei", "sw", false)
    );
    assert_eq!(name::read("单雄信").pinyin, "shanxiongxin");
    assert_eq!(name::read("Müller^Jörg").shown, "Müller Jörg");
    assert_eq!(name::fold("Ｗang^X"), "wangx");
}

#[test]
fn frames_survive_their_compact_form() {
    use frames::Frames;
    for f in [
        Frames::None,
        Frames::Native { offset: 1_234_567, length: 512 * 512 * 2, count: 120, deflated: true, big: true },
        Frames::Packed { offset: 77, bits: 35, count: 4, deflated: false, swapped: true },
        Frames::Encapsulated(vec![vec![(1000, 20), (1028, 5_000_000_000)], vec![(5_000_002_000, 1)]]),
    ] {
        assert_eq!(Frames::from_bytes(&f.to_bytes()), f);
    }
}

#[test]
fn packed_frames_are_cut_from_shared_bytes() {
    use frames::Frames;
    // three frames of 5 bits: 10110 01101 11111, from the low bit
    let stored = [0b1100_1101_u8, 0b0111_1110, 0];
    let packed = Frames::Packed { offset: 0, bits: 5, count: 3, deflated: false, swapped: false };
    let frame = |f: &Frames, bytes: &[u8], n: usize| {
        let (offset, length) = f.ranges(n).unwrap()[0];
        f.aligned(n, bytes[offset as usize..(offset + length) as usize].to_vec())
    };
    assert_eq!([0, 1, 2].map(|n| frame(&packed, &stored, n)), [vec![0b01101], vec![0b10110], vec![0b11111]]);
    assert_eq!(packed.ranges(3), None);
    // three frames of 3 bytes in big-endian words
    let words = [2, 1, 4, 3, 6, 5, 8, 7, 0, 9];
    let swapped = Frames::Packed { offset: 0, bits: 24, count: 3, deflated: false, swapped: true };
    assert_eq!([0, 1, 2].map(|n| frame(&swapped, &words, n)), [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8, 9]]);
}

/// An encapsulated object of 8 by 8 pixels.
fn encapsulated(syntax: &str, frames: &str, fragments: &[&[u8]]) -> Vec<u8> {
    let mut w = dataset::Writer::new(true);
    w.text(tag::FRAMES, Vr::IS, frames);
    for (t, n) in [(tag::ROWS, 8_u16), (tag::COLS, 8), (tag::BITS_ALLOCATED, 8)] {
        w.element(t, Vr::US, &n.to_le_bytes());
    }
    let mut bytes = [part10::head("1.2.3", "1.2.3", syntax), w.bytes].concat();
    dataset::header(&mut bytes, true, tag::PIXELS, Vr::OB, u32::MAX);
    for fragment in std::iter::once(&&b""[..]).chain(fragments) {
        dataset::header(&mut bytes, false, tag::ITEM, Vr::UN, fragment.len() as u32);
        bytes.extend_from_slice(fragment);
    }
    dataset::header(&mut bytes, false, tag::SEQUENCE_END, Vr::UN, 0);
    bytes
}

#[test]
fn fragments_without_a_table_find_their_frames() {
    let lengths = |syntax: &str, frames: &str, fragments: &[&[u8]]| -> Vec<usize> {
        let bytes = encapsulated(syntax, frames, fragments);
        let mut source = SliceSource(&bytes);
        let object = Object::read(&mut source, None, Keep::INDEX).unwrap();
        let image = image::Image::of(&object);
        let mut defects = Defects::default();
        let found = frames::index(&object, &image, &mut source, &mut defects);
        assert_eq!(found.count() == 0, defects.has("fragment-count"), "{syntax}");
        (0..found.count()).map(|n| found.ranges(n).unwrap().len()).collect()
    };
    let (start, middle, end) = (&b"\xff\xd8\xff\xf7ab"[..], &b"cdef"[..], &b"gh\xff\xd9"[..]);
    assert_eq!(lengths(uid::JPEG_LS, "2", &[start, middle, end, start, end]), [3, 2]);
    // nothing to see at the start, but at the end
    assert_eq!(lengths(uid::JPEG_LS, "2", &[middle, end, middle, middle, end]), [2, 3]);
    assert_eq!(lengths(uid::JPEG_LS, "1", &[middle, middle]), [2]);
    let mut rle = vec![0; 64];
    (rle[0], rle[4]) = (1, 64);
    assert_eq!(lengths(uid::RLE, "2", &[&rle, middle, &rle, middle, middle]), [2, 3]);
    assert_eq!(lengths(uid::RLE, "1", &[middle, middle]), [0_usize; 0], "no header, no frame");
    for video in ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.100.1", "1.2.840.10008.1.2.4.108"] {
        assert!(uid::is_video(video));
        assert_eq!(lengths(video, "250", &[middle, middle, end]), [3], "one stream, whatever it shows");
    }
    assert!(!uid::is_video(uid::JPEG_LS) && !uid::is_video("1.2.840.10008.1.2.4.110"));
    // bytes that look like the start of a codestream inside a fragment end no frame
    assert_eq!(lengths(uid::JPEG_LS, "2", &[b"\xff\xd8\xff\xf7\xff\xd8\xff", end, start]), [2, 1]);
}

#[test]
fn an_object_is_laid_out_anew() {
    let mut w = dataset::Writer::new(false);
    w.element(Tag(0x0008_0000), Vr::UL, &[9, 0, 0, 0]);
    w.text(tag::MODALITY, Vr::CS, "CT");
    // a sequence of defined length with one item
    let mut item = dataset::Writer::new(false);
    item.text(tag::PATIENT_ID, Vr::LO, "P");
    let mut sequence = Vec::new();
    dataset::header(&mut sequence, false, tag::ITEM, Vr::UN, item.bytes.len() as u32);
    sequence.extend(item.bytes);
    w.element(tag::US_REGIONS, Vr::SQ, &sequence);
    w.text(tag::PHOTOMETRIC, Vr::CS, "YBR_RCT");
    w.element(tag::PIXELS, Vr::OW, &[1, 2, 3, 4]);
    let wanted = rewrite::Wanted {
        explicit: true,
        changes: vec![(tag::PHOTOMETRIC, Vr::CS, b"RGB ".to_vec()), (tag::LOSSY, Vr::CS, b"01".to_vec())],
        own_pixels: true,
    };
    let mode = plausible::Mode::IMPLICIT_LE;
    let pieces = rewrite::rewrite(&mut SliceSource(&w.bytes), 0, mode, &wanted).unwrap();
    let [rewrite::Piece::Bytes(bytes), rewrite::Piece::Pixels] = &pieces[..] else { panic!("{pieces:?}") };
    let object = Object::parse(bytes, Some(uid::EXPLICIT_LE)).unwrap();
    assert!(object.defects.is_empty(), "{:?}", object.defects);
    let root = object.root();
    assert_eq!((root.text(tag::MODALITY), root.text(tag::PHOTOMETRIC)), ("CT".into(), "RGB".into()));
    assert_eq!(root.items(tag::US_REGIONS)[0].text(tag::PATIENT_ID), "P");
    assert_eq!(root.text(tag::LOSSY), "01");
    assert!(!root.has(Tag(0x0008_0000)) && !root.has(tag::PIXELS));
}

#[test]
fn tags_that_do_not_rise_are_written_once() {
    let mut w = dataset::Writer::new(true);
    for (t, value) in
        [(tag::MODALITY, "CT"), (tag::LOSSY, "00"), (tag::SEX, "F"), (tag::PHOTOMETRIC, "YBR_RCT")]
    {
        w.text(t, Vr::CS, value);
    }
    w.text(tag::PHOTOMETRIC, Vr::CS, "PALETTE");
    let changes = vec![(tag::PHOTOMETRIC, Vr::CS, b"RGB ".to_vec()), (tag::LOSSY, Vr::CS, b"01".to_vec())];
    let wanted = rewrite::Wanted { explicit: true, changes, own_pixels: false };
    let mode = plausible::Mode { explicit: true, big: false };
    let pieces = rewrite::rewrite(&mut SliceSource(&w.bytes), 0, mode, &wanted).unwrap();
    let [rewrite::Piece::Bytes(bytes)] = &pieces[..] else { panic!("{pieces:?}") };
    let object = Object::parse(bytes, Some(uid::EXPLICIT_LE)).unwrap();
    assert!(!object.defects.has("duplicate-tag"), "{:?}", object.defects);
    let texts = [tag::PHOTOMETRIC, tag::LOSSY, tag::SEX].map(|t| object.root().text(t));
    assert_eq!(texts, ["RGB", "01", "F"]);
}

proptest::proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..4000), explicit in proptest::bool::ANY) {
        let ts = if explicit { uid::EXPLICIT_LE } else { uid::IMPLICIT_LE };
        let _ = header(&mut SliceSource(&bytes), Some(ts));
        if let Ok(o) = Object::parse(&bytes, None) { let _ = json::dataset(&o, &|p| p.to_owned()); }
        let _ = frames::Frames::from_bytes(&bytes);
        for declared in [&b"GB18030"[..], b"\\ISO 2022 IR 58", b"ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159", b"\\ISO 2022 IR 149", b"bogus"] {
            let _ = text::decide(Some(declared), &[(&bytes, true)], None);
        }
    }

    #[test]
    fn cut_files_never_panic(cut in 0usize..2000, flip in 0usize..2000, value in proptest::num::u8::ANY) {
        let mut bytes = part10::head("1.2.840.10008.5.1.4.1.1.7", "1.2.3", uid::EXPLICIT_LE);
        let mut w = dataset::Writer::new(true);
        w.text(tag::SOP_CLASS, Vr::UI, "1.2.840.10008.5.1.4.1.1.7");
        w.text(tag::SOP_INSTANCE, Vr::UI, "1.2.3");
        w.text(tag::STUDY_UID, Vr::UI, "1.2.4");
        w.text(tag::SERIES_UID, Vr::UI, "1.2.5");
        w.element(tag::ROWS, Vr::US, &4u16.to_le_bytes());
        w.element(tag::COLS, Vr::US, &4u16.to_le_bytes());
        w.element(tag::BITS_ALLOCATED, Vr::US, &8u16.to_le_bytes());
        w.element(tag::PIXELS, Vr::OW, &[7; 16]);
        bytes.extend_from_slice(&w.bytes);
        proptest::prop_assert!(header(&mut SliceSource(&bytes), None).is_ok());
        if let Some(b) = bytes.get_mut(flip) { *b = value; }
        bytes.truncate(cut);
        let _ = header(&mut SliceSource(&bytes), None);
    }
}

#[test]
fn palettes_become_eight_bits() {
    let mut w = dataset::Writer::new(true);
    for t in [0x0028_1101, 0x0028_1102, 0x0028_1103] {
        w.element(Tag(t), Vr::US, &[2, 0, 5, 0, 16, 0]);
    }
    for (t, v) in
        [(0x0028_1201, [0u8, 10, 0, 20]), (0x0028_1202, [0, 30, 0, 40]), (0x0028_1203, [0, 50, 0, 60])]
    {
        w.element(Tag(t), Vr::OW, &v);
    }
    let object = Object::parse(&w.bytes, Some(uid::EXPLICIT_LE)).unwrap();
    let palette = image::palette(&object.root()).unwrap();
    assert_eq!((palette.first, palette.entries), (5, vec![[10, 30, 50], [20, 40, 60]]));
}
