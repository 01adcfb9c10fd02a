//! The laboratory on both engines: match, hold, alert, repeat, unmatched.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{self, Bench};

use super::*;
use crate::order::{self, NewOrder, NewSpecimen};

mod release;
mod safety;
mod stray;

const SYSTEM: &str = "test";

async fn order_with(bench: &Bench, barcode: &str, codes: &[&str]) {
    let permit = Permit::peer("HIS", "C01");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    items::seed_demo(&mut tx, &bench.ctx, &Permit::system(SYSTEM)).await.unwrap();
    let seen = Seen {
        local_id: "P77".into(),
        name: "王珅".into(),
        pinyin: "wangshen".into(),
        sex: "M".into(),
        birth_date: "19630302".into(),
        ..Seen::default()
    };
    let patient = patient::link(&mut tx, &bench.ctx, "C01", &seen).await.unwrap().id;
    let mut wanted = Vec::new();
    for code in codes {
        wanted.push(order::catalogue::lookup(&mut tx, code).await.unwrap().unwrap());
    }
    let new = NewOrder {
        placer_no: format!("L-{barcode}"),
        patient,
        pipeline: "lab".into(),
        items: wanted,
        priority: "routine".into(),
        specimens: vec![NewSpecimen { barcode: barcode.into(), ..NewSpecimen::default() }],
        ..NewOrder::default()
    };
    order::place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap();
    tx.commit().await.unwrap();
}

fn run(barcode: &str, item: &str, value: &str, unit: &str) -> Run {
    Run {
        barcode: barcode.into(),
        item: item.into(),
        run_at: "20260901080000".into(),
        value: value.into(),
        unit: unit.into(),
        status: "F".into(),
        ..Run::default()
    }
}

async fn send(bench: &Bench, inbox: &str, runs: Vec<Run>) -> Received {
    let permit = Permit::peer("BS-240", "LEAD");
    let arrival = Arrival {
        inbox: inbox.into(),
        instrument: "BS-240".into(),
        facility: "LEAD".into(),
        community: true,
        runs,
        ..Arrival::default()
    };
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    let got = receive(&mut tx, &bench.ctx, &permit, &arrival).await.unwrap();
    tx.commit().await.unwrap();
    got
}

async fn lanes(bench: &Bench) -> queue::Queue {
    let permit = Permit::system(SYSTEM);
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    queue::queue(&mut conn, &bench.ctx, &permit, "").await.unwrap()
}

async fn alerts(bench: &Bench) -> usize {
    let permit = Permit::system(SYSTEM);
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    crate::critical::list::list(&mut conn, &bench.ctx, &permit, true).await.unwrap().len()
}

#[tokio::test]
async fn potassium_71_is_held_and_raises_one_alert_however_often_it_comes() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["LYTES"]).await;
        let runs = || vec![run("B1", "K", "7.1", "mmol/L"), run("B1", "NA", "140", "mmol/l")];
        assert_eq!((send(&bench, "i1", runs()).await.stored, alerts(&bench).await), (2, 1));
        let again = send(&bench, "i2", runs()).await;
        assert_eq!((again.stored, again.repeated, alerts(&bench).await), (0, 2, 1));
        let queue = lanes(&bench).await;
        let specimen = queue.specimens.first().unwrap();
        assert_eq!(
            (queue.counts.critical, specimen.lane, specimen.missing.as_slice()),
            (1, "critical", &["CL".to_owned(), "CA".to_owned()][..])
        );
        let k = specimen.results.iter().find(|r| r.code == "K").unwrap();
        assert_eq!(
            (k.flag.as_str(), k.state.as_str(), k.holds.first().map(|h| h.code)),
            ("HH", "held", Some("critical"))
        );
        let na = specimen.results.iter().find(|r| r.code == "NA").unwrap();
        assert_eq!((na.state.as_str(), na.reference.as_str()), ("resulted", "137-147"));
    }
}

#[tokio::test]
async fn what_cannot_be_matched_stays_visible_and_a_person_attaches_it() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B2", &["GLU"]).await;
        let got = send(
            &bench,
            "i1",
            vec![
                run("NOBODY", "GLU", "5.0", "mmol/L"),
                run("", "GLU", "5.0", "mmol/L"),
                run("B2", "XYZ", "1", ""),
            ],
        )
        .await;
        assert_eq!((got.stored, got.unmatched), (0, 3));
        let permit = Permit::system(SYSTEM);
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let open = unmatched::list(&mut tx, &permit).await.unwrap();
        let mut reasons: Vec<&str> = open.iter().map(|u| u.reason.as_str()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, ["no_barcode", "no_order", "unknown_item"]);
        let id = &open.iter().find(|u| u.reason == "no_order").unwrap().id;
        unmatched::attach(&mut tx, &bench.ctx, &permit, id, "B2", "label misread").await.unwrap();
        assert!(unmatched::attach(&mut tx, &bench.ctx, &permit, id, "B2", "again").await.is_err());
        tx.commit().await.unwrap();
        let queue = lanes(&bench).await;
        let holds: Vec<&str> =
            queue.specimens.first().unwrap().results.first().unwrap().holds.iter().map(|h| h.code).collect();
        assert_eq!(holds, ["manual"], "an attached result is never ready by itself");
    }
}

#[tokio::test]
async fn rejected_specimens_quality_control_and_doubt_never_reach_the_ready_lane() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B3", &["GLU", "HBSAG"]).await;
        order_with(&bench, "B4", &["GLU"]).await;
        let permit = Permit::system(SYSTEM);
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        specimen::receive(&mut tx, &bench.ctx, &permit, "B4").await.unwrap();
        assert!(specimen::reject(&mut tx, &bench.ctx, &permit, "B4", "ugly", "").await.is_err());
        specimen::reject(&mut tx, &bench.ctx, &permit, "B4", "clotted", "").await.unwrap();
        assert!(specimen::reject(&mut tx, &bench.ctx, &permit, "B4", "clotted", "").await.is_err());
        let labels = specimen::list(&mut tx, &bench.ctx, &permit, "ordered").await.unwrap();
        assert!(labels.iter().any(|l| l.barcode.starts_with('9')), "the order is given another label");
        tx.commit().await.unwrap();
        let mut doubtful = run("B3", "GLU", "5.0", "furlong");
        doubtful.flags = vec!["N".into(), "<!".into()];
        let got = send(
            &bench,
            "i1",
            vec![
                run("B4", "GLU", "5.0", "mmol/L"),
                doubtful,
                run("B3", "K", "4.0", "mmol/L"),
                run("B3", "HBSAG", "阳性", ""),
            ],
        )
        .await;
        assert_eq!((got.stored, got.unmatched), (3, 1));
        let queue = lanes(&bench).await;
        let results = &queue.specimens.first().unwrap().results;
        let holds = |code: &str| -> Vec<&str> {
            results.iter().find(|r| r.code == code).unwrap().holds.iter().map(|h| h.code).collect()
        };
        assert_eq!(holds("GLU"), ["unknown_unit", "instrument_flag"]);
        assert_eq!(holds("K"), ["not_ordered"]);
        assert_eq!(results.iter().find(|r| r.code == "HBSAG").map(|r| r.flag.as_str()), Some("A"));
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let qc = Arrival {
            inbox: "i9".into(),
            instrument: "BS-240".into(),
            facility: "LEAD".into(),
            community: true,
            runs: vec![Run { sample: SampleKind::QualityControl, ..run("B3", "GLU", "9.9", "mmol/L") }],
            ..Arrival::default()
        };
        assert_eq!(receive(&mut tx, &bench.ctx, &permit, &qc).await.unwrap().kept, 1);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_foreign_instrument_and_another_sex_are_noticed() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B5", &["GLU"]).await;
        let permit = Permit::peer("X", "C02");
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let foreign = Arrival {
            inbox: "i1".into(),
            instrument: "X".into(),
            facility: "C02".into(),
            runs: vec![run("B5", "GLU", "5.0", "mmol/L")],
            ..Arrival::default()
        };
        assert_eq!(receive(&mut tx, &bench.ctx, &permit, &foreign).await.unwrap().unmatched, 1);
        let lead = Arrival {
            instrument: "Y".into(),
            facility: "LEAD".into(),
            community: true,
            sex: Some(yigong_formats::lab::Sex::Female),
            ..foreign
        };
        assert_eq!(receive(&mut tx, &bench.ctx, &permit, &lead).await.unwrap().stored, 1);
        tx.commit().await.unwrap();
        let queue = lanes(&bench).await;
        assert_eq!(
            queue.specimens.first().unwrap().results.first().unwrap().holds.first().map(|h| h.code),
            Some("sex_age_mismatch")
        );
    }
}

fn verifier(id: &str) -> Permit {
    use yigong_base::access::{Grant, Role};
    Permit::person(
        id,
        id,
        "LEAD",
        "LEAD",
        vec![
            Grant { role: Role::LabVerifier, facility: "LEAD".into(), pipelines: "*".into() },
            Grant { role: Role::Lead, facility: "LEAD".into(), pipelines: "*".into() },
        ],
    )
}

fn picks(specimen: &queue::LabSpecimen, codes: &[&str]) -> Vec<verify::Pick> {
    let chosen =
        specimen.results.iter().filter(|r| r.state != "published" && codes.contains(&r.code.as_str()));
    chosen.map(|r| verify::Pick { id: r.id.clone(), row_version: r.row_version }).collect()
}

#[tokio::test]
async fn a_partial_release_then_the_rest_then_a_correction_make_three_versions() {
    for bench in testing::engines().await.unwrap() {
        let folder = std::env::temp_dir().join(format!("yigong-lab-{}", bench.ctx.id()));
        std::fs::create_dir_all(&folder).unwrap();
        let centre = crate::Centre::open(bench.ctx.clone(), &folder).unwrap();
        order_with(&bench, "B7", &["K", "NA"]).await;
        send(&bench, "i1", vec![run("B7", "K", "7.1", "mmol/L"), run("B7", "NA", "140", "mmol/L")]).await;
        let one = verifier("v1");
        let ready = verify::release_ready(&centre, &one).await.unwrap();
        assert_eq!(ready.released, 0, "a specimen with a critical row is not in lane 1");
        let specimen = lanes(&bench).await.specimens.remove(0);
        let only = verify::release(&centre, &one, &picks(&specimen, &["K", "NA"]), "", true).await.unwrap();
        assert_eq!((only.released, only.refused.first().map(|r| r.code)), (1, Some("held")));
        assert_eq!(only.reports.first().map(|r| r.n), Some(1));
        let stale = verify::release(
            &centre,
            &one,
            &[verify::Pick { id: picks(&specimen, &["K"])[0].id.clone(), row_version: 99 }],
            "",
            false,
        )
        .await
        .unwrap();
        assert_eq!(stale.refused.first().map(|r| r.code), Some("changed"));
        assert!(verify::release(&centre, &Permit::peer("x", "C01"), &[], "", false).await.is_err());
        let second =
            verify::release(&centre, &one, &picks(&specimen, &["K"]), "已复测", false).await.unwrap();
        assert_eq!((second.released, second.reports.first().map(|r| r.n)), (1, Some(2)));
        assert!(lanes(&bench).await.specimens.is_empty());
        let report = second.reports.first().unwrap().report.clone();
        let mut conn = bench.ctx.db.read(&one).await.unwrap();
        let kinds = |n: i64| report_kind(&bench, &report, n);
        assert_eq!((kinds(1).await, kinds(2).await), ("prelim".to_owned(), "final".to_owned()));
        let content = crate::report::read::content(&mut conn, &report, 2).await.unwrap();
        assert_eq!(
            content
                .lab_rows
                .iter()
                .map(|r| (r.code.as_str(), r.value.as_str(), r.flag.as_str()))
                .collect::<Vec<_>>(),
            [("K", "7.1", "HH"), ("NA", "140", "")]
        );
        drop(conn);
        // the lead corrects a published value; another person verifies it; version 3 says what it was
        let k = specimen.results.iter().find(|r| r.code == "K").unwrap().id.clone();
        let two = verifier("v2");
        let mut tx = bench.ctx.db.begin(&one).await.unwrap();
        correct::correct(&mut tx, &bench.ctx, &one, &k, "6.9", "haemolysed").await.unwrap();
        tx.commit().await.unwrap();
        let specimen = lanes(&bench).await.specimens.remove(0);
        let own = verify::release(&centre, &one, &picks(&specimen, &["K"]), "", false).await.unwrap();
        assert_eq!(own.refused.first().map(|r| r.code), Some("own_value"));
        let third = verify::release(&centre, &two, &picks(&specimen, &["K"]), "", false).await.unwrap();
        assert_eq!(third.reports.first().map(|r| r.n), Some(3));
        let mut conn = bench.ctx.db.read(&one).await.unwrap();
        let content = crate::report::read::content(&mut conn, &report, 3).await.unwrap();
        let k = content.lab_rows.first().unwrap();
        assert_eq!(
            (
                content.kind.as_str(),
                content.change_class,
                k.value.as_str(),
                k.corrected_from.as_str(),
                content.lab_rows.len()
            ),
            ("amended", 2, "6.9", "7.1", 2)
        );
        let _ = std::fs::remove_dir_all(folder);
    }
}

async fn report_kind(bench: &Bench, report: &str, n: i64) -> String {
    let mut conn = bench.ctx.db.read(&Permit::system(SYSTEM)).await.unwrap();
    crate::report::read::content(&mut conn, report, n).await.unwrap().kind
}

#[tokio::test]
async fn every_statement_is_well_formed_on_both_engines() {
    for bench in testing::engines().await.unwrap() {
        let mut conn = bench.ctx.db.read(&Permit::system(SYSTEM)).await.unwrap();
        let other = if bench.engine == "sqlite" { "_POSTGRES" } else { "_SQLITE" };
        for (name, statement) in sql::ALL.iter().filter(|(name, _)| !name.ends_with(other)) {
            conn.prepare(statement).await.unwrap_or_else(|e| panic!("{name} on {}: {e}", bench.engine));
        }
        assert!(conn.all(sql::ALL_ITEMS, args![]).await.unwrap().is_empty(), "no item, no limit ships");
        drop(conn);
        let lead = verifier("v1");
        let mut tx = bench.ctx.db.begin(&lead).await.unwrap();
        items::seed_demo(&mut tx, &bench.ctx, &lead).await.unwrap();
        let mut k = items::list(&mut tx).await.unwrap().into_iter().find(|i| i.code == "K").unwrap();
        k.critical_state = "none".into();
        assert!(
            items::put(&mut tx, &bench.ctx, &lead, &k).await.is_err(),
            "none with a limit contradicts itself"
        );
        k.critical_state = "limits".into();
        k.critical_high = Some(6.5);
        assert!(items::put(&mut tx, &bench.ctx, &Permit::peer("x", "LEAD"), &k).await.is_err());
        items::put(&mut tx, &bench.ctx, &lead, &k).await.unwrap();
        assert_eq!(
            items::find(&mut tx, &bench.ctx, "potassium").await.unwrap().unwrap().critical,
            yigong_formats::lab::CriticalLimit::Limits { low: Some(2.8), high: Some(6.5) }
        );
        // The limit of a unit that was given up holds for nobody.
        tx.commit().await.unwrap();
        k.critical_high = Some(9.0);
        let mut tx = bench.ctx.db.begin(&lead).await.unwrap();
        items::put(&mut tx, &bench.ctx, &lead, &k).await.unwrap();
        let inside = items::find(&mut tx, &bench.ctx, "K").await.unwrap().unwrap().critical;
        assert_eq!(inside, yigong_formats::lab::CriticalLimit::Limits { low: Some(2.8), high: Some(9.0) });
        drop(tx);
        let mut conn = bench.ctx.db.read(&lead).await.unwrap();
        assert_eq!(
            items::find(&mut conn, &bench.ctx, "K").await.unwrap().unwrap().critical,
            yigong_formats::lab::CriticalLimit::Limits { low: Some(2.8), high: Some(6.5) }
        );
    }
}
