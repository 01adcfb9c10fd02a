//! What becomes of the evidence when its report was withdrawn.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{self, Job};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};

use super::sql;
use crate::imaging::grant;
use crate::imaging::quarantine::{self, Entry};
use crate::imaging::sql::SET_LANE;
use crate::report::open::ReportRow;
use crate::{ecg, order};

/// The report lets go of its subject. Images and recordings of the wrong patient wait until a registrar has said whose they are;
/// all others are read again at once, in a new round.
pub(super) async fn go_on(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    report: &ReportRow,
    cause: &str,
) -> Result<()> {
    let subject = report.subject.as_str();
    tx.exec(sql::LET_GO, args![&report.id]).await?;
    tx.exec(sql::END_WORK, args![subject, ctx.now()]).await?;
    let wrong = cause == "wrong_patient";
    if report.subject_kind == "ecg" {
        let study = tx.one(sql::STUDY_OF_ECG, args![subject]).await?.opt_text("study")?;
        if wrong {
            tx.exec(sql::HOLD_ECG, args![subject]).await?;
        } else {
            tx.exec(sql::QUEUE_ECG, args![subject]).await?;
            ecg::gate::work_again(tx, ctx, permit, subject).await?;
        }
        if let (true, Some(study)) = (wrong, study) {
            hold(tx, ctx, permit, report, &study).await?;
        }
    } else {
        tx.exec(sql::HOLD_STUDY, args![subject]).await?;
        if wrong {
            hold(tx, ctx, permit, report, subject).await?;
        } else {
            jobs::enqueue(tx, ctx, Job::new("settle", subject)).await?;
        }
    }
    match &report.order_id {
        Some(order) => order::progress::follow(tx, order, ctx.now()).await,
        None => Ok(()),
    }
}

/// Whose the images of a study are is asked anew; the reading hospital's devices see them no more until it is answered.
async fn hold(tx: &mut Tx, ctx: &Ctx, permit: &Permit, report: &ReportRow, study: &str) -> Result<()> {
    tx.exec(sql::HOLD_STUDY, args![study]).await?;
    tx.exec(SET_LANE, args![study, "identity"]).await?;
    grant::task_gone(tx, ctx, study).await?;
    let entry = Entry {
        lane: "identity",
        reason: "report-withdrawn",
        facility: &report.facility,
        peer: "",
        object_kind: "study",
        object_id: study,
        blob: None,
        detail: json!({"report": report.id}),
    };
    quarantine::open(tx, ctx, permit, &entry).await
}
