//! The life of a batch: put, tried again, given up; rules that forward; who may receive.

use yigong_base::testing::{Bench, engines};

use super::super::tests::{known, made, send};
use super::rules::forward;
use super::show::list;
use super::*;

async fn receiver(bench: &Bench, id: &str, facility: &str, policy: Value) -> Peer {
    let p = Peer {
        id: id.into(),
        kind: "dicom".into(),
        facility: facility.into(),
        name: id.into(),
        ae_title: Some(id.to_uppercase()),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: Some(11_113),
        policy,
        enabled: true,
        last_seen_at: None,
    };
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    peer::create(&mut tx, &bench.ctx, &permit, &p).await.unwrap();
    tx.commit().await.unwrap();
    p
}

async fn study(ctx: &Ctx) -> String {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    read.one("SELECT id FROM study", args![]).await.unwrap().text("id").unwrap()
}

async fn state(ctx: &Ctx, batch: &str) -> Progress {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    progress(&mut read, batch).await.unwrap()
}

#[tokio::test]
async fn a_batch_is_tried_until_it_is_taken_or_given_up() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        for instance in ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"] {
            send(&bench, &peer, &made(instance)).await.unwrap();
        }
        receiver(&bench, "ws", "C01", json!({})).await;
        let clinic = Permit::peer("CR01", "C01");
        let study = study(ctx).await;
        let batch = send_study(ctx, &clinic, &study, "ws", &Cause::Move("CR01".into(), 7)).await.unwrap();
        let found = due(ctx, "ws", 10).await.unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].originator, Some(("CR01".into(), 7)));
        let results: Vec<_> = found
            .into_iter()
            .zip([
                Tried::Sent(0),
                Tried::Never(Some(0xC000), "uid".into()),
                Tried::Later(None, "connect: refused".into()),
            ])
            .collect();
        tried(ctx, "ws", &results).await.unwrap();
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 1, sent: 1, failed: 1 });
        assert!(due(ctx, "ws", 10).await.unwrap().is_empty(), "a pause first");
        bench.clock.advance(FIRST_PAUSE_MS);
        let again = due(ctx, "ws", 10).await.unwrap();
        assert_eq!(again.len(), 1);
        bench.clock.advance(GIVE_UP_MS);
        let late = vec![(again[0].clone(), Tried::Later(None, "connect: refused".into()))];
        tried(ctx, "ws", &late).await.unwrap();
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 0, sent: 1, failed: 2 });
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        assert_eq!(failed(&mut read, &batch).await.unwrap(), ["1.2.3.4.2", "1.2.3.4.3"]);
    }
}

#[tokio::test]
async fn nobody_gets_what_its_facility_may_not_see() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        receiver(&bench, "near", "C01", json!({"forward": {"modalities": ["CR"]}})).await;
        receiver(&bench, "ct", "C01", json!({"forward": {"modalities": ["CT"]}})).await;
        receiver(&bench, "far", "C02", json!({"forward": true})).await;
        let study = study(ctx).await;
        let clinic = Permit::peer("CR01", "C01");
        let refused = send_study(ctx, &clinic, &study, "far", &Cause::Person).await;
        assert!(matches!(refused, Err(Fault::Invalid { .. })));
        let stranger = Permit::peer("X", "C02");
        let refused = send_study(ctx, &stranger, &study, "far", &Cause::Person).await;
        assert!(matches!(refused, Err(Fault::NotFound { .. })));
        forward(ctx, &study, "CR").await.unwrap();
        forward(ctx, &study, "CR").await.unwrap();
        for (id, n) in [("near", 1), ("ct", 0), ("far", 0)] {
            assert_eq!(due(ctx, id, 10).await.unwrap().len(), n, "{id}");
        }
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        let shown = list(&mut read, &clinic).await.unwrap();
        assert_eq!(shown.len(), 1, "a rule acts for the facility that receives");
        assert_eq!((shown[0].peer.as_str(), shown[0].cause.as_str()), ("near", "forward"));
        assert!(list(&mut read, &stranger).await.unwrap().is_empty());
        assert_eq!(list(&mut read, &Permit::system("test")).await.unwrap().len(), 1);
    }
}
