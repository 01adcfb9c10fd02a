//! Changing an order that nothing has come in for (ORC-1 XO).

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::place::{NewOrder, add_items, same_order};
use super::sql;

/// Replaces items, priority and history of an order in the caller's scope.
///
/// # Errors
/// `Conflict` `too_late` once evidence has come in, `placer_reused` for another patient or pipeline.
pub async fn change(tx: &mut Tx, ctx: &Ctx, permit: &Permit, order: &str, new: &NewOrder) -> Result<()> {
    tx.exec(sql::LOCK, args![order]).await?;
    let standing =
        tx.opt(sql::FIND, args![order, permit.scope()]).await?.ok_or_else(|| Fault::not_found("order"))?;
    same_order(&standing, new)?;
    let changed = if tx.one(sql::EVIDENCE, args![order]).await?.int("n")? == 0 {
        tx.exec(
            sql::CHANGE,
            args![order, &new.priority, &new.history, &new.orderer, &new.department, ctx.now()],
        )
        .await?
    } else {
        0
    };
    if changed == 0 {
        return Err(Fault::conflict("too_late", "the order is already being worked on"));
    }
    tx.exec(sql::DROP_ITEMS, args![order]).await?;
    add_items(tx, ctx, order, &new.items).await?;
    audit::append(tx, ctx, permit, "order.change", "order", order, &json!({"priority": new.priority}));
    Ok(())
}
