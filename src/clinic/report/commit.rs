//! Committing a version: version row, report state, deliveries, alert links and audit in the caller's one transaction.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::setting::next_number;
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};

use super::content::ReportContent;
use super::prepare::Ready;
use super::{grade, sql};
use crate::centre::Centre;
use crate::critical::correct::Corrected;
use crate::{critical, delivery, order};

/// Freezes the version; answers its number. When another version came first: [`Fault::Conflict`].
pub async fn commit_version(tx: &mut Tx, centre: &Centre, permit: &Permit, ready: Ready) -> Result<i64> {
    let ctx = &centre.ctx;
    let c = &ready.content;
    let now = ctx.now();
    let seq = next_number(tx, "report_version").await?;
    let withdrawn = c.kind == "withdrawn";
    let state = if withdrawn { "withdrawn" } else { "published" };
    let advanced = tx.exec(sql::ADVANCE, args![&c.report, state, c.n, now, seq, c.n - 1]).await?;
    if advanced == 0 {
        return Err(Fault::conflict("version", "another version of this report was published meanwhile"));
    }
    let auditor = c.auditor.as_ref().map_or("", |a| a.id.as_str());
    tx.exec(
        sql::INSERT_VERSION,
        args![
            &c.report,
            c.n,
            &c.kind,
            c.change_class,
            &c.change_reason,
            &ready.canonical,
            &ready.content_sha256,
            &ready.pdf_sha256,
            ready.pdf_bytes,
            serde_json::to_value(&c.mark)?,
            &c.writer.id,
            auditor,
            permit.name(),
            c.signer_demo,
            ready.signature,
            ready.certificate,
            c.signed_at,
            c.predecessor,
            seq,
            &ready.pdf_object
        ],
    )
    .await?;
    match c.subject.kind.as_str() {
        // What becomes of the evidence follows from the cause (`withdraw::after`).
        _ if withdrawn => 0,
        "study" => {
            // The read task is done: what it let the lead hospital see gets an end.
            jobs::enqueue(tx, ctx, Job::new("grant_signed", c.subject.id.as_str())).await?;
            // The images that the readers marked go out as an object of the study.
            key_note(tx, ctx, &c.subject.id).await?;
            tx.exec(sql::SET_STUDY, args![&c.subject.id, "published"]).await?
        }
        "ecg" => tx.exec(sql::SET_ECG, args![&c.subject.id, "published"]).await?,
        _ => 0,
    };
    if let Some(order) = &c.order
        && !withdrawn
    {
        if c.subject.kind == "specimen" {
            let state = if c.kind == "prelim" { "preliminary" } else { "reported" };
            order::head::advance(tx, &order.id, state, now).await?;
        } else {
            order::progress::follow(tx, &order.id, now).await?;
        }
    }
    if !withdrawn {
        tx.exec(sql::CONFIRM_ALERTS, args![&c.subject.id, &c.report]).await?;
    }
    tell(tx, ctx, permit, c).await?;
    tx.exec(sql::DROP_DRAFT, args![&c.report]).await?;
    delivery::plan(tx, ctx, &c.facility.code, &c.report, c.n, &c.patient.id).await?;
    let detail = json!({
        "n": c.n, "kind": c.kind, "change_class": c.change_class, "content_sha256": ready.content_sha256,
        "pdf_sha256": ready.pdf_sha256, "mark": c.mark.as_ref().map(|m| m.level.clone()),
    });
    audit::append(tx, ctx, permit, "report.sign", "report", &c.report, &detail);
    Ok(c.n)
}

/// Who was told of what a version has changed clinically is told again: what was raised before the amendment began, or before the
/// text behind a preliminary version went to the auditor. Laboratory values ring by item (`lab::verify`).
async fn tell(tx: &mut Tx, ctx: &Ctx, permit: &Permit, c: &ReportContent) -> Result<()> {
    if c.n < 2 || c.change_class < grade::CLINICAL || c.kind == "withdrawn" || c.subject.kind == "specimen" {
        return Ok(());
    }
    let since = match c.kind.as_str() {
        "amended" => tx.opt(sql::AMEND_AT, args![&c.report]).await?,
        _ => tx.opt(sql::SUBMITTED_AT, args![&c.report]).await?,
    };
    let since = since.map(|row| row.int("at")).transpose()?.unwrap_or_else(|| ctx.now());
    let corrected = Corrected {
        subject: &c.subject.id,
        finding: "",
        since,
        stands: &[],
        remark: "报告已修订,请查看新版本",
    };
    critical::correct::reopen(tx, ctx, permit, &corrected).await
}

/// The job that makes the marked images an object of the study, with the marks of this moment, whatever is marked afterwards.
///
/// # Errors
/// Storage faults.
pub(crate) async fn key_note(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    let marks = marks(tx, study).await?;
    jobs::enqueue(tx, ctx, Job::new("key_note", study).payload(json!({"marks": marks}))).await
}

/// What is marked in a study at this moment.
///
/// # Errors
/// Storage faults.
pub(crate) async fn marks(conn: &mut Conn, study: &str) -> Result<Value> {
    let mut all = Vec::new();
    for row in conn.all(sql::KEY_MARKS, args![study]).await? {
        all.push(
            json!({"instance": row.text("instance")?, "frame": row.int("frame")?, "note": row.text("note")?}),
        );
    }
    Ok(Value::Array(all))
}
