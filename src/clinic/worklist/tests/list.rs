//! The list: every row once over all pages, in its order, for everybody who may see it and nobody else.

use yigong_base::access::{Grant, Permit, Role};
use yigong_base::args;
use yigong_base::clock::DAY_MS;
use yigong_base::testing::{Bench, engines};

use super::super::*;
use super::{admit_study, reader, take};

/// The ids of a tab, page by page of two.
async fn walked(bench: &Bench, permit: &Permit, tab: Tab, facility: &str) -> Vec<String> {
    let (ctx, mut ids) = (&bench.ctx, Vec::new());
    let mut filter = Filter { limit: 2, facility: facility.into(), ..Filter::default() };
    let mut conn = ctx.db.read(permit).await.unwrap();
    for _ in 0..20 {
        let page = page(&mut conn, ctx, permit, tab, &filter).await.unwrap();
        assert!(page.rows.len() <= 2);
        ids.extend(page.rows.into_iter().map(|row| row.id));
        match page.next_cursor {
            Some(cursor) => filter.cursor = cursor,
            None => return ids,
        }
    }
    panic!("the pages of {tab:?} do not end: {ids:?}");
}

fn clinic(facility: &str) -> Permit {
    let grants = vec![Grant { role: Role::ClinicDoctor, facility: facility.into(), pipelines: "*".into() }];
    Permit::person("d", "d", facility, "LEAD", grants)
}

/// Seven items that differ in nothing but their ids.
async fn seven(bench: &Bench) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(admit_study(bench, &format!("s{n}"), "routine").await);
    }
    ids.sort();
    ids
}

#[tokio::test]
async fn rows_that_are_equal_in_all_but_their_id_are_each_met_once() {
    for bench in engines().await.unwrap() {
        let ids = seven(&bench).await;
        let lead = reader("w", Role::Writer);
        for (permit, facility) in [(&lead, ""), (&lead, "C01"), (&clinic("C01"), ""), (&clinic("C01"), "C01")]
        {
            assert_eq!(
                walked(&bench, permit, Tab::Write, facility).await,
                ids,
                "{} {facility}",
                bench.engine
            );
            assert!(walked(&bench, permit, Tab::Audit, facility).await.is_empty());
        }
        for (permit, facility) in [(&lead, "C02"), (&clinic("C02"), ""), (&clinic("C02"), "C01")] {
            assert!(
                walked(&bench, permit, Tab::Write, facility).await.is_empty(),
                "{} {facility}",
                bench.engine
            );
        }
        let held = take(&bench, &lead).await.unwrap().id;
        assert_eq!(walked(&bench, &lead, Tab::Mine, "").await, [held]);
        assert!(walked(&bench, &reader("w2", Role::Writer), Tab::Mine, "").await.is_empty());
    }
}

#[tokio::test]
async fn the_numbers_are_those_of_the_lists() {
    for bench in engines().await.unwrap() {
        seven(&bench).await;
        let lead = reader("w", Role::Writer);
        take(&bench, &lead).await.unwrap();
        bench.clock.advance(90 * DAY_MS);
        for (permit, all, mine) in [(lead, 7, 1), (clinic("C01"), 7, 0), (clinic("C02"), 0, 0)] {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let filter = Filter { limit: 50, ..Filter::default() };
            let counts = page(&mut conn, &bench.ctx, &permit, Tab::Write, &filter).await.unwrap().counts;
            let found =
                [counts.write, counts.overdue, counts.mine, counts.audit, counts.returned, counts.published];
            assert_eq!(found, [all, all, mine, 0, 0, 0], "{}", bench.engine);
            let other = Filter { pipeline: "ecg".into(), ..filter };
            let counts = page(&mut conn, &bench.ctx, &permit, Tab::Write, &other).await.unwrap().counts;
            assert_eq!([counts.write, counts.overdue, counts.mine], [0, 0, 0], "{}", bench.engine);
        }
    }
}

#[tokio::test]
async fn few_overdue_rows_and_many_come_in_the_same_order() {
    for bench in engines().await.unwrap() {
        let ids = seven(&bench).await;
        let lead = reader("w", Role::Writer);
        assert!(walked(&bench, &lead, Tab::Overdue, "").await.is_empty(), "nothing is late yet");
        bench.clock.advance(90 * DAY_MS);
        let fresh = admit_study(&bench, "fresh", "routine").await;
        for (permit, facility) in [(lead, ""), (clinic("C01"), "C01")] {
            let few = walked(&bench, &permit, Tab::Overdue, facility).await;
            assert_eq!(few, ids, "{}", bench.engine);
            assert!(!few.contains(&fresh));
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let statement = if facility.is_empty() { sql::LIST_OVERDUE } else { sql::LIST_OVERDUE_AT };
            let asked = args![
                permit.scope(),
                permit.who(),
                bench.ctx.now(),
                "",
                facility,
                "",
                "",
                -1_i64,
                0_i64,
                0_i64,
                "",
                50_i64
            ];
            let many = conn.all(statement, asked).await.unwrap();
            let many: Vec<String> = many.iter().map(|row| row.text("id").unwrap()).collect();
            assert_eq!(many, ids, "{}", bench.engine);
        }
    }
}

const REPORT: &str = "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, state, current_version, verify_code, created_at, updated_at)
    SELECT 'r' || w.subject, w.pipeline, w.subject_kind, w.subject, w.patient, w.facility, 'final', 1, w.subject, $1, $1 FROM work_item w";
const RELEASED: &str = "UPDATE work_item SET state = 'done', closed_at = $1, report = 'r' || subject";

#[tokio::test]
async fn reports_released_in_one_moment_are_each_met_once() {
    for bench in engines().await.unwrap() {
        let mut ids = seven(&bench).await;
        let lead = reader("w", Role::Writer);
        let mut tx = bench.ctx.db.begin(&lead).await.unwrap();
        tx.exec(REPORT, args![bench.ctx.now()]).await.unwrap();
        tx.exec(RELEASED, args![bench.ctx.now()]).await.unwrap();
        tx.commit().await.unwrap();
        ids.reverse();
        assert_eq!(walked(&bench, &lead, Tab::Published, "").await, ids, "{}", bench.engine);
        assert!(walked(&bench, &clinic("C02"), Tab::Published, "").await.is_empty());
        let mut conn = bench.ctx.db.read(&lead).await.unwrap();
        let filter = Filter { limit: 1, ..Filter::default() };
        let page = page(&mut conn, &bench.ctx, &lead, Tab::Published, &filter).await;
        assert_eq!(page.unwrap().counts.published, 7, "{}", bench.engine);
    }
}
