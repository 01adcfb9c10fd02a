//! Quarantine: what cannot be matched or trusted is kept, seen by a person, and has a way back (specification §7.4).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};

use super::sql;

/// A new entry.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// `identity`, `content`, `defect`, `security`, `charset`.
    pub lane: &'a str,
    /// Slug.
    pub reason: &'a str,
    /// Facility of the peer.
    pub facility: &'a str,
    /// Peer id.
    pub peer: &'a str,
    /// `study`, `instance`, `object`, `ecg_upload`.
    pub object_kind: &'a str,
    /// Row id, or the blob address for `object`.
    pub object_id: &'a str,
    /// Blob.
    pub blob: Option<&'a str>,
    /// The study that an `object` came for: it is in doubt, too.
    pub for_study: Option<&'a str>,
    /// Whom an `object` names, as a hash: others that name the same person are like it.
    pub said: Option<&'a str>,
    /// More, without patient names.
    pub detail: Value,
}

impl<'a> Entry<'a> {
    /// About a whole study, that no device sent.
    #[must_use]
    pub fn of_study(
        lane: &'a str,
        reason: &'a str,
        facility: &'a str,
        study: &'a str,
        detail: Value,
    ) -> Self {
        Entry {
            lane,
            reason,
            facility,
            peer: "",
            object_kind: "study",
            object_id: study,
            blob: None,
            for_study: None,
            said: None,
            detail,
        }
    }
}

/// Opens an entry unless the same object is already held for the same reason.
///
/// # Errors
/// Storage faults.
pub async fn open(tx: &mut Tx, ctx: &Ctx, permit: &Permit, entry: &Entry<'_>) -> Result<()> {
    if tx.opt(sql::QUARANTINED, args![entry.object_id, entry.reason, entry.facility]).await?.is_some() {
        return Ok(());
    }
    let id = ctx.id();
    tx.exec(
        sql::QUARANTINE,
        args![
            &id,
            entry.lane,
            entry.reason,
            entry.facility,
            entry.peer,
            entry.object_kind,
            entry.object_id,
            entry.blob,
            &entry.detail,
            ctx.now(),
            entry.for_study,
            entry.said
        ],
    )
    .await?;
    let detail = json!({"lane": entry.lane, "reason": entry.reason, "object": entry.object_id});
    audit::append(tx, ctx, permit, "quarantine.open", "quarantine", &id, &detail);
    Ok(())
}

/// A row of the list.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// Row id.
    pub id: String,
    /// Lane.
    pub lane: String,
    /// Slug.
    pub reason: String,
    /// Facility code.
    pub facility: String,
    /// Facility name.
    pub facility_name: String,
    /// `study`, `instance`, `object`.
    pub object_kind: String,
    /// What is held.
    pub object_id: String,
    /// `open`, `released`, `rejected`.
    pub state: String,
    /// When, ms.
    pub created_at: i64,
    /// More.
    pub detail: Value,
}

/// How many entries of a state each lane has in scope.
///
/// # Errors
/// Storage faults.
pub async fn counts(conn: &mut Conn, permit: &Permit, state: &str) -> Result<BTreeMap<String, i64>> {
    let rows = conn.all(sql::QUARANTINE_COUNTS, args![permit.scope(), state]).await?;
    rows.iter().map(|r| Ok((r.text("lane")?, r.int("n")?))).collect()
}

/// Entries in scope, 500 at most; `state` empty = all, `lane` empty = all. Open ones come in the order in which they should be
/// answered, so that what is cut off comes into sight as the others are; the rest newest first.
///
/// # Errors
/// Storage faults.
pub async fn list(conn: &mut Conn, permit: &Permit, state: &str, lane: &str) -> Result<Vec<Held>> {
    let rows = if state == "open" {
        conn.all(sql::QUARANTINE_OPEN, args![permit.scope(), lane]).await?
    } else {
        conn.all(sql::QUARANTINE_LIST, args![permit.scope(), state, lane]).await?
    };
    rows.iter()
        .map(|r| {
            Ok(Held {
                id: r.text("id")?,
                lane: r.text("lane")?,
                reason: r.text("reason")?,
                facility: r.text("facility")?,
                facility_name: r.text("facility_name")?,
                object_kind: r.text("object_kind")?,
                object_id: r.text("object_id")?,
                state: r.text("state")?,
                created_at: r.int("created_at")?,
                detail: r.json("detail")?,
            })
        })
        .collect()
}

/// A person has looked: the entry is closed; a study without other blocking entries goes on to the worklist.
///
/// # Errors
/// `Denied` without the right to link identities, `NotFound`, `Conflict` when it was closed meanwhile.
pub async fn release(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str, why: &str) -> Result<()> {
    permit.require(Right::LinkIdentity)?;
    let row = tx
        .opt(sql::QUARANTINE_ONE, args![id, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("quarantine entry"))?;
    let (kind, object) = (row.text("object_kind")?, row.text("object_id")?);
    if kind == "object" {
        // Closing it would lose the object from view: it gets into the index instead, as a study of its own.
        return Err(Fault::conflict(
            "index_first",
            "this object is not in the index yet: index it as a study of its own",
        ));
    }
    if tx.exec(sql::QUARANTINE_CLOSE, args![id, "released", ctx.now(), permit.who()]).await? == 0 {
        return Err(Fault::conflict("closed", "the entry was closed before"));
    }
    let study = match kind.as_str() {
        "study" => object,
        "ecg_upload" => {
            // A recording without a study: it is understood again.
            jobs::enqueue(tx, ctx, Job::new("ecg_file", object.as_str())).await?;
            let detail = json!({"why": why});
            audit::append(tx, ctx, permit, "quarantine.release", "quarantine", id, &detail);
            return Ok(());
        }
        _ => tx.one(sql::STUDY_OF_INSTANCE, args![&object]).await?.text("study")?,
    };
    free(tx, ctx, &study).await?;
    audit::append(tx, ctx, permit, "quarantine.release", "quarantine", id, &json!({"why": why}));
    Ok(())
}

/// Lanes by weight: the first three hold a study back from the readers.
const LANES: &[&str] = &["security", "identity", "content", "defect", "charset"];

/// Puts a study into the lane of its weightiest open entry; true when that holds it back.
pub(super) async fn relane(tx: &mut Tx, study: &str) -> Result<bool> {
    // What is being asked of it at this moment is seen, or waits for this.
    tx.exec(super::reconcile::sql::LOCK_STUDY, args![study]).await?;
    let mut open = Vec::new();
    for row in tx.all(sql::OPEN_LANES, args![study]).await? {
        open.push(row.text("lane")?);
    }
    let lane = LANES.iter().find(|l| open.iter().any(|o| o == *l)).copied().unwrap_or("");
    tx.exec(sql::PUT_LANE, args![study, lane]).await?;
    Ok(matches!(lane, "security" | "identity" | "content"))
}

/// Looks at a study again after something about it was answered, or asked anew.
pub(super) async fn weigh(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    if relane(tx, study).await? {
        return super::reconcile::hold_back(tx, ctx, study).await;
    }
    free(tx, ctx, study).await
}

/// Lets a study go on to the readers when nothing holds it back any more.
pub(super) async fn free(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    if relane(tx, study).await? {
        return Ok(());
    }
    for row in tx.all(sql::WAVEFORMS, args![study]).await? {
        jobs::enqueue(tx, ctx, Job::new("ecg_receive", row.text("id")?)).await?;
    }
    jobs::enqueue(tx, ctx, Job::new("settle", study)).await
}
