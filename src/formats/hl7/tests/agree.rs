//! Held against another reader: `hl7_parser` finds the same segments and fields in every text that is read here.
//!
//! The other reader takes the five bytes after `MSH` as delimiters, whatever they are, and drops segments of text that was
//! not set right before. So it gets the normalised text, with exactly four characters in MSH-2.

use proptest::prelude::*;

use crate::hl7::*;

/// The text with four characters in MSH-2; undeclared ones become control characters that it does not hold.
fn for_other(message: &Message) -> String {
    let d = message.delimiters();
    let text = message.text();
    let mut spare = (1_u8..=8).chain(14..=27).map(char::from).filter(|c| !text.contains(*c));
    let four: String = [d.component, d.repetition, d.escape, d.subcomponent]
        .into_iter()
        .map(|declared| declared.unwrap_or_else(|| spare.next().unwrap()))
        .collect();
    let rest = &text[4..];
    let msh2 = rest.find([d.field, '\r']).unwrap();
    format!("MSH{}{four}{}", d.field, rest[msh2..].trim_end_matches('\r'))
}

/// Name and fields from the third on (MSH) or the first on (others). Empty fields at the end are left out: the other reader
/// gives `MSH|^~\&` no field 3 and a bare `NTE|` one.
fn cut(name: &str, fields: Vec<&str>) -> (String, Vec<String>) {
    let skip = if name == "MSH" { 2 } else { 0 };
    let mut fields: Vec<String> = fields.into_iter().skip(skip).map(str::to_owned).collect();
    while fields.last().is_some_and(String::is_empty) {
        fields.pop();
    }
    (name.to_owned(), fields)
}

/// Whether both readers see the same.
pub(super) fn agree(message: &Message) {
    let ours: Vec<_> = message
        .segments()
        .map(|s| cut(s.name(), (1..=s.field_count()).map(|n| s.raw(n)).collect()))
        .collect();
    let text = for_other(message);
    let other = hl7_parser::Message::parse(&text).expect("the other reader refuses the text");
    let theirs: Vec<_> =
        other.segments.iter().map(|s| cut(s.name, s.fields().map(|f| f.raw_value()).collect())).collect();
    assert_eq!(ours, theirs);
}

fn field() -> impl Strategy<Value = String> {
    r#"[a-zA-Z0-9 白细胞\\^~&."]{0,12}"#
}

fn segment() -> impl Strategy<Value = String> {
    ("(PID|OBR|OBX|NTE|ZA1)", prop::collection::vec(field(), 1..12))
        .prop_map(|(name, fields)| format!("{name}|{}", fields.join("|")))
}

proptest! {
    #[test]
    fn two_readers_find_the_same_fields(segments in prop::collection::vec(segment(), 1..12), tail in field()) {
        let text = format!("MSH|^~\\&|A|B|||2026||ORU^R01|{tail}|P|2.5.1\r{}\r", segments.join("\r"));
        let options = ReadOptions { charset: Some(Charset::Utf8), join_wrapped: false };
        let received = receive(text.as_bytes(), &options).unwrap();
        prop_assert_eq!(received.messages.len(), 1);
        agree(received.messages[0].as_ref().unwrap());
    }
}

#[test]
fn also_with_other_and_fewer_delimiters() {
    for text in [
        "MSH$%*@!$APP$FAC$$$2026$$ORU%R01$ID9$P$2.4\rPID$1$$a%b*c\r",
        "MSH|^~\\&#|APP|FAC|||2026||ORU^R01|ID9|P|2.7\rOBX|1|NM|K||7.1\r",
        "MSH|^~\\|APP\rNTE|\rOBX|1||a&b\r",
        "MSH|^|APP\rOBX|\r",
    ] {
        let received = receive(text.as_bytes(), &ReadOptions::default()).unwrap();
        agree(received.messages[0].as_ref().unwrap());
    }
}
