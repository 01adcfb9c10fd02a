//! What happens by itself when a study has settled: forwarding to peers, and notifications that it is here.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{self, Job};
use yigong_base::site::{Peer, peer};
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::availability::Available;

use super::{Cause, LIVE, parcels, put, sql};

/// The job that follows a settled study; its key is the study's row.
pub const ANNOUNCE: &str = "announce";
/// The job of one notification in the table `notice`; its key is the peer's and the study's row with a space between.
pub const AVAILABILITY: &str = "availability";

/// What a settled study sets off: forwarding, and a notification for every peer whose policy says `"availability": true`. A study
/// that waits for a person in the quarantine goes nowhere by itself; when it is released it settles again.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn announce(ctx: &Ctx, study: &str) -> Result<()> {
    let permit = Permit::system("announce");
    let mut read = ctx.db.read(&permit).await?;
    let Some(row) = read.opt(sql::MODALITY, args![study]).await? else { return Ok(()) };
    if matches!(row.text("lane")?.as_str(), "identity" | "content" | "security") {
        return Ok(());
    }
    let mut told = Vec::new();
    for peer in peer::list(&mut read).await? {
        let asks = peer.policy.get("availability").and_then(Value::as_bool).unwrap_or(false);
        if asks
            && peer.kind == "dicom"
            && peer.enabled
            && !parcels(&mut read, study, &peer.facility).await?.is_empty()
        {
            told.push(peer);
        }
    }
    drop(read);
    go_on(ctx, study).await?;
    forward(ctx, study, &row.text("modality")?).await?;
    let mut tx = ctx.db.begin(&permit).await?;
    let mut news = Vec::new();
    for peer in &told {
        let id = ctx.id();
        tx.exec(sql::NEW_NOTICE, args![&id, &peer.id, &peer.facility, study, ctx.now()]).await?;
        jobs::enqueue(&mut tx, ctx, Job::new(AVAILABILITY, key(&peer.id, study))).await?;
        news.push((id, peer.facility.as_str()));
    }
    tx.commit().await?;
    for (id, facility) in news {
        ctx.live.changed(LIVE, &id, facility);
    }
    Ok(())
}

/// What of a study had to wait for a person goes at once.
async fn go_on(ctx: &Ctx, study: &str) -> Result<()> {
    let permit = Permit::system("announce");
    let mut tx = ctx.db.begin(&permit).await?;
    if tx.exec(sql::GO_ON, args![study, ctx.now()]).await? == 0 {
        return Ok(());
    }
    for row in tx.all(sql::WAITS_FOR, args![study]).await? {
        jobs::enqueue(&mut tx, ctx, Job::new(super::JOB, row.text("peer")?)).await?;
    }
    tx.commit().await
}

/// The key of the job that tells a peer of a study.
pub(super) fn key(peer: &str, study: &str) -> String {
    format!("{peer} {study}")
}

/// The notification to a peer about a study that still waits: row and facility. `None` when a person has given it up.
///
/// # Errors
/// Storage faults.
pub async fn notice(ctx: &Ctx, peer: &str, study: &str) -> Result<Option<(String, String)>> {
    let mut read = ctx.db.read(&Permit::system("outbox")).await?;
    let row = read.opt(sql::OPEN_NOTICE, args![peer, study]).await?;
    row.map(|row| Ok((row.text("id")?, row.text("facility")?))).transpose()
}

/// What became of a try of a notification: `state` `sent`, `failed` for good, or `waiting` for the next one. When images came
/// while it was on the line, it waits on for the job that was put for them.
///
/// # Errors
/// Storage faults.
pub async fn noticed(ctx: &Ctx, notice: &(String, String), state: &str, error: &str) -> Result<()> {
    let permit = Permit::system("outbox");
    let (id, facility) = notice;
    let mut tx = ctx.db.begin(&permit).await?;
    // This holds the row: whoever puts another job for it has done so, or waits and finds it closed.
    tx.exec(sql::NOTICE_TRIED, args![id, error]).await?;
    let closes = state != "waiting" && tx.opt(sql::MORE_TO_TELL, args![id]).await?.is_none();
    if closes {
        tx.exec(sql::NOTICE_CLOSED, args![id, state, error, ctx.now()]).await?;
    }
    if closes && state == "failed" {
        audit::append(&mut tx, ctx, &permit, "notice.fail", "notice", id, &json!({"why": error}));
    }
    tx.commit().await?;
    ctx.live.changed(LIVE, id, facility);
    Ok(())
}

/// Study UID, objects and performed steps of a notification to a facility; `None` when it may see nothing of the study.
///
/// # Errors
/// Storage faults.
pub async fn available(
    conn: &mut Conn,
    study: &str,
    facility: &str,
) -> Result<Option<(String, Vec<Available>, Vec<String>)>> {
    let rows = conn.all(sql::AVAILABLE, args![study, facility]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let uid = first.text("study_uid")?;
    let object = |row: &Row| {
        Ok(Available {
            series: row.text("series_uid")?,
            sop_class: row.text("sop_class")?,
            sop_instance: row.text("uid")?,
        })
    };
    let objects = rows.iter().map(object).collect::<Result<Vec<_>>>()?;
    let steps = conn.all(sql::STEPS, args![study]).await?;
    let steps = steps.iter().map(|r| r.text("uid")).collect::<Result<Vec<_>>>()?;
    Ok(Some((uid, objects, steps)))
}

/// The forwarding rules: peers whose policy says `"forward": true` or `{"modalities": [...]}` get every settled study that their
/// facility may see, once.
///
/// # Errors
/// Storage faults.
pub async fn forward(ctx: &Ctx, study: &str, modality: &str) -> Result<()> {
    let permit = Permit::system("forward");
    let mut tx = ctx.db.begin(&permit).await?;
    let mut put_any = false;
    for to in peer::list(&mut tx).await? {
        if to.kind != "dicom" || !to.enabled || to.port.is_none() || !wants(&to, modality) {
            continue;
        }
        let gone = tx.all(sql::FORWARDED, args![study, &to.id]).await?;
        let gone = gone.iter().map(|r| r.text("instance")).collect::<Result<Vec<_>>>()?;
        let mut parcels = parcels(&mut tx, study, &to.facility).await?;
        parcels.retain(|p| !gone.contains(&p.instance));
        if !parcels.is_empty() {
            put(&mut tx, ctx, &permit, &to, &parcels, &Cause::Forward).await?;
            put_any = true;
        }
    }
    if put_any { tx.commit().await } else { Ok(()) }
}

fn wants(peer: &Peer, modality: &str) -> bool {
    match peer.policy.get("forward") {
        Some(Value::Bool(all)) => *all,
        Some(rule) => rule
            .get("modalities")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|m| m.as_str() == Some(modality))),
        None => false,
    }
}
