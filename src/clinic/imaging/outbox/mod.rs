//! Objects on their way to registered peers: rows first, then a job for each peer that sends what is due. Nothing is lost by a
//! restart, nothing is sent to somebody who is not registered, and nothing is tried for ever.

pub mod act;
pub mod rules;
pub mod show;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::Peer;
use yigong_base::site::peer;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::commitment::Transaction;

use super::commitment;

/// The job that sends; its key is the peer's row, so that one peer has one caller at a time.
pub const JOB: &str = "dicom_send";
/// The part of the pages that the outbox is.
pub(crate) const LIVE: &str = "outbox";
/// An object that a peer does not take for this long has failed.
const GIVE_UP_MS: i64 = 7 * DAY_MS;
/// First pause after a failure; it doubles.
const FIRST_PAUSE_MS: i64 = 10 * SECOND_MS;
/// How often what a person has to look at first is looked at again, ms; the answer itself sends it on at once.
const HELD_MS: i64 = 15 * MINUTE_MS;
/// Longest pause.
const LONGEST_PAUSE_MS: i64 = HOUR_MS;

/// Why objects are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A person asked.
    Person,
    /// The forwarding rule of the peer.
    Forward,
    /// A C-MOVE: AE title and message id of who asked.
    Move(String, u16),
}

impl Cause {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Forward => "forward",
            Self::Move(..) => "move",
        }
    }
}

/// A stored instance to be sent.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Row id of the study.
    pub study: String,
    /// Row id of the instance.
    pub instance: String,
    /// SOP Instance UID.
    pub uid: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// Transfer syntax as stored.
    pub transfer_syntax: String,
    /// Blob address.
    pub object: String,
}

/// An object that is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// Row id.
    pub id: String,
    /// Row id of the instance.
    pub instance: String,
    /// SOP Instance UID.
    pub uid: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// AE title and message id of the C-MOVE that caused it.
    pub originator: Option<(String, u16)>,
    batch: String,
    attempts: i64,
    /// Since when it is tried, ms: it was put, or a person armed it again.
    armed_at: i64,
}

/// It will not be sent any more; the audit says why.
async fn fail(tx: &mut Tx, ctx: &Ctx, peer: &str, due: &Due, status: Option<u16>, why: &str) -> Result<()> {
    tx.exec(sql::CLOSE, args![&due.id, "failed", status.map(i64::from), why, ctx.now()]).await?;
    let detail = json!({"peer": peer, "status": status, "why": why});
    let permit = Permit::system("outbox");
    audit::append(tx, ctx, &permit, "outbox.fail", "outgoing", &due.id, &detail);
    Ok(())
}

/// How a batch stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Not sent yet.
    pub waiting: i64,
    /// Taken by the peer.
    pub sent: i64,
    /// Given up.
    pub failed: i64,
}

/// Puts instances on their way to a peer; answers the batch. The caller has found them in the scope of `permit`.
///
/// # Errors
/// Storage faults.
pub async fn put(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    to: &Peer,
    parcels: &[Parcel],
    cause: &Cause,
) -> Result<String> {
    let batch = ctx.id();
    let originator = match cause {
        Cause::Move(ae, id) => json!({"ae": ae, "id": id}),
        Cause::Person | Cause::Forward => json!({}),
    };
    // A rule acts for the facility that receives: its people see the batch.
    let facility = if *cause == Cause::Forward { to.facility.as_str() } else { permit.facility() };
    if let Some(first) = parcels.first() {
        tx.exec(sql::NEW_BATCH, args![&batch, &to.id, facility, cause.as_str(), &first.study, ctx.now()])
            .await?;
    }
    for p in parcels {
        tx.exec(
            sql::INSERT,
            args![
                ctx.id(),
                &to.id,
                facility,
                &batch,
                cause.as_str(),
                &originator,
                &p.study,
                &p.instance,
                &p.uid,
                &p.sop_class,
                &p.transfer_syntax,
                &p.object,
                ctx.now()
            ],
        )
        .await?;
    }
    tally(tx, ctx, &batch).await?;
    jobs::enqueue(tx, ctx, Job::new(JOB, to.id.as_str())).await?;
    let detail = json!({"peer": to.id, "cause": cause.as_str(), "objects": parcels.len()});
    audit::append(tx, ctx, permit, "outbox.put", "batch", &batch, &detail);
    Ok(batch)
}

/// Puts a study in scope on its way to an enabled DICOM peer of the same facility, or of one that may see the study.
///
/// # Errors
/// `NotFound` for a study outside the scope or an unknown peer; `Invalid` `peer` for one that may not receive it.
pub async fn send_study(ctx: &Ctx, permit: &Permit, study: &str, to: &str, cause: &Cause) -> Result<String> {
    let mut tx = ctx.db.begin(permit).await?;
    let to = peer::find(&mut tx, to).await?;
    let parcels = parcels(&mut tx, study, permit.scope()).await?;
    if parcels.is_empty() {
        return Err(Fault::not_found("study"));
    }
    // The receiver's own facility must be allowed to see what it gets.
    let visible = self::parcels(&mut tx, study, &to.facility).await?;
    if to.kind != "dicom" || !to.enabled || to.port.is_none() || visible.len() != parcels.len() {
        return Err(Fault::invalid(
            "peer",
            "an enabled DICOM peer with a port whose facility may see the study",
        ));
    }
    let batch = put(&mut tx, ctx, permit, &to, &parcels, cause).await?;
    tx.commit().await?;
    ctx.live.changed(LIVE, &batch, permit.facility());
    Ok(batch)
}

/// The sums of a batch follow its rows; answers whose batch it is.
async fn tally(tx: &mut Tx, ctx: &Ctx, batch: &str) -> Result<Option<String>> {
    tx.exec(sql::TALLY, args![batch, ctx.now()]).await?;
    tx.opt(sql::BATCH_FACILITY, args![batch]).await?.map(|row| row.text("facility")).transpose()
}

/// The current instances of a study that a scope may see.
async fn parcels(conn: &mut Conn, study: &str, scope: &str) -> Result<Vec<Parcel>> {
    let rows = conn.all(sql::OF_STUDY, args![study, scope]).await?;
    rows.iter()
        .map(|row| {
            Ok(Parcel {
                study: row.text("study")?,
                instance: row.text("id")?,
                uid: row.text("uid")?,
                sop_class: row.text("sop_class")?,
                transfer_syntax: row.text("transfer_syntax")?,
                object: row.text("object_hash")?,
            })
        })
        .collect()
}

/// What is due for a peer, oldest first, at most `most`.
///
/// # Errors
/// Storage faults.
pub async fn due(ctx: &Ctx, peer: &str, most: i64) -> Result<Vec<Due>> {
    let mut read = ctx.db.read(&Permit::system("outbox")).await?;
    read.all(sql::DUE, args![peer, ctx.now(), most]).await?.iter().map(of_row).collect()
}

fn of_row(row: &Row) -> Result<Due> {
    let from: Value = row.json("originator")?;
    let ae = from.get("ae").and_then(Value::as_str);
    let id = from.get("id").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok());
    Ok(Due {
        id: row.text("id")?,
        instance: row.text("instance")?,
        uid: row.text("uid")?,
        sop_class: row.text("sop_class")?,
        originator: ae.map(str::to_owned).zip(id),
        batch: row.text("batch")?,
        attempts: row.int("attempts")?,
        armed_at: row.int("armed_at")?,
    })
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// Taken, with the peer's status (0000 or a warning).
    Sent(u16),
    /// Not now: the connection failed or the peer has no room.
    Later(Option<u16>, String),
    /// Never: the peer says that it does not take this object.
    Never(Option<u16>, String),
    /// Its turn did not come, for this reason: that says nothing about it.
    NotYet(String),
    /// It may not leave before a person has looked at its study: it waits for that, however long.
    Held(String),
}

/// Writes down what became of the tries, plans the next ones, and puts the storage commitment that is to be asked of the peer
/// for what it took.
///
/// # Errors
/// Storage faults: the objects are sent again, which a receiver takes as a duplicate.
pub async fn tried(
    ctx: &Ctx,
    peer: &str,
    results: &[(Due, Tried)],
    question: Option<(&Peer, &Transaction)>,
) -> Result<()> {
    let permit = Permit::system("outbox");
    let now = ctx.now();
    let mut tx = ctx.db.begin(&permit).await?;
    let moved = results.iter().any(|(_, r)| matches!(r, Tried::Sent(_) | Tried::Never(Some(_), _)));
    for (due, result) in results {
        let old = now - due.armed_at > GIVE_UP_MS;
        match result {
            // Where others got through the way is free; else the next one's turn comes after a pause that does not grow, so
            // that it passes the one that breaks every association.
            Tried::NotYet(_) if !old && moved => {}
            Tried::NotYet(_) if !old => {
                tx.exec(sql::BEHIND, args![&due.id, now + FIRST_PAUSE_MS]).await?;
            }
            Tried::Held(why) => {
                tx.exec(sql::HOLD, args![&due.id, now + HELD_MS, why]).await?;
            }
            Tried::NotYet(why) => fail(&mut tx, ctx, peer, due, None, why).await?,
            Tried::Sent(status) => {
                tx.exec(sql::CLOSE, args![&due.id, "sent", i64::from(*status), "", now]).await?;
            }
            Tried::Later(status, why) if !old => {
                let pause = (FIRST_PAUSE_MS << due.attempts.clamp(0, 12)).min(LONGEST_PAUSE_MS);
                tx.exec(sql::RETRY, args![&due.id, now + pause, status.map(i64::from), why]).await?;
            }
            Tried::Later(status, why) | Tried::Never(status, why) => {
                fail(&mut tx, ctx, peer, due, *status, why).await?;
            }
        }
    }
    let mut told = Vec::new();
    for batch in results.iter().map(|(due, _)| due.batch.as_str()).collect::<BTreeSet<_>>() {
        told.extend(tally(&mut tx, ctx, batch).await?.map(|facility| (batch, facility)));
    }
    if let Some((peer, question)) = question {
        commitment::expect(&mut tx, ctx, peer, question).await?;
    }
    if let Some(at) = tx.one(sql::NEXT, args![peer]).await?.opt_int("at")? {
        jobs::enqueue(&mut tx, ctx, Job::new(JOB, peer).at(at.max(now))).await?;
    }
    tx.commit().await?;
    for (batch, facility) in told {
        ctx.live.changed(LIVE, batch, &facility);
    }
    Ok(())
}

/// How a batch stands.
///
/// # Errors
/// Storage faults.
pub async fn progress(conn: &mut Conn, batch: &str) -> Result<Progress> {
    let mut all = Progress::default();
    for row in conn.all(sql::PROGRESS, args![batch]).await? {
        let n = row.int("n")?;
        match row.text("state")?.as_str() {
            "waiting" => all.waiting = n,
            "sent" => all.sent = n,
            _ => all.failed += n,
        }
    }
    Ok(all)
}

/// SOP Instance UIDs of a batch that were given up.
///
/// # Errors
/// Storage faults.
pub async fn failed(conn: &mut Conn, batch: &str) -> Result<Vec<String>> {
    conn.all(sql::FAILED, args![batch]).await?.iter().map(|r| r.text("uid")).collect()
}

/// Stops what has not been sent of a batch (C-CANCEL of a C-MOVE).
///
/// # Errors
/// Storage faults.
pub async fn cancel(ctx: &Ctx, batch: &str) -> Result<()> {
    let mut tx = ctx.db.begin(&Permit::system("outbox")).await?;
    tx.exec(sql::CANCEL, args![batch, ctx.now()]).await?;
    tally(&mut tx, ctx, batch).await?;
    tx.commit().await
}
