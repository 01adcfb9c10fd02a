//! What becomes of the evidence when its report was withdrawn.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::patient::{self, Seen};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};

use super::sql;
use crate::imaging::quarantine::{self, Entry};
use crate::imaging::sql::SET_LANE;
use crate::imaging::{grant, reconcile};
use crate::report::open::ReportRow;
use crate::{critical, ecg, order};

/// What a registrar reads beside the study.
const REASON: &str = "report-withdrawn";

/// The report lets go of its subject. Images and recordings of the wrong patient are taken away from him, with their alerts and their
/// order, until a registrar has said whose they are; all others are read again at once, in a new round.
pub(super) async fn go_on(
    tx: &mut Tx,
    ctx: &Ctx,
    report: &ReportRow,
    cause: &str,
    reason: &str,
) -> Result<()> {
    let subject = report.subject.as_str();
    tx.exec(sql::LET_GO, args![&report.id]).await?;
    tx.exec(sql::END_WORK, args![subject, ctx.now()]).await?;
    let recording = report.subject_kind == "ecg";
    let study = if recording {
        tx.one(sql::STUDY_OF_ECG, args![subject]).await?.opt_text("study")?
    } else {
        Some(subject.to_owned())
    };
    let wrong = cause == "wrong_patient";
    if recording && (wrong || is_blocked(tx, study.as_deref()).await?) {
        tx.exec(sql::HOLD_ECG, args![subject]).await?;
    } else if recording {
        tx.exec(sql::QUEUE_ECG, args![subject]).await?;
        ecg::gate::work_again(tx, ctx, &Permit::system("withdrawal"), subject).await?;
    } else if !wrong {
        tx.exec(sql::HOLD_STUDY, args![subject]).await?;
        jobs::enqueue(tx, ctx, Job::new("settle", subject)).await?;
    }
    match (wrong, study) {
        (true, Some(study)) => take_away(tx, ctx, report, &study, reason).await?,
        (true, None) => nobodys(tx, ctx, report).await?,
        (false, _) => {}
    }
    match &report.order_id {
        Some(order) => order::progress::follow(tx, order, ctx.now()).await,
        None => Ok(()),
    }
}

async fn is_blocked(tx: &mut Tx, study: Option<&str>) -> Result<bool> {
    match study {
        Some(study) => Ok(tx.opt(sql::BLOCKED, args![study]).await?.is_some()),
        None => Ok(false),
    }
}

/// The study belongs to nobody until it is answered whose it is. Where another report of the study stands, or somebody reads it just
/// now, only the question is asked: nobody signs before it is answered.
async fn take_away(tx: &mut Tx, ctx: &Ctx, report: &ReportRow, study: &str, reason: &str) -> Result<()> {
    let permit = Permit::system("withdrawal");
    let why = format!("report {} withdrawn: {reason}", report.id);
    match reconcile::take_away(tx, ctx, &permit, study, REASON, &why).await {
        Ok(_) => return Ok(()),
        Err(Fault::Conflict { code, .. }) if matches!(code.as_str(), "report_signed" | "in_reading") => {}
        Err(fault) => return Err(fault),
    }
    if report.subject == study {
        // Whatever the recordings in it do, the images are to be read again.
        tx.exec(sql::HOLD_STUDY, args![study]).await?;
    }
    tx.exec(SET_LANE, args![study, "identity"]).await?;
    grant::task_gone(tx, ctx, study).await?;
    let detail = json!({"report": report.id});
    let entry = Entry::of_study("identity", REASON, &report.facility, study, detail);
    quarantine::open(tx, ctx, &permit, &entry).await
}

/// A recording that came without a study waits to be matched.
async fn nobodys(tx: &mut Tx, ctx: &Ctx, report: &ReportRow) -> Result<()> {
    let nobody = patient::link(tx, ctx, &report.facility, &Seen::default()).await?.id;
    tx.exec(sql::NOBODYS_ECG, args![&report.subject, &nobody]).await?;
    let permit = Permit::system("withdrawal");
    critical::follow::follow(tx, ctx, &permit, &report.subject, &nobody).await?;
    Ok(())
}
