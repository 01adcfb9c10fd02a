//! Reading and answering, case by case.

use crate::hl7::*;

fn read_one(text: &str) -> Message {
    receive(text.as_bytes(), &ReadOptions::default()).unwrap().messages.swap_remove(0).unwrap()
}

fn ack_of(text: &str, code: AckCode, detail: &ack::Detail) -> String {
    let header = Header::of(&read_one(text));
    String::from_utf8(ack::build(&header, code, detail, "77", "20260101")).unwrap()
}

#[test]
fn the_answer_swaps_the_parties_and_repeats_the_id() {
    let text = "MSH|^~\\&|HIS|C01|YIGONG|LEAD|20260101||ORU^R01|ab\\c 1|P|2.5.1||||||UNICODE UTF-8\rPID|1\r";
    let got = ack_of(text, AckCode::Accept, &ack::Detail::default());
    assert_eq!(
        got,
        "MSH|^~\\&|YIGONG|LEAD|HIS|C01|20260101||ACK^R01^ACK|77|P|2.5.1||||||UNICODE UTF-8\rMSA|AA|ab\\c 1|\r"
    );
    let error = ReadError::new(3, ErrorCode::SegmentSequence, "line does not start with a segment name");
    let got = ack_of(text, AckCode::Error, &ack::Detail::from(&error));
    assert!(got.contains("\rERR|||100^Segment sequence error^HL70357|E|||3|line 3: line"), "{got}");
    let old = text.replace("2.5.1", "2.3.1");
    let got = ack_of(&old, AckCode::Reject, &ack::Detail::from(&error));
    assert!(
        got.contains("ACK^R01|77") && got.contains("\rERR|^3^^100&Segment sequence error&HL70357\r"),
        "{got}"
    );
}

#[test]
fn own_delimiters_and_the_hash_of_27() {
    let m = read_one("MSH$%*@!$APP$FAC$$$2026$$ORU%R01$ID9$P$2.4\rPID$1$$a%b*c\r");
    assert_eq!((m.control_id(), m.segment("PID").unwrap().component(3, 2).as_str()), ("ID9", "b"));
    let m = read_one("MSH|^~\\&#|APP|FAC|||2026||ORU^R01|ID9|P|2.7\rOBX|1|NM|K||7.1\r");
    assert_eq!(
        (m.control_id(), m.segment("MSH").unwrap().raw(3), m.segment("MSH").unwrap().raw(2)),
        ("ID9", "APP", "^~\\&#")
    );
}

#[test]
fn only_the_four_words_switch_the_mode() {
    let header =
        |a: &str, b: &str| Header::of(&read_one(&format!("MSH|^~\\&|||||||ORU^R01|1|P|2.3.1|||{a}|{b}\r")));
    for (a, b) in [("", ""), ("", "0"), ("", "2"), ("P", ""), ("al", "")] {
        assert_eq!(AckMode::of(&header(a, b)), AckMode::Original);
    }
    assert_eq!(
        AckMode::of(&header("AL", "AL")),
        AckMode::Enhanced { commit: ack::Ask::Always, application: ack::Ask::Always }
    );
    assert_eq!(
        AckMode::of(&header("NE", "NE")),
        AckMode::Enhanced { commit: ack::Ask::Never, application: ack::Ask::Never }
    );
}

#[test]
fn nothing_after_damage_is_lost() {
    let head = "MSH|^~\\&|A|B|||2026||ORU^R01|1|P|2.3.1\r";
    for damage in ["\r", "   \r", "NTE\r", "OBX|1|TX|a||one\ntwo\r", "OBX|1|TX|a||白细胞\\.br\\偏高\r"] {
        let m = read_one(&format!("{head}{damage}OBX|2|NM|K||9.9\r"));
        assert_eq!(m.segments().next_back().unwrap().text(5), "9.9", "{damage:?}");
    }
}

#[test]
fn absent_empty_and_null_are_three_values() {
    use crate::hl7::message::Value;
    let m = read_one("MSH|^~\\&|A|B|||2026||ADT^A08|1|P|2.3.1\rPID|1||\"\"|^x\r");
    let pid = m.segment("PID").unwrap();
    assert_eq!(
        (pid.value(2, 1), pid.value(3, 1), pid.value(4, 2), pid.value(9, 1)),
        (Value::Empty, Value::Null, Value::Text("x"), Value::Absent)
    );
    assert_eq!(pid.text(3), "");
}

#[test]
fn a_refused_message_still_has_its_id() {
    let h = Header::sniff(b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|X 1|P|2.5\rgarbage\xFF\r").unwrap();
    assert_eq!((h.control_id.as_str(), h.sending_app.as_str()), ("X 1", "A"));
    assert!(
        Header::sniff(b"PID|1").is_none() && Header::sniff(b"").is_none() && Header::sniff(b"MSH").is_none()
    );
    let gb = Charset::Gb18030.encode("MSH|^~\\&|A|珅院|C|D|2026||ORU^R01|9|P|2.5\r").unwrap();
    assert_eq!(Header::sniff(&gb).unwrap().control_id, "9");
}
