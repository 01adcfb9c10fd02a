use proptest::prelude::*;

use super::*;

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|v| (*v).to_owned()).collect()
}

fn one(vr: Vr, key: &str, held: &str) -> bool {
    attribute(vr, &list(&[key]), &list(&[held]), false)
}

#[test]
fn wildcards_are_characters() {
    for (pattern, text, yes) in [
        ("", "", true),
        ("*", "", true),
        ("王*", "王小东", true),
        ("*小东", "王小东", true),
        ("王?东", "王小东", true),
        ("王?", "王小东", false),
        ("*a*b*", "xaxxb", true),
        ("*a*b", "xabx", false),
        ("?𬀩", "赵𬀩", true),
        ("a**b", "ab", true),
    ] {
        assert_eq!(wildcard(pattern, text), yes, "{pattern} against {text}");
    }
    let long = "a".repeat(5_000);
    assert!(!wildcard(&format!("{}b", "*a".repeat(200)), &long), "no exponential search");
}

#[test]
fn text_is_folded_in_case_and_width() {
    assert!(one(Vr::LO, "chest*", "CHEST PA"));
    assert!(one(Vr::SH, "ＣＴ０１", "ct01"));
    assert!(one(Vr::LO, "*正位*", "胸部正位"));
    assert!(!one(Vr::LO, "chest", "CHEST PA"));
    assert!(one(Vr::CS, "CR", " CR "));
    assert!(attribute(Vr::CS, &list(&["CR", "DX"]), &list(&["US", "DX"]), false));
    assert!(!one(Vr::UI, "1.2.*", "1.2.3"), "a UID has no wildcards");
    assert!(attribute(Vr::UI, &list(&["1.2", "1.3"]), &list(&["1.3"]), false));
    assert!(one(Vr::IS, "01", "1") && !one(Vr::IS, "1", "11"));
}

#[test]
fn names_by_han_pinyin_and_initials() {
    for key in [
        "卢^瑋",
        "卢瑋",
        "卢*",
        "*瑋",
        "Lu^Wei",
        "lu^wei",
        "LU*",
        "luwei",
        "lw",
        "卢^?",
        "Lu^Wei=卢^瑋",
        "=卢*",
    ] {
        assert!(one(Vr::PN, key, "Lu^Wei=卢^瑋"), "{key}");
    }
    for key in ["卢", "瑋", "Lu", "wei", "Lu^Wei=王*", "w"] {
        assert!(!one(Vr::PN, key, "Lu^Wei=卢^瑋"), "{key}");
    }
    assert!(one(Vr::PN, "*小东*", "王　小东") && one(Vr::PN, "wangxiaodong", "王　小东"));
    assert!(one(Vr::PN, "赵^𬀩", "Zhao^Yan=赵^𬀩") && one(Vr::PN, "*䶮", "石䶮"));
    assert!(one(Vr::PN, "shan*", "单^国强") && one(Vr::PN, "MÜLLER*", "Müller^Jörg"));
    assert!(attribute(Vr::PN, &list(&["瑋"]), &list(&["Lu^Wei=卢^瑋"]), true), "fuzzy looks inside");
    assert!(!attribute(Vr::PN, &list(&["王"]), &[], true), "no name is no match");
}

#[test]
fn dates_and_times() {
    for (key, yes) in [
        ("20260115", true),
        ("20260101-20260331", true),
        ("20260116-", false),
        ("-20260115", true),
        ("2026.01.15", true),
    ] {
        assert_eq!(one(Vr::DA, key, "20260115"), yes, "{key}");
    }
    for (key, yes) in [
        ("08", true),
        ("0830", true),
        ("083001", false),
        ("0800-0830", true),
        ("0831-", false),
        ("08:30", true),
    ] {
        assert_eq!(one(Vr::TM, key, "083000.5"), yes, "{key}");
    }
    for bad in ["2026", "20260115x", "-", "20260101-2026", "20260101-20260102-20260103"] {
        assert_eq!(range(Vr::DA, bad), None, "{bad}");
    }
    assert!(combined("20260101-20260103", "2200-0600", "20260102", "120000"), "in the middle at noon");
    assert!(!combined("20260101-20260103", "2200-0600", "20260101", "210000"));
    assert!(!combined("20260101-20260103", "2200-0600", "20260103", "070000"));
    assert!(
        combined("20260101-", "2200-", "20260102", "0100")
            && !combined("20260101-", "2200-", "20260101", "2159")
    );
    assert!(
        combined("-20260103", "-0600", "20260103", "055959.9")
            && !combined("-20260103", "-0600", "20260103", "06:01")
    );
    for (date, time, one) in [
        ("20260101-20260103", "2200-0600", true),
        ("20260101-", "2200-", true),
        ("-20260101", "-2200", true),
        ("20260101-20260103", "2200-", false),
        ("20260101", "2200-2300", false),
        ("20260101-20260103", "", false),
        ("-", "-", false),
    ] {
        assert_eq!(is_combined(date, time), one, "{date} {time}");
    }
}

#[test]
fn sequences_and_unknown_attributes() {
    let mut step = Attributes::default();
    step.put(tag::MODALITY, "CR");
    let mut held = Attributes::default();
    held.put_items(Tag(0x0040_0100), vec![step.clone()]).put(tag::PATIENT_ID, "P1");
    let key = |modality: &str| {
        let (mut inner, mut keys) = (Attributes::default(), Attributes::default());
        inner.put(tag::MODALITY, modality);
        keys.put_items(Tag(0x0040_0100), vec![inner]).put(Tag(0x0010_21B0), "asked");
        keys
    };
    assert!(row(&key("CR"), &held, false) && row(&key(""), &held, false));
    assert!(!row(&key("CT"), &held, false));
    let mut keys = Attributes::default();
    keys.put(tag::STUDY_UID, "1.2/..");
    assert_eq!(malformed(&keys), Some(tag::STUDY_UID));
    assert_eq!(malformed(&key("CR")), None);
}

proptest! {
    #[test]
    fn a_text_matches_itself_with_stars(text in "\\PC{0,20}", cut in 0usize..20) {
        let chars: Vec<char> = text.chars().filter(|c| !matches!(c, '*' | '?')).collect();
        let plain: String = chars.iter().collect();
        let mut pattern: String = chars.iter().take(cut).collect();
        pattern.push('*');
        prop_assert!(wildcard(&plain, &plain));
        prop_assert!(wildcard(&pattern, &plain));
    }
}
