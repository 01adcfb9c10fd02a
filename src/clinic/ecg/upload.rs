//! A file handed in by a person or by an edge box: kept first, understood at once, answered with the verdict.

use std::time::Duration;

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::Peer;
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit, background};
use yigong_formats::ecg::{Format, decode};

use super::arrived::{Arrived, Asked};
use super::receive::{self, Received};
use super::sql;
use crate::imaging;
use crate::order;

/// The job that understands a file nobody waits for any more.
pub const JOB: &str = "ecg_file";
/// How long the sender waits for the verdict; beyond it the job has it.
const PATIENCE: Duration = Duration::from_secs(1);
/// The job looks after this: by then the sender has its answer, or nobody is left to give it.
const LATER_MS: i64 = 30_000;
/// Longest file name kept.
const NAME: usize = 200;

/// What became of a file that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Understood, or refused with a reason.
    Done(Received),
    /// Kept; the analysis takes longer than anybody waits.
    Pending,
}

/// A file that is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Row of the upload.
    pub id: String,
    /// What became of it.
    pub answer: Answer,
}

/// Takes a file. When this returns, its bytes and its row are durable.
///
/// # Errors
/// `Denied`; `NotFound` or `Conflict` for an order or attempt that cannot be meant; storage faults: nothing was kept.
pub async fn upload(ctx: &Ctx, permit: &Permit, name: &str, bytes: &[u8], asked: &Asked) -> Result<Kept> {
    upload_within(ctx, permit, name, bytes, asked, PATIENCE).await
}

/// The same with another patience.
pub(super) async fn upload_within(
    ctx: &Ctx,
    permit: &Permit,
    name: &str,
    bytes: &[u8],
    asked: &Asked,
    patience: Duration,
) -> Result<Kept> {
    if !permit.has_scope("images:write") {
        permit.require(Right::Upload)?;
    }
    if permit.facility().is_empty() {
        return Err(Fault::denied("upload: without a facility"));
    }
    if bytes.is_empty() {
        return Err(Fault::invalid("file", "the file is empty"));
    }
    let facility = permit.facility().to_owned();
    // A token repeats what it was told for file after file; a person looked at this one.
    let person = asked.order.is_some() && !permit.grants().is_empty();
    let chosen_by = if person { permit.name().to_owned() } else { String::new() };
    let asked = &Asked { chosen_by, ..asked.clone() };
    let object = ctx.blobs.take(bytes).await?;
    let id = ctx.id();
    let mut tx = ctx.db.begin(permit).await?;
    meant(&mut tx, permit, &facility, asked).await?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    let row = args![&id, &facility, &object, bytes.len(), &name, json!(asked), permit.who(), ctx.now()];
    tx.exec(sql::UPLOAD, row).await?;
    // Where much waits already the job reads it when its turn comes: what waits in memory has an end.
    let full = background::is_full();
    let later = if full { 0 } else { LATER_MS };
    jobs::enqueue(&mut tx, ctx, Job::new(JOB, id.as_str()).at(ctx.now() + later)).await?;
    let detail = json!({"object": object, "size": bytes.len(), "order": asked.order, "chest_pain": asked.chest_pain, "redo_of": asked.redo_of});
    audit::append(&mut tx, ctx, permit, "ecg.upload", "ecg_upload", &id, &detail);
    tx.commit().await?;
    if full {
        return Ok(Kept { id, answer: Answer::Pending });
    }
    let (own, key) = (ctx.clone(), id.clone());
    // It goes on even when the sender goes away.
    let work = tokio::spawn(async move { go_on(&own, &key).await });
    let answer = match tokio::time::timeout(patience, work).await {
        Ok(Ok(Ok(received))) => Answer::Done(received),
        // It is kept, so it is not refused: the sender must not hand it in again. The job has it.
        Ok(Ok(Err(fault))) => {
            tracing::warn!(upload = %id, error = %fault, "ecg.upload is left to its job");
            Answer::Pending
        }
        Ok(Err(stopped)) => {
            tracing::error!(upload = %id, error = %stopped, "ecg.upload is left to its job");
            Answer::Pending
        }
        Err(_) => Answer::Pending,
    };
    Ok(Kept { id, answer })
}

/// The order and the attempt named beside the file must be the facility's own.
async fn meant(tx: &mut Tx, permit: &Permit, facility: &str, asked: &Asked) -> Result<()> {
    if let Some(order) = &asked.order {
        let row = tx
            .opt(order::sql::FIND, args![order, permit.scope()])
            .await?
            .ok_or_else(|| Fault::not_found("order"))?;
        if row.text("facility")? != facility {
            return Err(Fault::conflict("other_facility", "the order belongs to another facility"));
        }
        if row.text("pipeline")? != "ecg" || row.text("state")? == "cancelled" {
            return Err(Fault::conflict("order_pipeline", "the order asks for no electrocardiogram"));
        }
    }
    if let Some(first) = &asked.redo_of {
        let row = tx.opt(sql::FIND, args![first, facility]).await?;
        row.ok_or_else(|| Fault::not_found("ecg record"))?;
    }
    Ok(())
}

/// Understands a file that was kept; doing it twice changes nothing.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn go_on(ctx: &Ctx, upload: &str) -> Result<Received> {
    let permit = Permit::system("ecg");
    let arrived = {
        let mut conn = ctx.db.read(&permit).await?;
        let Some(row) = conn.opt(sql::UPLOADED, args![upload]).await? else { return Ok(Received::Gone) };
        let arrived = Arrived::upload(&row)?;
        if row.text("state")? == "done" {
            let known = conn.opt(sql::OF_OBJECT, args![&arrived.facility, &arrived.object]).await?;
            return known.map_or(Ok(Received::Gone), |r| r.text("id").map(Received::Known));
        }
        arrived
    };
    let bytes = ctx.blobs.read(&arrived.object).await?;
    if decode::probe(&bytes) == Some(Format::Dicom) {
        return object(ctx, &arrived, &bytes).await;
    }
    receive::go(ctx, &arrived).await
}

/// A DICOM object goes the way of STOW-RS: into the index first.
async fn object(ctx: &Ctx, arrived: &Arrived, bytes: &[u8]) -> Result<Received> {
    let mut spool = ctx.blobs.scratch()?;
    spool.write(bytes).await?;
    let arrival = imaging::receive::Arrival {
        peer: sender(arrived),
        spooled: spool.finish().await?,
        sop_class: None,
        sop_instance: None,
        study: None,
        by: None,
        source: imaging::receive::UPLOAD,
    };
    match imaging::receive::receive_with(ctx, arrival).await {
        Ok(kept) if kept.outcome == imaging::receive::Outcome::Quarantined => {
            let mut tx = ctx.db.begin(&Permit::system("ecg")).await?;
            tx.exec(sql::UPLOAD_DONE, args![&arrived.id, "refused"]).await?;
            let entry = receive::held(&mut tx, &kept.instance).await?;
            tx.commit().await?;
            Ok(Received::Quarantined { stage: "index".into(), reason: kept.reason.into(), entry })
        }
        Ok(kept) => match receive::receive(ctx, &kept.instance).await? {
            // An object that is no waveform (an image, a document) is in the index, but nothing to measure.
            Received::Gone => receive::go(ctx, arrived).await,
            received => Ok(received),
        },
        // What the index cannot take is still evidence: refused with the scanner's reason, not lost.
        Err(Fault::Invalid { .. }) => receive::go(ctx, arrived).await,
        Err(fault) => Err(fault),
    }
}

/// A web sender: its facility is the arrival's.
fn sender(arrived: &Arrived) -> Peer {
    Peer::web(&arrived.peer, &arrived.peer, &arrived.facility)
}
