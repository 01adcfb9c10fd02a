//! Return to the clinic: the only state that pauses the clock; the first deadline is kept.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::claim::{fence, find_locked};
use super::row::ItemRow;
use super::sql;

/// Coded reasons (workflow specification 2.1).
pub const REASONS: &[&str] = &[
    "position",
    "motion",
    "exposure",
    "wrong_side",
    "missing_series",
    "missing_history",
    "wrong_patient",
    "other",
];

/// Returns an item to the clinic that sent it.
pub async fn return_to_clinic(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &str,
    epoch: i64,
    reason: &str,
    text: &str,
) -> Result<ItemRow> {
    if !REASONS.contains(&reason) {
        return Err(Fault::invalid("reason", format!("one of {}", REASONS.join(", "))));
    }
    if reason == "other" && text.trim().is_empty() {
        return Err(Fault::invalid("text", "the reason 'other' needs a text"));
    }
    let held = fence(tx, ctx, permit, item, epoch).await?;
    tx.exec(sql::RETURN, args![item, reason, text, ctx.now()]).await?;
    audit::append(
        tx,
        ctx,
        permit,
        "work.return",
        "work_item",
        item,
        &json!({"reason": reason, "epoch": epoch}),
    );
    Ok(held)
}

/// The clinic answers a return (new images were sent, or information was given): back into the queue.
pub async fn answer_return(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &str,
    text: &str,
) -> Result<ItemRow> {
    let held = find_locked(tx, permit, item).await?;
    permit.require_at(Right::Upload, &held.facility)?;
    if tx.exec(sql::ANSWERED, args![item, ctx.now(), text]).await? == 0 {
        return Err(Fault::conflict("not_returned", "the item is not with the clinic"));
    }
    audit::append(tx, ctx, permit, "work.answer", "work_item", item, &json!({}));
    Ok(held)
}
