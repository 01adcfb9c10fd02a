use std::collections::HashSet;

use yigong_base::access::{Grant, Permit, Role};
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Fault;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::{Bench, engines};

use super::*;

mod list;

fn reader(id: &str, role: Role) -> Permit {
    Permit::person(
        id,
        id,
        "LEAD",
        "LEAD",
        vec![Grant { role, facility: "LEAD".into(), pipelines: "*".into() }],
    )
}

async fn admit_study(bench: &Bench, subject: &str, priority: &str) -> String {
    let ctx = &bench.ctx;
    let permit = Permit::system("test");
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let seen = Seen { local_id: format!("P{subject}"), name: "王小东".into(), ..Seen::default() };
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
        priority: priority.into(),
        triage: String::new(),
        flags: Vec::new(),
        arrived_at: ctx.now(),
        deadline: None,
        written_by: String::new(),
    };
    let id = admit(&mut tx, ctx, &permit, &new).await.unwrap();
    assert_eq!(admit(&mut tx, ctx, &permit, &new).await.unwrap(), id, "a repeat opens nothing");
    tx.commit().await.unwrap();
    id
}

async fn take(bench: &Bench, permit: &Permit) -> Option<ItemRow> {
    let mut tx = bench.ctx.db.begin(permit).await.unwrap();
    let item = next(&mut tx, &bench.ctx, permit, "", "").await.unwrap();
    tx.commit().await.unwrap();
    item
}

#[tokio::test]
async fn class_then_deadline_then_arrival() {
    for bench in engines().await.unwrap() {
        let routine = admit_study(&bench, "s1", "routine").await;
        bench.clock.advance(1_000);
        let urgent = admit_study(&bench, "s2", "urgent").await;
        bench.clock.advance(1_000);
        let stat = admit_study(&bench, "s3", "stat").await;
        let writer = reader("w1", Role::Writer);
        for expected in [stat, urgent, routine] {
            assert_eq!(take(&bench, &writer).await.unwrap().id, expected, "{}", bench.engine);
        }
        assert!(take(&bench, &writer).await.is_none());
    }
}

#[tokio::test]
async fn sixteen_readers_get_sixteen_items() {
    for bench in engines().await.unwrap() {
        for n in 0..16 {
            admit_study(&bench, &format!("s{n}"), "routine").await;
        }
        let mut tasks = Vec::new();
        for n in 0..16 {
            let ctx = bench.ctx.clone();
            tasks.push(tokio::spawn(async move {
                let permit = reader(&format!("w{n}"), Role::Writer);
                let mut tx = ctx.db.begin(&permit).await.unwrap();
                let item = next(&mut tx, &ctx, &permit, "imaging", "write").await.unwrap().unwrap();
                tx.commit().await.unwrap();
                item.id
            }));
        }
        let mut taken = HashSet::new();
        for task in tasks {
            assert!(taken.insert(task.await.unwrap()), "claimed twice on {}", bench.engine);
        }
        assert_eq!(taken.len(), 16);
    }
}

#[tokio::test]
async fn a_stale_reader_is_fenced() {
    for bench in engines().await.unwrap() {
        let item = admit_study(&bench, "s1", "routine").await;
        let (a, b) = (reader("a", Role::Writer), reader("b", Role::Writer));
        let old = take(&bench, &a).await.unwrap();
        let mut tx = bench.ctx.db.begin(&b).await.unwrap();
        assert!(
            matches!(claim(&mut tx, &bench.ctx, &b, &item).await, Err(Fault::Conflict { code, .. }) if code == "held")
        );
        drop(tx);
        bench.clock.advance(16 * MINUTE_MS);
        assert_eq!(expire(&bench.ctx).await.unwrap().len(), 1);
        let new = take(&bench, &b).await.unwrap();
        assert_eq!(new.deadline, old.deadline, "the first deadline is kept");
        assert!(new.epoch > old.epoch);
        let mut tx = bench.ctx.db.begin(&a).await.unwrap();
        let stale = fence(&mut tx, &bench.ctx, &a, &item, old.epoch).await;
        assert!(matches!(stale, Err(Fault::Stale { .. })), "{}", bench.engine);
        drop(tx);
        let mut tx = bench.ctx.db.begin(&b).await.unwrap();
        fence(&mut tx, &bench.ctx, &b, &item, new.epoch).await.unwrap();
        // An older tab of the same person does not give back what the newer one holds.
        let newer = claim(&mut tx, &bench.ctx, &b, &item).await.unwrap();
        let stale = super::skip(&mut tx, &bench.ctx, &b, &item, new.epoch, "later").await;
        assert!(matches!(stale, Err(Fault::Stale { .. })), "{}", bench.engine);
        super::skip(&mut tx, &bench.ctx, &b, &item, newer.epoch, "later").await.unwrap();
        tx.commit().await.unwrap();
        assert!(take(&bench, &b).await.is_none(), "hidden from who skipped it");
        assert_eq!(take(&bench, &a).await.map(|i| i.id), Some(item), "and waiting for the others");
    }
}

#[tokio::test]
async fn a_clinic_sees_only_its_own_rows_and_a_return_keeps_the_deadline() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let item = admit_study(&bench, "s1", "routine").await;
        let writer = reader("w", Role::Writer);
        let held = take(&bench, &writer).await.unwrap();
        let mut tx = ctx.db.begin(&writer).await.unwrap();
        return_to_clinic(&mut tx, ctx, &writer, &item, held.epoch, "motion", "").await.unwrap();
        tx.commit().await.unwrap();
        let grant =
            |f: &str| vec![Grant { role: Role::ClinicDoctor, facility: f.into(), pipelines: "*".into() }];
        let own = Permit::person("d1", "d1", "C01", "LEAD", grant("C01"));
        let foreign = Permit::person("d2", "d2", "C02", "LEAD", grant("C02"));
        let filter = Filter { limit: 10, ..Filter::default() };
        let mut r = ctx.db.read(&own).await.unwrap();
        assert_eq!(page(&mut r, ctx, &own, Tab::Returned, &filter).await.unwrap().rows.len(), 1);
        assert_eq!(page(&mut r, ctx, &foreign, Tab::Returned, &filter).await.unwrap().rows.len(), 0);
        assert_eq!(page(&mut r, ctx, &own, Tab::Write, &filter).await.unwrap().counts.returned, 1);
        assert_eq!(page(&mut r, ctx, &foreign, Tab::Write, &filter).await.unwrap().counts.returned, 0);
        drop(r);
        let mut tx = ctx.db.begin(&foreign).await.unwrap();
        assert!(matches!(
            answer_return(&mut tx, ctx, &foreign, &item, "").await,
            Err(Fault::NotFound { .. })
        ));
        drop(tx);
        let mut tx = ctx.db.begin(&own).await.unwrap();
        answer_return(&mut tx, ctx, &own, &item, "重拍").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(take(&bench, &writer).await.unwrap().deadline, held.deadline);
    }
}
