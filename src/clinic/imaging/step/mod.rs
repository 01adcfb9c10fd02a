//! Performed procedure steps: what a modality says it is doing and has done (PS3.4 Annex F). A completed step makes its study
//! complete as soon as every object it names is here; a discontinued one is shown.

pub mod sql;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use serde::Serialize;
use serde_json::json;
use yigong_base::clock::{MINUTE_MS, SECOND_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::{Peer, device_clock};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::step::{StepReport, StepState};

use super::{device_time, settle, sql as imaging};
use crate::order;

/// The job that watches for the objects of a completed step; its key is the step's row.
pub const JOB: &str = "step_complete";
/// Pause between two looks for objects that are named but not here.
const LOOK_MS: i64 = 5 * SECOND_MS;
/// After this long the quiet period of the study decides alone.
const PATIENCE_MS: i64 = 10 * MINUTE_MS;

/// An attribute list as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The data set.
    pub body: &'a [u8],
    /// Its transfer syntax.
    pub transfer_syntax: &'a str,
}

/// A step as pages show it.
#[derive(Debug, Clone, Serialize)]
pub struct StepHead {
    /// SOP Instance UID of the step.
    pub uid: String,
    /// `in_progress`, `completed`, `discontinued`.
    pub state: String,
    /// Modality.
    pub modality: String,
    /// Station AE title.
    pub station: String,
    /// Start as sent.
    pub started: String,
    /// End as sent.
    pub ended: String,
    /// Why it was discontinued.
    pub reason: String,
    /// Objects it says it made.
    pub named: usize,
    /// Those of them that are here.
    pub arrived: usize,
}

/// N-CREATE: a step begins.
///
/// # Errors
/// `Invalid` `missing-attribute` or `invalid-attribute` for a status that is absent or not IN PROGRESS; `Conflict` `duplicate`
/// when the facility has a step of this UID.
pub async fn create(
    ctx: &Ctx,
    peer: &Peer,
    uid: &str,
    report: &StepReport,
    message: Message<'_>,
) -> Result<()> {
    if report.state.is_none() && report.unknown_state.is_none() {
        return Err(Fault::invalid("missing-attribute", "(0040,0252)"));
    }
    if report.state != Some(StepState::InProgress) {
        return Err(Fault::invalid("invalid-attribute", "(0040,0252) must be IN PROGRESS"));
    }
    let permit = peer.permit();
    let mut tx = ctx.db.begin(&permit).await?;
    if tx.opt(sql::BY_UID, args![&peer.facility, uid]).await?.is_some() {
        return Err(Fault::conflict("duplicate", "a step of this UID is here"));
    }
    let order =
        order::find::match_step(&mut tx, &peer.facility, &report.accession, &report.patient_id).await?;
    let id = ctx.id();
    tx.exec(
        sql::INSERT,
        args![
            &id,
            &peer.facility,
            &peer.id,
            uid,
            StepState::InProgress.as_str(),
            &order,
            &report.study_uid,
            &report.accession,
            &report.scheduled_id,
            &report.modality,
            &report.station,
            &report.started,
            &report.ended,
            &report.reason,
            json!(report.instances),
            ctx.now()
        ],
    )
    .await?;
    keep(&mut tx, ctx, &id, "create", message).await?;
    // A step begins now: nothing says better what time it is there.
    let (date, time) = report.started.split_once(' ').unwrap_or_default();
    if let Some(at) = device_time::moment(ctx, date, time, "") {
        device_clock::note(&mut tx, &peer.id, at - ctx.now(), true, ctx.now()).await?;
    }
    let detail = json!({"uid": uid, "study_uid": report.study_uid, "order": order});
    audit::append(&mut tx, ctx, &permit, "step.create", "procedure_step", &id, &detail);
    tx.commit().await
}

/// N-SET: a step goes on or ends.
///
/// # Errors
/// `NotFound` for an unknown step; `Conflict` `final` for one that has ended; `Invalid` `invalid-attribute` for a status that
/// is none.
pub async fn set(ctx: &Ctx, peer: &Peer, uid: &str, report: &StepReport, message: Message<'_>) -> Result<()> {
    let permit = peer.permit();
    let mut tx = ctx.db.begin(&permit).await?;
    let row = tx
        .opt(sql::BY_UID, args![&peer.facility, uid])
        .await?
        .ok_or_else(|| Fault::not_found("procedure step"))?;
    let id = row.text("id")?;
    if row.text("state")? != StepState::InProgress.as_str() {
        return Err(Fault::conflict("final", "step may no longer be updated"));
    }
    if report.unknown_state.is_some() {
        return Err(Fault::invalid("invalid-attribute", "(0040,0252)"));
    }
    let state = report.state.unwrap_or(StepState::InProgress);
    let changed = tx
        .exec(
            sql::CHANGE,
            args![
                &id,
                state.as_str(),
                &report.ended,
                &report.reason,
                json!(report.instances),
                &report.modality,
                ctx.now()
            ],
        )
        .await?;
    if changed == 0 {
        return Err(Fault::conflict("final", "step may no longer be updated"));
    }
    keep(&mut tx, ctx, &id, "set", message).await?;
    if state == StepState::Completed {
        jobs::enqueue(&mut tx, ctx, Job::new(JOB, id.as_str())).await?;
    }
    let detail = json!({"uid": uid, "state": state.as_str(), "reason": report.reason, "objects": report.instances.len()});
    audit::append(&mut tx, ctx, &permit, "step.set", "procedure_step", &id, &detail);
    let study = tx.opt(imaging::STUDY_OF_UID, args![&peer.facility, row.text("study_uid")?]).await?;
    tx.commit().await?;
    if let Some(study) = study {
        ctx.live.changed("imaging", &study.text("id")?, &peer.facility);
    }
    Ok(())
}

async fn keep(tx: &mut Tx, ctx: &Ctx, step: &str, kind: &str, message: Message<'_>) -> Result<()> {
    tx.exec(
        sql::KEEP,
        args![ctx.id(), step, kind, message.transfer_syntax, message.body.to_vec(), ctx.now()],
    )
    .await?;
    Ok(())
}

/// The job [`JOB`]: settles the study of a completed step once every object that the step names is here.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn complete(ctx: &Ctx, step: &str) -> Result<()> {
    let permit = yigong_base::access::Permit::system("step");
    let mut read = ctx.db.read(&permit).await?;
    let Some(row) = read.opt(sql::BY_ID, args![step]).await? else { return Ok(()) };
    let (facility, study_uid) = (row.text("facility")?, row.text("study_uid")?);
    let open = read.one(sql::OPEN, args![&facility, &study_uid]).await?.int("n")?;
    if study_uid.is_empty() || open > 0 {
        return Ok(());
    }
    let study = read.opt(imaging::STUDY_OF_UID, args![&facility, &study_uid]).await?;
    // Several steps may make one study: it is complete when what each of them names is here, and not when nobody named anything.
    let mut named: Vec<String> = Vec::new();
    for step in read.all(sql::OF_STUDY, args![&facility, &study_uid]).await? {
        named.extend(step.json::<Vec<String>>("instances")?);
    }
    let here = arrived(&mut read, &facility, &study_uid).await?;
    drop(read);
    if let Some(study) = study
        && !named.is_empty()
        && named.iter().all(|uid| here.contains(uid))
    {
        return settle::settle_complete(ctx, &study.text("id")?).await;
    }
    if ctx.now() < row.int("updated_at")? + PATIENCE_MS {
        let mut tx = ctx.db.begin(&permit).await?;
        jobs::enqueue(&mut tx, ctx, Job::new(JOB, step).at(ctx.now() + LOOK_MS)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The steps of a study, oldest first.
///
/// # Errors
/// Storage faults.
pub async fn of_study(conn: &mut Conn, facility: &str, study_uid: &str) -> Result<Vec<StepHead>> {
    let rows = conn.all(sql::OF_STUDY, args![facility, study_uid]).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let here = arrived(conn, facility, study_uid).await?;
    rows.iter()
        .map(|row| {
            let named: Vec<String> = row.json("instances")?;
            Ok(StepHead {
                uid: row.text("uid")?,
                state: row.text("state")?,
                modality: row.text("modality")?,
                station: row.text("station")?,
                started: row.text("started")?,
                ended: row.text("ended")?,
                reason: row.text("reason")?,
                arrived: named.iter().filter(|uid| here.contains(*uid)).count(),
                named: named.len(),
            })
        })
        .collect()
}

async fn arrived(conn: &mut Conn, facility: &str, study_uid: &str) -> Result<HashSet<String>> {
    conn.all(sql::ARRIVED, args![facility, study_uid]).await?.iter().map(|r| r.text("uid")).collect()
}
