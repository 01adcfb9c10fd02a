//! A person says which order a recording belongs to (待匹配 → matched).

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::patient;
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::arrived::Asked;
use super::detail::find;
use super::gate::{self, Going};
use super::sql;
use crate::imaging::reconcile;
use crate::worklist::admit::{Ordered, flag, follow_order, of_subject, raise_priority};
use crate::{critical, order};

/// Gives the record to an order: patient, title and class follow, and what was held goes to work. Answers the item.
///
/// # Errors
/// `Denied`; `NotFound` outside the scope; `Conflict` `other_facility`, `order_cancelled`, `order_pipeline`,
/// `order_reported`, `report_signed`, `in_reading`.
pub async fn assign(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
    order: &str,
) -> Result<Option<String>> {
    if !permit.may(Right::Upload) {
        permit.require_for(Right::Write, "ecg")?;
    }
    // In this order everywhere: who corrects a study holds it, and then its recordings.
    tx.exec(sql::LOCK_STUDY, args![record]).await?;
    tx.exec(sql::LOCK, args![record]).await?;
    let row = find(tx, permit, record).await?;
    give(tx, ctx, permit, &row, order).await
}

async fn give(tx: &mut Tx, ctx: &Ctx, permit: &Permit, row: &Row, order: &str) -> Result<Option<String>> {
    let (record, facility) = (row.text("id")?, row.text("facility")?);
    let wanted = tx
        .opt(order::sql::FIND, args![order, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("order"))?;
    if wanted.text("facility")? != facility {
        return Err(Fault::conflict("other_facility", "the order belongs to another facility"));
    }
    if wanted.text("state")? == "cancelled" {
        return Err(Fault::conflict("order_cancelled", "the order was cancelled"));
    }
    if wanted.text("pipeline")? != "ecg" {
        return Err(Fault::conflict("order_pipeline", "the order asks for something else"));
    }
    let (patient, before) = (wanted.text("patient")?, row.text("patient")?);
    if row.opt_text("order_id")?.as_deref() == Some(order) && row.text("matching")?.is_empty() {
        return Ok(None);
    }
    if let Some(signed) = tx.opt(sql::SIGNED, args![&record, order]).await? {
        let own = tx.opt(sql::REPORT, args![&record]).await?.map(|r| r.text("id")).transpose()?;
        return Err(if own == Some(signed.text("id")?) {
            Fault::conflict("report_signed", "the recording has a signed report")
        } else {
            Fault::conflict("order_reported", "the order has a signed report")
        });
    }
    if patient != before && tx.opt(sql::READING, args![&record]).await?.is_some() {
        return Err(Fault::conflict("in_reading", "somebody reads the recording just now"));
    }
    if let Some(study) = row.opt_text("study")? {
        // The study is the record's other half; the right was asked for above.
        let system = Permit::system("ecg match");
        let why = format!("ecg {record} matched by {}", permit.name());
        reconcile::link_order(tx, ctx, &system, &study, order, &why).await?;
    }
    let mut going = Going::of(row)?;
    going.patient.clone_from(&patient);
    going.order = Some(order.to_owned());
    let held = row.text("state")? == "held";
    let state = if held { gate::state(tx, &going).await?.to_owned() } else { row.text("state")? };
    let redo_at = if held { gate::redo_at(ctx, &state) } else { row.opt_int("redo_at")? };
    tx.exec(sql::SETTLE, args![&record, &state, &patient, order, "", redo_at]).await?;
    tx.exec(sql::SET_WORK_PATIENT, args![&record, &patient]).await?;
    tx.exec(sql::SET_REPORT_PATIENT, args![&record, &patient, order]).await?;
    critical::follow::follow(tx, ctx, permit, &record, &patient).await?;
    let detail = json!({"order": order, "from": before, "to": patient, "was": row.text("matching")?});
    audit::append(tx, ctx, permit, "ecg.match", "ecg_record", &record, &detail);
    let was = row.opt_text("order_id")?.filter(|was| was != order);
    for one in was.as_deref().into_iter().chain([order]) {
        order::progress::follow(tx, one, ctx.now()).await?;
    }
    if held {
        return gate::go(tx, ctx, permit, &going, &state).await;
    }
    let Some(item) = of_subject(tx, &record, "write").await? else {
        return gate::hurry(tx, ctx, permit, &record).await;
    };
    let head = order::head::head(tx, permit, order).await?;
    let flags = head.as_ref().map(|h| h.flags.clone()).unwrap_or_default();
    let (title, class) = (gate::title(head.as_ref()), gate::priority(&going.triage, head.as_ref(), &flags));
    let ordered = Ordered { title: &title, priority: class, triage: "", flags: &flags };
    follow_order(tx, ctx, permit, &record, &ordered).await?;
    Ok(Some(item.id))
}

/// What is said beside another file of a known record: chest pain raises, and an order is taken when the record has none
/// and the patient is the same.
pub(super) async fn asked(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
    asked: &Asked,
) -> Result<Option<String>> {
    let row = tx.one(sql::FIND, args![record, "*"]).await?;
    let mut item = of_subject(tx, record, "write").await?.map(|i| i.id);
    if asked.chest_pain && !row.flag("chest_pain")? {
        tx.exec(sql::CHEST_PAIN, args![record]).await?;
        flag(tx, ctx, permit, record, gate::CHEST_PAIN).await?;
        match &item {
            Some(item) => {
                raise_priority(tx, ctx, permit, item, "emergency", "", gate::CHEST_PAIN).await?;
            }
            None => item = gate::hurry(tx, ctx, permit, record).await?,
        }
    }
    let Some(order) = &asked.order else { return Ok(item) };
    let Some(wanted) = tx.opt(order::sql::FIND, args![order, &row.text("facility")?]).await? else {
        return Ok(item);
    };
    let (patient, held) = (wanted.text("patient")?, row.text("patient")?);
    let same = patient == held || {
        let head = patient::head(tx, &patient, ctx.now()).await?;
        let said: serde_json::Value = row.json("subject")?;
        let number = said.get("id").and_then(|v| v.as_str()).unwrap_or_default().trim();
        !number.is_empty() && number == head.local_id
    };
    if same && row.opt_text("order_id")?.is_none() {
        match give(tx, ctx, permit, &row, order).await {
            Ok(given) => item = given.or(item),
            // The file is kept all the same; the record stays in the queue of what a person must match.
            Err(Fault::Conflict { .. } | Fault::NotFound { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(item)
}
