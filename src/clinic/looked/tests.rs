//! Once an hour for each person and thing.

use std::time::Duration;

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::HOUR_MS;
use yigong_base::testing::{Bench, engines};

use super::at;

async fn noted(bench: &Bench, expected: i64) -> Vec<String> {
    let sql = "SELECT who, object_id, detail FROM audit WHERE action = 'looked' ORDER BY seq";
    for _ in 0..100 {
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let rows = conn.all(sql, args![]).await.unwrap();
        if rows.len() as i64 >= expected {
            return rows
                .iter()
                .map(|r| {
                    format!(
                        "{} {} {}",
                        r.text("who").unwrap(),
                        r.text("object_id").unwrap(),
                        r.text("detail").unwrap()
                    )
                })
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not noted");
}

#[tokio::test]
async fn who_looks_is_noted_once_an_hour() {
    for bench in engines().await.unwrap() {
        let (ctx, a, b) = (&bench.ctx, Permit::peer("A", "C01"), Permit::peer("B", "C01"));
        for _ in 0..3 {
            at(ctx, &a, "page", "study", "s1");
        }
        noted(&bench, 1).await;
        at(ctx, &b, "page", "study", "s1");
        noted(&bench, 2).await;
        at(ctx, &a, "wado", "study", "s1");
        noted(&bench, 3).await;
        bench.clock.advance(HOUR_MS);
        at(ctx, &a, "page", "study", "s1");
        at(ctx, &Permit::system("job"), "page", "study", "s2");
        let all = noted(&bench, 4).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(noted(&bench, 4).await.len(), 4, "{all:?}");
        assert_eq!(all[0], "peer:A s1 {\"via\":\"page\"}");
        assert!(all[2].ends_with("{\"via\":\"wado\"}"));
    }
}
