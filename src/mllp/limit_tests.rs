//! Limits of the port over real sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use yigong_base::access::Permit;
use yigong_base::site::peer;
use yigong_base::testing;
use yigong_formats::hl7::frame::wrap;

use super::tests::{result_message, serve, talk};

#[tokio::test]
async fn a_large_peer_may_send_a_document_and_others_may_not() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let document = "QUJD".repeat(2 << 20);
    let message =
        result_message("1", "4.0") + &format!("OBX|3|ED|PDF^report||YG^AP^PDF^Base64^{document}||||||F\r");
    assert!(message.len() > 8 << 20);
    let permit = Permit::system("test");
    let ctx = &server.bench.ctx;
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let analyser = peer::list(&mut tx).await.unwrap().into_iter().find(|p| p.name == "BS-240").unwrap();
    let mut large = analyser.clone();
    large.policy = serde_json::json!({"dialect": "generic-2.3.1", "large": true});
    peer::update(&mut tx, ctx, &permit, &large).await.unwrap();
    tx.commit().await.unwrap();
    let answer = talk(&server, &wrap(message.as_bytes()), 1).await;
    assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|1|"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    peer::update(&mut tx, ctx, &permit, &analyser).await.unwrap();
    tx.commit().await.unwrap();
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    // the server stops reading at its limit, so the rest may not go through
    let _ = stream.write_all(&wrap(message.as_bytes())).await;
    let mut got = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut got)).await.unwrap();
    assert!(!String::from_utf8_lossy(&got).contains("MSA|AA"));
}

#[tokio::test]
async fn one_address_has_eight_connections_and_no_more() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(TcpStream::connect(&server.address).await.unwrap());
    }
    for (i, stream) in open.iter_mut().enumerate() {
        stream.write_all(&wrap(result_message(&format!("N{i}"), "4.0").as_bytes())).await.unwrap();
        let mut answer = [0_u8; 512];
        let n =
            tokio::time::timeout(Duration::from_secs(20), stream.read(&mut answer)).await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&answer[..n]).contains(&format!("MSA|AA|N{i}")));
    }
    let mut ninth = TcpStream::connect(&server.address).await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), ninth.read_to_end(&mut rest)).await;
    assert!(closed.is_ok() && rest.is_empty(), "the ninth is closed without a word");
    drop(open.pop());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = talk(&server, &wrap(result_message("later", "4.0").as_bytes()), 1).await;
    assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|later"), "a freed place is given again");
}
