//! Correcting a value by hand: a new run typed by a person, never a changed one. Another person verifies it.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::receive::{Arrival, Run};
use super::{items, matched, sql};
use crate::order;

/// Prefix of the instrument of a typed run; the account id follows.
pub(super) const MANUAL: &str = "manual:";

/// Enters another value for a result; answers specimen id and facility. A published value needs the lead.
pub async fn correct(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    result: &str,
    value: &str,
    reason: &str,
) -> Result<(String, String)> {
    let row = tx
        .opt(sql::RESULT, args![result, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("result"))?;
    let state = row.text("state")?;
    permit.require(if state == "published" { Right::Lead } else { Right::EnterResults })?;
    if value.trim().is_empty() || reason.trim().is_empty() {
        return Err(Fault::invalid("value", "value and reason must not be empty"));
    }
    let (specimen_id, code) = (row.text("specimen")?, row.text("item")?);
    matched::lock(tx, &specimen_id).await?;
    let specimen = tx.one(sql::SPECIMEN_BY_ID, args![&specimen_id, permit.scope()]).await?;
    let found = order::specimen_by_barcode(tx, &specimen.text("barcode")?)
        .await?
        .ok_or_else(|| Fault::not_found("specimen"))?;
    let item = items::find(tx, ctx, &code).await?.ok_or_else(|| Fault::not_found("item"))?;
    if state != "published" && tx.exec(sql::RERUN, args![result]).await? == 0 {
        return Err(Fault::conflict("wrong_state", format!("the result is {state}")));
    }
    let run = Run {
        barcode: found.barcode.clone(),
        item: code,
        run_at: ctx.now().to_string(),
        value: value.trim().to_owned(),
        unit: item.unit.clone(),
        status: "C".into(),
        manual: true,
        ..Run::default()
    };
    let id = ctx.id();
    let instrument = format!("{MANUAL}{}", permit.who());
    tx.exec(
        sql::KEEP_RUN,
        args![
            &id,
            "",
            permit.facility(),
            instrument,
            &run.barcode,
            &run.item,
            &item.name,
            &run.run_at,
            &run.value,
            &run.unit,
            "",
            "",
            &run.status,
            "matched",
            reason,
            &found.id,
            ctx.now()
        ],
    )
    .await?;
    let new = matched::settle(tx, ctx, permit, &found, &id, &run, &item, &Arrival::default()).await?;
    let detail = json!({"of": result, "new": new, "reason": reason, "published": state == "published"});
    audit::append(tx, ctx, permit, "lab.correct", "lab_result", result, &detail);
    Ok((found.id, found.facility))
}
