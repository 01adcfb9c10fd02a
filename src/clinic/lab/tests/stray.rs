//! Values that could be lost on the way: those of nobody, those without a unit, those of a refused tube, and those that come out as before.

use yigong_base::fault::Fault;

use super::*;

async fn rung(bench: &Bench) -> Vec<(String, String, String, bool)> {
    let permit = Permit::system(SYSTEM);
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    let all = crate::critical::list::list(&mut conn, &bench.ctx, &permit, true).await.unwrap();
    let mut told: Vec<_> = all
        .iter()
        .map(|a| {
            let text = |key: &str| a[key].as_str().unwrap_or_default().to_owned();
            let corrected =
                a["events"].as_array().unwrap().iter().any(|e| e["action"].as_str() == Some("corrected"));
            (text("facility"), text("finding"), text("state"), corrected)
        })
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_critical_value_of_nobody_rings_where_it_was_measured() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["GLU"]).await;
        let flagged = Run { flags: vec!["HH".into()], ..run("B1", "XYZ", "99", "U/L") };
        let calm = run("NOBODY", "GLU", "5.0", "mmol/L");
        let back = Run { status: "W".into(), ..run("NOBODY", "K", "7.9", "mmol/L") };
        let got = send(&bench, "i1", vec![run("NOBODY", "K", "7.9", "mmol/L"), flagged, calm, back]).await;
        assert_eq!((got.stored, got.unmatched), (0, 4));
        let told = rung(&bench).await;
        assert_eq!(told.len(), 2, "{}: {told:?}", bench.engine);
        assert_eq!((told[0].0.as_str(), told[1].0.as_str()), ("C01", "LEAD"));
        assert!(told[0].1.contains("XYZ 99 U/L") && told[0].1.contains("未知项目"), "{told:?}");
        assert!(told[1].1.contains("7.9 mmol/L") && told[1].1.contains("条码 NOBODY"), "{told:?}");
        // However often it comes.
        send(&bench, "i2", vec![run("NOBODY", "K", "7.9", "mmol/L")]).await;
        assert_eq!(rung(&bench).await.len(), 2);
    }
}

#[tokio::test]
async fn a_result_that_came_before_its_order_is_its_result() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["GLU"]).await;
        assert_eq!(send(&bench, "i1", vec![run("LATE", "GLU", "5.0", "mmol/L")]).await.unmatched, 1);
        order_with(&bench, "LATE", &["GLU"]).await;
        let permit = Permit::system(SYSTEM);
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let found = order::specimen_by_barcode(&mut tx, "LATE").await.unwrap().unwrap();
        let changed = unmatched::match_again(&mut tx, &bench.ctx, &permit, &found.order).await.unwrap();
        assert_eq!(changed, [(found.id.clone(), "C01".to_owned())], "{}", bench.engine);
        assert!(unmatched::match_again(&mut tx, &bench.ctx, &permit, &found.order).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        let queue = lanes(&bench).await;
        let line = queue.specimens.iter().find(|s| s.barcode == "LATE").unwrap();
        assert_eq!(line.results[0].state, "held", "nobody has compared the names");
        assert_eq!(line.results[0].holds.iter().map(|h| h.code).collect::<Vec<_>>(), ["before_order"]);
    }
}

#[test]
fn a_number_without_a_unit_has_limits_too() {
    use super::evaluate::{Around, evaluate};
    use yigong_formats::lab::{CriticalLimit, DeltaRule, Flag};
    let item = Item {
        code: "PH".into(),
        name: "酸碱度".into(),
        name_en: String::new(),
        loinc: String::new(),
        unit: String::new(),
        ranges: Vec::new(),
        critical: CriticalLimit::Limits { low: Some(7.2), high: Some(7.6) },
        reportable: (None, None),
        delta: Some(DeltaRule::default()),
        decimals: 2,
        panel: String::new(),
    };
    let around = Around { ordered: true, ..Around::default() };
    for (value, flag, alert) in
        [("6.95", Flag::LL, Some("L")), ("7.40", Flag::None, None), ("阳性", Flag::None, None)]
    {
        let found = evaluate(&item, &run("B", "PH", value, "pH"), &around).unwrap();
        assert_eq!((found.flag, found.alert), (flag, alert), "{value}");
        assert_eq!(found.holds.iter().any(|h| h == "critical"), alert.is_some(), "{value}");
    }
}

#[tokio::test]
async fn what_was_measured_in_a_refused_tube_is_nobodys_result() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["LYTES"]).await;
        send(&bench, "i1", vec![run("B1", "K", "7.1", "mmol/L"), run("B1", "NA", "140", "mmol/L")]).await;
        let permit = Permit::system(SYSTEM);
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        specimen::reject(&mut tx, &bench.ctx, &permit, "B1", "label", "").await.unwrap();
        tx.commit().await.unwrap();
        assert!(lanes(&bench).await.specimens.is_empty(), "{}: nothing of it waits", bench.engine);
        let told = rung(&bench).await;
        assert_eq!((told.len(), told[0].3), (1, true), "who was told hears that it does not count");
        let late = send(&bench, "i2", vec![run("B1", "NA", "141", "mmol/L")]).await;
        assert_eq!((late.stored, late.unmatched), (0, 1));
    }
}

#[tokio::test]
async fn a_run_that_was_asked_for_and_came_out_as_before_is_a_result() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["LYTES"]).await;
        let again = || vec![run("B1", "K", "7.1", "mmol/L")];
        assert_eq!(send(&bench, "i1", again()).await.stored, 1);
        assert_eq!(send(&bench, "i2", again()).await.repeated, 1);
        let permit = Permit::system(SYSTEM);
        let first = lanes(&bench).await.specimens[0].results[0].id.clone();
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        rerun::rerun(&mut tx, &bench.ctx, &permit, &first, "haemolysed?").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(send(&bench, "i3", again()).await.stored, 1, "{}", bench.engine);
        assert_eq!(send(&bench, "i4", again()).await.repeated, 1, "and once only");
        let second = &lanes(&bench).await.specimens[0].results[0];
        assert!(second.id != first && second.state == "held");
        assert!(
            second.holds.iter().any(|h| h.code == "sent_again"),
            "a normal value, too, waits for a person"
        );
    }
}

#[tokio::test]
async fn who_was_told_of_a_run_that_was_set_aside_hears_of_the_refused_tube() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["LYTES"]).await;
        send(&bench, "i1", vec![run("B1", "K", "7.9", "mmol/L")]).await;
        let permit = Permit::system(SYSTEM);
        let first = lanes(&bench).await.specimens[0].results[0].id.clone();
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        rerun::rerun(&mut tx, &bench.ctx, &permit, &first, "haemolysed?").await.unwrap();
        specimen::reject(&mut tx, &bench.ctx, &permit, "B1", "label", "").await.unwrap();
        tx.commit().await.unwrap();
        let told = rung(&bench).await;
        assert_eq!((told.len(), told[0].3), (1, true), "{}: {told:?}", bench.engine);
        assert!(lanes(&bench).await.specimens.is_empty());
    }
}

#[tokio::test]
async fn what_rang_for_nobody_rings_for_the_patient_once_he_is_known() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["GLU"]).await;
        let both = vec![run("LATE", "K", "7.9", "mmol/L"), run("LATE", "NA", "171", "mmol/L")];
        assert_eq!(send(&bench, "i1", both).await.unmatched, 2);
        let told = rung(&bench).await;
        assert!(told.len() == 2 && told.iter().all(|t| t.0 == "LEAD"), "{}: {told:?}", bench.engine);
        let permit = Permit::system(SYSTEM);
        let count = "SELECT COUNT(DISTINCT patient) AS n FROM critical_alert";
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        assert_eq!(tx.one(count, args![]).await.unwrap().int("n").unwrap(), 1, "one stranger, not two");
        drop(tx);
        order_with(&bench, "LATE", &["LYTES"]).await;
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let found = order::specimen_by_barcode(&mut tx, "LATE").await.unwrap().unwrap();
        unmatched::match_again(&mut tx, &bench.ctx, &permit, &found.order).await.unwrap();
        let whose = "SELECT COUNT(*) AS n FROM critical_alert WHERE subject = $1 AND patient = $2 AND facility = 'C01' AND subject_kind = 'specimen'";
        let row = tx.one(whose, args![&found.id, &found.patient]).await.unwrap();
        assert_eq!(
            row.int("n").unwrap(),
            2,
            "both are of the specimen, and no third and fourth rings beside them"
        );
        tx.commit().await.unwrap();
        let told = rung(&bench).await;
        assert!(told.len() == 2 && told.iter().all(|t| t.0 == "C01" && t.2 == "raised"), "{told:?}");
    }
}

#[tokio::test]
async fn a_tube_whose_results_are_published_is_not_refused_any_more() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["GLU"]).await;
        send(&bench, "i1", vec![run("B1", "GLU", "5.0", "mmol/L")]).await;
        let permit = Permit::system(SYSTEM);
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        tx.exec("UPDATE lab_result SET state = 'published'", args![]).await.unwrap();
        let refused = specimen::reject(&mut tx, &bench.ctx, &permit, "B1", "label", "").await;
        assert!(
            matches!(refused, Err(Fault::Conflict { ref code, .. }) if code == "published"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_value_of_nobody_is_ended_only_where_it_was_measured() {
    use crate::critical::acknowledge::acknowledge;
    use yigong_base::access::{Grant, Role};
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "B1", &["GLU"]).await;
        // One of the lead hospital, and one of a clinic's own specimen with an item nobody knows.
        let flagged = Run { flags: vec!["HH".into()], ..run("B1", "XYZ", "99", "U/L") };
        send(&bench, "i1", vec![run("NOBODY", "K", "7.9", "mmol/L"), flagged]).await;
        let at_lead = Grant { role: Role::LabVerifier, facility: "LEAD".into(), pipelines: "*".into() };
        let verifier = Permit::person("v", "V", "LEAD", "LEAD", vec![at_lead]);
        let mut tx = bench.ctx.db.begin(&verifier).await.unwrap();
        let all = crate::critical::list::list(&mut tx, &bench.ctx, &verifier, true).await.unwrap();
        let of = |place: &str| {
            let found = all.iter().find(|a| a["facility"] == place).unwrap();
            found["id"].as_str().unwrap().to_owned()
        };
        let (ours, theirs) = (of("LEAD"), of("C01"));
        let refused = acknowledge(&mut tx, &bench.ctx, &verifier, &theirs, "seen").await;
        assert!(matches!(refused, Err(Fault::Denied { .. })), "{}: {refused:?}", bench.engine);
        acknowledge(&mut tx, &bench.ctx, &verifier, &ours, "traced by telephone").await.unwrap();
    }
}
