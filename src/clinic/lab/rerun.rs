//! Asking for another run: the result steps aside, its run stays on record.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::sql;

/// Sets a waiting result aside for a re-run; answers specimen id and facility.
pub async fn rerun(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    result: &str,
    reason: &str,
) -> Result<(String, String)> {
    permit.require(Right::EnterResults)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let row = tx
        .opt(sql::RESULT, args![result, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("result"))?;
    if tx.exec(sql::RERUN, args![result]).await? == 0 {
        return Err(Fault::conflict("wrong_state", format!("the result is {}", row.text("state")?)));
    }
    audit::append(tx, ctx, permit, "lab.rerun", "lab_result", result, &json!({"reason": reason}));
    Ok((row.text("specimen")?, row.text("facility")?))
}
