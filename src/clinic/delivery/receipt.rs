//! Receipts: pulled, seen, clinically acknowledged, and the operator's resend.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::sql;

/// A machine of the facility pulled version `n` (FHIR).
pub async fn pulled(tx: &mut Tx, ctx: &Ctx, permit: &Permit, report: &str, n: i64) -> Result<()> {
    tx.exec(sql::PULLED, args![report, n, ctx.now(), permit.facility()]).await?;
    Ok(())
}

/// A person of the facility opened version `n`. Readers of the centre leave no trace here.
pub async fn seen(tx: &mut Tx, ctx: &Ctx, permit: &Permit, report: &str, n: i64) -> Result<bool> {
    let changed = tx.exec(sql::SEEN, args![report, n, ctx.now(), permit.who(), permit.facility()]).await? > 0;
    if changed {
        audit::append(tx, ctx, permit, "delivery.seen", "report", report, &json!({"n": n}));
    }
    Ok(changed)
}

/// A doctor of the clinic acknowledges a changed version.
pub async fn acknowledge(tx: &mut Tx, ctx: &Ctx, permit: &Permit, report: &str, n: i64) -> Result<()> {
    permit.require_at(Right::AcknowledgeCritical, permit.facility())?;
    let done =
        tx.exec(sql::CLINICALLY_ACKED, args![report, n, ctx.now(), permit.who(), permit.facility()]).await?;
    if done == 0 {
        return Err(Fault::conflict("acknowledged", "nothing of this version waits for an acknowledgement"));
    }
    audit::append(tx, ctx, permit, "delivery.acknowledge", "report", report, &json!({"n": n}));
    Ok(())
}

/// An operator arms a parked, dead or given-up parcel of their scope again. Answers whose it is.
///
/// # Errors
/// `Denied` without the right; `NotFound` outside the scope; `Conflict` `not_parked`, also when a newer version has gone.
pub async fn resend(tx: &mut Tx, ctx: &Ctx, permit: &Permit, delivery: &str) -> Result<String> {
    let facility = theirs(tx, permit, delivery).await?;
    if tx.exec(sql::RESEND, args![delivery, ctx.now()]).await? == 0 {
        return Err(Fault::conflict("not_parked", "the parcel is not waiting for an operator"));
    }
    let destination = tx.one(sql::QUEUE_OF, args![delivery]).await?.text("destination")?;
    enqueue(tx, ctx, Job::new("deliver", destination)).await?;
    audit::append(tx, ctx, permit, "delivery.resend", "delivery", delivery, &json!({}));
    Ok(facility)
}

/// An operator gives a parcel of their scope up: later ones of the patient go on. Answers whose it is.
///
/// # Errors
/// `Denied` without the right; `NotFound` outside the scope; `Conflict` `done` when it has gone.
pub async fn stop(tx: &mut Tx, ctx: &Ctx, permit: &Permit, delivery: &str, why: &str) -> Result<String> {
    let facility = theirs(tx, permit, delivery).await?;
    if tx.exec(sql::STOP, args![delivery, ctx.now(), why, permit.who()]).await? == 0 {
        return Err(Fault::conflict("done", "the parcel has gone or was given up before"));
    }
    let destination = tx.one(sql::QUEUE_OF, args![delivery]).await?.text("destination")?;
    enqueue(tx, ctx, Job::new("deliver", destination)).await?;
    audit::append(tx, ctx, permit, "delivery.stop", "delivery", delivery, &json!({"why": why}));
    Ok(facility)
}

async fn theirs(tx: &mut Tx, permit: &Permit, delivery: &str) -> Result<String> {
    permit.require(Right::Administer)?;
    let row = tx.opt(sql::IN_SCOPE, args![delivery, permit.scope()]).await?;
    row.ok_or_else(|| Fault::not_found("delivery"))?.text("facility")
}
