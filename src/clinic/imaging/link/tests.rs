//! A link opens one study, for a time, and dies with its maker's sight of it.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Fault;
use yigong_base::testing::{Bench, engines};

use super::*;
use crate::imaging::retrieve;
use crate::imaging::tests::{Made as File, file, known, send};

async fn two_studies(bench: &Bench) -> [(String, &'static str); 2] {
    let peer = known(bench).await;
    for (study, instance) in [(b"1.2.3\0", "1.2.3.4.1"), (b"1.2.9\0", "1.2.9.4.1")] {
        let mut bytes = file(&File { instance, patient: "P1", name: "王^小东", pixel: 1 });
        let value = bytes.windows(8).position(|w| w == b"\x20\0\x0d\0UI\x06\0").unwrap() + 8;
        bytes[value..value + 6].copy_from_slice(study);
        send(bench, &peer, &bytes).await.unwrap();
    }
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let mut rows = Vec::new();
    for uid in ["1.2.3", "1.2.9"] {
        let row = conn.one("SELECT id FROM study WHERE uid = $1", args![uid]).await.unwrap();
        rows.push((row.text("id").unwrap(), uid));
    }
    rows.try_into().unwrap()
}

async fn made(bench: &Bench, permit: &Permit, study: &str) -> Result<Made> {
    let mut tx = bench.ctx.db.begin(permit).await.unwrap();
    let made = create(&mut tx, &bench.ctx, permit, study, "weasis", 30).await?;
    tx.commit().await.map(|()| made)
}

#[tokio::test]
async fn one_study_for_a_time() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let [(one, _), _] = two_studies(&bench).await;
        let clinic = Permit::peer("C01", "C01");
        let link = made(&bench, &clinic, &one).await.unwrap();
        let permit = find(ctx, &link.secret).await.unwrap().unwrap();
        assert_eq!(permit.study(), Some(one.as_str()));
        let mut conn = ctx.db.read(&permit).await.unwrap();
        assert_eq!(retrieve::of_study(&mut conn, &permit, "1.2.3", "").await.unwrap().len(), 1);
        let other = retrieve::of_study(&mut conn, &permit, "1.2.9", "").await;
        assert!(matches!(other, Err(Fault::NotFound { .. })), "{}", bench.engine);
        drop(conn);
        assert!(find(ctx, &"0".repeat(64)).await.unwrap().is_none());
        assert!(made(&bench, &permit, &one).await.is_err(), "a link made a link");
        bench.clock.advance(30 * MINUTE_MS);
        assert!(find(ctx, &link.secret).await.unwrap().is_none(), "it lived longer than it should");
    }
}

#[tokio::test]
async fn revoked_and_lost_links_open_nothing() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let [(one, _), _] = two_studies(&bench).await;
        let (own, far) = (Permit::peer("C01", "C01"), Permit::peer("C02", "C02"));
        assert!(matches!(made(&bench, &far, &one).await, Err(Fault::NotFound { .. })), "foreign study");
        let link = made(&bench, &own, &one).await.unwrap();
        let mut tx = ctx.db.begin(&far).await.unwrap();
        assert!(revoke(&mut tx, ctx, &far, &link.id).await.is_err(), "a stranger revoked it");
        drop(tx);
        let mut tx = ctx.db.begin(&own).await.unwrap();
        revoke(&mut tx, ctx, &own, &link.id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(find(ctx, &link.secret).await.unwrap().is_none());
        // A facility that saw the study by a grant: the link ends with the grant.
        let mut tx = ctx.db.begin(&own).await.unwrap();
        let grant = "INSERT INTO study_grant (study, facility, reason, granted_by, granted_at) VALUES ($1, 'C02', 'consult', 'test', 0)";
        tx.exec(grant, args![&one]).await.unwrap();
        tx.commit().await.unwrap();
        let link = made(&bench, &far, &one).await.unwrap();
        assert!(find(ctx, &link.secret).await.unwrap().is_some());
        // It is shown its own link, not the other facility's, and ends no other one.
        let theirs = made(&bench, &own, &one).await.unwrap();
        let mut tx = ctx.db.begin(&far).await.unwrap();
        assert!(
            revoke(&mut tx, ctx, &far, &theirs.id).await.is_err(),
            "a grant is no right over others' links"
        );
        let shown = list(&mut tx, &far, &one).await.unwrap();
        assert_eq!(shown.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), [link.id.as_str()]);
        drop(tx);
        let mut tx = ctx.db.begin(&own).await.unwrap();
        tx.exec("DELETE FROM study_grant WHERE study = $1", args![&one]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(find(ctx, &link.secret).await.unwrap().is_none(), "{}", bench.engine);
        let mut conn = ctx.db.read(&own).await.unwrap();
        let rows = list(&mut conn, &own, &one).await.unwrap();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|r| r.id == theirs.id || r.used_at.is_some() || r.revoked_at.is_some()));
        assert!(matches!(list(&mut conn, &far, &one).await, Err(Fault::NotFound { .. })));
    }
}
