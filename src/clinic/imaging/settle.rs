//! A study settles: no image for a quiet while, so it becomes work (specification §7.4, study complete).

use yigong_base::access::Permit;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Result;
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::{grant, outbox, prepared, preview, reconcile, sql};
use crate::worklist::admit::{self, Ordered};
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
    let (last, now) = (row.int("last_received_at")?, ctx.now());
    let due = last + quiet_ms(ctx, &row.text("modality")?);
    // What came later than now came before the clock was set back.
    if due > now && last <= now + MINUTE_MS && !complete {
        // An image came between the wake-up and this read.
        jobs::enqueue(&mut tx, ctx, Job::new("settle", study).at(due).quiet()).await?;
        return tx.commit().await;
    }
    let (facility, state) = (row.text("facility")?, row.text("state")?);
    let (images, pictures) = (row.int("images")?, row.int("pictures")?);
    let blocked = matches!(row.text("lane")?.as_str(), "identity" | "content" | "security");
    // A study whose images were all moved away lives again when others come under its UID.
    let first = matches!(state.as_str(), "receiving" | "held") || (state == "merged" && pictures > 0);
    // Documents may come before the images of a study: it becomes work when there is something to read.
    let unread = state == "queued"
        && pictures > 0
        && worklist::admit::of_subject(&mut tx, study, "write").await?.is_none();
    let mut item = None;
    if !blocked && pictures > 0 && (first || unread) {
        item = Some(admit(&mut tx, ctx, &permit, &row).await?);
        tx.exec(sql::LATE_SEEN, args![study]).await?;
    }
    if first {
        let state = if blocked { "held" } else { "queued" };
        tx.exec(sql::SETTLED, args![study, state, ctx.now()]).await?;
        order::progress::of_study(&mut tx, study, ctx.now()).await?;
        let detail = serde_json::json!({"state": state, "images": pictures});
        audit::append(&mut tx, ctx, &permit, "study.settle", "study", study, &detail);
    }
    if blocked && !first {
        // A reader has given it back with the question still open.
        reconcile::hold_back(&mut tx, ctx, study).await?;
    }
    let mut late = Vec::new();
    if !first && !unread && row.int("late_images")? > 0 {
        // Images that come when the study is already work are never silent: reader and clinic see the flag.
        late = worklist::admit::flag(&mut tx, ctx, &permit, study, "late_images").await?;
        item = recheck(&mut tx, ctx, &permit, &row).await?;
    }
    if images > 0 {
        jobs::enqueue(&mut tx, ctx, Job::new("preview", study)).await?;
        jobs::enqueue(&mut tx, ctx, Job::new(prepared::JOB, study)).await?;
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

/// Late images of a study whose report is out open an item for an auditor, once for all that came together.
async fn recheck(tx: &mut Tx, ctx: &Ctx, permit: &Permit, row: &Row) -> Result<Option<String>> {
    if !matches!(row.text("state")?.as_str(), "published" | "amending") {
        return Ok(None);
    }
    let study = row.text("id")?;
    let Some(round) = worklist::recheck::next_round(tx, &study).await? else {
        // Who takes the item that waits sees these images, too; who has it already is told when he closes it.
        if worklist::recheck::waits(tx, &study).await? {
            tx.exec(sql::LATE_SEEN, args![&study]).await?;
        }
        return Ok(None);
    };
    let mut new = item_of(tx, permit, row, ctx.now()).await?;
    new.tier = worklist::recheck::TIER;
    new.round = round;
    new.flags.push("late_images".into());
    new.report = tx.opt(sql::REPORT_OF, args![&study]).await?.map(|r| r.text("id")).transpose()?;
    tx.exec(sql::LATE_SEEN, args![&study]).await?;
    worklist::admit::admit(tx, ctx, permit, &new).await.map(Some)
}

async fn admit(tx: &mut Tx, ctx: &Ctx, permit: &Permit, row: &Row) -> Result<String> {
    let new = item_of(tx, permit, row, ctx.now()).await?;
    let item = worklist::again::admit_again(tx, ctx, permit, &new).await?;
    grant::for_task(tx, ctx, permit, &new.subject, &new.facility).await?;
    Ok(item)
}

/// A person has linked an order: work on the study and its recordings, wherever it stands, takes over what was ordered and how urgent it is.
///
/// # Errors
/// Storage faults.
pub(super) async fn follow_order(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str) -> Result<()> {
    let row = tx.one(sql::SETTLING, args![study]).await?;
    let new = item_of(tx, permit, &row, ctx.now()).await?;
    let ordered = Ordered { title: &new.title, priority: &new.priority, triage: "", flags: &new.flags };
    admit::follow_order(tx, ctx, permit, study, &ordered).await?;
    let records = tx.all(reconcile::sql::RECORDINGS, args![study]).await?;
    if records.is_empty() {
        return Ok(());
    }
    let head = match row.opt_text("order_id")? {
        Some(order) => order::head::head(tx, permit, &order).await?,
        None => None,
    };
    // A recording is called by what was ordered first, whatever its study has besides.
    let title = head.as_ref().and_then(|o| o.items.first()).map_or("", |i| i.name.as_str());
    for record in records {
        admit::follow_order(tx, ctx, permit, &record.text("id")?, &Ordered { title, ..ordered }).await?;
    }
    Ok(())
}

async fn item_of(tx: &mut Tx, permit: &Permit, row: &Row, now: i64) -> Result<NewItem> {
    let order = match row.opt_text("order_id")? {
        Some(id) => order::head::head(tx, permit, &id).await?,
        None => None,
    };
    let (modality, mut body_part, description) =
        (row.text("modality")?, row.text("body_part")?, row.text("description")?);
    let modalities = row.text("modalities")?;
    let shown: Vec<&str> = modalities.split('!').collect();
    let ordered = order.as_ref().map(|o| o.answered_by(&shown)).unwrap_or_default();
    if body_part.is_empty() {
        body_part = ordered.first().map(|i| i.body_part.clone()).unwrap_or_default();
    }
    // All that was ordered and is read together: a report under the name of the first alone would say nothing of the rest.
    let names: Vec<&str> = ordered.iter().map(|i| i.name.trim()).filter(|n| !n.is_empty()).collect();
    let title = [names.join("、"), description, format!("{modality} {body_part}")];
    Ok(NewItem {
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
        arrived_at: now,
        deadline: None,
        written_by: String::new(),
    })
}

/// The job `preview` (key = study id): previews by the codec workers from stored frames.
///
/// # Errors
/// Storage faults and a codec worker that cannot be started.
pub async fn preview(centre: &Centre, study: &str) -> Result<()> {
    let permit = Permit::system("preview");
    preview::make(centre, &permit, study).await
}
