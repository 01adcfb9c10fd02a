//! The reader on whole bodies, on bodies cut at every place, and on arbitrary bytes.

use proptest::prelude::*;

use super::*;

/// Reads a body in pieces; answers the parts (kind, bytes), or the slug of the refusal.
fn read(boundary: &str, pieces: &[&[u8]]) -> Result<Vec<(String, Vec<u8>)>, &'static str> {
    let mut reader = Reader::new(boundary);
    let mut parts = Vec::new();
    let mut open: Option<(String, Vec<u8>)> = None;
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.event().map_err(|r| r.slug)? {
                Event::Part(head) => open = Some((head.media.kind, Vec::new())),
                Event::Data(bytes) => open.as_mut().unwrap().1.extend_from_slice(bytes),
                Event::PartEnd => parts.push(open.take().unwrap()),
                Event::More => break,
            }
        }
        assert!(reader.rest().len() <= MAX_HEAD + piece.len());
    }
    reader.finish().map_err(|r| r.slug)?;
    assert_eq!(reader.parts() as usize, parts.len());
    Ok(parts)
}

const BODY: &[u8] = b"--x\r\nContent-Type: Application/DICOM; transfer-syntax=1.2\r\nContent-Location: /a\r\n\r\none\r\n--y\r\n\r\n--x  \r\n\r\n\r\n--x\r\nContent-Type: a/b\r\n\r\n--x--\r\n";

fn expected() -> Vec<(String, Vec<u8>)> {
    vec![
        ("application/dicom".into(), b"one\r\n--y\r\n".to_vec()),
        (String::new(), Vec::new()),
        ("a/b".into(), Vec::new()),
    ]
}

#[test]
fn parts_come_out_whole_however_the_body_is_cut() {
    assert_eq!(read("x", &[BODY]).unwrap(), expected());
    for at in 0..BODY.len() {
        let (a, b) = BODY.split_at(at);
        assert_eq!(read("x", &[a, b]).unwrap(), expected(), "cut at {at}");
    }
    let single: Vec<&[u8]> = BODY.chunks(1).collect();
    assert_eq!(read("x", &single).unwrap(), expected());
    assert_eq!(read("x", &[b"\r\n", BODY]).unwrap(), expected(), "a line end before the first boundary");
    assert_eq!(read("x", &[b"This is multipart.\r\n", BODY, b" \r\n"]).unwrap(), expected());
}

#[test]
fn a_body_that_is_not_what_it_says_is_refused() {
    let long_head = [b"--x\r\nA: ".to_vec(), vec![b'a'; MAX_HEAD + 9]].concat();
    let many = [b"--x\r\n\r\n\r\n".repeat(MAX_PARTS as usize + 1), b"--x--".to_vec()].concat();
    let full = [b"--x\r\n\r\n\r\n".repeat(MAX_PARTS as usize), b"--x--".to_vec()].concat();
    let cases: [(&[u8], &str); 13] = [
        (b"", "cut"),
        (b"no boundary at all", "cut"),
        (b"--x", "cut"),
        (b"--x\r\nContent-Type: a/b\r\n\r\nhalf of a part", "cut"),
        (b"--x\r\n\r\none\r\n--x", "cut"),
        (b"--xy\r\n\r\none\r\n--xy--", "delimiter"),
        (b"--x \n\r\none\r\n--x--", "delimiter"),
        (b"--x\r\nno colon\r\n\r\none\r\n--x--", "part-head"),
        (b"--x\r\nContent-Encoding: gzip\r\n\r\none\r\n--x--", "content-encoding"),
        (b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\none\r\n--x--", "content-encoding"),
        (b"--x\r\n\r\none\r\n--x--\r\nmore", "trailing"),
        (b"--x--\r\n--x\r\n\r\none\r\n--x--", "trailing"),
        (&long_head, "part-head"),
    ];
    for (body, slug) in cases {
        assert_eq!(read("x", &[body]), Err(slug), "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(read("x", &[&many]), Err("part-count"));
    assert_eq!(read("x", &[&full]).unwrap().len(), MAX_PARTS as usize);
    assert_eq!(read("x", &[&vec![b'.'; 2 * MAX_HEAD]]), Err("preamble"));
    assert_eq!(read("x", &[b"--x--"]), Ok(Vec::new()));
}

#[test]
fn media_types() {
    let m = Media::parse("Multipart/Related; type=\"application/dicom\"; boundary=\"a b;c\\\"d\"; start=x");
    assert_eq!(m.kind, "multipart/related");
    assert_eq!((m.parameter("type"), m.parameter("none")), (Some("application/dicom"), None));
    assert_eq!(m.parameter("boundary"), Some("a b;c\"d"));
    for (boundary, legal) in [
        ("abc", true),
        ("\"with space\"", true),
        ("", false),
        ("\"ends with \"", false),
        ("\"semi;colon\"", false),
        (&"b".repeat(70), true),
        // what Orthanc sends
        (&"b".repeat(73), true),
        (&"b".repeat(129), false),
    ] {
        let m = Media::parse(&format!("multipart/related; boundary={boundary}"));
        assert_eq!(m.boundary().is_ok(), legal, "{boundary}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        let (a, b) = body.split_at(cut.min(body.len()));
        let _ = read("x", &[a, b]);
    }

    #[test]
    fn every_content_survives(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..5), step in 1_usize..50) {
        let boundary = "Yigong-7MA4YWxkTrZu0gW";
        let mut body = Vec::new();
        for p in &parts {
            body.extend_from_slice(format!("--{boundary}\r\nContent-Type: application/dicom\r\n\r\n").as_bytes());
            body.extend_from_slice(p);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--").as_bytes());
        let pieces: Vec<&[u8]> = body.chunks(step).collect();
        let found: Vec<Vec<u8>> = read(boundary, &pieces).unwrap().into_iter().map(|(_, b)| b).collect();
        prop_assert_eq!(found, parts);
    }
}
