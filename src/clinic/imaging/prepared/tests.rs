//! Metadata is there before anybody asks for it.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::testing::{Bench, engines};

use super::super::testing::{Shot, device, send, settle, study};
use super::*;

async fn documents(bench: &Bench) -> i64 {
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let row = conn.one("SELECT COUNT(*) AS n FROM metadata_document", args![]).await.unwrap();
    row.int("n").unwrap()
}

#[tokio::test]
async fn a_settled_study_has_its_metadata_prepared() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        for (series, instance) in [
            ("1.2.3.1", "1.2.3.1.1"),
            ("1.2.3.1", "1.2.3.1.2"),
            ("1.2.3.2", "1.2.3.2.1"),
            ("1.2.3.2", "1.2.3.2.2"),
        ] {
            send(&bench, &peer, &Shot { series, instance, ..Shot::default() }).await.unwrap();
        }
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let mut conn = ctx.db.read(&Permit::system("test")).await.unwrap();
        let due = conn.all("SELECT key FROM job WHERE kind = 'metadata'", args![]).await.unwrap();
        assert_eq!(due.len(), 1, "{}: settling asks for it", bench.engine);
        drop(conn);
        prepare(ctx, &id).await.unwrap();
        assert_eq!(documents(&bench).await, 3, "the study and each of its series");
        // The first who asks is given what is there: nothing is made for him.
        let own = Permit::peer("X", "C01");
        let root = format!("{}/dicom-web", ctx.config.http.public_url);
        let mut conn = ctx.db.read(&own).await.unwrap();
        let list = retrieve::names(&mut conn, &own, "1.2.3", "").await.unwrap();
        let read = retrieve::of_study(&mut conn, &own, "1.2.3", "").await.unwrap();
        assert_eq!(
            list,
            read.iter().map(Name::of).collect::<Vec<_>>(),
            "names and instances are the same ones"
        );
        let kept = conn.opt(sql::DOCUMENT, args![metadata_tag(&list, &root)]).await.unwrap();
        assert!(kept.is_some(), "{}", bench.engine);
        drop(conn);
        prepare(ctx, &id).await.unwrap();
        assert_eq!(documents(&bench).await, 3);
        prepare(ctx, "no such study").await.unwrap();
    }
}
