//! HL7: what an instrument or a HIS may send between VT and FS.

use yigong_formats::hl7::{self, AckCode, Charset, Header, Message, ReadOptions, ack};

/// A frame is read whole or refused; what is read can be asked for anything and answered.
pub fn hl7(data: &[u8]) {
    let (choice, data) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let charset = [None, Some(Charset::Utf8), Some(Charset::Gb18030), Some(Charset::Latin1)];
    let options = ReadOptions { charset: charset[usize::from(choice & 3)], join_wrapped: choice & 4 != 0 };
    let _ = Header::sniff(data);
    let Ok(received) = hl7::receive(data, &options) else { return };
    for message in received.messages.iter().flatten() {
        whole(message);
        let header = Header::of(message);
        ack::build(&header, AckCode::Accept, &ack::Detail::default(), "1", "20260101");
    }
}

/// The plainest reader there is: lines by CR, fields by the separator.
fn whole(message: &Message) {
    let separator = message.delimiters().field;
    let mut lines = message.text().split_terminator('\r');
    for segment in message.segments() {
        let line = lines.next().expect("a segment has a line");
        let mut fields: Vec<&str> = (0..=segment.field_count()).map(|n| segment.raw(n)).collect();
        if segment.index == 0 {
            // MSH-1 is the separator itself.
            assert_eq!(fields.remove(1), separator.to_string());
        }
        assert_eq!(fields, line.split(separator).collect::<Vec<_>>());
        for field in 0..=segment.field_count() + 1 {
            let _ = (segment.whole(field), segment.component(field, 2));
            for repetition in segment.repetitions(field) {
                segment.component_of(repetition, 1);
            }
        }
    }
    assert_eq!(lines.next(), None, "a line without a segment");
}
