//! The listener over real sockets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use yigong_base::access::Permit;
use yigong_base::site::{Peer, peer};
use yigong_base::storage::Conn;
use yigong_base::testing::{self, Bench};
use yigong_clinic::{critical, lab, order};
use yigong_formats::hl7::Charset;
use yigong_formats::hl7::frame::wrap;

use super::send;

mod safety;
mod senders;

static PORTS: AtomicU64 = AtomicU64::new(0);

pub(super) struct Server {
    pub(super) bench: Bench,
    pub(super) address: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

pub(super) async fn serve(bench: Bench) -> Server {
    PORTS.fetch_add(1, Ordering::SeqCst);
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    lab::items::seed_demo(&mut tx, &bench.ctx, &permit).await.unwrap();
    for (facility, name, app, policy) in [
        ("C01", "HIS-C01", "HIS", serde_json::json!({})),
        ("LEAD", "BS-240", "Mindray", serde_json::json!({"profile": {"dialect": "generic-2.3.1"}})),
    ] {
        let new = Peer {
            id: String::new(),
            kind: "hl7".into(),
            facility: facility.into(),
            name: name.into(),
            ae_title: None,
            app: Some(app.into()),
            app_facility: Some(facility.into()),
            addresses: "127.0.0.1".into(),
            port: None,
            policy,
            enabled: true,
            last_seen_at: None,
        };
        peer::create(&mut tx, &bench.ctx, &permit, &new).await.unwrap();
    }
    tx.commit().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ctx = bench.ctx.clone();
    tokio::spawn(async move {
        super::run(listener, ctx, async { drop(stopped.await) }).await.unwrap();
    });
    Server { bench, address, stop: Some(stop) }
}

/// Sends raw bytes and reads until `answers` frames came or the peer closed.
pub(super) async fn talk(server: &Server, bytes: &[u8], answers: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut got = Vec::new();
    let mut buffer = [0_u8; 4096];
    while got.iter().filter(|b| **b == 0x1C).count() < answers {
        let n = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap_or(0);
        if n == 0 {
            break;
        }
        got.extend_from_slice(&buffer[..n]);
    }
    got
}

async fn reader(server: &Server) -> yigong_base::storage::Reader {
    server.bench.ctx.db.read(&Permit::system("test")).await.unwrap()
}

async fn alerts(server: &Server) -> usize {
    let mut conn = reader(server).await;
    critical::list::list(&mut conn, &server.bench.ctx, &Permit::system("test"), true).await.unwrap().len()
}

async fn states(conn: &mut Conn) -> Vec<String> {
    lab::messages::list(conn, &Permit::system("test"), "")
        .await
        .unwrap()
        .into_iter()
        .map(|m| m.state)
        .collect()
}

fn order_message(id: &str, charset: &str) -> String {
    format!(
        "MSH|^~\\&|HIS|C01|YIGONG|LEAD|20260901080000||OML^O21^OML_O21|{id}|P|2.5.1||||||{charset}\r\
         PID|1||P77^^^C01^MR||王珅||19630302|M\rORC|NW|L1\rTQ1|1||||||||S\rOBR|1|L1||LYTES^电解质|||||||||胸闷\rSPM|1|B100||SER^血清|||||||||||||20260901075500\r"
    )
}

pub(super) fn result_message(id: &str, k: &str) -> String {
    format!(
        "MSH|^~\\&|Mindray|LEAD|||20260901080000||ORU^R01|{id}|P|2.3.1||||0||ASCII\rPID|1||P77\rOBR|1||B100|BS^240|||20260901075900\r\
         OBX|1|NM|K^Potassium||{k}|mmol/L|3.5-5.3|H|||F|||20260901075900\rOBX|2|NM|NA^Sodium||140|mmol/L|137-147|N|||F|||20260901075900\r"
    )
}

#[tokio::test]
async fn potassium_71_raises_one_alert_and_a_repeat_gets_the_same_bytes() {
    for bench in testing::engines().await.unwrap() {
        let server = serve(bench).await;
        let ack = send::send(
            &server.address,
            order_message("O1", "UNICODE UTF-8").as_bytes(),
            Duration::from_secs(10),
        )
        .await
        .unwrap();
        assert_eq!(ack.code, "AA", "{}", ack.text);
        let text = String::from_utf8(ack.bytes).unwrap();
        assert!(
            text.contains("ORL^O22^ORL_O22") && text.contains("ORC|OK|L1|A0000000001\rSPM|1|B100\r"),
            "{text}"
        );
        let first = talk(&server, &wrap(result_message("1", "7.1").as_bytes()), 1).await;
        assert!(String::from_utf8_lossy(&first).contains("MSA|AA|1|"), "{}", String::from_utf8_lossy(&first));
        assert_eq!(alerts(&server).await, 1);
        for _ in 0..5 {
            assert_eq!(
                talk(&server, &wrap(result_message("1", "7.1").as_bytes()), 1).await,
                first,
                "the stored answer, byte for byte"
            );
        }
        // an instrument restarts its ids: the same result under another id is a replay without effect
        let again = talk(&server, &wrap(result_message("2", "7.1").as_bytes()), 1).await;
        assert!(String::from_utf8_lossy(&again).contains("MSA|AA|2|"));
        assert_eq!(alerts(&server).await, 1);
        let mut conn = reader(&server).await;
        let queue =
            lab::queue::queue(&mut conn, &server.bench.ctx, &Permit::system("test"), "").await.unwrap();
        let specimen = queue.specimens.first().unwrap();
        assert_eq!((queue.specimens.len(), specimen.results.len(), specimen.lane), (1, 2, "critical"));
        assert_eq!(specimen.patient.name, "王珅");
        assert_eq!(specimen.priority, "stat");
    }
}

#[tokio::test]
async fn bytes_come_in_any_portions_and_pipelined_frames_are_answered_in_order() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let all: Vec<u8> =
        (0..10).flat_map(|i| wrap(result_message(&format!("P{i}"), "4.0").as_bytes())).collect();
    let got = String::from_utf8(talk(&server, &all, 10).await).unwrap();
    let ids: Vec<&str> = got.split("MSA|AA|").skip(1).filter_map(|s| s.split('|').next()).collect();
    assert_eq!(ids, (0..10).map(|i| format!("P{i}")).collect::<Vec<_>>());
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    for byte in wrap(result_message("slow", "4.0").as_bytes()) {
        stream.write_all(&[byte]).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("MSA|AA|slow|"), "answered although the sender closed its side: {rest}");
}

#[tokio::test]
async fn a_clinic_may_not_use_a_control_id_twice_and_strangers_are_refused() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let say = |text: String| {
        let server = &server;
        async move { String::from_utf8_lossy(&talk(server, &wrap(text.as_bytes()), 1).await).into_owned() }
    };
    assert!(say(order_message("O1", "UNICODE UTF-8")).await.contains("MSA|AA|O1"));
    let other = order_message("O1", "UNICODE UTF-8").replace("|L1|", "|L9|");
    let got = say(other).await;
    assert!(got.contains("MSA|AR|O1") && got.contains("205^Duplicate key identifier"), "{got}");
    let got = say(result_message("1", "4.0").replace("Mindray|LEAD", "Mindray|C02")).await;
    assert!(got.contains("MSA|AR|1") && got.contains("207"), "{got}");
    assert!(say(order_message("", "UNICODE UTF-8")).await.contains("101"));
    assert!(
        say("MSH|^~\\&|HIS|C01|||2026||ZZZ^Z99|5|P|2.5\r".into())
            .await
            .contains("200^Unsupported message type")
    );
    assert!(say("MSH|^~\\&|HIS|C01|||2026||ORU^R99|6|P|2.5\r".into()).await.contains("201^"));
    assert!(say("MSH|^~\\&|HIS|C01|||2026||ORU^R01|7|T|2.5\r".into()).await.contains("202^"));
    assert!(say("MSH|^~\\&|HIS|C01|||2026||ORU^R01|8|P|2.9\r".into()).await.contains("203^"));
    assert!(say("PID|1||9\r".into()).await.contains("MSA|AR|"));
    let damaged = result_message("9", "4.0").replace("OBX|2", "OBX 2 lost");
    let got = say(damaged).await;
    assert!(got.contains("MSA|AE|9") && got.contains("ERR|^5^^100&"), "{got}");
    let mut conn = reader(&server).await;
    let states = states(&mut conn).await;
    assert_eq!(states.iter().filter(|s| *s == "done").count(), 1);
    assert_eq!(states.iter().filter(|s| *s == "quarantined").count(), 3);
    assert!(states.len() >= 10, "every refused message is kept: {states:?}");
}

#[tokio::test]
async fn chinese_in_gb18030_is_read_exactly_and_answered_in_kind() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let bytes = Charset::Gb18030.encode(&order_message("G1", "GB18030").replace("胸闷", "東区珅院")).unwrap();
    assert!(String::from_utf8_lossy(&talk(&server, &wrap(&bytes), 1).await).contains("MSA|AA|G1|"));
    let permit = Permit::system("test");
    let mut conn = reader(&server).await;
    let page = order::list(&mut conn, &permit, "", "王珅", None, server.bench.ctx.now()).await.unwrap();
    assert_eq!(page.rows.first().map(|r| r.head.history.as_str()), Some("東区珅院"));
    // text that fits both GB18030 and UTF-8 is taken in, but held for a person
    let text = order_message("G2", "")
        .replace("王珅", "钱石")
        .replace("电解质", "x")
        .replace("血清", "x")
        .replace("胸闷", "x")
        .replace("|L1", "|L2");
    let got = talk(&server, &wrap(&Charset::Gb18030.encode(&text).unwrap()), 1).await;
    assert!(String::from_utf8_lossy(&got).contains("MSA|AA|G2|"));
    assert_eq!(states(&mut conn).await.first().map(String::as_str), Some("held"));
    // the operator fixes the character set of the connection; the held message is taken again
    let held = lab::messages::list(&mut conn, &permit, "held").await.unwrap().remove(0);
    drop(conn);
    super::replay::replay(&server.bench.ctx, &held.id).await.unwrap();
    let mut tx = server.bench.ctx.db.begin(&permit).await.unwrap();
    assert_eq!(states(&mut tx).await.first().map(String::as_str), Some("held"), "still ambiguous");
    let mut fixed = peer::find(&mut tx, &held.peer).await.unwrap();
    fixed.policy = serde_json::json!({"charset": "gb18030"});
    peer::update(&mut tx, &server.bench.ctx, &permit, &fixed).await.unwrap();
    tx.commit().await.unwrap();
    let other =
        text.replace("|G2|", "|G3|").replace("|L2", "|L3").replace("P77", "P78").replace("B100", "B103");
    talk(&server, &wrap(&Charset::Gb18030.encode(&other).unwrap()), 1).await;
    super::replay::replay(&server.bench.ctx, &held.id).await.unwrap();
    let mut conn = reader(&server).await;
    let page = order::list(&mut conn, &permit, "", "qs", None, server.bench.ctx.now()).await.unwrap();
    assert_eq!(page.rows.first().map(|r| r.patient.name.as_str()), Some("钱石"), "found by its initials");
    let kept = lab::messages::one(&mut conn, &permit, &held.id).await.unwrap();
    assert_eq!((kept.line.state.as_str(), kept.line.reason.contains("differs")), ("error", true));
}

#[tokio::test]
async fn broken_frames_end_as_they_should() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let ok = wrap(result_message("1", "4.0").as_bytes());
    let aborted = [&b"\x0BMSH|^~\\&|Mindray|LEAD|half"[..], &ok].concat();
    assert_eq!(String::from_utf8_lossy(&talk(&server, &aborted, 1).await).matches("MSA|").count(), 1);
    let inside = [&b"\x0BMSH|^~\\&|Mindray|LEAD|||2026||ORU^R01|77|P|2.3.1\rOBX|\x1Cabc\x1C\r"[..]].concat();
    assert!(String::from_utf8_lossy(&talk(&server, &inside, 9).await).contains("MSA|AR|77"));
    let long = [
        &b"\x0BMSH|^~\\&|Mindray|LEAD|||2026||ORU^R01|78|P|2.3.1\rOBX|"[..],
        &vec![b'x'; 2 << 20],
        b"\x1C\r",
    ]
    .concat();
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let _ = stream.write_all(&long).await;
    let mut got = Vec::new();
    let _ = stream.read_to_end(&mut got).await;
    assert!(got.is_empty() || String::from_utf8_lossy(&got).contains("MSA|AR|78"));
    assert!(
        talk(&server, b"\x16\x03\x01\x02\x00\x01", 1).await.is_empty(),
        "a TLS hello closes a plain port"
    );
    let no_cr = [&ok[..ok.len() - 1]].concat();
    assert!(
        String::from_utf8_lossy(&talk(&server, &no_cr, 1).await).contains("MSA|AA|1"),
        "FS and silence complete a frame"
    );
    let enhanced = result_message("E1", "4.0").replace("||||0||", "|||AL|AL||");
    let got = String::from_utf8(talk(&server, &wrap(enhanced.as_bytes()), 2).await).unwrap();
    assert!(got.find("MSA|CA|E1").unwrap() < got.find("MSA|AA|E1").unwrap());
    let mut conn = reader(&server).await;
    assert!(states(&mut conn).await.iter().any(|s| s == "quarantined"));
}

#[tokio::test]
async fn a_cancel_after_receipt_is_answered_uc() {
    let server = serve(testing::sqlite().await.unwrap()).await;
    let say = |text: String| {
        let server = &server;
        async move { String::from_utf8_lossy(&talk(server, &wrap(text.as_bytes()), 1).await).into_owned() }
    };
    say(order_message("O1", "UNICODE UTF-8")).await;
    say(result_message("1", "4.0")).await;
    let got = say(order_message("O2", "UNICODE UTF-8").replace("ORC|NW", "ORC|CA")).await;
    assert!(got.contains("ORC|UC|L1"), "{got}");
    let adt = "MSH|^~\\&|HIS|C01|||20260901||ADT^A08|A1|P|2.4\rPID|1||P77^^^C01||王珅珅||19630302|M\r";
    assert!(say(adt.into()).await.contains("MSA|AA|A1"));
    let clash = order_message("O3", "UNICODE UTF-8").replace("|L1|", "|L3|").replace("B100", "B300");
    assert!(say(clash).await.contains("MSA|AE|O3"), "another name under the same id is not merged");
}
