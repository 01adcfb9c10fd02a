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
