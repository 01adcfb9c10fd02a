//! Frame cases of the byte-level list that need no socket, and the splitting property.

use crate::hl7::frame::*;
use proptest::prelude::*;

fn run(limits: Limits, chunks: &[&[u8]]) -> Vec<Event> {
    let mut decoder = Decoder::new(limits);
    let mut events = Vec::new();
    for chunk in chunks {
        let mut rest = *chunk;
        while !rest.is_empty() {
            let (used, event) = decoder.take(rest);
            rest = &rest[used..];
            events.extend(event);
        }
    }
    events.extend(decoder.end());
    events
}

fn whole(body: &[u8]) -> Event {
    Event::Frame { body: body.to_vec(), fs_without_cr: false }
}

#[test]
fn one_frame_however_it_is_cut() {
    let bytes = wrap(b"MSH|^~\\&|");
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(run(Limits::default(), &single), vec![whole(b"MSH|^~\\&|")]);
    let (head, tail) = bytes.split_at(bytes.len() - 1);
    assert_eq!(run(Limits::default(), &[&head[..1], &head[1..], tail]), vec![whole(b"MSH|^~\\&|")]);
}

#[test]
fn two_frames_in_one_write_come_one_at_a_time() {
    let bytes = [wrap(b"one"), wrap(b"two")].concat();
    let mut decoder = Decoder::new(Limits::default());
    let (used, event) = decoder.take(&bytes);
    assert_eq!((used, event), (6, Some(whole(b"one"))));
    assert_eq!(decoder.waiting(), Waiting::Idle);
    assert_eq!(decoder.take(&bytes[used..]).1, Some(whole(b"two")));
}

#[test]
fn an_abandoned_frame_is_kept_and_the_next_is_whole() {
    assert_eq!(
        run(Limits::default(), &[b"\x0Bold\x0Bnew\x1C\r"]),
        vec![Event::Aborted(b"old".to_vec()), whole(b"new")]
    );
    assert_eq!(run(Limits::default(), &[b"\x0Bcut"]), vec![Event::Aborted(b"cut".to_vec())]);
}

#[test]
fn fs_without_cr() {
    let late = |body: &[u8]| Event::Frame { body: body.to_vec(), fs_without_cr: true };
    assert_eq!(run(Limits::default(), &[b"\x0Ba\x1C\x0Bb\x1C\r"]), vec![late(b"a"), whole(b"b")]);
    assert_eq!(run(Limits::default(), &[b"\x0Ba\x1C\n\x0Bb\x1C"]), vec![late(b"a"), late(b"b")]);
    let strict = Limits { strict_end: true, ..Limits::default() };
    assert_eq!(run(strict, &[b"\x0Ba\x1C\x0Bb\x1C\r"]), vec![Event::NotStrict(b"a".to_vec())]);
    let mut decoder = Decoder::new(Limits::default());
    decoder.take(b"\x0Ba\x1C");
    assert_eq!(decoder.waiting(), Waiting::AfterFs);
    assert_eq!(decoder.silence(), Some(late(b"a")));
    assert_eq!(decoder.silence(), None);
}

#[test]
fn fs_inside_data_closes() {
    let events = run(Limits::default(), &[b"\x0Bab\x1Ccd\x1C\r\x0Bx\x1C\r"]);
    assert_eq!(events, vec![Event::FsInside(b"ab\x1C".to_vec())]);
    assert!(events[0].closes());
}

#[test]
fn junk_is_counted_and_line_ends_are_not_junk() {
    let events = run(Limits::default(), &[b"hello\r\n\r\r\x0Ba\x1C\r\x1C\r\x0Bb\x1C\r"]);
    assert_eq!(events[0], Event::Junk { count: 9, first: b"hello\r\n\r\r".to_vec() });
    assert_eq!(events[1], whole(b"a"));
    assert!(matches!(events[2], Event::Junk { count: 2, .. }));
    assert_eq!(run(Limits::default(), &[b"\r\n\x0Ba\x1C\r"]), vec![whole(b"a")]);
    let mut decoder = Decoder::new(Limits::default());
    decoder.take(&[b'x'; 5000]);
    assert_eq!((decoder.waiting(), decoder.held()), (Waiting::ForStart, 0));
    let Some(Event::Junk { count, first }) = decoder.end() else { panic!("junk expected") };
    assert_eq!((count, first.len()), (5000, 64));
}

#[test]
fn the_limit_holds_and_memory_with_it() {
    let limits = Limits { max_frame: 100, strict_end: false };
    assert_eq!(run(limits, &[&wrap(&[b'a'; 100])]), vec![whole(&[b'a'; 100])]);
    let events = run(limits, &[&wrap(&[b'a'; 101])]);
    assert!(matches!(&events[..], [Event::TooLong(kept)] if kept.len() == 100));
    let mut decoder = Decoder::new(limits);
    decoder.take(b"\x0B");
    for _ in 0..1000 {
        decoder.take(&[b'b'; 4096]);
        assert!(decoder.held() <= 100);
    }
    assert_eq!(decoder.waiting(), Waiting::Closed);
}

#[test]
fn an_empty_frame_is_an_empty_body() {
    assert_eq!(run(Limits::default(), &[b"\x0B\x1C\r"]), vec![whole(b"")]);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        bytes in prop::collection::vec(prop_oneof![Just(0x0B_u8), Just(0x1C), Just(0x0D), Just(b'\n'), any::<u8>()], 0..400),
        cuts in prop::collection::vec(0_usize..400, 0..20),
    ) {
        let once = run(Limits { max_frame: 64, strict_end: false }, &[&bytes]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        prop_assert_eq!(run(Limits { max_frame: 64, strict_end: false }, &chunks), once);
    }
}
