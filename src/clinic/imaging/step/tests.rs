//! A step from its beginning to its end, on every engine.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Fault;
use yigong_base::site::peer;
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::step::{StepReport, StepState};

use super::*;

async fn known(bench: &Bench, id: &str, facility: &str) -> Peer {
    let p = Peer {
        id: id.into(),
        kind: "dicom".into(),
        facility: facility.into(),
        name: id.into(),
        ae_title: Some(id.to_uppercase()),
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
    peer::create(&mut tx, &bench.ctx, &permit, &p).await.unwrap();
    tx.commit().await.unwrap();
    p
}

fn began() -> StepReport {
    StepReport {
        state: Some(StepState::InProgress),
        study_uid: "1.2.3".into(),
        modality: "CT".into(),
        started: "20260901 080000".into(),
        ..StepReport::default()
    }
}

const MESSAGE: Message<'_> =
    Message { body: b"\x40\x00\x52\x02 as sent", transfer_syntax: "1.2.840.10008.1.2" };

fn code(result: Result<()>) -> String {
    match result.unwrap_err() {
        Fault::Conflict { code, .. } => code,
        Fault::Invalid { what, .. } | Fault::NotFound { what } => what,
        other => other.to_string(),
    }
}

#[tokio::test]
async fn a_step_is_kept_and_closed_once() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench, "p1", "C01").await);
        let other = known(&bench, "p2", "C02").await;
        create(ctx, &peer, "1.9", &began(), MESSAGE).await.unwrap();
        assert_eq!(code(create(ctx, &peer, "1.9", &began(), MESSAGE).await), "duplicate");
        // another facility may use the same UID, and does not see this step
        assert_eq!(code(set(ctx, &other, "1.9", &began(), MESSAGE).await), "procedure step");
        create(ctx, &other, "1.9", &began(), MESSAGE).await.unwrap();
        let nothing = StepReport::default();
        assert_eq!(code(create(ctx, &peer, "1.8", &nothing, MESSAGE).await), "missing-attribute");
        let done = StepReport { state: Some(StepState::Completed), ..began() };
        assert_eq!(code(create(ctx, &peer, "1.8", &done, MESSAGE).await), "invalid-attribute");
        let odd = StepReport { unknown_state: Some("PAUSED".into()), ..nothing.clone() };
        assert_eq!(code(set(ctx, &peer, "1.9", &odd, MESSAGE).await), "invalid-attribute");
        // a list without status changes what it names
        let more = StepReport { instances: vec!["1.2.3.4.1".into()], ..nothing };
        set(ctx, &peer, "1.9", &more, MESSAGE).await.unwrap();
        let stopped = StepReport {
            state: Some(StepState::Discontinued),
            reason: "病人拒绝".into(),
            ended: "20260901 081000".into(),
            ..StepReport::default()
        };
        set(ctx, &peer, "1.9", &stopped, MESSAGE).await.unwrap();
        assert_eq!(code(set(ctx, &peer, "1.9", &done, MESSAGE).await), "final");
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        let steps = of_study(&mut read, "C01", "1.2.3").await.unwrap();
        assert_eq!(steps.len(), 1);
        let s = &steps[0];
        assert_eq!(
            (s.state.as_str(), s.reason.as_str(), s.named, s.arrived),
            ("discontinued", "病人拒绝", 1, 0)
        );
        let row = read.one(sql::BY_UID, args!["C01", "1.9"]).await.unwrap();
        let kept = read.all(sql::KEPT, args![row.text("id").unwrap()]).await.unwrap();
        assert_eq!(kept.len(), 3, "the refused lists are not the step's");
        assert!(kept.iter().all(|k| k.opt_bytes("body").unwrap().unwrap() == MESSAGE.body));
    }
}
