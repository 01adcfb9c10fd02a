//! Every set of PS3.3 §C.12.1.1.2, its aliases, and what devices do instead.

use super::super::text::{self, Charset, How};
use super::super::{Vr, name};

/// Decides and decodes one person name.
fn person(declared: &str, raw: &[u8]) -> (Vec<String>, How, u8, Vec<&'static str>) {
    let (d, notes) = text::decide(Some(declared.as_bytes()), &[(raw, true)], None);
    (text::values(&d.charset, Vr::PN, raw), d.how, d.confidence, notes.slugs().to_vec())
}

#[test]
fn single_byte_sets() {
    for (term, raw, wanted) in [
        ("ISO_IR 100", &b"Buc^J\xe9r\xf4me"[..], "Buc^Jérôme"),
        ("ISO_IR 101", b"W\xb3odarczyk^\xa3ucja", "Włodarczyk^Łucja"),
        ("ISO_IR 109", b"\xd8u^Bor\xf8", "Ĝu^Borĝ"),
        ("ISO_IR 110", b"\xc7ukauskas^\xaeil", "Įukauskas^Žil"),
        ("ISO_IR 144", b"\xbb\xee\xda\x63\x65\xdc\xd1\xeb\xe0\x67", "Люкceмбырg"),
        ("ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
        ("ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
        ("ISO_IR 138", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
        ("ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
        ("ISO_IR 203", b"\xbcuvre^Zo\xeb", "Œuvre^Zoë"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
        ("ISO_IR 192", "王^小东".as_bytes(), "王^小东"),
        ("GBK", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东"),
        ("GB18030", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东"),
        ("", b"Wang^XiaoDong", "Wang^XiaoDong"),
        ("ISO_IR 6", b"Wang^XiaoDong", "Wang^XiaoDong"),
    ] {
        let (values, how, confidence, notes) = person(term, raw);
        assert_eq!((values, how, notes.len()), (vec![wanted.to_owned()], How::Declared, 0), "{term}");
        assert!(confidence >= 60, "{term}: {confidence}");
    }
}

#[test]
fn code_extensions() {
    for (term, raw, wanted) in [
        (
            r"\ISO 2022 IR 87",
            &b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"[..],
            "Yamada^Tarou=山田^太郎",
        ),
        (
            r"ISO 2022 IR 13\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (
            r"\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        ),
        (r"\ISO 2022 IR 58", b"Zhang^Xi=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1", "Zhang^Xi=张^小"),
        (r"\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B", "丂"),
        (r"ISO 2022 IR 100\ISO 2022 IR 144", b"M\xfcller^\x1b-L\xbb\xee", "Müller^Лю"),
        (r"ISO 2022 IR 6\ISO 2022 IR 101", b"\x1b-B\xa3ucja", "Łucja"),
        (r"ISO 2022 IR 6\ISO 2022 IR 109", b"\x1b-C\xd8u", "Ĝu"),
        (r"ISO 2022 IR 6\ISO 2022 IR 110", b"\x1b-D\xaeil", "Žil"),
        (r"ISO 2022 IR 6\ISO 2022 IR 127", b"\x1b-G\xe2\xc8", "قب"),
        (r"ISO 2022 IR 6\ISO 2022 IR 126", b"\x1b-F\xc4\xe9", "Δι"),
        (r"ISO 2022 IR 6\ISO 2022 IR 138", b"\x1b-H\xf9\xf8", "שר"),
        (r"ISO 2022 IR 6\ISO 2022 IR 148", b"\x1b-M\xc7avu\xfe", "Çavuş"),
        (r"ISO 2022 IR 6\ISO 2022 IR 166", b"\x1b-T\xca\xc1", "สม"),
        (r"ISO 2022 IR 6\ISO 2022 IR 13", b"\x1b)I\xd4\xcf", "ﾔﾏ"),
        (r"ISO 2022 IR 6\ISO 2022 IR 203", b"\x1b-b\xbcuvre", "Œuvre"),
    ] {
        let (values, how, _, notes) = person(term, raw);
        assert_eq!((values, how), (vec![wanted.to_owned()], How::Declared), "{term}");
        assert!(notes.is_empty(), "{term}: {notes:?}");
    }
}

#[test]
fn half_characters_are_no_separators() {
    // 0x5C, 0x5E and 0x3D inside a double-byte state of G0.
    let (values, ..) = person(r"\ISO 2022 IR 87", b"\x1b$B0\\0^\x1b(B^x=\x1b$B0=\x1b(B");
    assert_eq!(values.len(), 1);
    assert_eq!(values[0].matches('^').count(), 1, "{values:?}");
    // A cut IR 58 character takes no separator with it.
    let (values, _, _, notes) = person(r"\ISO 2022 IR 58", b"\x1b$)A\xd5\xc5\xd0^\x1b$)A\xd0\xa1");
    assert_eq!((values, notes), (vec!["张\u{FFFD}^小".to_owned()], vec!["text-truncated"]));
}

#[test]
fn state_returns_at_line_ends_and_separators() {
    let raw = b"\x1b$)A\xd0\xa1\r\nASCII\r\n\x1b$)A\xb6\xab\\\x1b$)A\xd0\xa1";
    let (d, notes) = text::decide(Some(br"\ISO 2022 IR 58"), &[(raw, false)], None);
    assert_eq!(text::values(&d.charset, Vr::LT, raw), ["小\r\nASCII\r\n东\\小"]);
    assert_eq!(text::values(&d.charset, Vr::LO, raw), ["小\r\nASCII\r\n东", "小"]);
    assert!(notes.is_empty());
}

#[test]
fn aliases_are_understood_and_said() {
    let gb = b"\xcd\xf5^\xd0\xa1\xb6\xab";
    for term in [
        "GB2312",
        "CP936",
        "GB 2312",
        "GB18030-2000",
        "GB18030-2005",
        "gb18030-2022",
        "ISO 2022 GBK",
        "ISO_IR 58",
        "ISO 2022 IR 165",
        r"GB18030\ISO 2022 IR 58",
        r"\GB18030",
        r"ISO 2022 IR 6\GBK",
        "windows-936",
    ] {
        let (values, how, confidence, notes) = person(term, gb);
        assert_eq!((values, how), (vec!["王^小东".to_owned()], How::Alias), "{term}");
        assert!(confidence >= 60 && notes == ["charset-alias"], "{term}: {confidence} {notes:?}");
    }
    for term in
        ["ISO IR 192", "UTF-8", "utf8", "ISO-IR 192", "iso_ir_192", r"ISO_IR 192\GB18030", r"\ISO_IR 192"]
    {
        let (values, how, _, notes) = person(term, "王^小东".as_bytes());
        assert_eq!(
            (values, how, notes),
            (vec!["王^小东".to_owned()], How::Alias, vec!["charset-alias"]),
            "{term}"
        );
    }
    let (values, how, ..) = person("ISO 2022 IR 58", b"\x1b$)A\xcd\xf5");
    assert_eq!((values, how), (vec!["王".to_owned()], How::Alias));
    // The first value is validated before it is believed.
    let (values, how, ..) = person(r"GB18030\ISO_IR 192", "王小东".as_bytes());
    assert_eq!((values, how), (vec!["王小东".to_owned()], How::Detected));
    let (values, how, ..) = person(r"ISO_IR 100\ISO_IR 192", "王小东".as_bytes());
    assert_eq!((values, how), (vec!["王小东".to_owned()], How::Detected));
}

#[test]
fn escapes_nobody_announced() {
    for (declared, raw, wanted) in [
        ("", &b"Yamada=\x1b$B;3ED\x1b(B"[..], "Yamada=山田"),
        ("ISO_IR 100", b"Wang=\x1b$)A\xcd\xf5", "Wang=王"),
    ] {
        let (values, how, ..) = person(declared, raw);
        assert_eq!((values, how), (vec![wanted.to_owned()], How::Detected), "{declared}");
    }
    let (values, _, confidence, notes) = person(r"\ISO 2022 IR 87", b"\x1b$)Zx\x1b$B;3\x1b(B");
    assert!(values[0].starts_with('\u{FFFD}') && values[0].ends_with('山'), "{values:?}");
    assert!(confidence < 60 && notes == ["charset-wrong"], "{confidence} {notes:?}");
    // A terminal's escapes are text, not designations.
    assert!(person("", b"\x1b[31mred").3.is_empty());
}

#[test]
fn korean_without_escapes_stays_korean() {
    let (values, how, ..) = person(r"\ISO 2022 IR 149", b"\xfb\xf3^\xd1\xce\xd4\xd7");
    assert_eq!((values, how), (vec!["洪^吉洞".to_owned()], How::Repaired));
}

#[test]
fn the_profile_of_the_peer_decides_last() {
    // Two rare characters: nothing in the bytes convinces.
    let raw = b"\xab\x5e\xab\x5c";
    let (d, notes) = text::decide(None, &[(raw, true)], Some(&Charset::GB18030));
    assert_eq!((d.charset, d.how, d.confidence), (Charset::GB18030, How::Profile, 70));
    assert!(notes.is_empty());
    let (d, notes) = text::decide(None, &[(raw, true)], None);
    assert!(d.confidence < 60 && notes.has("charset-missing"));
    // Nothing but ASCII under a term nobody knows proves nothing against anybody.
    assert!(person("KOI8", b"Wang^XiaoDong").3.is_empty());
}

#[test]
fn old_private_use_characters_are_named_as_today() {
    for (old, new) in [
        ('\u{E863}', '䶮'),
        ('\u{E816}', '\u{20087}'),
        ('\u{E831}', '\u{215D7}'),
        ('\u{E854}', '\u{9FBA}'),
        ('\u{E864}', '\u{9FBB}'),
    ] {
        let raw = format!("石{old}");
        assert_eq!(text::values(&Charset::UTF8, Vr::PN, raw.as_bytes()), [format!("石{new}")]);
    }
    assert_eq!(text::values(&Charset::GB18030, Vr::PN, &[0x99, 0x31, 0x87, 0x39]), ["\u{2C029}"]);
}

#[test]
fn surnames_have_their_own_readings() {
    for (han, pinyin, initials) in [
        ("尉迟恭", "yuchigong", "ycg"),
        ("單雄信", "shanxiongxin", "sxx"),
        ("仇英", "qiuying", "qy"),
        ("区志强", "ouzhiqiang", "ozq"),
        ("买买提·艾合买提", "maimaitiaihemaiti", "mmtahmt"),
    ] {
        let n = name::read(han);
        assert_eq!((n.pinyin.as_str(), n.initials.as_str(), n.derived), (pinyin, initials, true), "{han}");
    }
    let n = name::read("王　小东");
    assert_eq!((n.shown.as_str(), n.ideographic.as_deref()), ("王小东", Some("王　小东")));
}

#[test]
fn signs_of_latin_texts_are_no_halves_of_han() {
    let latin: Vec<&[u8]> =
        vec![b"M\xfcller^J\xf6rg", b"Sch\xe4del 30\xb0", b"5 \xb5m g/cm\xb2", b"120 kV \xb1 5 %"];
    for samples in [&latin[..], &latin[1..2], &latin[2..3], &latin[2..], &latin[3..]] {
        let samples: Vec<(&[u8], bool)> = samples.iter().map(|raw| (*raw, false)).collect();
        let (d, notes) = text::decide(Some(b"ISO_IR 100"), &samples, None);
        assert_eq!(text::decode(&d.charset, b"30\xb0 \xb5m cm\xb2", false).0, "30° µm cm²", "{samples:?}");
        assert!(d.confidence >= 60 && notes.is_empty(), "{samples:?} {notes:?}");
    }
    // What is Han under that label is still found to be.
    let gb = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    for word in ["白", "王小东", "胸部正位 30度"] {
        let (d, _) = text::decide(Some(b"ISO_IR 100"), &[(&gb(word), true)], None);
        assert_eq!(text::decode(&d.charset, &gb(word), true).0, word);
    }
}

#[test]
fn a_designation_left_out_is_no_part_of_the_name() {
    let gb = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    // Designated once, and not again behind the component delimiter (PS3.5 §6.1.2.5.3).
    let name = [b"Zhang^XiaoDong=\x1B$)A".as_slice(), &gb("张"), b"^", &gb("小东")].concat();
    let lines = [b"\x1B$)A".as_slice(), &gb("肺部"), b"\r\n", &gb("未见异常")].concat();
    for declared in [&br"\ISO 2022 IR 58"[..], b"ISO_IR 100", br"ISO 2022 IR 100\ISO 2022 IR 58", b""] {
        let (d, _) =
            text::decide((!declared.is_empty()).then_some(declared), &[(&name, true), (&lines, false)], None);
        let shown = String::from_utf8_lossy(declared);
        assert_eq!(text::decode(&d.charset, &name, true).0, "Zhang^XiaoDong=张^小东", "{shown}");
        assert_eq!(text::decode(&d.charset, &lines, false).0, "肺部\r\n未见异常", "{shown}");
        assert!(d.confidence >= 60, "{shown}: {}", d.confidence);
    }
    // Written as the standard says, the declared set is believed.
    let right = [b"\x1B$)A".as_slice(), &gb("张"), b"^\x1B$)A", &gb("小东")].concat();
    let (d, notes) = text::decide(Some(br"\ISO 2022 IR 58"), &[(&right, true)], None);
    assert_eq!((d.confidence, notes.is_empty()), (95, true), "{notes:?}");
    // Accented letters beside designated Han stay what they are.
    let mixed = [b"M\xFCller^J\xF6rg=\x1B$)A".as_slice(), &gb("米勒"), b"^\x1B$)A", &gb("约格")].concat();
    let (d, _) = text::decide(Some(br"ISO 2022 IR 100\ISO 2022 IR 58"), &[(&mixed, true)], None);
    assert_eq!(text::decode(&d.charset, &mixed, true).0, "Müller^Jörg=米勒^约格");
}
