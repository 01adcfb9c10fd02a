//! Round trips, tolerance, refusal.

use proptest::prelude::*;

use super::{
    C_ECHO, C_FIND, C_MOVE, C_STORE, Command, CommandError, Counts, FindRequest, MoveRequest,
    NormalisedRequest, Response, StoreRequest, Verb,
};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn response(to: u16, status: u16, comment: &str) -> Command {
    Command::Response(Response {
        to,
        message_id: 7,
        sop_class: CT.into(),
        sop_instance: "2.25.1".into(),
        status,
        comment: comment.into(),
        counts: None,
        data_set: status == 0xFF00,
    })
}

fn moved(counts: Counts) -> Command {
    let status = if counts.remaining.is_some() { 0xFF00 } else { 0xB000 };
    Command::Response(Response {
        to: C_MOVE,
        message_id: 6,
        status,
        counts: Some(counts),
        ..Response::default()
    })
}

fn normalised(operation: Verb, data_set: bool) -> Command {
    Command::Normalised(NormalisedRequest {
        message_id: 9,
        verb: operation,
        sop_class: "1.2.840.10008.1.20.1".into(),
        sop_instance: "1.2.840.10008.1.20.1.1".into(),
        data_set,
    })
}

/// PS3.7 §10.3: who asks about an instance requests it, who makes or reports one affects it.
#[test]
fn normalised_requests_name_their_instance_in_the_right_element() {
    for (operation, class, instance) in [
        (Verb::EventReport(1), 0x02, 0x1000),
        (Verb::Create, 0x02, 0x1000),
        (Verb::Get(Vec::new()), 0x03, 0x1001),
        (Verb::Set, 0x03, 0x1001),
        (Verb::Action(1), 0x03, 0x1001),
        (Verb::Delete, 0x03, 0x1001),
    ] {
        let set = super::Elements::decode(&normalised(operation.clone(), false).encode()).expect("readable");
        assert!(set.text(class).is_some() && set.text(instance).is_some(), "{operation:?}");
        assert!(set.text(class ^ 1).is_none() && set.text(instance ^ 1).is_none(), "{operation:?}");
    }
    let mut nameless = super::Elements::default();
    for (number, value) in [(0x0100, 0x0120), (0x0110, 1), (0x0800, 0x0101)] {
        nameless.put_us(number, value);
    }
    assert_eq!(Command::decode(&nameless.encode()), Err(CommandError::Missing(0x1001)));
}

#[test]
fn every_message_comes_back() {
    let messages = [
        Command::Echo { message_id: 1, sop_class: "1.2.840.10008.1.1".into() },
        Command::Store(StoreRequest {
            message_id: 65535,
            sop_class: CT.into(),
            sop_instance: "1.2.3".into(),
            priority: 2,
            originator: Some(("MOVER".into(), 9)),
        }),
        Command::Store(StoreRequest {
            message_id: 2,
            sop_class: CT.into(),
            sop_instance: "1.2".into(),
            priority: 0,
            originator: None,
        }),
        Command::Find(FindRequest {
            message_id: 3,
            sop_class: "1.2.840.10008.5.1.4.1.2.2.1".into(),
            priority: 1,
        }),
        Command::Get(FindRequest {
            message_id: 5,
            sop_class: "1.2.840.10008.5.1.4.1.2.2.3".into(),
            priority: 0,
        }),
        Command::Move(MoveRequest {
            message_id: 6,
            sop_class: "1.2.840.10008.5.1.4.1.2.2.2".into(),
            priority: 0,
            destination: "ME".into(),
        }),
        moved(Counts { remaining: Some(3), completed: 1, failed: 0, warned: 2 }),
        moved(Counts { remaining: None, completed: 4, failed: 1, warned: 0 }),
        Command::Cancel { responded_id: 3 },
        response(C_ECHO, 0, ""),
        response(C_STORE, 0xA700, "storage"),
        response(C_FIND, 0xFF00, ""),
        Command::Other { field: 0x0777, message_id: 4, sop_class: CT.into(), data_set: true },
        normalised(Verb::EventReport(2), true),
        normalised(Verb::Get(vec![0x0040_0252, 0x0010_0010]), false),
        normalised(Verb::Get(Vec::new()), false),
        normalised(Verb::Set, true),
        normalised(Verb::Action(1), true),
        normalised(Verb::Create, true),
        normalised(Verb::Delete, false),
    ];
    for message in messages {
        let bytes = message.encode();
        assert_eq!(Command::decode(&bytes).as_ref(), Ok(&message));
        let length = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        assert_eq!(length as usize, bytes.len() - 12, "group length of {message:?}");
    }
}

#[test]
fn an_echo_as_dcmtk_sends_it() {
    let bytes = [
        0, 0, 0, 0, 4, 0, 0, 0, 56, 0, 0, 0, // group length
        0, 0, 2, 0, 18, 0, 0, 0, b'1', b'.', b'2', b'.', b'8', b'4', b'0', b'.', b'1', b'0', b'0', b'0',
        b'8', b'.', b'1', b'.', b'1', 0, 0, 0, 0, 1, 2, 0, 0, 0, 0x30, 0, 0, 0, 0x10, 1, 2, 0, 0, 0, 1, 0, 0,
        0, 0, 8, 2, 0, 0, 0, 1, 1,
    ];
    assert_eq!(
        Command::decode(&bytes),
        Ok(Command::Echo { message_id: 1, sop_class: "1.2.840.10008.1.1".into() })
    );
}

#[test]
fn broken_sets_are_named() {
    let good = response(C_STORE, 0, "").encode();
    assert_eq!(Command::decode(&good[..good.len() - 1]), Err(CommandError::Truncated));
    assert_eq!(Command::decode(&[]), Err(CommandError::Missing(0x0100)));
    assert_eq!(Command::decode(&vec![0; 64 * 1024 + 1]), Err(CommandError::TooLong));
    let foreign = [8, 0, 5, 0, 0, 0, 0, 0];
    assert_eq!(Command::decode(&foreign), Err(CommandError::Foreign));
    let huge = [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0];
    assert_eq!(Command::decode(&huge), Err(CommandError::Truncated));
}

#[test]
fn a_comment_is_short_ascii() {
    let long = format!("价\\{}", "x".repeat(100));
    let Ok(Command::Response(back)) = Command::decode(&response(C_STORE, 0xC000, &long).encode()) else {
        panic!("a response must come back")
    };
    assert!(back.comment.len() <= 64 && back.comment.starts_with("??x"));
}

proptest! {
    #[test]
    fn decode_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Command::decode(&bytes);
    }

    #[test]
    fn group_0000_bytes_never_panic(numbers in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..6)), 0..20)) {
        let mut bytes = Vec::new();
        for (n, v) in numbers {
            super::elements::write(&mut bytes, n, &v);
        }
        if let Ok(command) = Command::decode(&bytes) {
            let _ = Command::decode(&command.encode());
        }
    }
}
