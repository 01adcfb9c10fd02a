//! A flipped bit, a missing file and a file without a row are found, and never served.

use yigong_base::access::Permit;
use yigong_base::fault::Fault;
use yigong_base::testing::{Bench, engines};

use super::super::testing::{Shot, device, send};
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
        assert!(matches!(retrieve::file(ctx, &marked).await, Err(Fault::Storage { .. })));
        assert!(matches!(egress::open(ctx, &marked).await, Err(Fault::Storage { .. })));
        assert!(retrieve::metadata(ctx, &marked, String::new()).await.is_err());

        // Brought back from a backup, the next pass takes the mark away.
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(pass(&bench).await.wrong, 0);
        assert!(retrieve::file(ctx, &stored(&bench).await).await.is_ok());
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
        assert!(matches!(retrieve::file(ctx, &stored(&bench).await).await, Err(Fault::Storage { .. })));

        let written = ctx.blobs.disk().folder(u32::from_str_radix(&orphan[..4], 16).unwrap()).await.unwrap()
            [0]
        .written_at;
        bench.clock.advance(written - ctx.now() + DAY_MS + 1);
        let (_, swept, _) = found(&bench).await;
        assert_eq!(swept.aside, 1);
        assert!(!ctx.blobs.path(&orphan).unwrap().exists());
        bench.clock.advance(8 * DAY_MS);
        assert_eq!(found(&bench).await.1.aside, 0);
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
        if other.contains(&column.as_str()) {
            continue;
        }
        let named = sql::NAMED.contains(&format!("{column} AS address FROM {table}"))
            || sql::NAMED.contains(&format!("SELECT {column} FROM {table} "));
        assert!(named, "{table}.{column}: add it to scrub/sql.rs NAMED and IS_NAMED");
        objects += 1;
    }
    assert!(objects >= 12, "only {objects} columns with addresses were found");
}
