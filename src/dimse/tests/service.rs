//! What a friendly peer sees.

use tokio::io::AsyncWriteExt;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_formats::dicom::{part10, uid};

use super::*;
use crate::dimse::scu::{self, NOT_SENT, Object};
use crate::dimse::wire::{put_fragment, put_message};

async fn stored_bytes(stand: &Stand, instance: &str) -> Vec<u8> {
    let mut read = stand.bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let row = read.one("SELECT object_hash FROM instance WHERE uid = $1", args![instance]).await.unwrap();
    stand.bench.ctx.blobs.read(&row.text("object_hash").unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn echo_and_the_refusals() {
    let stand = stand().await;
    assert!(scu::echo(&stand.target("CR01")).await.is_ok());
    let wrong = Target { called_ae: "WRONG".into(), ..stand.target("CR01") };
    assert!(scu::echo(&wrong).await.unwrap_err().what.contains("called ae title"));
    assert!(scu::echo(&stand.target("NOBODY")).await.unwrap_err().what.contains("calling ae title"));
    assert!(scu::echo(&stand.target("FAR")).await.unwrap_err().what.contains("calling ae title"));
    let mut read = stand.bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    assert!(
        read.one("SELECT last_seen_at FROM peer WHERE id = 'p1'", args![])
            .await
            .unwrap()
            .opt_int("last_seen_at")
            .unwrap()
            .is_some()
    );
    drop(read);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoofed_title_is_audited() {
    let stand = stand().await;
    assert!(scu::echo(&stand.target("FAR")).await.is_err());
    assert_eq!(stand.count("audit").await, 1);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_what_was_sent() {
    let stand = stand().await;
    let big = file("1.2.3.4.1", 7, 700);
    let small = file("1.2.3.4.2", 8, 4);
    let broken = b"not a file".to_vec();
    let objects = [Object::Bytes(big), Object::Bytes(small), Object::Bytes(broken)];
    let sent = scu::store(&stand.target("CR01"), &objects).await.unwrap();
    let statuses: Vec<_> = sent.iter().map(|s| s.status).collect();
    assert_eq!(statuses, [0, 0, NOT_SENT]);
    for (instance, pixel, side) in [("1.2.3.4.1", 7, 700), ("1.2.3.4.2", 8, 4)] {
        let mut expected = part10::head(CR, instance, uid::EXPLICIT_LE);
        expected.extend_from_slice(&data_set(instance, pixel, side).encode());
        assert_eq!(stored_bytes(&stand, instance).await, expected);
    }
    // again: 0000, nothing new
    assert_eq!(
        scu::store(&stand.target("CR01"), &objects[..2]).await.unwrap().iter().map(|s| s.status).max(),
        Some(0)
    );
    assert_eq!(stand.count("instance").await, 2);
    // a peer that may not store is told per context
    assert_eq!(scu::store(&stand.target("MUTE"), &objects[1..2]).await.unwrap()[0].status, NOT_SENT);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once() {
    let stand = stand().await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..12 {
        let target = stand.target("CR01");
        calls.spawn(async move {
            let objects: Vec<_> =
                (0..5).map(|m| Object::Bytes(file(&format!("1.2.3.4.{n}.{m}"), 1, 16))).collect();
            scu::store(&target, &objects).await.unwrap().iter().filter(|s| s.status == 0).count()
        });
    }
    assert_eq!(calls.join_all().await.iter().sum::<usize>(), 60);
    assert_eq!(stand.count("instance").await, 60);
    stand.end().await;
}

/// fo-dicom #1960: command and data in one PDU, empty fragments in the middle and at the end.
#[tokio::test(flavor = "multi_thread")]
async fn command_and_data_in_one_pdu_with_empty_fragments() {
    let stand = stand().await;
    let mut stream = stand.scripted().await;
    let data = data_set("1.2.3.4.9", 3, 40).encode();
    let (first, second) = data.split_at(data.len() / 2);
    let command = store_request("1.2.3.4.9");
    let mut body = Vec::new();
    for (control, bytes) in
        [(1_u8, &command[..30]), (3, &command[30..]), (0, first), (0, &[][..]), (0, second), (2, &[][..])]
    {
        body.extend_from_slice(&u32::try_from(bytes.len() + 2).unwrap().to_be_bytes());
        body.extend_from_slice(&[1, control]);
        body.extend_from_slice(bytes);
    }
    let mut bytes = vec![4, 0];
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&body);
    stream.write_all(&bytes).await.unwrap();
    let answer = response(&mut stream).await;
    assert_eq!((answer.status, answer.message_id, answer.sop_instance.as_str()), (0, 5, "1.2.3.4.9"));
    let mut expected = part10::head(CR, "1.2.3.4.9", uid::EXPLICIT_LE);
    expected.extend_from_slice(&data);
    assert_eq!(stored_bytes(&stand, "1.2.3.4.9").await, expected);
    stream.write_all(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(pdu(&mut stream).await.0, 6);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_and_the_association_goes_on() {
    let stand = stand().await;
    let mut stream = stand.scripted().await;
    let rq = |class: &str, instance: &str| {
        Command::Store(StoreRequest {
            message_id: 1,
            sop_class: class.into(),
            sop_instance: instance.into(),
            priority: 0,
            originator: None,
        })
    };
    let set = data_set("1.2.3.4.5", 1, 4).encode();
    let no_uids = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192".to_vec();
    for (command, data, status, comment) in [
        (rq("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.5"), &set, 0xA900, "sop-mismatch"),
        (rq(CR, "../../etc/passwd"), &set, 0xC000, "uid"),
        (rq(CR, "1.2.3.4.77"), &set, 0xA900, "sop-mismatch"),
        (rq(CR, "1.2.3.4.5"), &no_uids, 0xC000, "uid"),
        (rq(CR, "1.2.3.4.5"), &set, 0, ""),
    ] {
        let mut bytes = Vec::new();
        put_message(&mut bytes, 1, true, &command.encode(), 16_384);
        put_fragment(&mut bytes, 1, false, true, data);
        stream.write_all(&bytes).await.unwrap();
        let answer = response(&mut stream).await;
        assert_eq!((answer.status, answer.comment.as_str()), (status, comment));
    }
    let unknown = Command::Other { field: 0x0777, message_id: 8, sop_class: CR.into(), data_set: false };
    let mut bytes = Vec::new();
    put_message(&mut bytes, 1, true, &unknown.encode(), 16_384);
    stream.write_all(&bytes).await.unwrap();
    let answer = response(&mut stream).await;
    assert_eq!((answer.status, answer.to, answer.message_id), (0x0211, 0x0777, 8));
    assert_eq!(stand.count("instance").await, 1);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_association_too_many_is_refused_for_now() {
    let stand = stand().await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(stand.scripted().await);
    }
    let refused = scu::echo(&stand.target("CR01")).await.unwrap_err();
    assert!(refused.what.contains("local limit exceeded"), "{refused}");
    open.clear();
    let mut tries = 0;
    while scu::echo(&stand.target("CR01")).await.is_err() {
        tries += 1;
        assert!(tries < 100, "places are given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stand.end().await;
}
