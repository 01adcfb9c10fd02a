//! Orders on both engines.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{self, Bench};

use super::*;

async fn new_order(bench: &Bench, placer_no: &str) -> (Permit, NewOrder) {
    let permit = Permit::peer("HIS", "C01");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    let seen = Seen { local_id: "P77".into(), name: "王珅".into(), sex: "M".into(), ..Seen::default() };
    let patient = patient::link(&mut tx, &bench.ctx, "C01", &seen).await.unwrap().id;
    let items = vec![catalogue::lookup(&mut tx, "DX-CHEST").await.unwrap().unwrap()];
    tx.commit().await.unwrap();
    let new = NewOrder {
        placer_no: placer_no.into(),
        patient,
        pipeline: "imaging".into(),
        items,
        priority: "routine".into(),
        ..NewOrder::default()
    };
    (permit, new)
}

#[tokio::test]
async fn an_order_placed_twice_is_one_order_and_is_found_by_both_numbers() {
    for bench in testing::engines().await.unwrap() {
        let (permit, new) = new_order(&bench, "HIS-1").await;
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let first = place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap();
        let second = place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap();
        assert_eq!((&first.id, second.repeated), (&second.id, true));
        for number in [first.filler_no.as_str(), "HIS-1"] {
            let found = match_study(&mut tx, "C01", number, &new.patient).await.unwrap();
            assert_eq!(found.as_deref(), Some(first.id.as_str()));
        }
        assert_eq!(match_study(&mut tx, "C02", "HIS-1", &new.patient).await.unwrap(), None);
        assert_eq!(match_study(&mut tx, "C01", "HIS-1", "somebody else").await.unwrap(), None);
        assert_eq!(match_study(&mut tx, "C01", "", &new.patient).await.unwrap(), None);
        let seen = head(&mut tx, &permit, &first.id).await.unwrap().unwrap();
        assert_eq!(seen.items.first().map(|i| i.code.as_str()), Some("DX-CHEST"));
        let foreign = Permit::peer("HIS", "C02");
        assert!(head(&mut tx, &foreign, &first.id).await.unwrap().is_none());
        tx.commit().await.unwrap();
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        assert_eq!(
            list(&mut conn, &permit, "open", "王", None, bench.ctx.now()).await.unwrap().rows.len(),
            1
        );
        assert_eq!(list(&mut conn, &foreign, "", "", None, bench.ctx.now()).await.unwrap().rows.len(), 0);
    }
}

#[tokio::test]
async fn a_placer_number_used_again_for_another_patient_is_refused() {
    for bench in testing::engines().await.unwrap() {
        let (permit, new) = new_order(&bench, "HIS-1").await;
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let first = place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap();
        let seen = Seen { local_id: "P78".into(), name: "李梅".into(), sex: "F".into(), ..Seen::default() };
        let patient = patient::link(&mut tx, &bench.ctx, "C01", &seen).await.unwrap().id;
        let other = NewOrder { patient, ..new.clone() };
        let ecg = NewOrder { pipeline: "ecg".into(), ..new.clone() };
        for wrong in [&other, &ecg] {
            let placed = place(&mut tx, &bench.ctx, &permit, "C01", wrong).await;
            assert_eq!(placed.unwrap_err().code(), "placer_reused");
            let changed = change(&mut tx, &bench.ctx, &permit, &first.id, wrong).await;
            assert_eq!(changed.unwrap_err().code(), "placer_reused");
        }
        let again = place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap();
        assert_eq!((again.id, again.repeated), (first.id, true));
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn cancel_and_change_end_with_the_first_evidence() {
    for bench in testing::engines().await.unwrap() {
        let (permit, mut new) = new_order(&bench, "").await;
        new.pipeline = "lab".into();
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let order = place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap();
        assert_eq!(order.specimens.len(), 1, "a lab order is given a label");
        new.priority = "urgent".into();
        change(&mut tx, &bench.ctx, &permit, &order.id, &new).await.unwrap();
        assert_eq!(head(&mut tx, &permit, &order.id).await.unwrap().unwrap().priority, "urgent");
        let foreign = Permit::peer("HIS", "C02");
        assert!(cancel(&mut tx, &bench.ctx, &foreign, &order.id, "x").await.is_err());
        cancel(&mut tx, &bench.ctx, &permit, &order.id, "double").await.unwrap();
        cancel(&mut tx, &bench.ctx, &permit, &order.id, "double").await.unwrap();
        assert!(change(&mut tx, &bench.ctx, &permit, &order.id, &new).await.is_err());
        let barcode = &order.specimens.first().unwrap().barcode;
        assert_eq!(specimen_by_barcode(&mut tx, barcode).await.unwrap().unwrap().state, "cancelled");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn every_statement_is_well_formed_on_both_engines() {
    for bench in testing::engines().await.unwrap() {
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        for (name, statement) in sql::ALL {
            conn.prepare(statement).await.unwrap_or_else(|e| panic!("{name} on {}: {e}", bench.engine));
        }
    }
}

yigong_base::statements! {
    STUDY = "INSERT INTO study (id, uid, facility, patient, order_id, state, modality, instance_count, first_received_at, last_received_at) VALUES ('s1', '1.2.3', 'C01', $1, $2, 'published', 'DX', 1, 1, 1)";
    SERIES = "INSERT INTO series (id, study, uid, modality, instance_count) VALUES ('e1', 's1', '1.2.3.4', 'DX', 1)";
    REPORT = "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, state, current_version, verify_code, created_at, updated_at) VALUES ('r1', 'imaging', 'study', 's1', $1, 'C01', 'published', 1, 'code', 1, 1)";
    VERSION = "INSERT INTO report_version (report, n, kind, content, content_sha256, pdf_sha256, pdf_bytes, writer, signer, signer_demo, signature, certificate, signed_at, seq) VALUES ('r1', 1, 'final', '{}', '', '', 0, 'w', 'w', 1, $1, $1, 1, 1)";
    BEFORE = "UPDATE orders SET state = 'reported' WHERE id = $1";
}

#[tokio::test]
async fn an_order_that_an_earlier_build_had_reported_is_not_cancelled() {
    for bench in testing::engines().await.unwrap() {
        let (permit, new) = new_order(&bench, "HIS-9").await;
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let order = place(&mut tx, &bench.ctx, &permit, "C01", &new).await.unwrap().id;
        // As such a build left it: the order knows, its items do not.
        tx.exec(STUDY, args![&new.patient, &order]).await.unwrap();
        tx.exec(SERIES, args![]).await.unwrap();
        tx.exec(REPORT, args![&new.patient]).await.unwrap();
        tx.exec(VERSION, args![Vec::<u8>::new()]).await.unwrap();
        tx.exec(BEFORE, args![&order]).await.unwrap();
        let late = cancel_rest(&mut tx, &bench.ctx, &permit, &order, "x").await.unwrap_err();
        assert_eq!(late.code(), "too_late");
        let head = head(&mut tx, &permit, &order).await.unwrap().unwrap();
        assert_eq!(head.items[0].state, "reported");
        let row = tx.one(sql::FIND, args![&order, "*"]).await.unwrap();
        assert_eq!(row.text("state").unwrap(), "reported");
    }
}
