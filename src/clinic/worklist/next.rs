//! The server chooses what is read next: class, then deadline, then arrival, then id.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Engine, Tx};
use yigong_base::{Ctx, args, audit};

use super::claim::{claim, release, right_of};
use super::row::ItemRow;
use super::sql;

/// Which (pipeline, tier) the caller may read, as the list the statement searches in.
fn lanes(permit: &Permit) -> String {
    let mut list = String::from(",");
    for pipeline in ["imaging", "ecg", "lab"] {
        for tier in ["write", "audit", "recheck"] {
            if permit.may_for(right_of(pipeline, tier), pipeline) {
                list.push_str(&format!("{pipeline}:{tier},"));
            }
        }
    }
    list
}

/// Claims the next item among those the caller may read; `None` when nothing waits. Two callers never get the same item:
/// on SQLite the single writer runs them one after the other, on PostgreSQL the chosen row is locked and skipped by others.
pub async fn next(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    pipeline: &str,
    tier: &str,
) -> Result<Option<ItemRow>> {
    let statement = match tx.engine() {
        Engine::Sqlite => sql::NEXT_SQLITE,
        Engine::Postgres => sql::NEXT_POSTGRES,
    };
    let chosen = tx
        .opt(statement, args![permit.scope(), lanes(permit), permit.who(), ctx.now(), pipeline, tier])
        .await?;
    match chosen {
        Some(row) => claim(tx, ctx, permit, &row.text("id")?).await.map(Some),
        None => Ok(None),
    }
}

/// Gives back an item that the caller holds and hides it from him for a while; the reason is kept and counted.
///
/// # Errors
/// As [`release`]: an older tab gives nothing back.
pub async fn skip(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &str,
    epoch: i64,
    reason: &str,
) -> Result<ItemRow> {
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let held = release(tx, ctx, permit, item, epoch).await?;
    let now = ctx.now();
    let until = now + ctx.config.work.skip_minutes * MINUTE_MS;
    tx.exec(sql::SKIP, args![item, permit.who(), reason, until, now]).await?;
    audit::append(tx, ctx, permit, "work.skip", "work_item", item, &json!({"reason": reason}));
    Ok(held)
}
