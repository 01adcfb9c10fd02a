//! The UPS view and the web list are one engine: who claims here holds there, and a lost lease ends the transaction.

use yigong_base::access::{Grant, Permit, Role};
use yigong_base::clock::MINUTE_MS;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::{Bench, engines};

use super::*;
use crate::worklist::{expire, fence};

fn reader(id: &str) -> Permit {
    let grant = Grant { role: Role::Auditor, facility: "LEAD".into(), pipelines: "*".into() };
    Permit::person(id, id, "LEAD", "LEAD", vec![grant])
}

async fn admitted(bench: &Bench, subject: &str) -> String {
    let (ctx, permit) = (&bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let seen = Seen { local_id: "P1".into(), name: "王小东".into(), ..Seen::default() };
    let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
    let new = NewItem {
        subject_kind: "study",
        subject: subject.into(),
        tier: "write",
        round: 1,
        pipeline: "imaging",
        modality: "DX".into(),
        body_part: "CHEST".into(),
        title: "胸部正位".into(),
        patient,
        facility: "C01".into(),
        report: None,
        priority: "routine".into(),
        triage: String::new(),
        flags: Vec::new(),
        arrived_at: ctx.now(),
        deadline: None,
        written_by: String::new(),
    };
    let id = admit::admit(&mut tx, ctx, &permit, &new).await.unwrap();
    tx.commit().await.unwrap();
    uid_of(&id)
}

async fn shown(bench: &Bench, permit: &Permit, uid: &str) -> Result<Workitem> {
    let mut conn = bench.ctx.db.read(permit).await.unwrap();
    find(&mut conn, permit, uid).await
}

#[tokio::test]
async fn one_claim_for_both_views() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let uid = admitted(&bench, "s1").await;
        let (a, b) = (reader("a"), reader("b"));
        assert_eq!(shown(&bench, &a, &uid).await.unwrap().state, "SCHEDULED");
        let mut tx = ctx.db.begin(&a).await.unwrap();
        let held = begin(&mut tx, ctx, &a, &uid, "1.2.3").await.unwrap();
        tx.commit().await.unwrap();
        let item = shown(&bench, &a, &uid).await.unwrap();
        assert_eq!((item.state, item.id.as_str()), ("IN PROGRESS", held.id.as_str()));
        let mut tx = ctx.db.begin(&a).await.unwrap();
        fence(&mut tx, ctx, &a, &held.id, held.epoch).await.unwrap();
        drop(tx);
        let mut tx = ctx.db.begin(&b).await.unwrap();
        assert!(matches!(begin(&mut tx, ctx, &b, &uid, "1.2.4").await, Err(Fault::Conflict { .. })));
        drop(tx);
        for (who, transaction) in [(&a, "1.2.4"), (&b, "1.2.3")] {
            let mut tx = ctx.db.begin(who).await.unwrap();
            assert!(give_back(&mut tx, ctx, who, &uid, transaction).await.is_err(), "{transaction}");
        }
        let mut tx = ctx.db.begin(&a).await.unwrap();
        update(&mut tx, ctx, &a, &uid, "1.2.3", Some("HIGH")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(shown(&bench, &a, &uid).await.unwrap().priority, "HIGH");
        let mut tx = ctx.db.begin(&a).await.unwrap();
        give_back(&mut tx, ctx, &a, &uid, "1.2.3").await.unwrap();
        tx.commit().await.unwrap();
        // Whoever only writes does not make an emergency of it: that may go out with one signature.
        let grant = Grant { role: Role::Writer, facility: "LEAD".into(), pipelines: "*".into() };
        let writer = Permit::person("w", "w", "LEAD", "LEAD", vec![grant]);
        let mut tx = ctx.db.begin(&writer).await.unwrap();
        let refused = update(&mut tx, ctx, &writer, &uid, "", Some("HIGH")).await;
        assert!(matches!(refused, Err(Fault::Denied { .. })), "{refused:?}");
        drop(tx);
        assert_eq!(shown(&bench, &b, &uid).await.unwrap().state, "SCHEDULED", "{}", bench.engine);
    }
}

#[tokio::test]
async fn a_lost_lease_ends_the_transaction() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let uid = admitted(&bench, "s1").await;
        let a = reader("a");
        let mut tx = ctx.db.begin(&a).await.unwrap();
        begin(&mut tx, ctx, &a, &uid, "1.2.3").await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(16 * MINUTE_MS);
        assert_eq!(expire(ctx).await.unwrap().len(), 1);
        let mut tx = ctx.db.begin(&a).await.unwrap();
        assert!(give_back(&mut tx, ctx, &a, &uid, "1.2.3").await.is_err(), "{}", bench.engine);
        drop(tx);
        let mut tx = ctx.db.begin(&a).await.unwrap();
        begin(&mut tx, ctx, &a, &uid, "1.2.9").await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn search_and_scope() {
    for bench in engines().await.unwrap() {
        let (own, far) = (Permit::peer("C01", "C01"), Permit::peer("C02", "C02"));
        let uid = admitted(&bench, "s1").await;
        let mut conn = bench.ctx.db.read(&own).await.unwrap();
        let all = Filter { limit: 10, ..Filter::default() };
        for (filter, count) in [
            (all.clone(), 1),
            (Filter { state: "SCHEDULED".into(), ..all.clone() }, 1),
            (Filter { state: "CANCELED".into(), ..all.clone() }, 0),
            (Filter { priority: "LOW".into(), patient_id: "P1".into(), ..all.clone() }, 1),
            (Filter { modality: "CT".into(), ..all.clone() }, 0),
        ] {
            let rows = list(&mut conn, &own, &filter).await.unwrap();
            assert_eq!(rows.len(), count, "{filter:?} on {}", bench.engine);
        }
        assert!(list(&mut conn, &own, &Filter { state: "DONE".into(), ..all.clone() }).await.is_err());
        assert!(list(&mut conn, &far, &all).await.unwrap().is_empty());
        assert!(matches!(find(&mut conn, &far, &uid).await, Err(Fault::NotFound { .. })));
        assert!(find(&mut conn, &own, "1.2.3").await.is_err());
    }
}

#[test]
fn the_table_of_states_works_both_ways() {
    for (ours, ups) in STATES {
        assert_eq!(ups_state(ours), ups);
        assert!(our_states(ups).unwrap().contains(&ours));
    }
}

#[tokio::test]
async fn a_search_for_high_finds_every_class_that_is_shown_as_high() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        for (subject, class) in [("s1", "stat"), ("s2", "emergency"), ("s3", "urgent"), ("s4", "routine")] {
            admitted(&bench, subject).await;
            let mut tx = ctx.db.begin(&permit).await.unwrap();
            let set = "UPDATE work_item SET priority = $2 WHERE subject = $1";
            tx.exec(set, args![subject, class]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut conn = ctx.db.read(&reader("a")).await.unwrap();
        for (asked, n) in [("HIGH", 2), ("MEDIUM", 1), ("LOW", 1), ("", 4)] {
            let filter = Filter { priority: asked.into(), limit: 10, ..Filter::default() };
            let found = list(&mut conn, &reader("a"), &filter).await.unwrap();
            assert_eq!(found.len(), n, "{asked} {}", bench.engine);
            assert!(found.iter().all(|w| asked.is_empty() || w.priority == asked), "{asked}");
        }
    }
}
