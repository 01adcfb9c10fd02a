//! Asking about what is another facility's leaves a row; asking about one's own does not.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::HOUR_MS;
use yigong_base::testing::engines;

use super::*;
use crate::imaging::testing::{Shot, device, send, study};

#[tokio::test]
async fn who_names_what_is_anothers_is_noted_once_an_hour() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        let (own, other) = (Permit::peer("X", "C01"), Permit::peer("Y", "C02"));
        let names = &["1.2.3", id.as_str(), "9.9.9", "preview", ""].map(str::to_owned);
        named(ctx, &own, "C-GET", names).await.unwrap();
        named(ctx, &Permit::system("test"), "C-GET", names).await.unwrap();
        named(ctx, &other, "C-GET", names).await.unwrap();
        named(ctx, &other, "C-GET", names).await.unwrap();
        let rows = || async {
            let mut conn = ctx.db.read(&own).await.unwrap();
            let sql = "SELECT who, facility, object_kind, object_id FROM audit WHERE action = 'stranger.asked' ORDER BY seq";
            let rows = conn.all(sql, args![]).await.unwrap();
            let column = |r: &yigong_base::storage::Row, name: &str| r.text(name).unwrap();
            rows.iter()
                .map(|r| ["who", "facility", "object_kind", "object_id"].map(|c| column(r, c)).join(" "))
                .collect::<Vec<_>>()
        };
        let expected = ["peer:Y C02 study 1.2.3".to_owned(), format!("peer:Y C02 study {id}")];
        assert_eq!(rows().await, expected, "{}", bench.engine);
        bench.clock.advance(HOUR_MS + 1);
        named(ctx, &other, "C-FIND", &["1.2.3".to_owned()]).await.unwrap();
        assert_eq!(rows().await.len(), 3);
        // A grant makes it no stranger's.
        let mut tx = ctx.db.begin(&own).await.unwrap();
        let grant = "INSERT INTO study_grant (study, facility, reason, granted_by, granted_at) VALUES ($1, 'C02', 'consult', 'test', 0)";
        tx.exec(grant, args![&id]).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(HOUR_MS + 1);
        named(ctx, &other, "C-FIND", names).await.unwrap();
        assert_eq!(rows().await.len(), 3);
    }
}
