//! One door behind every door: a kept file becomes a record, a verdict, and work.
//!
//! C-STORE and STOW-RS come as the job `ecg_receive` of an instance, files handed in as `ecg_upload` rows; both are
//! understood here, once.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::ecg::{Limits, Refusal};

use super::arrived::Arrived;
use super::understand::{Understood, understand};
use super::{place, preset, previous, rendition, sql};
use crate::imaging::quarantine::{self, Entry};

/// What became of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// No such object any more.
    Gone,
    /// Understood before; nothing changed.
    Known(String),
    /// A record and an item for the readers.
    Queued(String),
    /// A record too poor to read: the clinic is asked to do it again, and it goes to work by itself if nobody answers.
    Redo(String),
    /// A record, held until a person has settled who it belongs to. A red finding has been raised all the same.
    Held(String),
    /// The same recording as this record: kept as another file of it.
    Rendition(String),
    /// Not understood: in quarantine with stage and reason.
    Quarantined {
        /// Step of decoding.
        stage: String,
        /// Plain words.
        reason: String,
        /// Entry a person must look at.
        entry: String,
    },
}

impl Received {
    /// The record, when there is one.
    #[must_use]
    pub fn record(&self) -> Option<&str> {
        match self {
            Self::Known(id) | Self::Queued(id) | Self::Redo(id) | Self::Held(id) | Self::Rendition(id) => {
                Some(id)
            }
            Self::Gone | Self::Quarantined { .. } => None,
        }
    }

    /// The state told to the sender.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Known(_) => "known",
            Self::Queued(_) => "queued",
            Self::Redo(_) => "redo",
            Self::Held(_) => "held",
            Self::Rendition(_) => "rendition",
            Self::Quarantined { .. } => "quarantined",
        }
    }
}

/// Understands the object of an instance once; doing it twice changes nothing.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn receive(ctx: &Ctx, instance: &str) -> Result<Received> {
    let permit = Permit::system("ecg");
    let arrived = {
        let mut conn = ctx.db.read(&permit).await?;
        Arrived::instance(&mut conn, instance).await?
    };
    match arrived {
        Some(arrived) => go(ctx, &arrived).await,
        None => Ok(Received::Gone),
    }
}

/// The way of every file.
pub(super) async fn go(ctx: &Ctx, arrived: &Arrived) -> Result<Received> {
    let permit = Permit::system("ecg");
    let preset = {
        let mut conn = ctx.db.read(&permit).await?;
        let known = conn.opt(sql::OF_OBJECT, args![&arrived.facility, &arrived.object]).await?;
        if let Some(record) = known
            && (record.text("state")? != "held" || arrived.study.is_none() || arrived.is_held())
            && arrived.upload.is_none()
        {
            return Ok(Received::Known(record.text("id")?));
        }
        preset::active(&mut conn).await?
    };
    let limits = Limits::default();
    let understood = if usize::try_from(arrived.size).is_ok_and(|s| s <= limits.file) {
        let bytes = ctx.blobs.read(&arrived.object).await?;
        understand(bytes, limits, preset).await?
    } else {
        Err(Refusal::new("limit", format!("file of {} bytes, at most {}", arrived.size, limits.file)))
    };
    match understood {
        Ok((understood, page)) => record(ctx, &permit, arrived, understood, &page).await,
        Err(refusal) => refuse(ctx, &permit, arrived, &refusal).await,
    }
}

async fn record(
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    new: Understood,
    page: &str,
) -> Result<Received> {
    // Blob first, rows second.
    let page = ctx.blobs.put(page.as_bytes()).await?;
    let mut tries = 0;
    let placed = loop {
        let given = compared(ctx, permit, arrived, &new, &page).await?;
        match commit(ctx, permit, &given).await {
            // Two files of a patient nobody knew, or one file by two doors: the loser of that race looks again.
            Err(Fault::Conflict { .. } | Fault::Busy { .. }) if tries < 2 => tries += 1,
            placed => break placed?,
        }
    };
    if let Some(id) = placed.received.record() {
        ctx.live.changed("ecg", id, &arrived.facility);
    }
    for (slice, id) in [("worklist", &placed.item), ("critical", &placed.alert), ("ecg", &placed.first)] {
        if let Some(id) = id {
            ctx.live.changed(slice, id, &arrived.facility);
        }
    }
    Ok(placed.received)
}

/// Held against other files, whose reading has no place inside a unit. Another file of a recording that was understood before
/// is held against nothing: it makes no record of its own.
async fn compared<'a>(
    ctx: &Ctx,
    permit: &Permit,
    arrived: &'a Arrived,
    new: &'a Understood,
    page: &'a str,
) -> Result<place::Given<'a>> {
    let known = {
        let mut conn = ctx.db.read(permit).await?;
        rendition::of(&mut conn, arrived, new, None).await?.is_some()
    };
    let mut given =
        place::Given { arrived, new, page, doubt: previous::Doubt::default(), coarser: None, known };
    if !known {
        given.doubt = previous::against(ctx, permit, arrived, new).await?;
        given.coarser = rendition::coarser(ctx, permit, arrived, &new.document).await?;
    }
    Ok(given)
}

async fn commit(ctx: &Ctx, permit: &Permit, given: &place::Given<'_>) -> Result<place::Placed> {
    let mut tx = ctx.db.begin(permit).await?;
    let placed = place::place(&mut tx, ctx, permit, given).await?;
    if let Some(upload) = &given.arrived.upload {
        tx.exec(sql::UPLOAD_DONE, args![upload, "done"]).await?;
    }
    tx.commit().await?;
    Ok(placed)
}

async fn refuse(ctx: &Ctx, permit: &Permit, arrived: &Arrived, refusal: &Refusal) -> Result<Received> {
    let mut tx = ctx.db.begin(permit).await?;
    let reason = if refusal.stage == "lead" { "ecg-no-usable-lead" } else { "ecg-not-readable" };
    let study = arrived.study.as_ref().map(|s| s.id.as_str());
    let entry = Entry {
        lane: "defect",
        reason,
        facility: &arrived.facility,
        peer: &arrived.peer,
        object_kind: arrived.kind,
        object_id: &arrived.id,
        blob: Some(&arrived.object),
        for_study: None,
        said: None,
        detail: json!({"study": study, "stage": refusal.stage, "why": refusal.reason}),
    };
    quarantine::open(&mut tx, ctx, permit, &entry).await?;
    let entry = held(&mut tx, &arrived.id).await?;
    if let Some(upload) = &arrived.upload {
        tx.exec(sql::UPLOAD_DONE, args![upload, "refused"]).await?;
    }
    note(&mut tx, ctx, permit, arrived, &refusal.to_string()).await?;
    tx.commit().await?;
    ctx.live.changed("imaging", study.unwrap_or(&arrived.id), &arrived.facility);
    Ok(Received::Quarantined { stage: refusal.stage.to_string(), reason: refusal.reason.clone(), entry })
}

/// The open quarantine entry of an object; empty when a person has closed it.
pub(super) async fn held(conn: &mut Conn, object: &str) -> Result<String> {
    conn.opt(sql::HELD, args![object]).await?.map_or(Ok(String::new()), |r| r.text("id"))
}

async fn note(tx: &mut Tx, ctx: &Ctx, permit: &Permit, arrived: &Arrived, why: &str) -> Result<()> {
    audit::append(tx, ctx, permit, "ecg.refuse", arrived.kind, &arrived.id, &json!({"why": why}));
    Ok(())
}
