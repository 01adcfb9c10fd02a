//! A person tries again at once, or gives up with a reason; both are audited and can be taken back by trying again.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::show::{Kind, require};
use super::{JOB, LIVE, rules, sql, tally};
use crate::{delivery, imaging::commitment};

/// Tries an entry again at once; what had failed gets its whole time again.
///
/// # Errors
/// `Denied`; `NotFound` outside the scope; `Conflict` `done` when nothing is left to send.
pub async fn retry(ctx: &Ctx, permit: &Permit, kind: Kind, id: &str) -> Result<()> {
    require(permit)?;
    let mut tx = ctx.db.begin(permit).await?;
    let facility = match kind {
        Kind::Batch => retry_batch(&mut tx, ctx, permit, id).await?,
        Kind::Notice => retry_notice(&mut tx, ctx, permit, id).await?,
        Kind::Commitment => commitment::again(&mut tx, ctx, permit, id).await?,
        Kind::Delivery => delivery::receipt::resend(&mut tx, ctx, permit, id).await?,
    };
    tx.commit().await?;
    ctx.live.changed(LIVE, id, &facility);
    Ok(())
}

/// Gives an entry up. What is on the line at this moment may still arrive, and then says so.
///
/// # Errors
/// `Denied`; `Invalid` without a reason; `NotFound` outside the scope; `Conflict` `done` when nothing is left to send.
pub async fn stop(ctx: &Ctx, permit: &Permit, kind: Kind, id: &str, why: &str) -> Result<()> {
    require(permit)?;
    let why = why.trim();
    if why.is_empty() {
        return Err(Fault::invalid("why", "a reason"));
    }
    let mut tx = ctx.db.begin(permit).await?;
    let facility = match kind {
        Kind::Batch => stop_batch(&mut tx, ctx, permit, id, why).await?,
        Kind::Notice => stop_notice(&mut tx, ctx, permit, id, why).await?,
        Kind::Commitment => commitment::stop(&mut tx, ctx, permit, id, why).await?,
        Kind::Delivery => delivery::receipt::stop(&mut tx, ctx, permit, id, why).await?,
    };
    tx.commit().await?;
    ctx.live.changed(LIVE, id, &facility);
    Ok(())
}

fn done() -> Fault {
    Fault::conflict("done", "nothing of it is left to be sent")
}

async fn retry_batch(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<String> {
    let row =
        tx.opt(sql::BATCH, args![id, permit.scope()]).await?.ok_or_else(|| Fault::not_found("batch"))?;
    if tx.exec(sql::REARM, args![id, ctx.now()]).await? == 0 {
        return Err(done());
    }
    tx.exec(sql::DECIDED, args![id, "", ""]).await?;
    tally(tx, ctx, id).await?;
    jobs::enqueue(tx, ctx, Job::new(JOB, row.text("peer")?)).await?;
    audit::append(tx, ctx, permit, "outbox.retry", "batch", id, &json!({}));
    row.text("facility")
}

async fn stop_batch(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str, why: &str) -> Result<String> {
    let row =
        tx.opt(sql::BATCH, args![id, permit.scope()]).await?.ok_or_else(|| Fault::not_found("batch"))?;
    let n = tx.exec(sql::STOP, args![id, ctx.now()]).await?;
    if n == 0 {
        return Err(done());
    }
    tx.exec(sql::DECIDED, args![id, why, permit.who()]).await?;
    tally(tx, ctx, id).await?;
    audit::append(tx, ctx, permit, "outbox.stop", "batch", id, &json!({"why": why, "objects": n}));
    row.text("facility")
}

async fn retry_notice(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<String> {
    let row =
        tx.opt(sql::NOTICE, args![id, permit.scope()]).await?.ok_or_else(|| Fault::not_found("notice"))?;
    if tx.exec(sql::NOTICE_REARM, args![id]).await? == 0 {
        return Err(done());
    }
    let key = rules::key(&row.text("peer")?, &row.text("study")?);
    jobs::enqueue(tx, ctx, Job::new(rules::AVAILABILITY, key)).await?;
    audit::append(tx, ctx, permit, "notice.retry", "notice", id, &json!({}));
    row.text("facility")
}

async fn stop_notice(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str, why: &str) -> Result<String> {
    let row =
        tx.opt(sql::NOTICE, args![id, permit.scope()]).await?.ok_or_else(|| Fault::not_found("notice"))?;
    if tx.exec(sql::NOTICE_STOP, args![id, ctx.now(), why, permit.who()]).await? == 0 {
        return Err(done());
    }
    audit::append(tx, ctx, permit, "notice.stop", "notice", id, &json!({"why": why}));
    row.text("facility")
}
