//! Cancelling an order: the placer may, until the first evidence has come in.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::{progress, sql};

/// Cancels an order in the caller's scope. Cancelling a cancelled order changes nothing.
///
/// # Errors
/// `Conflict` `too_late` once a study, a record or a specimen has been received.
pub async fn cancel(tx: &mut Tx, ctx: &Ctx, permit: &Permit, order: &str, reason: &str) -> Result<()> {
    // What comes in at this moment comes before or after.
    tx.exec(sql::LOCK, args![order]).await?;
    let row =
        tx.opt(sql::FIND, args![order, permit.scope()]).await?.ok_or_else(|| Fault::not_found("order"))?;
    if row.text("state")? == "cancelled" {
        return Ok(());
    }
    let evidence = tx.one(sql::EVIDENCE, args![order]).await?.int("n")?;
    if evidence > 0 || tx.exec(sql::CANCEL, args![order, ctx.now()]).await? == 0 {
        return Err(Fault::conflict("too_late", "the order is already being worked on"));
    }
    tx.exec(sql::CANCEL_ITEMS, args![order]).await?;
    tx.exec(sql::CANCEL_SPECIMENS, args![order]).await?;
    audit::append(tx, ctx, permit, "order.cancel", "order", order, &json!({"reason": reason}));
    Ok(())
}

/// The same; of an order of which a part was examined the rest is cancelled, so that no device waits for it any more.
///
/// # Errors
/// `Conflict` `too_late` when nothing is left to be examined.
pub async fn cancel_rest(tx: &mut Tx, ctx: &Ctx, permit: &Permit, order: &str, reason: &str) -> Result<()> {
    match cancel(tx, ctx, permit, order, reason).await {
        Err(Fault::Conflict { code, .. }) if code == "too_late" => {}
        whole => return whole,
    }
    if tx.one(sql::FIND, args![order, permit.scope()]).await?.text("pipeline")? == "lab" {
        return Err(Fault::conflict("too_late", "specimens of the order have been received"));
    }
    // An order of an earlier build does not know yet what of it was examined.
    progress::follow(tx, order, ctx.now()).await?;
    let items = tx.exec(sql::CANCEL_REST, args![order]).await?;
    if items == 0 {
        return Err(Fault::conflict("too_late", "everything ordered has been examined"));
    }
    progress::follow(tx, order, ctx.now()).await?;
    let detail = json!({"reason": reason, "items": items});
    audit::append(tx, ctx, permit, "order.cancel_rest", "order", order, &detail);
    Ok(())
}
