//! Amending: the published version stays valid and visible; a new round of tier 2 opens with its text.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};

use super::open::find;
use super::submit::{kind_of, pipeline_of, set_subject};
use super::{read, sql};
use crate::worklist::{self, ItemRow, NewItem, admit, claim};

/// Opens an amendment of class 0, 1 or 2; answers the claimed item, whose draft is the text of the current version.
pub async fn amend(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    report: &str,
    change_class: i64,
    reason: &str,
) -> Result<ItemRow> {
    if !(0..=2).contains(&change_class) {
        return Err(Fault::invalid("change_class", "0, 1 or 2; a withdrawal (3) needs two persons"));
    }
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let row = find(tx, permit, report).await?;
    permit.require_for(Right::Audit, &row.pipeline)?;
    if row.pipeline == "lab" {
        return Err(Fault::conflict("lab", "a laboratory value is corrected on the verification page"));
    }
    let last = read::content(tx, report, row.current_version).await?;
    if last.kind == "prelim"
        || tx.exec(sql::START_AMEND, args![report, change_class, permit.who(), ctx.now()]).await? == 0
    {
        return Err(Fault::conflict("not_published", "only a published final report can be amended"));
    }
    let old = worklist::admit::of_subject(tx, &row.subject, "audit").await?;
    let round = old.as_ref().map_or(0, |o| o.round) + 1;
    let first = worklist::admit::of_subject(tx, &row.subject, "write").await?;
    let item = NewItem {
        subject_kind: kind_of(&row.subject_kind),
        subject: row.subject.clone(),
        tier: "audit",
        round,
        pipeline: pipeline_of(&row.pipeline),
        modality: last.subject.modality.clone(),
        body_part: last.subject.body_part.clone(),
        title: last.title.clone(),
        patient: row.patient.clone(),
        facility: row.facility.clone(),
        report: Some(report.to_owned()),
        priority: first.map_or_else(|| "routine".into(), |f| f.priority),
        triage: String::new(),
        flags: vec!["amending".into()],
        arrived_at: ctx.now(),
        deadline: Some(ctx.now() + yigong_base::clock::HOUR_MS),
        written_by: String::new(),
    };
    let id = admit(tx, ctx, permit, &item).await?;
    let held = claim(tx, ctx, permit, &id).await?;
    let sections = serde_json::to_value(&last.sections)?;
    tx.exec(sql::PUT_DRAFT, args![report, 1_i64, held.epoch, permit.who(), sections, ctx.now()]).await?;
    set_subject(tx, &held, "amending").await?;
    worklist::recheck::answered(tx, ctx, permit, &row.subject).await?;
    let detail = json!({"change_class": change_class, "reason": reason, "from": row.current_version});
    audit::append(tx, ctx, permit, "report.amend", "report", report, &detail);
    Ok(held)
}

/// Gives an amendment up: the current version stays.
pub async fn cancel(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    report: &str,
    item: &str,
    epoch: i64,
) -> Result<ItemRow> {
    let held = worklist::fence(tx, ctx, permit, item, epoch).await?;
    if held.report.as_deref() != Some(report)
        || tx.exec(sql::STOP_AMEND, args![report, ctx.now()]).await? == 0
    {
        return Err(Fault::conflict("not_amending", "no amendment is open"));
    }
    tx.exec(worklist::sql::CLOSE, args![item, "cancelled", ctx.now()]).await?;
    tx.exec(sql::DROP_DRAFT, args![report]).await?;
    set_subject(tx, &held, "published").await?;
    audit::append(tx, ctx, permit, "report.amend_cancel", "report", report, &json!({}));
    Ok(held)
}

/// Reason of the open amendment.
pub(super) async fn reason(conn: &mut Conn, report: &str) -> Result<String> {
    let Some(row) = conn.opt(sql::AMEND_REASON, args![report]).await? else { return Ok(String::new()) };
    let detail = row.json::<serde_json::Value>("detail")?;
    Ok(detail.get("reason").and_then(|r| r.as_str()).unwrap_or_default().to_owned())
}
