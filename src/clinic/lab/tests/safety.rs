//! Values that must not slip through: panic flags, doubtful units, results that name somebody else.

use super::*;

async fn holds(bench: &Bench, code: &str) -> (&'static str, Vec<&'static str>) {
    let queue = lanes(bench).await;
    let specimen = queue.specimens.first().unwrap();
    let result = specimen.results.iter().find(|r| r.code == code).unwrap();
    (specimen.lane, result.holds.iter().map(|h| h.code).collect())
}

#[tokio::test]
async fn a_panic_flag_of_the_sender_holds_and_alerts_with_the_value_as_sent() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "S1", &["LYTES", "HBSAG"]).await;
        let flagged = |item: &str, value: &str, unit: &str, flag: &str| Run {
            flags: vec![flag.into()],
            ..run("S1", item, value, unit)
        };
        send(&bench, "i1", vec![flagged("NA", "140", "mmol/L", "H")]).await;
        assert_eq!(alerts(&bench).await, 0, "a plain range flag is no alarm");
        send(&bench, "i2", vec![flagged("K", "6.0", "mmol/L", "HH"), flagged("HBSAG", "阳性", "", "AA")])
            .await;
        assert_eq!(alerts(&bench).await, 2);
        assert_eq!(holds(&bench, "K").await, ("critical", vec!["sender_critical"]));
        assert_eq!(holds(&bench, "HBSAG").await.1, ["sender_critical"]);
        let permit = Permit::system(SYSTEM);
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let open = crate::critical::list::list(&mut conn, &bench.ctx, &permit, true).await.unwrap();
        assert!(
            open.iter().all(|a| a["provisional"] == true) && open.iter().any(|a| a["value"] == "6.0 mmol/L")
        );
    }
}

#[tokio::test]
async fn an_unknown_unit_does_not_hide_a_critical_number() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "S2", &["LYTES"]).await;
        send(&bench, "i1", vec![run("S2", "K", "7.1", ""), run("S2", "NA", "140", "furlong")]).await;
        assert_eq!(alerts(&bench).await, 1);
        assert_eq!(holds(&bench, "K").await, ("critical", vec!["unknown_unit", "maybe_critical"]));
        assert_eq!(holds(&bench, "NA").await.1, ["unknown_unit"]);
        // the other direction of the same item is another finding
        order_with(&bench, "S3", &["LYTES"]).await;
        send(&bench, "i2", vec![run("S3", "K", "2.5", "mmol/L")]).await;
        assert_eq!(alerts(&bench).await, 2);
    }
}

#[tokio::test]
async fn a_result_that_names_another_person_is_held() {
    for bench in testing::engines().await.unwrap() {
        order_with(&bench, "S4", &["LYTES"]).await;
        let said = |facility: &str, local_id: &str, name: &str| Arrival {
            instrument: "BS-240".into(),
            facility: facility.into(),
            community: facility == "LEAD",
            local_id: local_id.into(),
            name: name.into(),
            ..Arrival::default()
        };
        // the sender's own ids say nothing at another facility; blanks, case and pinyin make no other person
        let cases = [
            ("LEAD", "900", "", false),
            ("LEAD", "900", "王 珅", false),
            ("LEAD", "", "WANG Shen", false),
            ("LEAD", "", "李梅", true),
            ("C01", "P77", "王珅", false),
            ("C01", "P78", "", true),
        ];
        for (n, (facility, local_id, name, wrong)) in cases.into_iter().enumerate() {
            let barcode = format!("S4-{n}");
            order_with(&bench, &barcode, &["LYTES"]).await;
            let arrival = Arrival {
                runs: vec![run(&barcode, "NA", "140", "mmol/L")],
                ..said(facility, local_id, name)
            };
            let permit = Permit::peer("BS-240", facility);
            let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
            assert_eq!(receive(&mut tx, &bench.ctx, &permit, &arrival).await.unwrap().stored, 1);
            tx.commit().await.unwrap();
            let queue = lanes(&bench).await;
            let specimen = queue.specimens.iter().find(|s| s.barcode == barcode).unwrap();
            let holds: Vec<&str> =
                specimen.results.iter().flat_map(|r| r.holds.iter().map(|h| h.code)).collect();
            let wanted: &[&str] = if wrong { &["identity_mismatch"] } else { &[] };
            assert_eq!(holds, wanted, "{facility} {local_id} {name}");
        }
    }
}
