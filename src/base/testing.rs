//! A platform for tests: a fresh database on each engine, a stepped clock, counted ids.
//!
//! PostgreSQL is used when `YIGONG_TEST_POSTGRES` holds a `postgres://` address of a server on which databases may be
//! created; without it the run says loudly that it was skipped.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::access::Permit;
use crate::clock::SteppedClock;
use crate::config::Config;
use crate::ctx::Ctx;
use crate::fault::Result;
use crate::id::RandomIds;
use crate::kept::Kept;
use crate::live::Live;
use crate::site::facility::{self, Facility};
use crate::storage::blob::Blobs;
use crate::storage::{Db, migrate};

/// 2026-09-01 08:00 Beijing time.
pub const START_MS: i64 = 1_788_220_800_000;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A platform of its own; its folder goes when it is dropped.
pub struct Bench {
    /// The platform.
    pub ctx: Ctx,
    /// Its clock.
    pub clock: Arc<SteppedClock>,
    /// Which engine, for messages.
    pub engine: &'static str,
    folder: PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Best effort: a test folder that stays harms nothing.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A platform on SQLite.
pub async fn sqlite() -> Result<Bench> {
    let folder = folder()?;
    let db = Db::open_sqlite(&folder.join("yigong.sqlite")).await?;
    bench(db, folder, "sqlite").await
}

/// A platform on PostgreSQL, or `None` (said loudly) without a server.
pub async fn postgres() -> Result<Option<Bench>> {
    let Ok(server) = std::env::var("YIGONG_TEST_POSTGRES") else {
        skipped("SKIPPED on PostgreSQL: YIGONG_TEST_POSTGRES is not set");
        return Ok(None);
    };
    let name = format!("yigong_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let admin = Db::open_postgres(&format!("{server}/postgres")).await?;
    admin.create_database(&name).await?;
    let db = Db::open_postgres(&format!("{server}/{name}")).await?;
    bench(db, folder()?, "postgres").await.map(Some)
}

/// Every engine that can run here.
pub async fn engines() -> Result<Vec<Bench>> {
    let mut all = vec![sqlite().await?];
    all.extend(postgres().await?);
    Ok(all)
}

#[expect(clippy::print_stderr, reason = "a skipped check must be seen in the test's output")]
fn skipped(line: &str) {
    eprintln!("{line}");
}

fn folder() -> Result<PathBuf> {
    let n = NUMBER.fetch_add(1, Ordering::SeqCst);
    let folder = std::env::temp_dir().join(format!("yigong-test-{}-{n}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| crate::fault::Fault::io("create test folder", &e))?;
    Ok(folder)
}

async fn bench(db: Db, folder: PathBuf, engine: &'static str) -> Result<Bench> {
    migrate::run(&db, START_MS).await?;
    let clock = Arc::new(SteppedClock::at(START_MS));
    let ctx = Ctx {
        db,
        blobs: Blobs::open(&folder, "t".into()).await?.with_reserve(0),
        clock: clock.clone(),
        ids: Arc::new(RandomIds),
        config: Arc::new(Config::default()),
        live: Live::default(),
        kept: Kept::default(),
    };
    let permit = Permit::system("test");
    let mut tx = ctx.db.begin(&permit).await?;
    for (code, name, kind) in
        [("LEAD", "县人民医院", "lead"), ("C01", "青山镇卫生院", "clinic"), ("C02", "白水镇卫生院", "clinic")]
    {
        let f = Facility {
            code: code.into(),
            name: name.into(),
            name_en: code.into(),
            kind: kind.into(),
            grid: String::new(),
            phone: String::new(),
            duty_phone: "0571-0000".into(),
            active: true,
        };
        facility::put(&mut tx, &ctx, &permit, &f).await?;
    }
    tx.commit().await?;
    Ok(Bench { ctx, clock, engine, folder })
}
