//! Tier 1: submit to the auditor; recall while unclaimed; the auditor sends back with a comment.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::check::{About, Check, run};
use super::content::Sections;
use super::draft::fenced;
use super::open::find;
use super::sql;
use crate::worklist::{self, ItemRow, NewItem, admit};

/// What an action on a report carries.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// Report id.
    pub report: &'a str,
    /// Item id.
    pub item: &'a str,
    /// Epoch of the claim.
    pub epoch: i64,
    /// Text.
    pub sections: &'a Sections,
    /// Whether the warnings were read and confirmed.
    pub confirm: bool,
}

/// Runs the checks; a block, or a warning that was not confirmed, is [`Fault::Invalid`] with the list.
pub async fn checked(
    tx: &mut yigong_base::storage::Conn,
    ctx: &Ctx,
    act: &Act<'_>,
    item: &ItemRow,
) -> Result<Vec<Check>> {
    free_to_report(tx, item).await?;
    let head = yigong_base::patient::head(tx, &item.patient, ctx.now()).await?;
    let alerts = tx.all(sql::FINDINGS, args![&item.subject]).await?;
    let has_previous =
        item.subject_kind == "ecg" && tx.opt(sql::ECG_BEFORE, args![&item.subject, "*"]).await?.is_some();
    let about =
        About { pipeline: &item.pipeline, sex: &head.sex, has_alert: !alerts.is_empty(), has_previous };
    let found = run(act.sections, &about);
    if found.iter().any(|c| c.level == "block" || !act.confirm) {
        return Err(Fault::Invalid {
            what: "checks".into(),
            detail: "the report has findings of the checks".into(),
            current: json!({ "checks": found }),
        });
    }
    Ok(found)
}

/// Nothing about the study waits for a person: whose images these are, or which of them are right.
///
/// # Errors
/// `Conflict` `held_back`.
pub(super) async fn free_to_report(tx: &mut yigong_base::storage::Conn, item: &ItemRow) -> Result<()> {
    if tx.opt(sql::HELD_BACK, args![&item.subject]).await?.is_some() {
        return Err(Fault::conflict(
            "held_back",
            "whose images these are, or which of them are right, must be answered first: see the quarantine page",
        ));
    }
    Ok(())
}

/// Tier 1 signed: the item goes to the auditor with its first deadline.
pub async fn submit(ctx: &Ctx, permit: &Permit, act: &Act<'_>) -> Result<(ItemRow, Vec<Check>)> {
    let tx = ctx.db.begin(permit).await?;
    let (mut tx, item) = fenced(tx, ctx, permit, act.report, act.item, act.epoch, act.sections).await?;
    permit.require_for(Right::Write, &item.pipeline)?;
    if item.tier != "write" {
        return Err(Fault::conflict("tier", "only the first tier submits"));
    }
    let found = checked(&mut tx, ctx, act, &item).await?;
    let version = tx.opt(sql::DRAFT, args![act.report]).await?.map_or(Ok(0), |r| r.int("version"))?;
    let sections = serde_json::to_value(act.sections)?;
    tx.exec(sql::PUT_DRAFT, args![act.report, version + 1, act.epoch, permit.who(), sections, ctx.now()])
        .await?;
    let now = ctx.now();
    tx.exec(worklist::sql::CLOSE, args![&item.id, "done", now]).await?;
    let earlier = tx.opt(worklist::sql::OF_SUBJECT, args![&item.subject, "audit"]).await?;
    let round = earlier.map_or(Ok(0), |r| r.int("round"))? + 1;
    let mut audit_item = next_tier(ctx, &item, round, permit.who());
    audit_item.flags = kept_flags(&mut tx, &item).await?;
    admit(&mut tx, ctx, permit, &audit_item).await?;
    tx.exec(sql::SET_STATE, args![act.report, "written", now]).await?;
    set_subject(&mut tx, &item, "written").await?;
    audit::append(
        &mut tx,
        ctx,
        permit,
        "report.submit",
        "report",
        act.report,
        &json!({"item": item.id, "checks": found.len()}),
    );
    tx.commit().await?;
    Ok((item, found))
}

fn next_tier(ctx: &Ctx, item: &ItemRow, round: i64, written_by: &str) -> NewItem {
    NewItem {
        subject_kind: kind_of(&item.subject_kind),
        subject: item.subject.clone(),
        tier: "audit",
        round,
        pipeline: pipeline_of(&item.pipeline),
        modality: item.modality.clone(),
        body_part: String::new(),
        title: item.title.clone(),
        patient: item.patient.clone(),
        facility: item.facility.clone(),
        report: item.report.clone(),
        priority: item.priority.clone(),
        triage: item.triage.clone(),
        flags: Vec::new(),
        arrived_at: ctx.now(),
        deadline: Some(item.deadline),
        written_by: written_by.to_owned(),
    }
}

/// What the next tier must know of the item before: images came after the reader had opened it.
async fn kept_flags(tx: &mut Tx, item: &ItemRow) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for row in tx.all(worklist::sql::FLAGS_OF, args![&item.subject]).await? {
        if row.text("id")? == item.id {
            kept.extend(row.json::<Vec<String>>("flags")?.into_iter().filter(|f| f == "late_images"));
        }
    }
    Ok(kept)
}

pub(super) fn kind_of(kind: &str) -> &'static str {
    match kind {
        "study" => "study",
        "ecg" => "ecg",
        _ => "specimen",
    }
}

pub(super) fn pipeline_of(pipeline: &str) -> &'static str {
    match pipeline {
        "imaging" => "imaging",
        "ecg" => "ecg",
        _ => "lab",
    }
}

pub(super) async fn set_subject(tx: &mut Tx, item: &ItemRow, state: &str) -> Result<()> {
    match item.subject_kind.as_str() {
        "study" => tx.exec(sql::SET_STUDY, args![&item.subject, state]).await?,
        "ecg" => tx.exec(sql::SET_ECG, args![&item.subject, state]).await?,
        _ => 0,
    };
    Ok(())
}

/// The auditor sends the report back to tier 1 with a comment; the draft stays.
pub async fn send_back(
    ctx: &Ctx,
    permit: &Permit,
    report: &str,
    item: &str,
    epoch: i64,
    comment: &str,
) -> Result<ItemRow> {
    if comment.trim().is_empty() {
        return Err(Fault::invalid("comment", "say what to change"));
    }
    let mut tx = ctx.db.begin(permit).await?;
    let held = worklist::fence(&mut tx, ctx, permit, item, epoch).await?;
    permit.require_for(Right::Audit, &held.pipeline)?;
    let state = find(&mut tx, permit, report).await?.state;
    if held.tier != "audit" || state != "written" || held.report.as_deref() != Some(report) {
        return Err(Fault::conflict("tier", "only a written report can be sent back"));
    }
    back_to_tier_one(&mut tx, ctx, permit, &held, report).await?;
    audit::append(&mut tx, ctx, permit, "report.send_back", "report", report, &json!({"comment": comment}));
    tx.commit().await?;
    Ok(held)
}

/// The writer takes the report back while no auditor has claimed it.
pub async fn recall(ctx: &Ctx, permit: &Permit, report: &str) -> Result<ItemRow> {
    let mut tx = ctx.db.begin(permit).await?;
    let row = find(&mut tx, permit, report).await?;
    let item = worklist::admit::of_subject(&mut tx, &row.subject, "audit").await?;
    let item = item.ok_or_else(|| Fault::conflict("not_written", "the report is not with the auditor"))?;
    if item.state != "queued" || item.written_by != permit.who() || row.state != "written" {
        return Err(Fault::conflict("claimed", "the auditor has it, or you did not write it"));
    }
    back_to_tier_one(&mut tx, ctx, permit, &item, report).await?;
    audit::append(&mut tx, ctx, permit, "report.recall", "report", report, &json!({}));
    tx.commit().await?;
    Ok(item)
}

async fn back_to_tier_one(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    audit_item: &ItemRow,
    report: &str,
) -> Result<()> {
    let now = ctx.now();
    tx.exec(worklist::sql::CLOSE, args![&audit_item.id, "cancelled", now]).await?;
    let write = worklist::admit::of_subject(tx, &audit_item.subject, "write").await?;
    let write = write.ok_or_else(|| Fault::internal("a written report without a first tier"))?;
    tx.exec(worklist::sql::REOPEN, args![&write.id]).await?;
    tx.exec(sql::SET_STATE, args![report, "draft", now]).await?;
    set_subject(tx, &write, "queued").await?;
    audit::append(tx, ctx, permit, "work.reopen", "work_item", &write.id, &json!({}));
    Ok(())
}
