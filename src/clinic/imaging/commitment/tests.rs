//! What is proven, what is not, and that a second look is taken for every answer.

use yigong_base::access::Role;
use yigong_base::testing::engines;
use yigong_formats::dicom::uid;

use super::super::quarantine;
use super::super::tests::{known, made, send};
use super::*;
use crate::imaging::outbox::act;
use crate::imaging::outbox::show::{Asked, Kind, list, one, receivers};
use crate::imaging::testing::person;

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";

fn reference(class: &str, instance: &str) -> Reference {
    Reference { sop_class: class.into(), sop_instance: instance.into() }
}

#[tokio::test]
async fn success_is_said_only_for_what_is_whole() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        for instance in ["1.2.3.4.1", "1.2.3.4.2"] {
            send(&bench, &peer, &made(instance)).await.unwrap();
        }
        let request = Transaction {
            uid: "2.25.1".into(),
            referenced: vec![
                reference(CR, "1.2.3.4.1"),
                reference(CR, "1.2.3.4.2"),
                reference(CR, "1.2.3.4.99"),
                reference(uid::KEY_OBJECT_SELECTION, "1.2.3.4.1"),
            ],
            failed: Vec::new(),
        };
        let id = ask(ctx, &peer, &request, "line").await.unwrap();
        let judged = judge(ctx, &id).await.unwrap().unwrap();
        let reasons: Vec<u16> = judged.transaction.failed.iter().map(|f| f.1).collect();
        assert_eq!(reasons, [NO_SUCH_INSTANCE, CLASS_CONFLICT]);
        assert_eq!(judged.transaction.referenced.len(), 2);
        // proven is not yet told: nothing may be deleted
        let study = study(ctx).await;
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        assert_eq!(of_study(&mut read, &study).await.unwrap().proven, 0);
        drop(read);
        failed(ctx, &id, "connect: refused").await.unwrap();
        // between two tries an object is damaged: the next answer knows it
        let path = ctx.blobs.path(&object(ctx, "1.2.3.4.2").await).unwrap();
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "a test damages its own file")]
        permissions.set_readonly(false);
        std::fs::set_permissions(&path, permissions).unwrap();
        std::fs::write(&path, b"rotten").unwrap();
        let judged = judge(ctx, &id).await.unwrap().unwrap();
        assert!(judged.line.is_empty(), "the first association is not tried again");
        assert!(judged.transaction.failed.contains(&(reference(CR, "1.2.3.4.2"), PROCESSING_FAILURE)));
        reported(ctx, &judged).await.unwrap();
        assert!(judge(ctx, &id).await.unwrap().is_none(), "once told, nothing is left to tell");
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        let safe = of_study(&mut read, &study).await.unwrap();
        assert_eq!((safe.instances, safe.proven, safe.complete), (2, 1, false));
    }
}

#[tokio::test]
async fn a_copy_that_waits_for_a_person_is_not_committed_by_the_one_that_is_indexed() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        send(&bench, &peer, &made("1.2.3.4.10")).await.unwrap();
        let permit = peer.permit();
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let entry = quarantine::Entry {
            lane: "identity",
            reason: "patient_conflict",
            facility: &peer.facility,
            peer: &peer.id,
            object_kind: "object",
            object_id: "another copy",
            blob: None,
            for_study: None,
            said: None,
            detail: json!({"study_uid": "1.2.3", "instance_uid": "1.2.3.4.1"}),
        };
        quarantine::open(&mut tx, ctx, &permit, &entry).await.unwrap();
        tx.commit().await.unwrap();
        let referenced = vec![reference(CR, "1.2.3.4.1"), reference(CR, "1.2.3.4.10")];
        let request = Transaction { uid: "2.25.1".into(), referenced, failed: Vec::new() };
        let id = ask(ctx, &peer, &request, "").await.unwrap();
        let judged = judge(ctx, &id).await.unwrap().unwrap().transaction;
        assert_eq!(judged.failed, [(reference(CR, "1.2.3.4.1"), NO_SUCH_INSTANCE)], "{}", bench.engine);
        assert_eq!(judged.referenced, [reference(CR, "1.2.3.4.10")]);
    }
}

async fn asked(ctx: &Ctx, peer: &Peer, request: &Transaction) {
    let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
    expect(&mut tx, ctx, peer, request).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_report_that_leaves_objects_out_does_not_commit_them() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        let all = vec![reference(CR, "1.2.3.4.1"), reference(CR, "1.2.3.4.2"), reference(CR, "1.2.3.4.3")];
        let request = Transaction { uid: "2.25.7".into(), referenced: all.clone(), failed: Vec::new() };
        asked(ctx, &peer, &request).await;
        let result = async || {
            let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
            let row = read.one(sql::BY_UID, args!["out", &peer.id, "2.25.7"]).await.unwrap();
            row.json::<Vec<(String, u16)>>("result").unwrap()
        };
        let report = Transaction {
            uid: "2.25.7".into(),
            referenced: vec![all[0].clone()],
            failed: vec![(all[1].clone(), NO_SUCH_INSTANCE)],
        };
        heard(ctx, &peer, &report).await.unwrap();
        let lacking =
            [("1.2.3.4.2".to_owned(), NO_SUCH_INSTANCE), ("1.2.3.4.3".to_owned(), PROCESSING_FAILURE)];
        assert_eq!(result().await, lacking, "{}", bench.engine);
        // said again as if everything were kept: what was lacking stays until it is asked about anew
        heard(ctx, &peer, &Transaction { referenced: all, failed: Vec::new(), ..report }).await.unwrap();
        assert_eq!(result().await, lacking, "{}", bench.engine);
    }
}

#[tokio::test]
async fn after_seven_days_nobody_is_called_any_more() {
    let bench = yigong_base::testing::sqlite().await.unwrap();
    let (ctx, peer) = (&bench.ctx, known(&bench).await);
    let request = Transaction {
        uid: "2.25.1".into(),
        referenced: vec![reference(CR, "1.2.3.4.1")],
        failed: Vec::new(),
    };
    let id = ask(ctx, &peer, &request, "").await.unwrap();
    // the same request again is the same transaction, other objects under its UID are not
    assert_eq!(ask(ctx, &peer, &request, "").await.unwrap(), id);
    let other = Transaction { referenced: vec![reference(CR, "1.2.3.4.2")], ..request };
    assert!(matches!(ask(ctx, &peer, &other, "").await, Err(Fault::Conflict { .. })));
    bench.clock.advance(RETRY_MS + 1);
    assert!(judge(ctx, &id).await.unwrap().is_none());
    let row = ctx.db.read(&Permit::system("test")).await.unwrap().one(sql::BY_ID, args![&id]).await.unwrap();
    assert_eq!(row.text("state").unwrap(), "given_up");
}

#[tokio::test]
async fn a_peer_that_is_gone_ends_it_in_sight() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        let request = Transaction {
            uid: "2.25.1".into(),
            referenced: vec![reference(CR, "1.2.3.4.1")],
            failed: Vec::new(),
        };
        let id = ask(ctx, &peer, &request, "").await.unwrap();
        give_up(ctx, &id, "the peer is disabled").await.unwrap();
        give_up(ctx, &id, "once is enough").await.unwrap();
        assert!(judge(ctx, &id).await.unwrap().is_none(), "no further try");
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        let all = Asked::default();
        let seen = list(&mut read, ctx, &peer.permit(), &all, 10).await.unwrap();
        assert_eq!(
            (seen.len(), seen[0].state.as_str(), seen[0].objects),
            (1, "failed", 1),
            "{}",
            bench.engine
        );
        assert_eq!((seen[0].reason, seen[0].cause.as_str()), ("disabled", "commitment_in"));
        assert!(list(&mut read, ctx, &Permit::peer("X", "C02"), &all, 10).await.unwrap().is_empty());
        assert_eq!(receivers(&mut read, ctx, &peer.permit()).await.unwrap()[0].failed, 1);
        drop(read);
        // a person takes it up again, and gives it up with a reason
        let clinic = person("tech", &peer.facility, &[Role::ClinicTechnician]);
        act::retry(ctx, &clinic, Kind::Commitment, &id).await.unwrap();
        assert!(judge(ctx, &id).await.unwrap().is_some());
        act::stop(ctx, &clinic, Kind::Commitment, &id, "the device was sold").await.unwrap();
        assert!(judge(ctx, &id).await.unwrap().is_none(), "no further try");
        let mut read = ctx.db.read(&clinic).await.unwrap();
        let seen = one(&mut read, ctx, &clinic, Kind::Commitment, &id).await.unwrap();
        assert_eq!((seen.state.as_str(), seen.why.as_str()), ("stopped", "the device was sold"));
        drop(read);
        // enabled again it may ask once more
        ask(ctx, &peer, &request, "").await.unwrap();
        assert!(judge(ctx, &id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_answer_that_comes_while_somebody_gives_it_up_has_come_and_stays() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        let clinic = person("tech", &peer.facility, &[Role::ClinicTechnician]);
        let seen = async |id: &str| {
            let mut read = ctx.db.read(&clinic).await.unwrap();
            one(&mut read, ctx, &clinic, Kind::Commitment, id).await.unwrap()
        };
        // The peer asks, a person gives it up while the report is on the line.
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        let request = Transaction {
            uid: "2.25.1".into(),
            referenced: vec![reference(CR, "1.2.3.4.1")],
            failed: Vec::new(),
        };
        let id = ask(ctx, &peer, &request, "").await.unwrap();
        let judged = judge(ctx, &id).await.unwrap().unwrap();
        act::stop(ctx, &clinic, Kind::Commitment, &id, "no need").await.unwrap();
        reported(ctx, &judged).await.unwrap();
        let told = seen(&id).await;
        assert_eq!((told.state.as_str(), told.why.as_str()), ("sent", ""), "{}", bench.engine);
        let mut read = ctx.db.read(&clinic).await.unwrap();
        assert_eq!(of_study(&mut read, &study(ctx).await).await.unwrap().proven, 1, "{}", bench.engine);
        drop(read);
        // We ask; the peer answers after a person gave it up.
        asked(ctx, &peer, &request).await;
        let mut read = ctx.db.read(&clinic).await.unwrap();
        let row = read.one(sql::BY_UID, args!["out", &peer.id, "2.25.1"]).await.unwrap();
        drop(read);
        let id = row.text("id").unwrap();
        act::stop(ctx, &clinic, Kind::Commitment, &id, "no need").await.unwrap();
        let partly = Transaction {
            referenced: Vec::new(),
            failed: vec![(reference(CR, "1.2.3.4.1"), PROCESSING_FAILURE)],
            ..request.clone()
        };
        heard(ctx, &peer, &partly).await.unwrap();
        assert_eq!(seen(&id).await.state, "failed", "{}", bench.engine);
        act::retry(ctx, &clinic, Kind::Commitment, &id).await.unwrap();
        heard(ctx, &peer, &request).await.unwrap();
        assert_eq!(seen(&id).await.state, "sent", "{}", bench.engine);
        // What every object was confirmed of is neither asked again nor given up.
        let again = act::retry(ctx, &clinic, Kind::Commitment, &id).await.unwrap_err();
        assert_eq!(again.code(), "done", "{}", bench.engine);
        let stopped = act::stop(ctx, &clinic, Kind::Commitment, &id, "why").await.unwrap_err();
        assert_eq!(stopped.code(), "done", "{}", bench.engine);
        assert_eq!(seen(&id).await.state, "sent", "{}", bench.engine);
    }
}

async fn study(ctx: &Ctx) -> String {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    read.one("SELECT id FROM study", args![]).await.unwrap().text("id").unwrap()
}

async fn object(ctx: &Ctx, instance: &str) -> String {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    let row = read.one("SELECT object_hash FROM instance WHERE uid = $1", args![instance]).await.unwrap();
    row.text("object_hash").unwrap()
}
