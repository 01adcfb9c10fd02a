//! Another process on the same database: its rows reach this one's pages once; this one's own are not told twice.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::live::Live;
use yigong_base::testing::engines;
use yigong_base::{Ctx, audit};

use super::Elsewhere;

yigong_base::statements! {
    UPLOAD = "INSERT INTO ecg_upload (id, facility, object_hash, size_bytes, name, asked, by_whom, received_at, state) VALUES ($1, 'C01', $1, 1, '', '{}', '', 1, 'waiting')";
}

async fn write(ctx: &Ctx, action: &str, id: &str) {
    let permit = Permit::system("test");
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    audit::append(&mut tx, ctx, &permit, action, "ecg_upload", id, &json!({}));
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_another_process_writes_is_told_once_and_ones_own_is_not_told_again() {
    for bench in engines().await.unwrap() {
        let here = bench.ctx.clone();
        // The same database, another process: a stream of events of its own.
        let there = Ctx { live: Live::default(), ..bench.ctx.clone() };
        let permit = Permit::system("test");
        let mut tx = here.db.begin(&permit).await.unwrap();
        for id in ["before", "theirs", "ours"] {
            tx.exec(UPLOAD, yigong_base::args![id]).await.unwrap();
        }
        tx.commit().await.unwrap();
        write(&there, "ecg.refuse", "before").await;
        let mut elsewhere = Elsewhere::start(&here).await.unwrap();
        assert_eq!(elsewhere.look(&here).await.unwrap(), 0, "what was there at the start is no news");
        let (_, mut pages) = here.live.follow(None);

        write(&there, "ecg.refuse", "theirs").await;
        there.live.changed("imaging", "theirs", "C01");
        assert_eq!(elsewhere.look(&here).await.unwrap(), 1, "{}", bench.engine);
        let event = pages.try_recv().unwrap();
        assert_eq!((event.slice, event.id.as_str(), event.facility.as_str()), ("imaging", "theirs", "C01"));
        assert_eq!(elsewhere.look(&here).await.unwrap(), 0);

        write(&here, "ecg.refuse", "ours").await;
        here.live.changed("imaging", "ours", "C01");
        assert_eq!(elsewhere.look(&here).await.unwrap(), 0, "told by this process itself");
        write(&there, "ecg.export", "theirs").await;
        assert_eq!(elsewhere.look(&here).await.unwrap(), 0, "an export changes no page");
        // The same object again, a look later: news again, whatever this process said of it before.
        write(&there, "ecg.refuse", "ours").await;
        assert_eq!(elsewhere.look(&here).await.unwrap(), 1);
    }
}
