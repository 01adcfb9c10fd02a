//! Proof that what is stored is still what came (specification §7.1, reliability §D): the scrubber hashes every object again
//! within a set number of days, the sweeper holds rows and objects against each other once a day.
//!
//! A wrong or missing object is marked, logged as an error and audited; from then on it is never served. An object without
//! a row, older than a day, is set aside for a week.

mod brake;
mod marks;
pub mod mend;
pub mod sql;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::{DAY_MS, HOUR_MS, MINUTE_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::blob_audit::Found;
use yigong_base::storage::layout::FOLDERS;
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args, audit, setting};

use self::marks::mark;
pub use self::marks::restored;
use super::recompress;
use crate::timekeeping;

/// The part of the pages that the health of the store is.
const LIVE: &str = "storage";
/// A job run stops after this long and goes on in the next one; the lease of a job is longer.
const BOX_MS: i64 = 2 * MINUTE_MS;
/// Rows looked at in one read.
const PAGE: i64 = 500;
/// Objects without a row are left alone this long: their row may be on its way.
const YOUNG_MS: i64 = DAY_MS;
/// Not there in one page of rows: so many, and more than half, are a disk that is away.
const MANY: usize = 20;
/// Parts of the addresses, by their first four digits: the unit of the scrubber's shares.
const PARTS: u32 = 0x1_0000;
/// What was set aside stays this long.
const ASIDE_MS: i64 = 7 * DAY_MS;

/// Where the scrubber is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Address of the last object hashed; empty at the start of a pass.
    pub cursor: String,
    /// When this pass began, ms.
    pub began_at: i64,
    /// Objects hashed in this pass.
    pub checked: u64,
    /// Of them wrong.
    pub wrong: u64,
    /// When the last whole pass ended, ms; 0 = never.
    pub finished_at: i64,
}

/// What the last sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Swept {
    /// When it ended, ms; 0 = never.
    pub at: i64,
    /// Objects that rows name.
    pub named: u64,
    /// Of them not there.
    pub missing: u64,
    /// Objects that no row names, set aside.
    pub aside: u64,
    /// Objects the retention policy had given up, removed.
    pub removed: u64,
}

/// A marked object.
#[derive(Debug, Clone, Serialize)]
pub struct Damaged {
    /// Address.
    pub address: String,
    /// `hash`, `missing`, `unreadable`.
    pub kind: String,
    /// When it was found, ms.
    pub found_at: i64,
    /// An instance that needs it.
    pub instance: Option<String>,
}

/// State for `yigong check` and the administrator's page.
///
/// # Errors
/// Storage faults.
pub async fn state(conn: &mut Conn) -> Result<(Progress, Swept, Vec<Damaged>)> {
    let damaged = conn.all(sql::LIST_DAMAGED, args![]).await?;
    let damaged = damaged
        .iter()
        .map(|r| {
            Ok(Damaged {
                address: r.text("address")?,
                kind: r.text("kind")?,
                found_at: r.int("found_at")?,
                instance: r.opt_text("instance")?,
            })
        })
        .collect::<Result<_>>()?;
    Ok((kept(conn, "scrub").await?, kept(conn, "sweep").await?, damaged))
}

/// How far the scrubber is through the store, 0 to 1; 0 between two passes.
#[must_use]
pub fn share(progress: &Progress) -> f64 {
    f64::from(part_of(&progress.cursor)) / f64::from(PARTS)
}

/// The part in which an address lies, or at which a pass goes on.
fn part_of(cursor: &str) -> u32 {
    cursor.get(..4).and_then(|p| u32::from_str_radix(p, 16).ok()).unwrap_or(0)
}

/// A job of the keeping.
#[derive(Debug, Clone, Serialize)]
pub struct NextRun {
    /// `scrub`, `sweep`, `retention`, `recompress`.
    pub kind: String,
    /// When it runs next, ms.
    pub at: i64,
    /// `waiting`, `running`.
    pub state: String,
    /// What its last try met, or empty.
    pub error: String,
}

/// When the jobs of the keeping run next.
///
/// # Errors
/// Storage faults.
pub async fn next_runs(conn: &mut Conn) -> Result<Vec<NextRun>> {
    let rows = conn.all(sql::NEXT_RUNS, args![]).await?;
    let run = |row: &Row| {
        Ok(NextRun {
            kind: row.text("kind")?,
            at: row.int("at")?,
            state: row.text("state")?,
            error: row.text("error")?,
        })
    };
    rows.iter().map(run).collect()
}

/// How many marked objects are in scope.
///
/// # Errors
/// Storage faults.
pub async fn count(conn: &mut Conn, permit: &Permit) -> Result<i64> {
    conn.one(sql::COUNT_IN_SCOPE, args![permit.scope()]).await?.int("n")
}

async fn kept<T: Default + serde::de::DeserializeOwned>(conn: &mut Conn, name: &str) -> Result<T> {
    // A value that an earlier version wrote otherwise only costs a new beginning.
    Ok(setting::get(conn, name).await?.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
}

/// Sees to it that the daily work is in the queue: called when the program starts.
///
/// # Errors
/// Storage faults.
pub async fn schedule(ctx: &Ctx) -> Result<()> {
    let mut tx = ctx.db.begin(&Permit::system("scrub")).await?;
    for (kind, pause) in [("scrub", MINUTE_MS), ("sweep", 10 * MINUTE_MS), ("retention", 20 * MINUTE_MS)] {
        jobs::enqueue(&mut tx, ctx, Job::new(kind, "all").at(ctx.now() + pause)).await?;
    }
    tx.commit().await
}

/// The job `scrub`: the next share of the objects is hashed; every hour one share, all of them in `imaging.scrub_days`.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn scrub(ctx: &Ctx) -> Result<()> {
    let permit = Permit::system("scrub");
    let mut now_at: Progress = kept(&mut *ctx.db.read(&permit).await?, "scrub").await?;
    let hours = u32::try_from(ctx.config.imaging.scrub_days.clamp(1, 3_650) * 24).unwrap_or(720);
    let share = PARTS.div_ceil(hours).max(1);
    let began = ctx.now();
    if now_at.cursor.is_empty() {
        now_at = Progress { began_at: began, finished_at: now_at.finished_at, ..Progress::default() };
    }
    let first = part_of(&now_at.cursor);
    // The end of the last part is no address: it is behind every one.
    let end = first.saturating_add(share);
    let until = if end < PARTS { format!("{end:04x}") } else { "g".into() };
    let in_one = PARTS / FOLDERS;
    let mut in_time = true;
    'folders: for number in first / in_one..end.div_ceil(in_one).min(FOLDERS) {
        for address in ctx.blobs.disk().folder(number).await? {
            if address <= now_at.cursor || address >= until {
                continue;
            }
            let found = ctx.blobs.disk().rehash(&address).await?;
            now_at.checked += 1;
            now_at.wrong += u64::from(!matches!(found, Found::Sound | Found::Missing));
            mark(ctx, &permit, &address, found).await?;
            now_at.cursor = address;
            if ctx.now().abs_diff(began) > BOX_MS.unsigned_abs() {
                in_time = false;
                break 'folders;
            }
        }
    }
    if in_time {
        // The whole share is done: the next run begins behind it.
        now_at.cursor = if end < PARTS { until } else { String::new() };
    }
    if now_at.cursor.is_empty() {
        now_at.finished_at = ctx.now();
        tracing::info!(checked = now_at.checked, wrong = now_at.wrong, "scrub.pass");
    }
    let mut tx = ctx.db.begin(&permit).await?;
    setting::put(&mut tx, ctx, "scrub", &serde_json::to_string(&now_at)?).await?;
    let pause = if in_time { HOUR_MS } else { MINUTE_MS };
    jobs::enqueue(&mut tx, ctx, Job::new("scrub", "all").at(ctx.now() + pause)).await?;
    tx.commit().await
}

/// A page of the addresses that rows name, from `after` on, in order.
///
/// # Errors
/// Storage faults.
pub async fn named(conn: &mut Conn, after: &str) -> Result<Vec<String>> {
    let page = conn.all(sql::NAMED, args![after, PAGE]).await?;
    page.iter().map(|row| row.text("address")).collect()
}

/// The job `sweep`: every row has its object, every object has a row or is younger than a day.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn sweep(ctx: &Ctx, payload: &Value) -> Result<()> {
    let permit = Permit::system("sweep");
    let began = ctx.now();
    let mut found: Swept =
        payload.get("found").cloned().and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let mut after = payload.get("after").and_then(Value::as_str).unwrap_or_default().to_owned();
    // The last object that was held against the rows; absent while the rows are held against the objects.
    let past = payload.get("past").and_then(Value::as_str);
    if past.is_none() && after.is_empty() {
        look_again(ctx, &permit).await?;
    }
    while past.is_none() {
        if ctx.now().abs_diff(began) > BOX_MS.unsigned_abs() {
            return again(ctx, &permit, json!({"after": after, "found": found})).await;
        }
        let page = ctx.db.read(&permit).await?.all(sql::NAMED, args![&after, PAGE]).await?;
        let Some(last) = page.last() else { break };
        let next = last.text("address")?;
        let missing = missing(ctx, &page).await?;
        found.named += page.len() as u64;
        found.missing += missing.len() as u64;
        for address in &missing {
            mark(ctx, &permit, address, Found::Missing).await?;
        }
        after = next;
    }
    brake::belongs(ctx).await?;
    let past = past.unwrap_or_default();
    for number in part_of(past) / (PARTS / FOLDERS)..FOLDERS {
        for address in ctx.blobs.disk().folder(number).await? {
            if address.as_str() <= past {
                continue;
            }
            strange(ctx, &permit, &address, &mut found).await?;
            if ctx.now().abs_diff(began) > BOX_MS.unsigned_abs() {
                return again(ctx, &permit, json!({"past": address, "found": found})).await;
            }
        }
    }
    ctx.blobs.disk().drop_aside(ctx.now() - ASIDE_MS).await?;
    found.at = ctx.now();
    tracing::info!(named = found.named, missing = found.missing, aside = found.aside, "sweep.done");
    let mut tx = ctx.db.begin(&permit).await?;
    setting::put(&mut tx, ctx, "sweep", &serde_json::to_string(&found)?).await?;
    jobs::enqueue(&mut tx, ctx, Job::new("sweep", "all").at(ctx.now() + DAY_MS)).await?;
    tx.commit().await
}

/// What was marked as not there or not readable, and may be by now: a volume that was away for an hour.
async fn look_again(ctx: &Ctx, permit: &Permit) -> Result<()> {
    let marked = ctx.db.read(permit).await?.all(sql::AWAY, args![]).await?;
    for row in marked {
        let address = row.text("address")?;
        if ctx.blobs.disk().rehash(&address).await? == Found::Sound {
            mark(ctx, permit, &address, Found::Sound).await?;
        }
    }
    Ok(())
}

/// Objects of a page of rows that are not on the disk. A disk that does not answer, or on which most are not to be found, is
/// a fault of the disk: nothing is marked, the job is tried again. One folder that is gone while the others are there is lost,
/// and is said.
async fn missing(ctx: &Ctx, page: &[Row]) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for row in page {
        let address = row.text("address")?;
        let there = tokio::fs::try_exists(ctx.blobs.path(&address)?).await;
        if !there.map_err(|e| Fault::io("look for an object", &e))? {
            gone.push(address);
        }
    }
    if gone.len() >= MANY && gone.len() * 2 > page.len() && !brake::there_elsewhere(ctx, &gone).await? {
        let (n, of) = (gone.len(), page.len());
        return Err(Fault::storage(format!("{n} of {of} objects are not there: is the volume mounted?")));
    }
    Ok(gone)
}

async fn again(ctx: &Ctx, permit: &Permit, payload: Value) -> Result<()> {
    let mut tx = ctx.db.begin(permit).await?;
    jobs::enqueue(&mut tx, ctx, Job::new("sweep", "all").payload(payload)).await?;
    tx.commit().await
}

/// Since when objects are so young that their row may be on its way, by the clock that dates files.
pub(super) async fn young(ctx: &Ctx) -> Result<i64> {
    let now = ctx.now();
    // Files have the machine's dates: behind ours where it is not believed, and old at once where it was set forward.
    let behind = ctx.clock.set_by().min(0);
    let forward = timekeeping::forward_since(ctx, now - YOUNG_MS).await?;
    Ok(now + behind - forward - YOUNG_MS)
}

/// An object that no row names: its row may still come for a day; then it is set aside, or removed when it was given up.
async fn strange(ctx: &Ctx, permit: &Permit, address: &str, found: &mut Swept) -> Result<()> {
    let now = ctx.now();
    let erased = {
        let mut conn = ctx.db.read(permit).await?;
        if conn.opt(sql::IS_NAMED, args![address]).await?.is_some() {
            return Ok(());
        }
        if let Some(row) = conn.opt(recompress::sql::IS_ORIGINAL, args![address]).await?
            && row.int("at")? > now - ctx.config.imaging.recompress_keep_days.max(0) * DAY_MS
        {
            // The database of a backup may name it yet.
            return Ok(());
        }
        conn.opt(sql::IS_ERASED, args![address]).await?.is_some()
    };
    let young = young(ctx).await?;
    if ctx.blobs.disk().written_at(address).await?.is_none_or(|at| at > young) {
        return Ok(());
    }
    if !ctx.blobs.disk().set_aside(address, now, young).await? {
        return Ok(());
    }
    let action = if erased { "object.remove" } else { "object.aside" };
    let mut tx = ctx.db.begin(permit).await?;
    audit::append(&mut tx, ctx, permit, action, "object", address, &json!({}));
    tx.commit().await?;
    if erased {
        ctx.blobs.disk().drop_one_aside(address, now).await?;
        found.removed += 1;
    } else {
        found.aside += 1;
    }
    Ok(())
}
