//! What a hostile or lost peer sees, and that the others do not notice.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use tokio::net::TcpSocket;

use super::*;
use crate::dimse::scu;
use crate::dimse::wire::put_fragment;

async fn speak(stand: &Stand, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(stand.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    hear(&mut stream).await
}

async fn hear(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    // A reset after the answer is as good as a close.
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut heard))
        .await
        .expect("the connection must be closed");
    heard
}

fn is_abort(heard: &[u8], reason: u8) -> bool {
    heard == [7, 0, 0, 0, 0, 4, 0, 0, 2, reason]
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_bytes_are_aborted_at_once() {
    let stand = stand().await;
    let mut tls = vec![0x16, 3, 1, 2, 0, 1];
    tls.resize(517, 0xAA);
    let mut many = request("CR01");
    for _ in 0..16_000 {
        many.extend_from_slice(&[0x77, 0, 0, 0]);
    }
    let length = u32::try_from(many.len() - 6).unwrap().to_be_bytes();
    many.splice(2..6, length);
    for (bytes, reason) in [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 1),
        (tls, 1),
        (vec![4, 0, 0xFF, 0xFF, 0xFF, 0xF0, 1, 2, 3], 6),
        (vec![1, 0, 0xFF, 0xFF, 0xFF, 0xFF], 6),
        (vec![5, 0, 0, 0, 0, 4, 0, 0, 0, 0], 2),
        (many, 6),
        (vec![1, 0, 0, 0, 0, 4, 0, 1, 0, 0], 6),
    ] {
        let began = std::time::Instant::now();
        let heard = speak(&stand, &bytes).await;
        assert!(is_abort(&heard, reason), "{heard:?} after {:?}", &bytes[..6]);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert!(scu::echo(&stand.target("CR01")).await.is_ok());
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_message_are_kept() {
    let stand = stand().await;
    let mut huge = Vec::new();
    for _ in 0..9 {
        put_fragment(&mut huge, 1, true, false, &[0; 8_000]);
    }
    let mut other_context = Vec::new();
    put_fragment(&mut other_context, 3, true, true, &store_request("1.2.3"));
    let mut data_first = Vec::new();
    put_fragment(&mut data_first, 1, false, true, b"data");
    let mut released_inside = Vec::new();
    put_fragment(&mut released_inside, 1, true, true, &store_request("1.2.3"));
    released_inside.extend_from_slice(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    let mut command_inside = Vec::new();
    put_fragment(&mut command_inside, 1, true, true, &store_request("1.2.3"));
    put_fragment(&mut command_inside, 1, true, true, &store_request("1.2.3"));
    let mut noise = Vec::new();
    put_fragment(&mut noise, 1, true, true, &[0xAB; 99]);
    let past_the_end = vec![4, 0, 0, 0, 0, 6, 0, 0, 0xFF, 0xFF, 1, 3];
    let long_pdu = vec![4, 0, 0, 2, 0, 1, 9];
    for (bytes, reason) in [
        (huge, 6),
        (other_context, 6),
        (data_first, 5),
        (released_inside, 2),
        (command_inside, 5),
        (noise, 6),
        (past_the_end, 6),
        (long_pdu, 6),
    ] {
        let mut stream = stand.scripted().await;
        stream.write_all(&bytes).await.unwrap();
        let heard = hear(&mut stream).await;
        assert!(is_abort(&heard, reason), "{heard:?}, expected reason {reason}");
    }
    assert_eq!(stand.count("instance").await, 0);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_silent_peers_do_not_stop_the_others() {
    let stand = stand().await;
    let mut slow = Vec::new();
    // one host, with more connections than there are places for those that have not associated
    for n in 0..700 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stream = socket.connect(stand.address).await.unwrap();
        if n % 2 == 0 {
            // beyond its share it is closed at once
            let _ = stream.write_all(&[1]).await;
        }
        slow.push(stream);
    }
    let began = std::time::Instant::now();
    assert!(scu::echo(&stand.target("CR01")).await.is_ok());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    // the first byte was sent, the request never: closed after 5 s
    assert!(hear(&mut slow[0]).await.is_empty());
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_object_leaves_nothing() {
    let stand = stand().await;
    let mut stream = stand.scripted().await;
    let mut bytes = Vec::new();
    put_fragment(&mut bytes, 1, true, true, &store_request("1.2.3.4.5"));
    put_fragment(&mut bytes, 1, false, false, &data_set("1.2.3.4.5", 1, 100).encode()[..5_000]);
    bytes.extend_from_slice(&[7, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    stream.write_all(&bytes).await.unwrap();
    assert!(hear(&mut stream).await.is_empty());
    assert_eq!(stand.count("instance").await, 0);
    stand.end().await;
}
