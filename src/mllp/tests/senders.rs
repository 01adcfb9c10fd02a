//! What is remembered of the senders never outlives a change of them, also on a connection that stays open.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use yigong_base::access::Permit;
use yigong_base::site::{Peer, peer};
use yigong_base::testing;
use yigong_clinic::lab;

use super::{Server, reader, result_message, serve, wrap};

async fn ask(stream: &mut TcpStream, id: &str) -> String {
    stream.write_all(&wrap(result_message(id, "4.0").as_bytes())).await.unwrap();
    let mut got = vec![0_u8; 4096];
    let n = stream.read(&mut got).await.unwrap();
    String::from_utf8_lossy(&got[..n]).into_owned()
}

async fn change(server: &Server, change: impl FnOnce(&mut Peer)) {
    let (ctx, permit) = (&server.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut of_lead = peer::list(&mut tx).await.unwrap().into_iter().find(|p| p.name == "BS-240").unwrap();
    change(&mut of_lead);
    peer::update(&mut tx, ctx, &permit, &of_lead).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_changed_sender_is_another_one_from_the_next_message_on() {
    for bench in testing::engines().await.unwrap() {
        let server = serve(bench).await;
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        assert!(ask(&mut stream, "S1").await.contains("MSA|AA|S1|"));
        change(&server, |p| p.facility = "C02".into()).await;
        assert!(ask(&mut stream, "S2").await.contains("MSA|AA|S2|"));
        change(&server, |p| p.enabled = false).await;
        assert!(ask(&mut stream, "S3").await.contains("MSA|AR|S3|"));
        change(&server, |p| p.enabled = true).await;
        assert!(ask(&mut stream, "S4").await.contains("MSA|AA|S4|"));
        // Two messages came under the new facility, one under the old one.
        let mut conn = reader(&server).await;
        for (facility, count) in [("LEAD", 1), ("C02", 2)] {
            let permit = Permit::peer("test", facility);
            let kept = lab::messages::list(&mut conn, &permit, "").await.unwrap();
            let done = kept.iter().filter(|m| m.state == "done").count();
            assert_eq!(done, count, "{facility}: {kept:?}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_could_not_be_read_is_read_again() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    assert!(ask(&mut stream, "P1").await.contains("MSA|AA|P1|"));
    change(&server, |p| p.policy = serde_json::json!({"profile": {"dialect": 7}})).await;
    assert!(ask(&mut stream, "P2").await.is_empty(), "no answer: the sender keeps the message");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    change(&server, |p| p.policy = serde_json::json!({"profile": {"dialect": "generic-2.3.1"}})).await;
    assert!(ask(&mut stream, "P2").await.contains("MSA|AA|P2|"));
}
