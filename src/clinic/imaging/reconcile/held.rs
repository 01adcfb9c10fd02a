//! Objects that were kept outside the index, read again; and those of a study whose patient was corrected meanwhile: what named
//! the right person from the start comes in by itself.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::{Peer, peer};
use yigong_base::storage::blob_audit::Found;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::super::check::{Checked, check_in};
use super::super::enter::{New, Step};
use super::super::pixels::Pixels;
use super::super::quarantine;
use super::super::receive::Received;
use super::super::sql::{CAME_FOR, HELD_FOR, IS_HELD_FOR, QUARANTINE_CLOSE};
use super::sql;

/// The job that looks at the objects held for a study again; its key is the study.
pub const JOB: &str = "held_again";

/// An object outside the index.
pub(super) struct Held {
    /// Row id of its entry.
    pub(super) entry: String,
    /// Its address.
    pub(super) object: String,
    pub(super) facility: String,
    pub(super) sender: Peer,
    pub(super) checked: Checked,
    pub(super) size: u64,
}

impl Held {
    /// Reads the object of an entry. The name of a blob is its hash: what is indexed now is what came then.
    ///
    /// # Errors
    /// `NotFound` outside the facility; `Conflict` `closed`; `Storage` for a damaged object.
    pub(super) async fn read(ctx: &Ctx, permit: &Permit, entry: &str) -> Result<Self> {
        let (object, sender, facility) = {
            let mut conn = ctx.db.read(permit).await?;
            let row = one(&mut conn, permit, entry).await?;
            let facility = row.text("facility")?;
            let sender = sender(&mut conn, &row.text("peer")?, &facility).await?;
            (row.text("object_id")?, sender, facility)
        };
        if ctx.blobs.disk().rehash(&object).await? != Found::Sound {
            return Err(Fault::storage(format!("object {object} is damaged and cannot be indexed")));
        }
        let path = ctx.blobs.path(&object)?;
        let profile = sender.policy_text("charset").map(str::to_owned);
        let work = tokio::task::spawn_blocking(move || {
            let size = std::fs::metadata(&path).map_err(|e| Fault::io("held object", &e))?.len();
            Ok::<_, Fault>((check_in(&path, profile.as_deref())?, size))
        });
        let (checked, size) = work.await.map_err(|_| Fault::internal("reading a held object stopped"))??;
        Ok(Self { entry: entry.to_owned(), object, facility, sender, checked, size })
    }

    /// Puts it into the index by what it says; `None`, and nothing written, where pixels must be compared first: their
    /// addresses are added to `compare`.
    pub(super) async fn store(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        permit: &Permit,
        pixels: &Pixels,
        compare: &mut Vec<String>,
    ) -> Result<Option<(Received, String)>> {
        let new = New {
            ctx,
            permit,
            peer: &self.sender,
            checked: &self.checked,
            object: &self.object,
            size: self.size,
            source: "held",
            pixels,
        };
        match new.store(tx).await? {
            Step::Done(received, study) => Ok(Some((received, study))),
            Step::Compare(objects) => {
                compare.extend(objects);
                Ok(None)
            }
        }
    }
}

async fn one(conn: &mut Conn, permit: &Permit, entry: &str) -> Result<Row> {
    let row = conn
        .opt(sql::ENTRY, args![entry, permit.scope()])
        .await?
        .filter(|r| r.text("object_kind").is_ok_and(|k| k == "object"))
        .ok_or_else(|| Fault::not_found("held object"))?;
    if row.text("state")? != "open" {
        return Err(Fault::conflict("closed", "the entry was closed before"));
    }
    Ok(row)
}

/// The entry, and those of the other objects that came for the same study from the same sender and are held for the same reason.
///
/// # Errors
/// As [`Held::read`].
pub(super) async fn alike(ctx: &Ctx, permit: &Permit, entry: &str) -> Result<Vec<String>> {
    let mut conn = ctx.db.read(permit).await?;
    let row = one(&mut conn, permit, entry).await?;
    let mut ids = vec![entry.to_owned()];
    if let Some(study) = came_for(&mut conn, entry).await? {
        for other in conn.all(HELD_FOR, args![study, row.text("reason")?, row.text("peer")?]).await? {
            let id = other.text("id")?;
            if id != entry {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

/// The study that the object of an entry came for.
pub(super) async fn came_for(conn: &mut Conn, entry: &str) -> Result<Option<String>> {
    conn.opt(CAME_FOR, args![entry]).await?.map(|r| r.text("for_study")).transpose()
}

/// Looks at the studies again that the objects of these entries came for.
pub(super) async fn weigh<'e>(tx: &mut Tx, ctx: &Ctx, entries: impl Iterator<Item = &'e str>) -> Result<()> {
    let mut studies = Vec::new();
    for entry in entries {
        let study = came_for(tx, entry).await?;
        studies.extend(study.filter(|s| !studies.contains(s)));
    }
    for study in &studies {
        quarantine::weigh(tx, ctx, study).await?;
    }
    Ok(())
}

/// The patient of a study was corrected: what is held for it is looked at again.
pub(super) async fn ask_again(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    if tx.opt(IS_HELD_FOR, args![study]).await?.is_some() {
        jobs::enqueue(tx, ctx, Job::new(JOB, study)).await?;
    }
    Ok(())
}

/// The job [`JOB`]: objects held for a study that name the patient it has now come into the index; the others go on waiting.
/// Doing it twice changes nothing.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn look_again(ctx: &Ctx, study: &str) -> Result<()> {
    let permit = Permit::system("held");
    let entries = {
        let mut conn = ctx.db.read(&permit).await?;
        conn.all(HELD_FOR, args![study, "", ""]).await?
    };
    let mut taken = false;
    for entry in entries {
        let id = entry.text("id")?;
        let held = match Held::read(ctx, &permit, &id).await {
            Ok(held) => held,
            Err(Fault::Conflict { .. }) => continue,
            Err(fault) => {
                // It stays in sight; the others are looked at all the same.
                tracing::warn!(entry = id, error = %fault, "held.unread");
                continue;
            }
        };
        taken |= enter(ctx, &permit, &held).await?;
    }
    if taken {
        let mut tx = ctx.db.begin(&permit).await?;
        quarantine::weigh(&mut tx, ctx, study).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Whether the object got into the index.
async fn enter(ctx: &Ctx, permit: &Permit, held: &Held) -> Result<bool> {
    let mut compare = Vec::new();
    loop {
        let pixels = Pixels::read(ctx, compare.clone()).await?;
        let mut tx = ctx.db.begin(permit).await?;
        let Some((received, study)) = held.store(&mut tx, ctx, permit, &pixels, &mut compare).await? else {
            continue;
        };
        // Held as before, under the address of the object instead of a row.
        let is_held = received.instance == held.object;
        if is_held
            || tx.exec(QUARANTINE_CLOSE, args![&held.entry, "released", ctx.now(), permit.who()]).await? == 0
        {
            return Ok(false);
        }
        let detail = json!({"why": "the patient of the study was corrected", "study": study, "instance": received.instance});
        audit::append(&mut tx, ctx, permit, "quarantine.release", "quarantine", &held.entry, &detail).await?;
        tx.commit().await?;
        ctx.live.changed("imaging", &study, &held.facility);
        return Ok(true);
    }
}

/// Who sent it, as what it is indexed for: the facility it came for, whatever the register says of the device today. What came
/// over the web has no device.
async fn sender(conn: &mut Conn, id: &str, facility: &str) -> Result<Peer> {
    match peer::find(conn, id).await {
        Ok(peer) => Ok(Peer { facility: facility.to_owned(), ..peer }),
        Err(Fault::NotFound { .. }) => Ok(Peer::web(id, id, facility)),
        Err(fault) => Err(fault),
    }
}
