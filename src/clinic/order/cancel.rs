//! Cancelling an order: the placer may, until the first evidence has come in.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::sql;

/// Cancels an order in the caller's scope. Cancelling a cancelled order changes nothing.
///
/// # Errors
/// `Conflict` `too_late` once a study, a record or a specimen has been received.
pub async fn cancel(tx: &mut Tx, ctx: &Ctx, permit: &Permit, order: &str, reason: &str) -> Result<()> {
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
    audit::append(tx, ctx, permit, "order.cancel", "order", order, &json!({"reason": reason})).await
}
