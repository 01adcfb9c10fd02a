//! A flipped bit, a missing file and a file without a row are found, and never served.

use yigong_base::access::{Permit, Role};
use yigong_base::fault::Fault;
use yigong_base::testing::{Bench, engines};

use super::super::quarantine::{self, Entry};
use super::super::testing::{Shot, device, person, send, study};
use super::super::{egress, retrieve};
use super::*;

async fn stored(bench: &Bench) -> retrieve::Stored {
    let permit = Permit::peer("AEC01", "C01");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap()
}

/// One whole pass, an hour at a time.
async fn pass(bench: &Bench) -> Progress {
    for _ in 0..=30 * 24 {
        scrub(&bench.ctx).await.unwrap();
        bench.clock.advance(HOUR_MS);
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let (progress, _, _) = state(&mut conn).await.unwrap();
        if progress.cursor.is_empty() {
            return progress;
        }
    }
    panic!("no pass within 30 days");
}

#[tokio::test]
async fn a_flipped_bit_is_found_and_never_served() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        send(&bench, &peer, &Shot { instance: "1.2.3.4.6", pixel: 1, ..Shot::default() }).await.unwrap();
        let one = stored(&bench).await;
        let path = ctx.blobs.path(&one.object).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut bad = whole.clone();
        let last = bad.len() - 1;
        bad[last] ^= 1;
        std::fs::write(&path, &bad).unwrap();

        let progress = pass(&bench).await;
        assert_eq!((progress.checked, progress.wrong), (2, 1), "{}", bench.engine);
        let marked = stored(&bench).await;
        assert_eq!(marked.damaged.as_deref(), Some("hash"));
        assert!(matches!(egress::bytes(ctx, &marked).await, Err(Fault::Storage { .. })));
        assert!(matches!(egress::open(ctx, &marked).await, Err(Fault::Storage { .. })));
        assert!(retrieve::metadata(ctx, &marked, String::new()).await.is_err());

        // Brought back from a backup, the next pass takes the mark away.
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(pass(&bench).await.wrong, 0);
        assert!(egress::bytes(ctx, &stored(&bench).await).await.is_ok());
    }
}

#[tokio::test]
async fn a_lost_folder_is_said_and_a_volume_that_is_away_is_not_damage() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        let mut stored = Vec::new();
        for n in 0..12 {
            let instance = format!("1.2.3.4.{n}");
            send(&bench, &peer, &Shot { instance: &instance, pixel: n, ..Shot::default() }).await.unwrap();
        }
        let permit = Permit::system("test");
        for row in ctx.db.read(&permit).await.unwrap().all(sql::NAMED, args!["", 100]).await.unwrap() {
            stored.push(row.text("address").unwrap());
        }
        assert_eq!(stored.len(), 12);
        // Thirty more that were in one folder.
        let lost =
            (0..=255).map(|n| format!("{n:02x}")).find(|f| stored.iter().all(|a| !a.starts_with(f.as_str())));
        let lost = lost.unwrap();
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        for n in 0..30 {
            let address = format!("{lost}{n:062x}");
            let entry = Entry {
                lane: "content",
                reason: "held",
                facility: "C01",
                peer: &peer.id,
                object_kind: "object",
                object_id: &address,
                blob: Some(&address),
                for_study: None,
                said: None,
                detail: json!({}),
            };
            quarantine::open(&mut tx, ctx, &permit, &entry).await.unwrap();
        }
        tx.commit().await.unwrap();
        sweep(ctx, &Value::Null).await.unwrap();
        let (_, swept, damaged) = state(&mut ctx.db.read(&permit).await.unwrap()).await.unwrap();
        assert_eq!((swept.named, swept.missing), (42, 30), "{}", bench.engine);
        assert!(damaged.iter().all(|d| d.kind == "missing"));

        for address in &stored {
            std::fs::remove_file(ctx.blobs.path(address).unwrap()).unwrap();
        }
        let away = sweep(ctx, &Value::Null).await.unwrap_err().to_string();
        assert!(away.contains("volume"), "{away}");
        let marked = state(&mut ctx.db.read(&permit).await.unwrap()).await.unwrap().2.len();
        assert_eq!(marked, damaged.len(), "{}: nothing more is marked", bench.engine);
    }
}

#[tokio::test]
async fn a_store_before_another_database_is_left_alone() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        // The objects of the database that should be here.
        let mut theirs = Vec::new();
        for n in 0..400 {
            theirs.push(ctx.blobs.put(format!("acknowledged {n}").as_bytes()).await.unwrap());
        }
        bench.clock.advance(400 * 365 * DAY_MS);
        let refused = sweep(ctx, &Value::Null).await.unwrap_err().to_string();
        assert!(refused.contains("database of this store"), "{}: {refused}", bench.engine);
        for address in &theirs {
            assert!(ctx.blobs.path(address).unwrap().exists(), "{}: nothing is set aside", bench.engine);
        }
    }
}

#[tokio::test]
async fn rows_and_objects_are_held_against_each_other() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let orphan = ctx.blobs.put(b"nobody names me").await.unwrap();
        std::fs::remove_file(ctx.blobs.path(&stored(&bench).await.object).unwrap()).unwrap();
        let found = |bench: &Bench| {
            let ctx = bench.ctx.clone();
            async move {
                sweep(&ctx, &Value::Null).await.unwrap();
                let mut conn = ctx.db.read(&Permit::system("test")).await.unwrap();
                state(&mut conn).await.unwrap()
            }
        };
        // The clock of the test stands before the files were written: they are young.
        let (_, swept, damaged) = found(&bench).await;
        assert_eq!((swept.named, swept.missing, swept.aside), (1, 1, 0));
        assert_eq!((damaged.len(), damaged[0].kind.as_str()), (1, "missing"));
        assert!(matches!(egress::bytes(ctx, &stored(&bench).await).await, Err(Fault::Storage { .. })));

        let written = ctx.blobs.disk().written_at(&orphan).await.unwrap().unwrap();
        bench.clock.advance(written - ctx.now() + DAY_MS + 1);
        let (_, swept, _) = found(&bench).await;
        assert_eq!(swept.aside, 1);
        assert!(!ctx.blobs.path(&orphan).unwrap().exists());
        bench.clock.advance(8 * DAY_MS);
        assert_eq!(found(&bench).await.1.aside, 0);
    }
}

/// One image with a flipped bit, found by the scrubber: its address and its whole bytes.
async fn hurt(bench: &Bench) -> (String, Vec<u8>) {
    let peer = device(bench, "C01").await;
    send(bench, &peer, &Shot::default()).await.unwrap();
    let object = stored(bench).await.object;
    let path = bench.ctx.blobs.path(&object).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut bad = whole.clone();
    bad[200] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    assert_eq!(pass(bench).await.wrong, 1);
    (object, whole)
}

async fn listed(bench: &Bench, permit: &Permit) -> Vec<mend::Hurt> {
    let mut conn = bench.ctx.db.read(permit).await.unwrap();
    mend::list(&mut conn, permit).await.unwrap()
}

async fn bring(bench: &Bench, permit: &Permit, object: &str, bytes: &[u8]) -> Result<&'static str> {
    let mut spool = bench.ctx.blobs.spool().await?;
    spool.write(bytes).await?;
    let content = [yigong_base::digest::address_of(bytes), yigong_base::digest::sha256_hex(bytes)];
    mend::restore(&bench.ctx, permit, object, spool.finish().await?, &content).await
}

#[tokio::test]
async fn a_damaged_image_is_shown_noted_and_mended() {
    for bench in engines().await.unwrap() {
        let (object, whole) = hurt(&bench).await;
        let ctx = &bench.ctx;
        let qc = person("qc", "LEAD", &[Role::QcOfficer]);
        let seen = listed(&bench, &qc).await;
        let image = seen[0].image.as_ref().unwrap();
        assert_eq!((seen.len(), seen[0].kind.as_str(), seen[0].used_by.as_str()), (1, "hash", "image"));
        assert_eq!((image.uid.as_str(), image.sender.as_str()), ("1.2.3.4.5", "AEC01"), "{}", bench.engine);
        assert_eq!((image.patient_name.as_str(), image.current), ("王小东", true));
        // The study says it, the series says it, and the stack says it of the image.
        let id = study(&bench, "C01", "1.2.3").await;
        let mut conn = ctx.db.read(&qc).await.unwrap();
        let detail = super::super::detail::study(&mut conn, ctx, &qc, &id).await.unwrap();
        assert_eq!((detail.lost.damaged, detail.lost.erased, detail.series[0].damaged), (1, 0, 1));
        let stack = super::super::detail::stack(&mut conn, &qc, &detail.series[0].id).await.unwrap();
        assert_eq!(stack.instances[0]["damaged"], "hash");
        drop(conn);

        mend::note(ctx, &qc, &object, "asked the clinic to send it again").await.unwrap();
        assert_eq!(mend::recheck(ctx, &qc, &object).await.unwrap(), "hash");
        assert_eq!(listed(&bench, &qc).await[0].note, "asked the clinic to send it again");
        let other = bring(&bench, &qc, &object, b"another file").await.unwrap_err();
        assert_eq!(other.code(), "other_content", "bytes that are not the object's own");
        std::fs::remove_file(ctx.blobs.path(&object).unwrap()).unwrap();
        assert_eq!(mend::recheck(ctx, &qc, &object).await.unwrap(), "missing");
        assert_eq!(listed(&bench, &qc).await[0].kind, "missing");
        assert_eq!(bring(&bench, &qc, &object, &whole).await.unwrap(), "sound");
        assert!(listed(&bench, &qc).await.is_empty());
        assert!(egress::bytes(ctx, &stored(&bench).await).await.is_ok());
        assert!(
            matches!(mend::recheck(ctx, &qc, &object).await, Err(Fault::NotFound { .. })),
            "no longer marked"
        );
    }
}

#[tokio::test]
async fn an_object_of_the_old_address_comes_back_under_it() {
    for bench in engines().await.unwrap() {
        let (object, whole) = hurt(&bench).await;
        let ctx = &bench.ctx;
        let old = yigong_base::digest::sha256_hex(&whole);
        let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
        tx.exec("UPDATE instance SET object_hash = $1", args![&old]).await.unwrap();
        tx.exec("UPDATE damaged_object SET address = $1", args![&old]).await.unwrap();
        tx.commit().await.unwrap();
        std::fs::remove_file(ctx.blobs.path(&object).unwrap()).unwrap();
        let lead = person("lead", "LEAD", &[Role::Lead]);
        assert_eq!(bring(&bench, &lead, &old, &whole).await.unwrap(), "sound", "{}", bench.engine);
        assert_eq!(std::fs::read(ctx.blobs.path(&old).unwrap()).unwrap(), whole);
    }
}

#[tokio::test]
async fn a_study_is_checked_at_once() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        send(&bench, &peer, &Shot { instance: "1.2.3.4.6", pixel: 1, ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        let lead = person("lead", "LEAD", &[Role::Lead]);
        let well = mend::check_study(ctx, &lead, &id).await.unwrap();
        assert_eq!((well.checked, well.wrong, well.left), (2, 0, 0), "{}", bench.engine);
        std::fs::remove_file(ctx.blobs.path(&stored(&bench).await.object).unwrap()).unwrap();
        assert_eq!(mend::check_study(ctx, &lead, &id).await.unwrap().wrong, 1);
        assert_eq!(listed(&bench, &lead).await[0].kind, "missing");
        let other = person("qc2", "C02", &[Role::QcOfficer]);
        assert_eq!(mend::check_study(ctx, &other, &id).await.unwrap_err().code(), "not_found");
    }
}

#[tokio::test]
async fn the_sender_brings_it_back_by_sending_again() {
    for bench in engines().await.unwrap() {
        let (object, whole) = hurt(&bench).await;
        let peer = Permit::system("test");
        let sender = {
            let mut conn = bench.ctx.db.read(&peer).await.unwrap();
            yigong_base::site::peer::find(&mut conn, "p-C01").await.unwrap()
        };
        send(&bench, &sender, &Shot::default()).await.unwrap();
        let lead = person("lead", "LEAD", &[Role::Lead]);
        assert!(listed(&bench, &lead).await.is_empty(), "{}: nobody has to look at it again", bench.engine);
        assert_eq!(stored(&bench).await.damaged, None);
        assert_eq!(std::fs::read(bench.ctx.blobs.path(&object).unwrap()).unwrap(), whole);
    }
}

#[tokio::test]
async fn damage_is_seen_to_by_those_who_may_and_where_they_may() {
    for bench in engines().await.unwrap() {
        let (object, whole) = hurt(&bench).await;
        let ctx = &bench.ctx;
        let writer = person("w", "LEAD", &[Role::Writer]);
        let elsewhere = person("qc2", "C02", &[Role::QcOfficer]);
        assert!(listed(&bench, &elsewhere).await.is_empty(), "{}", bench.engine);
        for (permit, code) in [(&writer, "denied"), (&elsewhere, "not_found")] {
            assert_eq!(mend::recheck(ctx, permit, &object).await.unwrap_err().code(), code);
            assert_eq!(mend::note(ctx, permit, &object, "x").await.unwrap_err().code(), code);
            assert_eq!(bring(&bench, permit, &object, &whole).await.unwrap_err().code(), code);
        }
        let admin = person("it", "LEAD", &[Role::ItAdmin]);
        let seen = listed(&bench, &admin).await;
        let image = seen[0].image.as_ref().unwrap();
        assert_eq!((image.patient_name.as_str(), image.study.as_str()), ("", ""), "no clinical content");
        let mut conn = ctx.db.read(&elsewhere).await.unwrap();
        assert_eq!(count(&mut conn, &elsewhere).await.unwrap(), 0);
        assert_eq!(count(&mut conn, &admin).await.unwrap(), 1);
        let (progress, _, _) = state(&mut conn).await.unwrap();
        assert!(share(&progress).abs() < f64::EPSILON, "between two passes");
    }
}

#[tokio::test]
async fn every_address_column_is_known_to_the_sweeper() {
    // A column that names an object and is unknown here would let the sweeper set that object aside.
    let bench = yigong_base::testing::sqlite().await.unwrap();
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let rows = conn
        .all("SELECT m.name AS tbl, p.name AS col FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND (p.name LIKE '%hash%' OR p.name LIKE '%sha256%' OR p.name LIKE '%\\_object' ESCAPE '\\')", args![])
        .await
        .unwrap();
    // Hashes of other things than stored objects.
    let other = [
        "hash",
        "token_hash",
        "password_hash",
        "content_sha256",
        "pdf_sha256",
        "waveform_sha256",
        "sha256",
        "dataset_hash",
    ];
    let mut objects = 0;
    for row in rows {
        let (table, column) = (row.text("tbl").unwrap(), row.text("col").unwrap());
        // What was exchanged for a smaller one is to go.
        if other.contains(&column.as_str()) || table == "original" {
            continue;
        }
        let named = sql::NAMED.contains(&format!("{column} AS address FROM {table}"))
            || sql::NAMED.contains(&format!("SELECT {column} FROM {table} "))
            || sql::NAMED.contains(&format!("SELECT COALESCE({column}, pdf_sha256) FROM {table} "));
        assert!(named, "{table}.{column}: add it to scrub/sql.rs NAMED and IS_NAMED");
        objects += 1;
    }
    assert!(objects >= 12, "only {objects} columns with addresses were found");
}
