//! Delayed lossless recompression (specification §7.5): images that were received without compression and whose report was
//! signed so many days ago are stored as JPEG-LS. Off unless `imaging.recompress_after_days` says otherwise.
//!
//! An object is exchanged only after the proof: the head that the object had, and what is read back from the compressed one
//! turned into the syntax in which it came, have together the address of the object that came. So not a bit is lost, and whoever
//! asks for that syntax gets the same data set as before. What the object was stands in a table of its own (`original`).

pub mod sql;

use serde::{Deserialize, Serialize};
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::{DAY_MS, MINUTE_MS};
use yigong_base::codec::Coding;
use yigong_base::digest::Running;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::spool::{Content, Spooled};
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args, audit, setting};
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::{FileSource, header, uid};

use super::open::{Opened, blocking};
use super::pixels::Pixels;
use super::stack;
use super::transcode::{LARGEST, Transcoded};
use crate::Centre;

/// The job; its key is `all`.
pub const JOB: &str = "recompress";
/// A run stops after this long and goes on after a pause as long: reading and receiving come first.
const BOX_MS: i64 = MINUTE_MS;
/// Rows that one read walks over.
const STRETCH: i64 = 2_000;
/// A smaller object is not worth the exchange, bytes.
const LEAST: i64 = 64 * 1024;
/// The work stops when no more is free than so many times what receiving leaves free.
const ROOM: u64 = 3;
/// A longer head is nobody's file meta information, bytes.
const HEAD: u64 = 16 * 1024;
/// An object that does not become smaller than this share of itself stays, percent.
const SHARE: u64 = 90;

/// What an object was as it was received, as far as later objects are held against it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Original {
    /// Its address.
    pub(super) object: String,
    /// Hash of its data set, whatever head it had.
    pub(super) dataset: String,
    /// Hash of its pixel data.
    pub(super) pixels: String,
}

impl Original {
    /// Of a row of `VERSIONS`; none where the object is as it was received.
    ///
    /// # Errors
    /// Storage faults.
    pub(super) fn of(row: &Row) -> Result<Option<Self>> {
        let Some(object) = row.opt_text("was_object")? else { return Ok(None) };
        let text = |column: &str| row.opt_text(column).map(Option::unwrap_or_default);
        Ok(Some(Self { object, dataset: text("was_dataset")?, pixels: text("was_pixels")? }))
    }
}

/// How far the work has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Instance row at which this pass is; empty between two passes.
    pub cursor: String,
    /// Objects exchanged since the beginning.
    pub done: u64,
    /// Objects that stay as they were received.
    pub left: u64,
    /// Bytes that the exchanged objects take less.
    pub saved: u64,
    /// When the last whole pass ended, ms; 0 = never.
    pub finished_at: i64,
}

/// How far the work has come; none where it is switched off and was never on.
///
/// # Errors
/// Storage faults.
pub async fn progress(conn: &mut Conn) -> Result<Progress> {
    Ok(setting::get(conn, JOB).await?.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
}

/// Sees to it that the work is in the queue where it is switched on: called when the program starts.
///
/// # Errors
/// Storage faults.
pub async fn schedule(ctx: &Ctx) -> Result<()> {
    if ctx.config.imaging.recompress_after_days <= 0 {
        return Ok(());
    }
    let mut tx = ctx.db.begin(&Permit::system(JOB)).await?;
    jobs::enqueue(&mut tx, ctx, Job::new(JOB, "all").at(ctx.now() + 30 * MINUTE_MS)).await?;
    tx.commit().await
}

/// The job [`JOB`]: the next images, for a minute; a new pass a day after the last one ended.
///
/// # Errors
/// Storage faults, and a codec worker that cannot be started; the job is tried again.
pub async fn run(centre: &Centre) -> Result<()> {
    let ctx = &centre.ctx;
    let days = ctx.config.imaging.recompress_after_days;
    if days <= 0 {
        return Ok(());
    }
    let permit = Permit::system(JOB);
    let began = ctx.now();
    let mut at = progress(&mut *ctx.db.read(&permit).await?).await?;
    let before = began - days.saturating_mul(DAY_MS);
    let went = walk(centre, &permit, &mut at, before, began).await;
    // What was done is remembered whatever came then; behind an object that cannot be read the next run goes on.
    let pause = match &went {
        Ok(Went::TimeUp) => BOX_MS,
        Ok(Went::Through | Went::NoRoom) => DAY_MS,
        Err(_) => 10 * BOX_MS,
    };
    let mut tx = ctx.db.begin(&permit).await?;
    setting::put(&mut tx, ctx, JOB, &serde_json::to_string(&at)?).await?;
    jobs::enqueue(&mut tx, ctx, Job::new(JOB, "all").at(ctx.now() + pause)).await?;
    tx.commit().await?;
    match went {
        Ok(went) => tracing::info!(done = at.done, left = at.left, saved = at.saved, ?went, "recompress.run"),
        Err(fault) => tracing::error!(behind = at.cursor, error = %fault, "recompress.run"),
    }
    Ok(())
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    /// There is more.
    TimeUp,
    /// Every row was walked over.
    Through,
    /// The file as it came stays for weeks beside the smaller one: that needs room which receiving must not miss.
    NoRoom,
}

async fn walk(centre: &Centre, permit: &Permit, at: &mut Progress, before: i64, began: i64) -> Result<Went> {
    let ctx = &centre.ctx;
    loop {
        let mut conn = ctx.db.read(permit).await?;
        let until = conn.one(sql::STRETCH, args![&at.cursor, STRETCH]).await?.opt_text("id")?;
        let Some(until) = until else {
            (at.cursor, at.finished_at) = (String::new(), ctx.now());
            return Ok(Went::Through);
        };
        let page = conn.all(sql::NEXT, args![&at.cursor, &until, before]).await?;
        drop(conn);
        for row in &page {
            let space = ctx.blobs.space()?;
            let size = u64::try_from(row.int("size_bytes")?).unwrap_or(0);
            if space.free < space.reserve.saturating_mul(ROOM).saturating_add(size) {
                return Ok(Went::NoRoom);
            }
            at.cursor = row.text("id")?;
            match one(centre, permit, row).await? {
                Some(saved) => (at.done, at.saved) = (at.done + 1, at.saved + saved),
                None => at.left += 1,
            }
            if ctx.now().abs_diff(began) >= BOX_MS.unsigned_abs() {
                return Ok(Went::TimeUp);
            }
        }
        at.cursor = until;
        if ctx.now().abs_diff(began) >= BOX_MS.unsigned_abs() {
            return Ok(Went::TimeUp);
        }
    }
}

/// Exchanges one object; answers the bytes saved, or none when it stays as it is.
async fn one(centre: &Centre, permit: &Permit, row: &Row) -> Result<Option<u64>> {
    let ctx = &centre.ctx;
    let (id, object, syntax) = (row.text("id")?, row.text("object_hash")?, row.text("transfer_syntax")?);
    let size = row.int("size_bytes")?;
    let made = if size < LEAST { None } else { compressed(centre, &object, &syntax, size).await? };
    let Some((spooled, head, count)) = made else {
        let mut tx = ctx.db.begin(permit).await?;
        tx.exec(sql::STAYS, args![&id, ctx.now()]).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let length = spooled.len;
    let (frames, document) = described(&id, &spooled, count).await?;
    let mut seen = Pixels::read(ctx, vec![object.clone()]).await?;
    let (dataset, pixels) = seen.take(&object);
    let address = ctx.blobs.keep(spooled).await?;
    let now = i64::try_from(length).unwrap_or(i64::MAX);
    let mut tx = ctx.db.begin(permit).await?;
    let exchanged =
        tx.exec(sql::EXCHANGE, args![&id, &object, &address, uid::JPEG_LS, now, frames, document]).await?;
    if exchanged == 0 {
        // Hidden, held, given up or exchanged meanwhile: nobody names what was made, and the sweeper takes it.
        return Ok(None);
    }
    tx.exec(sql::KEEP, args![&id, &object, &syntax, size, dataset, pixels, head, ctx.now()]).await?;
    let detail = json!({"from": object, "to": address, "bytes": size, "now": length});
    audit::append(&mut tx, ctx, permit, "instance.recompress", "instance", &id, &detail);
    tx.commit().await?;
    Ok(Some(u64::try_from(size).unwrap_or(0).saturating_sub(length)))
}

/// The object as JPEG-LS, the head it had and how many frames, when that is smaller and the proof holds.
async fn compressed(
    centre: &Centre,
    object: &str,
    syntax: &str,
    size: i64,
) -> Result<Option<(Spooled, Vec<u8>, usize)>> {
    let ctx = &centre.ctx;
    let opened = match Opened::read(ctx, &ctx.blobs.path(object)?).await {
        Ok(opened) => opened,
        Err(fault) => return stays(object, fault),
    };
    // What is larger could not be turned back for a peer that knows no JPEG-LS.
    let fits = matches!(opened.frames, Frames::Native { .. }) && Coding::JpegLs.takes(&opened.shape());
    if !fits || opened.decoded() > LARGEST {
        return Ok(None);
    }
    let head = match opened.head().await {
        Ok(head) if head.len() as u64 <= HEAD => head,
        Ok(_) => return Ok(None),
        Err(fault) => return stays(object, fault),
    };
    let count = opened.frames.count();
    let mut out = match Transcoded::begin(centre.codec.clone(), opened, uid::JPEG_LS).await {
        Ok(out) => out,
        Err(fault) => return stays(object, fault),
    };
    let mut spool = ctx.blobs.spool().await?;
    loop {
        match out.next().await {
            Ok(Some(part)) if too_long(spool.len() + part.len() as u64, size) => return Ok(None),
            Ok(Some(part)) => spool.write(&part).await?,
            Ok(None) => break,
            Err(fault) => return stays(object, fault),
        }
    }
    let spooled = spool.finish_as_file().await?;
    match came_back(centre, &spooled, syntax, &head).await {
        Ok(address) if address == object => Ok(Some((spooled, head, count))),
        Ok(_) => Ok(None),
        Err(fault) => stays(object, fault),
    }
}

/// Not small enough to be worth it.
fn too_long(length: u64, size: i64) -> bool {
    length.saturating_mul(100) > u64::try_from(size).unwrap_or(0).saturating_mul(SHARE)
}

/// An object that cannot be read or written that way stays as it is; what is no fault of the object (a disk that does not answer, a
/// codec worker that was killed) ends the run.
fn stays<T>(object: &str, fault: Fault) -> Result<Option<T>> {
    match fault {
        Fault::Invalid { ref what, .. } if what == "render-failed" => Err(fault),
        Fault::Invalid { .. } | Fault::NotFound { .. } => {
            tracing::info!(object, why = %fault, "recompress.stays");
            Ok(None)
        }
        fault => Err(fault),
    }
}

/// The address of what the compressed object becomes in the syntax in which it came, behind the head that it had.
async fn came_back(centre: &Centre, spooled: &Spooled, syntax: &str, head: &[u8]) -> Result<String> {
    let opened = Opened::spooled(&centre.ctx, spooled).await?;
    let mut back = Transcoded::begin(centre.codec.clone(), opened, syntax).await?;
    let mut hash = Running::default();
    hash.update(head);
    // The first part is the new head alone.
    back.next().await?;
    while let Some(part) = back.next().await? {
        hash.update(&part);
    }
    Ok(hash.finish_hex())
}

/// Frame index and stack document of the new object.
async fn described(id: &str, spooled: &Spooled, frames: usize) -> Result<(Vec<u8>, serde_json::Value)> {
    let Content::File(path) = spooled.content() else {
        return Err(Fault::internal("a spool file without a file"));
    };
    let (path, length, id) = (path.to_owned(), spooled.len, id.to_owned());
    blocking(move || {
        let file = std::fs::File::open(path).map_err(|e| Fault::io("read object header", &e))?;
        let found = header(&mut FileSource::new(file, length), None);
        let found = found.map_err(|r| Fault::invalid(r.slug, r.detail))?;
        if found.frames.count() != frames {
            return Err(Fault::internal("frames of a recompressed object were not found again"));
        }
        Ok((found.frames.to_bytes(), stack::document(&id, &found)))
    })
    .await
}
