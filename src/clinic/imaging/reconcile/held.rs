//! Objects that were kept outside the index, read again; and those of a study whose patient was corrected meanwhile: what named
//! the right person from the start comes in by itself.

use std::collections::BTreeSet;

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::{Peer, peer};
use yigong_base::storage::blob_audit::Found;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args};

use super::super::check::{Checked, check_in};
use super::super::enter::{New, Step};
use super::super::pixels::Pixels;
use super::super::quarantine;
use super::super::receive::{Outcome, Received};
use super::super::sql::{CAME_FOR, HELD_ALIKE, HELD_FOR, IS_HELD_FOR, QUARANTINE_CLOSE, STUDY_OF_UID};
use super::chain::{self, Act};
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

    /// The study it names, which is made where there is none.
    pub(super) async fn own_study(&self, tx: &mut Tx, ctx: &Ctx, permit: &Permit) -> Result<String> {
        let found = args![&self.facility, &self.checked.header.study];
        if let Some(row) = tx.opt(STUDY_OF_UID, found).await? {
            return row.text("id");
        }
        self.arriving(ctx, permit, &Pixels::default()).new_study(tx).await
    }

    fn arriving<'a>(&'a self, ctx: &'a Ctx, permit: &'a Permit, pixels: &'a Pixels) -> New<'a> {
        New {
            ctx,
            permit,
            peer: &self.sender,
            checked: &self.checked,
            object: &self.object,
            size: self.size,
            source: "held",
            pixels,
        }
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
        match self.arriving(ctx, permit, pixels).store(tx).await? {
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

/// The entry, and those of the other objects that are like its own: of one sender, for one study and reason, naming the same person;
/// 200 in all.
///
/// # Errors
/// As [`Held::read`].
pub(super) async fn alike(ctx: &Ctx, permit: &Permit, entry: &str) -> Result<Vec<String>> {
    let mut conn = ctx.db.read(permit).await?;
    one(&mut conn, permit, entry).await?;
    let mut ids = vec![entry.to_owned()];
    for other in conn.all(HELD_ALIKE, args![entry]).await? {
        ids.push(other.text("id")?);
    }
    Ok(ids)
}

/// The study that the object of an entry came for.
pub(super) async fn came_for(conn: &mut Conn, entry: &str) -> Result<Option<String>> {
    conn.opt(CAME_FOR, args![entry]).await?.map(|r| r.text("for_study")).transpose()
}

/// Locks the studies that the objects of these entries came for, and `other`, in one order.
pub(super) async fn lock<'e>(
    tx: &mut Tx,
    entries: impl Iterator<Item = &'e str>,
    other: Option<&str>,
) -> Result<()> {
    let mut studies: BTreeSet<String> = other.into_iter().map(str::to_owned).collect();
    for entry in entries {
        studies.extend(came_for(tx, entry).await?);
    }
    for study in &studies {
        tx.exec(sql::LOCK_STUDY, args![study]).await?;
    }
    Ok(())
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

/// The job [`JOB`]: objects held for a study that name the patient it has now come into the index, each 200 of them by one act that can
/// be undone; the others go on waiting. Doing it twice changes nothing.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn look_again(ctx: &Ctx, study: &str) -> Result<()> {
    let permit = Permit::system("held");
    let mut last = String::new();
    loop {
        let page = ctx.db.read(&permit).await?.all(HELD_FOR, args![study, &last]).await?;
        let mut held = Vec::with_capacity(page.len());
        for entry in &page {
            last = entry.text("id")?;
            match Held::read(ctx, &permit, &last).await {
                Ok(object) => held.push(object),
                Err(Fault::Conflict { .. }) => {}
                // It stays in sight; the others are looked at all the same.
                Err(fault) => tracing::warn!(entry = last, error = %fault, "held.unread"),
            }
        }
        enter(ctx, &permit, study, &held).await?;
        if page.is_empty() {
            break;
        }
    }
    // Also where an earlier try had taken them all and ended before this.
    let mut tx = ctx.db.begin(&permit).await?;
    quarantine::weigh(&mut tx, ctx, study).await?;
    tx.commit().await
}

/// Takes the objects that are the study's into the index.
async fn enter(ctx: &Ctx, permit: &Permit, study: &str, held: &[Held]) -> Result<()> {
    let mut compare = Vec::new();
    loop {
        let pixels = Pixels::read(ctx, compare.clone()).await?;
        let known = compare.len();
        let mut tx = ctx.db.begin(permit).await?;
        // Whoever answers one of them at this moment is waited for, and what he did is seen: nothing is indexed twice.
        tx.exec(sql::LOCK_STUDY, args![study]).await?;
        let (mut entries, mut taken) = (Vec::new(), Vec::new());
        for object in held {
            let got = object.store(&mut tx, ctx, permit, &pixels, &mut compare).await?;
            // Held as before; or indexed once and taken back, which only a person brings in again.
            let new =
                got.filter(|(got, of)| of == study && matches!(got.outcome, Outcome::New | Outcome::Version));
            let Some((got, _)) = new else { continue };
            let closing = args![&object.entry, "released", ctx.now(), permit.who()];
            if tx.exec(QUARANTINE_CLOSE, closing).await? == 0 {
                return Err(Fault::conflict("closed", "the entry was closed before"));
            }
            entries.push(object.entry.as_str());
            taken.push(got.instance);
        }
        if compare.len() > known {
            continue;
        }
        let Some(first) = held.first().filter(|_| !taken.is_empty()) else { return Ok(()) };
        let act = Act {
            operation: "index_held",
            study,
            other: None,
            why: "患者已更正,影像与更正后的患者相符",
            detail: json!({"images": taken.len()}),
            before: json!({"entries": entries, "unindexed": taken}),
            undoes: None,
        };
        chain::write(&mut tx, ctx, permit, &first.facility, &act).await?;
        tx.commit().await?;
        ctx.live.changed("imaging", study, &first.facility);
        return Ok(());
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
