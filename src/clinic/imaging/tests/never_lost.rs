//! What a sender was told yes for is there, is read, and goes out under one person; on every engine.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Fault;
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::Tag;

use super::super::query::Level;
use super::super::receive::Outcome;
use super::super::testing::{Shot, device, send, send_bytes, settle, study};
use super::super::{commitment, quarantine, retrieve, scrub};
use super::{ask, made_as};
use crate::worklist;

async fn work(bench: &Bench, study: &str) -> Option<String> {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    worklist::admit::of_subject(&mut tx, study, "write").await.unwrap().map(|item| item.state)
}

async fn change(bench: &Bench, sql: &'static str, study: &str) {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    tx.exec(sql, args![study]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn entries(bench: &Bench, scope: &Permit) -> Vec<String> {
    let mut conn = bench.ctx.db.read(scope).await.unwrap();
    let open = quarantine::list(&mut conn, scope, "open", "").await.unwrap();
    open.into_iter().map(|e| format!("{} {}", e.facility, e.reason)).collect()
}

#[tokio::test]
async fn images_behind_a_document_become_work() {
    for bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        let document = made_as("P1", "王^小东", "1.2.3", "1.2.3.9", "1.2.3.9.1");
        send_bytes(&bench, &peer, &document).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        assert_eq!(work(&bench, &id).await, None, "nothing to read yet");
        send(&bench, &peer, &Shot::default()).await.unwrap();
        settle(&bench, &id).await;
        assert_eq!(work(&bench, &id).await.as_deref(), Some("queued"));
        // A study of which everything was moved away lives again.
        change(&bench, "UPDATE study SET state = 'merged' WHERE id = $1", &id).await;
        change(&bench, "UPDATE work_item SET state = 'cancelled' WHERE subject = $1", &id).await;
        send(&bench, &peer, &Shot { instance: "1.2.3.4.6", ..Shot::default() }).await.unwrap();
        settle(&bench, &id).await;
        assert_eq!(work(&bench, &id).await.as_deref(), Some("queued"), "{}", bench.engine);
    }
}

#[tokio::test]
async fn one_object_held_for_two_facilities_is_two_entries() {
    for bench in engines().await.unwrap() {
        for facility in ["C01", "C02"] {
            let peer = device(&bench, facility).await;
            send(&bench, &peer, &Shot::default()).await.unwrap();
            let other = Shot { instance: "1.2.3.4.6", patient: "P9", name: "李^四", ..Shot::default() };
            assert_eq!(send(&bench, &peer, &other).await.unwrap().outcome, Outcome::Quarantined);
        }
        let found = entries(&bench, &Permit::system("test")).await;
        for facility in ["C01", "C02"] {
            assert!(found.contains(&format!("{facility} other-patient-in-study")), "{found:?}");
        }
    }
}

#[tokio::test]
async fn an_erased_object_that_comes_again_is_kept_and_waits_for_a_person() {
    for bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        let first = send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        change(
            &bench,
            "UPDATE instance SET current = 0, hidden = '113039', erased_at = 1 WHERE study = $1",
            &id,
        )
        .await;
        let permit = Permit::system("test");
        let proven = async || {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            conn.all(commitment::sql::VERSIONS, args!["C01", "1.2.3.4.5"]).await.unwrap().len()
        };
        assert_eq!(proven().await, 0, "bytes that are given up prove nothing");
        let again = send(&bench, &peer, &Shot::default()).await.unwrap();
        assert_eq!((again.outcome, &again.instance), (Outcome::Same, &first.instance));
        assert_eq!(proven().await, 1);
        assert_eq!(entries(&bench, &permit).await, ["C01 came-after-erasure"]);
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let object = conn.one("SELECT object_hash FROM instance", args![]).await.unwrap();
        let object = object.text("object_hash").unwrap();
        assert!(conn.opt(scrub::sql::IS_ERASED, args![&object]).await.unwrap().is_none());
        assert!(conn.opt(scrub::sql::IS_NAMED, args![&object]).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn one_uid_of_two_persons_is_answered_with_one() {
    for bench in engines().await.unwrap() {
        let mut rows = std::collections::HashMap::new();
        for (facility, name, pixel) in [("C01", "王^小东", 1), ("C02", "李^四", 2)] {
            let peer = device(&bench, facility).await;
            let kept = send(&bench, &peer, &Shot { name, pixel, ..Shot::default() }).await.unwrap();
            rows.insert(facility, kept.instance);
        }
        for (permit, own) in [
            (Permit::peer("AEC01", "C01"), "C01"),
            (Permit::peer("AEC02", "C02"), "C02"),
            (Permit::system("everything"), "C01"),
        ] {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let all = retrieve::of_study(&mut conn, &permit, "1.2.3", "").await.unwrap();
            let found: Vec<&str> = all.iter().map(|s| s.id.as_str()).collect();
            assert_eq!(found, [rows[own].as_str()], "{}", bench.engine);
            let one = retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
            assert_eq!(one.id, rows[own]);
            for level in [Level::Study, Level::Series, Level::Instance] {
                let uid = (Tag(0x0020_000D), "1.2.3");
                let keys: &[(Tag, &str)] = match level {
                    Level::Study => &[uid],
                    Level::Series => &[uid, (Tag(0x0020_000E), "1.2.3.4")],
                    _ => &[uid, (Tag(0x0020_000E), "1.2.3.4"), (Tag(0x0008_0018), "1.2.3.4.5")],
                };
                assert_eq!(ask(&mut conn, &permit, level, keys).await.len(), 1, "{level:?}");
            }
        }
        let found = entries(&bench, &Permit::system("test")).await;
        assert_eq!(found, ["C02 uid-of-other-patient"]);
    }
}

#[tokio::test]
async fn a_disk_that_is_away_marks_nothing_and_a_new_equal_object_is_not_swept() {
    for bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        for n in 0..25_u8 {
            let instance = format!("1.2.3.4.{n}");
            send(&bench, &peer, &Shot { instance: &instance, pixel: n, ..Shot::default() }).await.unwrap();
        }
        let ctx = &bench.ctx;
        let orphan = ctx.blobs.put(b"nobody names me").await.unwrap();
        let objects = ctx.blobs.path(&orphan).unwrap().ancestors().nth(3).unwrap().to_owned();
        let away = objects.with_file_name("away");
        std::fs::rename(&objects, &away).unwrap();
        let swept = scrub::sweep(ctx, &serde_json::Value::Null).await;
        assert!(matches!(swept, Err(Fault::Storage { .. })), "{swept:?}");
        std::fs::rename(&away, &objects).unwrap();
        let mut conn = ctx.db.read(&Permit::system("test")).await.unwrap();
        assert!(scrub::state(&mut conn).await.unwrap().2.is_empty());
        // Written after the sweeper had looked at its age.
        assert!(!ctx.blobs.disk().set_aside(&orphan, ctx.now(), 1).await.unwrap());
        assert!(ctx.blobs.read(&orphan).await.is_ok());
        assert!(ctx.blobs.disk().set_aside(&orphan, ctx.now(), i64::MAX).await.unwrap());
        assert!(ctx.blobs.read(&orphan).await.is_err());
    }
}

#[tokio::test]
async fn below_the_reserve_new_objects_are_refused_and_reports_are_kept() {
    for bench in engines().await.unwrap() {
        let full = bench.ctx.blobs.clone().with_reserve(i64::MAX);
        assert!(matches!(full.spool().await.map(|_| ()), Err(Fault::Storage { .. })));
        assert!(full.probe().await.is_err(), "readiness says so");
        assert!(full.put(b"a signed report").await.is_ok());
        assert!(bench.ctx.blobs.clone().with_reserve(0).spool().await.is_ok());
    }
}

#[tokio::test]
async fn an_object_of_an_earlier_build_that_comes_again_is_the_same_and_whole_again() {
    // Earlier builds named objects by their SHA-256 (decision 0057).
    for bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        for (n, damage) in ["", "changed", "missing", "erased"].into_iter().enumerate() {
            let instance = format!("1.2.3.4.{}", 50 + n);
            let shot = Shot { instance: &instance, ..Shot::default() };
            let first = send(&bench, &peer, &shot).await.unwrap();
            let mut tx = ctx.db.begin(&permit).await.unwrap();
            let row = tx
                .one("SELECT object_hash FROM instance WHERE id = $1", args![&first.instance])
                .await
                .unwrap();
            let address = row.text("object_hash").unwrap();
            let bytes = ctx.blobs.read(&address).await.unwrap();
            let before = yigong_base::digest::sha256_hex(&bytes);
            let old = ctx.blobs.path(&before).unwrap();
            std::fs::create_dir_all(old.parent().unwrap()).unwrap();
            std::fs::rename(ctx.blobs.path(&address).unwrap(), &old).unwrap();
            let older = "UPDATE instance SET object_hash = $2, dataset_hash = $2 WHERE id = $1";
            tx.exec(older, args![&first.instance, &before]).await.unwrap();
            if damage == "erased" {
                tx.exec("UPDATE instance SET erased_at = 1 WHERE id = $1", args![&first.instance])
                    .await
                    .unwrap();
            }
            tx.commit().await.unwrap();
            match damage {
                "changed" => std::fs::write(&old, vec![7; bytes.len()]).unwrap(),
                "missing" | "erased" => std::fs::remove_file(&old).unwrap(),
                _ => {}
            }
            let again = send(&bench, &peer, &shot).await.unwrap();
            assert_eq!((again.outcome, &again.instance), (Outcome::Same, &first.instance), "{damage}");
            let mut conn = ctx.db.read(&permit).await.unwrap();
            let row = conn
                .one("SELECT object_hash, erased_at FROM instance WHERE id = $1", args![&first.instance])
                .await
                .unwrap();
            let now = row.text("object_hash").unwrap();
            assert_eq!(row.opt_int("erased_at").unwrap(), None, "{damage}");
            if !damage.is_empty() {
                assert_eq!(now, address, "{damage}: the row names what was kept now");
            }
            assert!(ctx.blobs.read(&now).await.unwrap() == bytes, "{damage} on {}", bench.engine);
        }
    }
}
