//! What is kept by what, and the way of an old study: hidden, given up, swept; brought back while it can be.

use std::sync::Arc;

use yigong_base::access::{Permit, Role};
use yigong_base::testing::{Bench, engines};

use super::super::testing::{Shot, device, person, send, settle, study};
use super::super::{reconcile, retrieve, scrub};
use super::*;

async fn report(bench: &Bench, study: &str, state: &str) {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    tx.exec(
        "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, state, current_version, verify_code, created_at, updated_at)
         SELECT 'r-' || s.id, 'imaging', 'study', s.id, s.patient, s.facility, $2, 1, s.id, 0, 0 FROM study s WHERE s.id = $1",
        args![study, state],
    )
    .await
    .unwrap();
    tx.exec(
        "INSERT INTO report_version (report, n, kind, content, content_sha256, pdf_sha256, pdf_bytes, writer, signer, signer_demo, signature, certificate, signed_at, seq)
         SELECT id, 1, 'final', '{}', '', '', 0, 'w', 's', 1, $2, $2, $3, $4 FROM report WHERE subject = $1",
        args![study, vec![0_u8], bench.ctx.now(), 1_i64],
    )
    .await
    .unwrap();
    tx.exec("UPDATE work_item SET state = 'done' WHERE subject = $1", args![study]).await.unwrap();
    tx.exec("UPDATE study SET state = 'published' WHERE id = $1", args![study]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn seen(bench: &Bench) -> bool {
    let permit = Permit::peer("AEC01", "C01");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_ok()
}

#[test]
fn a_policy_is_read_or_refused() {
    let mut c = RetentionConfig { modality_years: vec!["MG=30".into()], ..RetentionConfig::default() };
    assert_eq!((years(&c, "MG").unwrap(), years(&c, "CR").unwrap()), (30, 15));
    for bad in ["MG", "MG=", "=3", "MG=-1", "MG=0"] {
        c.modality_years = vec![bad.into()];
        assert!(years(&c, "CR").is_err(), "{bad}");
    }
}

#[tokio::test]
async fn an_unsigned_study_is_never_given_up() {
    for mut bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let mut config = (*bench.ctx.config).clone();
        config.retention.enabled = true;
        bench.ctx.config = Arc::new(config);
        bench.clock.advance(40 * YEAR_MS);
        run(&bench.ctx).await.unwrap();
        assert!(seen(&bench).await);
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let old = dry_run(&mut conn, &bench.ctx.config.retention, bench.ctx.now(), "*", 10).await.unwrap();
        assert!(old[0].kept_by.contains(&"unsigned"), "{old:?}");
    }
}

#[tokio::test]
async fn an_old_signed_study_is_hidden_then_given_up() {
    for mut bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        report(&bench, &id, "published").await;
        bench.clock.advance(16 * YEAR_MS);
        run(&bench.ctx).await.unwrap();
        assert!(seen(&bench).await, "off unless configured");
        let mut config = (*bench.ctx.config).clone();
        config.retention.enabled = true;
        bench.ctx.config = Arc::new(config);
        let ctx = bench.ctx.clone();

        let lead = person("lead", "LEAD", &[Role::Lead]);
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        hold(&mut tx, &ctx, &lead, &id, "court case").await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&lead).await.unwrap();
        let holds = show::holds(&mut conn, &lead).await.unwrap();
        let held = holds[0].hold.as_ref().unwrap();
        assert_eq!((held.reason.as_str(), held.who.as_str(), holds[0].images), ("court case", "lead", 1));
        let clinic = person("qc1", "C02", &[Role::QcOfficer]);
        assert!(show::holds(&mut conn, &clinic).await.unwrap().is_empty(), "another facility's");
        let own = person("tech", "C01", &[Role::ClinicTechnician]);
        let reader = person("w", "LEAD", &[Role::Writer]);
        for (who, n) in [(&lead, 1), (&own, 1), (&clinic, 0), (&reader, 1)] {
            let told = show::of_study(&mut conn, who, &id).await.unwrap();
            assert_eq!(told.iter().count(), n, "{} {}", who.who(), bench.engine);
        }
        let mut tx = ctx.db.begin(&clinic).await.unwrap();
        assert_eq!(release(&mut tx, &ctx, &clinic, &id, "mine?").await.unwrap_err().code(), "not_found");
        drop((tx, conn));
        run(&ctx).await.unwrap();
        assert!(seen(&bench).await, "held by a person");
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        assert_eq!(release(&mut tx, &ctx, &lead, &id, " ").await.unwrap_err().code(), "invalid");
        release(&mut tx, &ctx, &lead, &id, "case closed").await.unwrap();
        tx.commit().await.unwrap();

        run(&ctx).await.unwrap();
        assert!(!seen(&bench).await, "hidden first");
        {
            let mut conn = ctx.db.read(&lead).await.unwrap();
            let going = show::leaving(&mut conn, &lead, &ctx.config.retention).await.unwrap();
            assert_eq!((going.len(), going[0].at), (1, ctx.now() + 7 * DAY_MS), "{}", bench.engine);
        }
        let image = {
            let mut conn = ctx.db.read(&lead).await.unwrap();
            conn.one("SELECT id FROM instance", args![]).await.unwrap().text("id").unwrap()
        };
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        reconcile::restore(&mut tx, &ctx, &lead, &id, std::slice::from_ref(&image), "still needed")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(seen(&bench).await, "and back within the grace");

        bench.clock.advance(8 * DAY_MS);
        run(&ctx).await.unwrap();
        assert!(seen(&bench).await, "what a person brought back is neither hidden nor given up the next day");
        bench.clock.advance(16 * YEAR_MS);
        run(&ctx).await.unwrap();
        assert!(!seen(&bench).await, "after as many years again it goes");
        let erased = async || {
            let mut conn = ctx.db.read(&lead).await.unwrap();
            show::erased(&mut conn, &lead).await.unwrap().len()
        };
        assert_eq!(
            erased().await,
            0,
            "{}: the grace begins with the last hiding, not with the first",
            bench.engine
        );
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        hold(&mut tx, &ctx, &lead, &id, "complaint").await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(8 * DAY_MS);
        run(&ctx).await.unwrap();
        assert_eq!(erased().await, 0, "{}: held", bench.engine);
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        release(&mut tx, &ctx, &lead, &id, "settled").await.unwrap();
        tx.exec("UPDATE report SET state = 'withdrawn' WHERE subject = $1", args![&id]).await.unwrap();
        tx.commit().await.unwrap();
        run(&ctx).await.unwrap();
        assert_eq!(
            erased().await,
            0,
            "{}: no report of it stands, it may have to be read again",
            bench.engine
        );
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        tx.exec("UPDATE report SET state = 'published' WHERE subject = $1", args![&id]).await.unwrap();
        tx.commit().await.unwrap();
        run(&ctx).await.unwrap();
        let mut tx = ctx.db.begin(&lead).await.unwrap();
        let late = reconcile::restore(&mut tx, &ctx, &lead, &id, &[image], "too late").await.unwrap_err();
        assert_eq!(late.code(), "erased");
        drop(tx);
        scrub::sweep(&ctx, &serde_json::Value::Null).await.unwrap();
        let mut conn = ctx.db.read(&lead).await.unwrap();
        let gone = show::erased(&mut conn, &lead).await.unwrap();
        assert_eq!((gone.len(), gone[0].images, gone[0].study.as_str()), (1, 1, id.as_str()));
        assert!(show::leaving(&mut conn, &lead, &ctx.config.retention).await.unwrap().is_empty());
        let numbers = show::numbers(&mut conn, &lead).await.unwrap();
        assert_eq!((numbers.holds, numbers.erased), (0, 1));
        let detail = super::super::detail::study(&mut conn, &ctx, &lead, &id).await.unwrap();
        assert_eq!((detail.lost.erased, detail.lost.erased_at), (1, Some(gone[0].at)));
        let (_, swept, _) = scrub::state(&mut conn).await.unwrap();
        assert_eq!((swept.removed, swept.aside), (1, 0), "{}", bench.engine);
        assert_eq!(
            conn.one("SELECT COUNT(*) AS n FROM instance", args![]).await.unwrap().int("n").unwrap(),
            1,
            "the row stays"
        );
    }
}
