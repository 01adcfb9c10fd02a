use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::testing::{START_MS, engines};

use super::evidence::{Evidence, Item, file, put_item};
use super::*;

#[tokio::test]
async fn the_mark_needs_catalogue_eqa_and_iqc_at_test_time() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let permit = Permit::system("test");
        let asked = |at: i64| Asked {
            pipeline: "lab".into(),
            performer: "LEAD".into(),
            items: vec!["K".into()],
            performed_at: at,
        };
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        assert_eq!(
            mark(&mut tx, &asked(START_MS)).await.unwrap().unwrap().level,
            "consortium",
            "nothing filed"
        );
        let item = Item {
            code: "K".into(),
            name: "钾".into(),
            kind: "value".into(),
            window_days: Some(7),
            scope_level: "province".into(),
            valid_from: 0,
            valid_to: None,
        };
        put_item(&mut tx, ctx, &permit, &item).await.unwrap();
        let evidence = |scheme: &str, level: &str, to: i64| Evidence {
            facility: "LEAD".into(),
            item: "K".into(),
            scheme: scheme.into(),
            level: level.into(),
            result: "pass".into(),
            valid_from: 0,
            valid_to: to,
        };
        file(&mut tx, ctx, &permit, &evidence("eqa", "national", START_MS + DAY_MS)).await.unwrap();
        assert_eq!(
            mark(&mut tx, &asked(START_MS)).await.unwrap().unwrap().level,
            "consortium",
            "no internal control"
        );
        file(&mut tx, ctx, &permit, &evidence("iqc", "county", START_MS + 9 * DAY_MS)).await.unwrap();
        let marked = mark(&mut tx, &asked(START_MS)).await.unwrap().unwrap();
        assert_eq!(
            (marked.text.as_str(), marked.evidence.len()),
            ("省HR", 2),
            "the catalogue caps the level"
        );
        let lapsed = mark(&mut tx, &asked(START_MS + 2 * DAY_MS)).await.unwrap().unwrap();
        assert_eq!(lapsed.level, "consortium", "A-16: the evidence lapsed before the test");
        let none = Asked { items: Vec::new(), ..asked(START_MS) };
        assert_eq!(mark(&mut tx, &none).await.unwrap(), None);
    }
}
