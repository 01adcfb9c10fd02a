//! What may be asked of whom, and what becomes of a wish.

use yigong_base::access::Role;
use yigong_base::fault::Fault;
use yigong_base::site::peer;
use yigong_base::testing::engines;

use super::super::testing::{device, person};
use super::*;

#[tokio::test]
async fn a_wish_is_asked_once_and_ends_with_what_became_of_it() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let mut archive = device(&bench, "C01").await;
        let reader = person("r", "LEAD", &[Role::Writer]);
        let mut conn = ctx.db.read(&reader).await.unwrap();
        assert!(archives(&mut conn, &reader).await.unwrap().is_empty(), "a modality is no archive");
        drop(conn);
        archive.port = Some(104);
        archive.policy = serde_json::json!({"archive": true});
        let mut tx = ctx.db.begin(&reader).await.unwrap();
        peer::update(&mut tx, ctx, &reader, &archive).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&reader).await.unwrap();
        assert_eq!(archives(&mut conn, &reader).await.unwrap().len(), 1);
        // Neither another facility's people nor who neither reads nor registers.
        let far = person("f", "C02", &[Role::Registrar]);
        let missing = super::archive(&mut conn, &far, &archive.id).await;
        assert!(matches!(missing, Err(Fault::NotFound { .. })), "{missing:?}");
        let technician = person("t", "C01", &[Role::ClinicTechnician]);
        assert!(matches!(archives(&mut conn, &technician).await, Err(Fault::Denied { .. })));
        drop(conn);
        let mut tx = ctx.db.begin(&reader).await.unwrap();
        assert!(ask(&mut tx, ctx, &reader, &archive, "1..2").await.is_err());
        let first = ask(&mut tx, ctx, &reader, &archive, "1.2.3").await.unwrap();
        assert_eq!(ask(&mut tx, ctx, &reader, &archive, "1.2.3").await.unwrap(), first, "the same wish");
        tx.commit().await.unwrap();
        let wish = wish(&mut ctx.db.read(&reader).await.unwrap(), &first).await.unwrap().unwrap();
        let half = Progress { completed: 3, failed: 0, remaining: Some(4) };
        progress(ctx, &wish, half).await.unwrap();
        let shown = async || list(&mut ctx.db.read(&reader).await.unwrap(), &reader).await.unwrap().remove(0);
        let now = shown().await;
        assert_eq!((now.state.as_str(), now.completed, now.remaining), ("running", 3, Some(4)));
        close(ctx, &wish, Progress { completed: 6, failed: 1, remaining: None }, None).await.unwrap();
        let now = shown().await;
        assert_eq!((now.state.as_str(), now.completed, now.failed), ("partial", 6, 1), "{}", bench.engine);
        // What has ended is asked for anew.
        let mut tx = ctx.db.begin(&reader).await.unwrap();
        let second = ask(&mut tx, ctx, &reader, &archive, "1.2.3").await.unwrap();
        tx.commit().await.unwrap();
        assert_ne!(second, first);
        let again = super::wish(&mut ctx.db.read(&reader).await.unwrap(), &second).await.unwrap().unwrap();
        close(ctx, &again, Progress::default(), Some("connect: no answer".into())).await.unwrap();
        let now = shown().await;
        assert_eq!((now.state.as_str(), now.error.as_str()), ("failed", "connect: no answer"));
    }
}
