//! What the programs share that are their own codec workers: a registered device, and what it sends.

use yigong_base::access::Permit;
use yigong_base::site::peer::{self, Peer};
use yigong_base::testing::Bench;
use yigong_clinic::Centre;
use yigong_clinic::imaging::{Arrival, Outcome, receive};

/// A registered device of C01.
pub async fn known(bench: &Bench) -> Peer {
    let sender = Peer {
        id: "p1".into(),
        kind: "dicom".into(),
        facility: "C01".into(),
        name: "CT01".into(),
        ae_title: Some("CT01".into()),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: None,
        policy: serde_json::json!({}),
        enabled: true,
        last_seen_at: None,
    };
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    peer::create(&mut tx, &bench.ctx, &permit, &sender).await.unwrap();
    tx.commit().await.unwrap();
    sender
}

/// Sends a file as the device would.
pub async fn send(centre: &Centre, sender: &Peer, file: &[u8]) -> Outcome {
    let mut spool = centre.ctx.blobs.spool().await.unwrap();
    spool.write(file).await.unwrap();
    let spooled = spool.finish().await.unwrap();
    let arrival = Arrival {
        peer: sender.clone(),
        spooled,
        sop_class: None,
        sop_instance: None,
        study: None,
        by: None,
        source: "import",
    };
    receive(centre, arrival).await.unwrap().outcome
}
