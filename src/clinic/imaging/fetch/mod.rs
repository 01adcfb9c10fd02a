//! Studies of other archives: asked for by a person, sent by the archive (C-MOVE), received like any other object of that peer.

pub mod sql;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::{Peer, peer};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::uid;

/// The job that asks the archive; its key is the wish.
pub const JOB: &str = "study_fetch";
/// The part of the pages that it is.
pub const LIVE: &str = "archives";

/// Who may ask other archives: those who read, and those who see to identities.
///
/// # Errors
/// `Denied`.
pub fn require(permit: &Permit) -> Result<()> {
    let rights = [Right::Write, Right::Audit, Right::LinkIdentity, Right::Lead];
    if rights.into_iter().any(|r| permit.may(r)) { Ok(()) } else { Err(Fault::denied("archives")) }
}

/// Whether a peer is an archive that may be asked (policy `archive`).
fn is_archive(peer: &Peer) -> bool {
    let policy = peer.policy.get("archive").and_then(serde_json::Value::as_bool);
    peer.kind == "dicom" && peer.enabled && peer.port.is_some() && policy == Some(true)
}

/// The archives in scope.
///
/// # Errors
/// `Denied`; storage faults.
pub async fn archives(conn: &mut Conn, permit: &Permit) -> Result<Vec<Peer>> {
    require(permit)?;
    let mut all = peer::list(conn).await?;
    all.retain(|peer| is_archive(peer) && permit.sees(&peer.facility));
    Ok(all)
}

/// One archive in scope.
///
/// # Errors
/// `Denied`; `NotFound` for what is none, or another facility's.
pub async fn archive(conn: &mut Conn, permit: &Permit, id: &str) -> Result<Peer> {
    let found = archives(conn, permit).await?.into_iter().find(|peer| peer.id == id);
    found.ok_or_else(|| Fault::not_found("archive"))
}

/// Images of a study that are here already, by its UID in the archive's facility: row id and how many.
///
/// # Errors
/// Storage faults.
pub async fn here(conn: &mut Conn, facility: &str, study_uid: &str) -> Result<Option<(String, i64)>> {
    let row = conn.opt(sql::HERE, args![facility, study_uid]).await?;
    row.map(|r| Ok((r.text("id")?, r.int("instance_count")?))).transpose()
}

/// A person asks for a study; the same wish again is the one that is open. Answers it.
///
/// # Errors
/// `Denied`, `NotFound` as [`archive`]; `Invalid` for what is no UID.
pub async fn ask(tx: &mut Tx, ctx: &Ctx, permit: &Permit, archive: &Peer, study_uid: &str) -> Result<String> {
    if !uid::is_valid(study_uid) {
        return Err(Fault::invalid("study_uid", "not a uid"));
    }
    let id = ctx.id();
    let new = args![&id, &archive.id, &archive.facility, study_uid, permit.who(), ctx.now()];
    if tx.exec(sql::ASK, new).await? == 0 {
        return tx.one(sql::OPEN, args![&archive.id, study_uid]).await?.text("id");
    }
    jobs::enqueue(tx, ctx, Job::new(JOB, id.as_str())).await?;
    let detail = json!({"archive": archive.id, "study_uid": study_uid});
    audit::append(tx, ctx, permit, "archive.fetch", "study_fetch", &id, &detail);
    Ok(id)
}

/// A wish that is to be fulfilled.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Row id.
    pub id: String,
    /// The archive.
    pub archive: Peer,
    /// Study Instance UID.
    pub study_uid: String,
}

/// The wish, while it is open.
///
/// # Errors
/// Storage faults.
pub async fn wish(conn: &mut Conn, id: &str) -> Result<Option<Wish>> {
    let Some(row) = conn.opt(sql::ONE, args![id]).await? else { return Ok(None) };
    let archive = peer::find(conn, &row.text("peer")?).await?;
    Ok(Some(Wish { id: row.text("id")?, archive, study_uid: row.text("study_uid")? }))
}

/// How far the archive is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Images sent.
    pub completed: i64,
    /// Images it could not send, or we did not take.
    pub failed: i64,
    /// Images still to come, when it says so.
    pub remaining: Option<i64>,
}

/// Notes how far the archive is.
///
/// # Errors
/// Storage faults.
pub async fn progress(ctx: &Ctx, wish: &Wish, at: Progress) -> Result<()> {
    let mut tx = ctx.db.begin(&Permit::system(JOB)).await?;
    tx.exec(sql::RUNNING, args![&wish.id, at.completed, at.failed, at.remaining]).await?;
    tx.commit().await?;
    ctx.live.changed(LIVE, &wish.id, &wish.archive.facility);
    Ok(())
}

/// It has ended: how far it came, and why no further.
///
/// # Errors
/// Storage faults.
pub async fn close(ctx: &Ctx, wish: &Wish, at: Progress, error: Option<String>) -> Result<()> {
    let (state, error) = match error {
        Some(why) => ("failed", why),
        None if at.completed == 0 && at.failed == 0 => {
            ("failed", "the archive sent nothing: it may not have the study any more".into())
        }
        None if at.failed == 0 => ("done", String::new()),
        None => ("partial", String::new()),
    };
    let permit = Permit::system(JOB);
    let mut tx = ctx.db.begin(&permit).await?;
    tx.exec(sql::CLOSE, args![&wish.id, state, at.completed, at.failed, &error, ctx.now()]).await?;
    let detail = json!({"state": state, "completed": at.completed, "failed": at.failed, "error": error});
    audit::append(&mut tx, ctx, &permit, "archive.fetched", "study_fetch", &wish.id, &detail);
    tx.commit().await?;
    ctx.live.changed(LIVE, &wish.id, &wish.archive.facility);
    Ok(())
}

/// A wish as the page shows it.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Row id.
    pub id: String,
    /// Archive.
    pub peer: String,
    /// Its name.
    pub peer_name: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// The study here, once something of it has come.
    pub study: Option<String>,
    /// When, ms.
    pub asked_at: i64,
    /// By whom.
    pub asked_by: String,
    /// `waiting`, `running`, `done`, `partial`, `failed`.
    pub state: String,
    /// Images sent.
    pub completed: i64,
    /// Images that were not.
    pub failed: i64,
    /// Images still to come.
    pub remaining: Option<i64>,
    /// Why it failed.
    pub error: String,
}

/// The last wishes in scope, newest first.
///
/// # Errors
/// `Denied`; storage faults.
pub async fn list(conn: &mut Conn, permit: &Permit) -> Result<Vec<Line>> {
    require(permit)?;
    let line = |row: &Row| {
        Ok(Line {
            id: row.text("id")?,
            peer: row.text("peer")?,
            peer_name: row.text("peer_name")?,
            study_uid: row.text("study_uid")?,
            study: row.opt_text("study")?,
            asked_at: row.int("asked_at")?,
            asked_by: row.opt_text("asked_by_name")?.unwrap_or_default(),
            state: row.text("state")?,
            completed: row.int("completed")?,
            failed: row.int("failed")?,
            remaining: row.opt_int("remaining")?,
            error: row.text("error")?,
        })
    };
    conn.all(sql::LIST, args![permit.scope()]).await?.iter().map(line).collect()
}
