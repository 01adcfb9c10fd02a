//! A study settles: no image for a quiet while, so it becomes work (specification §7.4, study complete).

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::{outbox, preview, sql};
use crate::worklist::{self, NewItem};
use crate::{Centre, order};

/// How long a study of this modality must be quiet, ms.
#[must_use]
pub fn quiet_ms(ctx: &Ctx, modality: &str) -> i64 {
    let c = &ctx.config.imaging;
    1_000
        * match modality {
            "CR" | "DX" | "DR" | "MG" | "RF" => c.quiet_seconds_cr_dx,
            "US" => c.quiet_seconds_us,
            "CT" | "MR" | "PT" | "NM" => c.quiet_seconds_ct_mr,
            _ => c.quiet_seconds_other,
        }
}

/// The job `settle` (key = study id). Doing it twice changes nothing.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn settle(centre: &Centre, study: &str) -> Result<()> {
    settle_with(&centre.ctx, study).await
}

/// The same with the platform only.
///
/// # Errors
/// As [`settle`].
pub async fn settle_with(ctx: &Ctx, study: &str) -> Result<()> {
    settle_as(ctx, study, false).await
}

/// Settles without waiting for quiet: the modality has said that the study is complete.
///
/// # Errors
/// As [`settle`].
pub async fn settle_complete(ctx: &Ctx, study: &str) -> Result<()> {
    settle_as(ctx, study, true).await
}

async fn settle_as(ctx: &Ctx, study: &str, complete: bool) -> Result<()> {
    let permit = Permit::system("settle");
    let mut tx = ctx.db.begin(&permit).await?;
    let Some(row) = tx.opt(sql::SETTLING, args![study]).await? else { return Ok(()) };
    let due = row.int("last_received_at")? + quiet_ms(ctx, &row.text("modality")?);
    if due > ctx.now() && !complete {
        // An image came between the wake-up and this read.
        jobs::enqueue(&mut tx, ctx, Job::new("settle", study).at(due).quiet()).await?;
        return tx.commit().await;
    }
    let (facility, images) = (row.text("facility")?, row.int("images")?);
    let blocked = matches!(row.text("lane")?.as_str(), "identity" | "content" | "security");
    let first = matches!(row.text("state")?.as_str(), "receiving" | "held");
    let mut item = None;
    if first {
        let state = if blocked { "held" } else { "queued" };
        tx.exec(sql::SETTLED, args![study, state, ctx.now()]).await?;
        if !blocked && images > 0 {
            item = Some(admit(&mut tx, ctx, &permit, &row).await?);
        }
        let detail = serde_json::json!({"state": state, "images": images});
        audit::append(&mut tx, ctx, &permit, "study.settle", "study", study, &detail).await?;
    }
    let mut late = Vec::new();
    if !first && row.int("late_images")? > 0 {
        // Images that come when the study is already work are never silent: reader and clinic see the flag.
        late = worklist::admit::flag(&mut tx, ctx, &permit, study, "late_images").await?;
    }
    if images > 0 {
        jobs::enqueue(&mut tx, ctx, Job::new("preview", study)).await?;
    }
    if !blocked {
        jobs::enqueue(&mut tx, ctx, Job::new(outbox::rules::ANNOUNCE, study)).await?;
    }
    tx.commit().await?;
    ctx.live.changed("imaging", study, &facility);
    for item in late.into_iter().chain(item) {
        ctx.live.changed("worklist", &item, &facility);
    }
    Ok(())
}

async fn admit(tx: &mut Tx, ctx: &Ctx, permit: &Permit, row: &Row) -> Result<String> {
    let order = match row.opt_text("order_id")? {
        Some(id) => order::head::head(tx, permit, &id).await?,
        None => None,
    };
    let (modality, mut body_part, description) =
        (row.text("modality")?, row.text("body_part")?, row.text("description")?);
    let ordered = order.as_ref().and_then(|o| o.items.first());
    if body_part.is_empty() {
        body_part = ordered.map(|i| i.body_part.clone()).unwrap_or_default();
    }
    let title =
        [ordered.map(|i| i.name.clone()).unwrap_or_default(), description, format!("{modality} {body_part}")];
    let new = NewItem {
        subject_kind: "study",
        subject: row.text("id")?,
        tier: "write",
        round: 1,
        pipeline: "imaging",
        title: title.into_iter().map(|t| t.trim().to_owned()).find(|t| !t.is_empty()).unwrap_or_default(),
        modality,
        body_part,
        patient: row.text("patient")?,
        facility: row.text("facility")?,
        report: None,
        priority: order.as_ref().map_or_else(|| "routine".to_owned(), |o| o.priority.clone()),
        triage: String::new(),
        flags: order.map(|o| o.flags).unwrap_or_default(),
        arrived_at: ctx.now(),
        deadline: None,
        written_by: String::new(),
    };
    worklist::admit::admit(tx, ctx, permit, &new).await
}

/// The job `preview` (key = study id): previews by the codec workers from stored frames.
///
/// # Errors
/// Storage faults and a codec worker that cannot be started.
pub async fn preview(centre: &Centre, study: &str) -> Result<()> {
    let permit = Permit::system("preview");
    preview::make(centre, &permit, study).await
}
