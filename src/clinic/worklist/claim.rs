//! Claim, lease, fence. A claim raises the epoch; every save and sign carries it; an old epoch gets 412.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Conn, Engine, Tx};
use yigong_base::{Ctx, args, audit};

use super::row::ItemRow;
use super::sql;

/// The right a tier of a pipeline asks for.
#[must_use]
pub fn right_of(pipeline: &str, tier: &str) -> Right {
    match (pipeline, tier) {
        ("lab", _) => Right::Verify,
        (_, "write") => Right::Write,
        _ => Right::Audit,
    }
}

/// An item in the caller's scope.
pub async fn find(conn: &mut Conn, permit: &Permit, item: &str) -> Result<ItemRow> {
    let row = conn
        .opt(sql::FIND, args![item, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("work item"))?;
    ItemRow::of(&row)
}

/// The same, locked until the unit ends. SQLite has one writer, so the plain statement locks there.
pub async fn find_locked(tx: &mut Tx, permit: &Permit, item: &str) -> Result<ItemRow> {
    let statement = match tx.engine() {
        Engine::Sqlite => sql::FIND,
        Engine::Postgres => sql::FIND_FOR_UPDATE_POSTGRES,
    };
    let row =
        tx.opt(statement, args![item, permit.scope()]).await?.ok_or_else(|| Fault::not_found("work item"))?;
    ItemRow::of(&row)
}

/// Claims an item; the answer carries the new epoch. The holder may claim again (a second tab): the first tab is fenced.
pub async fn claim(tx: &mut Tx, ctx: &Ctx, permit: &Permit, item: &str) -> Result<ItemRow> {
    let held = find_locked(tx, permit, item).await?;
    permit.require_for(right_of(&held.pipeline, &held.tier), &held.pipeline)?;
    if held.tier == "audit" && held.written_by == permit.who() && held.pipeline != "lab" {
        return Err(Fault::conflict("own_report", "the auditor must be another person than the writer"));
    }
    let until = ctx.now() + ctx.config.work.lease_minutes * MINUTE_MS;
    let mine = held.state == "reading" && held.holder.as_deref() == Some(permit.who());
    let statement = if mine { sql::RECLAIM } else { sql::CLAIM };
    if tx.exec(statement, args![item, permit.who(), until]).await? == 0 {
        return Err(refused(tx, &held).await?);
    }
    let now_held = find(tx, permit, item).await?;
    audit::append(tx, ctx, permit, "work.claim", "work_item", item, &json!({"epoch": now_held.epoch}));
    Ok(now_held)
}

async fn refused(tx: &mut Tx, held: &ItemRow) -> Result<Fault> {
    let holder = holder_json(tx, held.holder.as_deref()).await?;
    let detail = if held.state == "reading" {
        "another reader holds this item".to_owned()
    } else {
        format!("the item is {}", held.state)
    };
    let code = if held.state == "reading" { "held" } else { "not_open" };
    let current = json!({"holder": holder, "lease_until": held.lease_until, "state": held.state});
    Ok(Fault::Conflict { code: code.into(), detail, current })
}

async fn holder_json(conn: &mut Conn, holder: Option<&str>) -> Result<serde_json::Value> {
    let Some(id) = holder else { return Ok(serde_json::Value::Null) };
    let name = conn.opt(sql::NAME_OF, args![id]).await?.map_or(Ok(String::new()), |r| r.text("name"))?;
    Ok(json!({"id": id, "name": name}))
}

/// The fence in front of every write: the caller holds the item and the epoch is current, else [`Fault::Stale`] (412).
pub async fn fence(tx: &mut Tx, ctx: &Ctx, permit: &Permit, item: &str, epoch: i64) -> Result<ItemRow> {
    let held = find_locked(tx, permit, item).await?;
    let alive = held.lease_until.is_some_and(|until| until >= ctx.now());
    if held.state == "reading" && held.holder.as_deref() == Some(permit.who()) && held.epoch == epoch && alive
    {
        return Ok(held);
    }
    let holder = holder_json(tx, held.holder.as_deref()).await?;
    let current = json!({"epoch": held.epoch, "state": held.state, "holder": holder});
    Err(Fault::stale("lease_lost", "your lease on this item has ended; your text is kept", current))
}

/// Extends the lease; answers until when.
pub async fn heartbeat(tx: &mut Tx, ctx: &Ctx, permit: &Permit, item: &str, epoch: i64) -> Result<i64> {
    fence(tx, ctx, permit, item, epoch).await?;
    let until = ctx.now() + ctx.config.work.lease_minutes * MINUTE_MS;
    tx.exec(sql::EXTEND, args![item, permit.who(), epoch, until]).await?;
    Ok(until)
}

/// Gives the item back to the queue.
pub async fn release(tx: &mut Tx, ctx: &Ctx, permit: &Permit, item: &str, epoch: i64) -> Result<ItemRow> {
    let held = fence(tx, ctx, permit, item, epoch).await?;
    tx.exec(sql::RELEASE, args![item]).await?;
    given_back(tx, ctx, item).await?;
    audit::append(tx, ctx, permit, "work.release", "work_item", item, &json!({"epoch": epoch}));
    Ok(held)
}

/// A study about which a doubt came while it was read does not go to the next reader before that is answered.
async fn given_back(tx: &mut Tx, ctx: &Ctx, item: &str) -> Result<()> {
    if let Some(row) = tx.opt(sql::DOUBTED, args![item]).await? {
        jobs::enqueue(tx, ctx, Job::new("settle", row.text("study")?)).await?;
    }
    Ok(())
}

/// A lead takes an item from its holder; the reason is kept.
pub async fn break_lease(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &str,
    reason: &str,
) -> Result<ItemRow> {
    permit.require(Right::Lead)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let held = find_locked(tx, permit, item).await?;
    tx.exec(sql::RELEASE, args![item]).await?;
    given_back(tx, ctx, item).await?;
    let detail = json!({"holder": held.holder, "epoch": held.epoch, "reason": reason});
    audit::append(tx, ctx, permit, "work.break", "work_item", item, &detail);
    Ok(held)
}

/// Gives back every item whose lease ran out; answers (item, facility) of each. The draft outlives the lease.
pub async fn expire(ctx: &Ctx) -> Result<Vec<(String, String)>> {
    let permit = Permit::system("lease");
    let now = ctx.now();
    let overdue = ctx.db.read(&permit).await?.all(sql::EXPIRED, args![now]).await?;
    let mut freed = Vec::new();
    for row in overdue {
        let (id, facility) = (row.text("id")?, row.text("facility")?);
        let mut tx = ctx.db.begin(&permit).await?;
        if tx.exec(sql::EXPIRE, args![&id, now]).await? > 0 {
            given_back(&mut tx, ctx, &id).await?;
            audit::append(&mut tx, ctx, &permit, "work.expire", "work_item", &id, &json!({}));
            tx.commit().await?;
            freed.push((id, facility));
        }
    }
    Ok(freed)
}
