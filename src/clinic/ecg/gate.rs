//! The quality gate: a poor recording goes back to the clinic while the patient still lies there. A harmless one waits to be
//! done again or to be kept, ten minutes at most; one that raised anything, chest pain, and an order above routine go to work at
//! once while the clinic is asked all the same. Nobody is lost.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::detail::find;
use super::{repeat, sql};
use crate::order::{self, head::OrderHead};
use crate::worklist::deadline::rank;
use crate::worklist::{self, NewItem};

/// Flag of an item whose recording should be made again.
pub const REDO: &str = "ecg_redo";
/// Flag of an item whose electrodes seem to be exchanged.
pub const SWAP: &str = "ecg_swap";
/// Order flag that makes an ECG an emergency.
pub const CHEST_PAIN: &str = "chest_pain";
/// The job that lets a poor recording go by itself.
pub const JOB: &str = "ecg_redo";
/// How long the clinic is waited for.
const WAIT_MS: i64 = 10 * MINUTE_MS;

/// A record on its way to the readers.
#[derive(Debug, Clone)]
pub(super) struct Going {
    pub record: String,
    pub facility: String,
    pub patient: String,
    pub order: Option<String>,
    pub study: Option<String>,
    pub triage: String,
    pub verdict: String,
    pub chest_pain: bool,
    /// Exchanged electrodes are suspected.
    pub swap: bool,
    pub received_at: i64,
    /// The attempt it replaces.
    pub first: Option<String>,
}

impl Going {
    /// Of a row of `sql::FIND`.
    pub fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            record: row.text("id")?,
            facility: row.text("facility")?,
            patient: row.text("patient")?,
            order: row.opt_text("order_id")?,
            study: row.opt_text("study")?,
            triage: row.text("triage")?,
            verdict: row.text("verdict")?,
            chest_pain: row.flag("chest_pain")?,
            swap: !row.json::<serde_json::Value>("swap")?.is_null(),
            received_at: row.int("received_at")?,
            first: row.opt_text("redo_of")?,
        })
    }
}

/// `redo` for a poor recording that may wait, else `queued`. Only a painless one that raised nothing and was ordered as routine
/// waits, and none that takes the place of an attempt which did not wait.
pub(super) async fn state(tx: &mut Tx, going: &Going) -> Result<&'static str> {
    if going.verdict != "redo" || going.triage != "normal" || going.chest_pain {
        return Ok("queued");
    }
    if let Some(order) = &going.order
        && let Some(head) = order::head::head(tx, &Permit::system("ecg"), order).await?
        && (rank(&head.priority) < rank("routine") || head.flags.iter().any(|f| f == CHEST_PAIN))
    {
        return Ok("queued");
    }
    if let Some(first) = &going.first {
        let row = tx.one(sql::FIND, args![first, "*"]).await?;
        let harmless = row.text("triage")? == "normal" && !row.flag("chest_pain")?;
        if !harmless || !matches!(row.text("state")?.as_str(), "redo" | "held" | "redone") {
            return Ok("queued");
        }
    }
    Ok("redo")
}

/// Something was learned of a waiting recording (pain, an urgent order, a worse file): if it may not wait any more it goes to
/// work now. Answers the item.
pub(super) async fn hurry(tx: &mut Tx, ctx: &Ctx, permit: &Permit, record: &str) -> Result<Option<String>> {
    let row = tx.one(sql::FIND, args![record, "*"]).await?;
    let going = Going::of(&row)?;
    if row.text("state")? != "redo" || state(tx, &going).await? == "redo" {
        return Ok(None);
    }
    if tx.exec(sql::MOVE, args![record, "redo", "queued"]).await? == 0 {
        return Ok(None);
    }
    audit::append(tx, ctx, permit, "ecg.hurry", "ecg_record", record, &json!({}));
    go(tx, ctx, permit, &going, "queued").await
}

/// When a record in this state goes to work by itself.
pub(super) fn redo_at(ctx: &Ctx, state: &str) -> Option<i64> {
    (state == "redo").then(|| ctx.now() + WAIT_MS)
}

/// Sends a record on: to the readers, or to wait for the clinic. Answers the item.
pub(super) async fn go(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    going: &Going,
    state: &str,
) -> Result<Option<String>> {
    if let Some(study) = &going.study {
        tx.exec(sql::STUDY_QUEUED, args![study, ctx.now()]).await?;
    }
    if let Some(order) = &going.order {
        order::progress::follow(tx, order, ctx.now()).await?;
    }
    if state == "redo" {
        jobs::enqueue(tx, ctx, Job::new(JOB, going.record.as_str()).at(ctx.now() + WAIT_MS)).await?;
        return Ok(None);
    }
    admit(tx, ctx, permit, going).await.map(Some)
}

/// A recording whose report was withdrawn is read again, in a new round. Answers the item.
///
/// # Errors
/// Storage faults.
pub(crate) async fn work_again(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
) -> Result<Option<String>> {
    let row = tx.one(sql::FIND, args![record, "*"]).await?;
    go(tx, ctx, permit, &Going::of(&row)?, "queued").await
}

async fn admit(tx: &mut Tx, ctx: &Ctx, permit: &Permit, going: &Going) -> Result<String> {
    let order = match &going.order {
        Some(id) => order::head::head(tx, &Permit::system("ecg"), id).await?,
        None => None,
    };
    let mut flags = order.as_ref().map(|o| o.flags.clone()).unwrap_or_default();
    if going.chest_pain && !flags.iter().any(|f| f == CHEST_PAIN) {
        flags.push(CHEST_PAIN.into());
    }
    let mut class = priority(&going.triage, order.as_ref(), &flags);
    if going.verdict == "redo" {
        flags.push(REDO.into());
    }
    if going.swap {
        flags.push(SWAP.into());
    }
    let mut kept = None;
    if let Some(first) = &going.first {
        let (held, due) = repeat::inherited(tx, first, class, going.received_at).await?;
        (class, kept) = (held, Some(due));
    }
    let new = NewItem {
        subject_kind: "ecg",
        subject: going.record.clone(),
        tier: "write",
        round: 1,
        pipeline: "ecg",
        modality: "ECG".into(),
        body_part: String::new(),
        title: title(order.as_ref()),
        patient: going.patient.clone(),
        facility: going.facility.clone(),
        report: None,
        priority: class.into(),
        triage: going.triage.clone(),
        flags,
        arrived_at: going.received_at,
        deadline: kept,
        written_by: String::new(),
    };
    worklist::again::admit_again(tx, ctx, permit, &new).await
}

/// What a list calls it.
pub(super) fn title(order: Option<&OrderHead>) -> String {
    order.and_then(|o| o.items.first()).map_or_else(|| "十二导联心电图".to_owned(), |i| i.name.clone())
}

/// The highest of: order, triage, chest pain. Nothing lowers.
pub(super) fn priority(triage: &str, order: Option<&OrderHead>, flags: &[String]) -> &'static str {
    let ordered = order.map_or("routine", |o| o.priority.as_str());
    let triaged = match triage {
        "red" => "stat",
        "orange" => "emergency",
        _ => "routine",
    };
    let pain = if flags.iter().any(|f| f == CHEST_PAIN) { "emergency" } else { "routine" };
    let best = [ordered, triaged, pain].into_iter().map(rank).min().unwrap_or(3);
    worklist::deadline::CLASSES.into_iter().find(|c| rank(c) == best).unwrap_or("routine")
}

/// The clinic insists on a poor recording (仍然上传): it goes to work, marked.
///
/// # Errors
/// `Denied`, `NotFound`, `Invalid` without a reason, `Conflict` when it does not wait any more.
pub async fn keep(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
    reason: &str,
) -> Result<Option<String>> {
    permit.require(Right::Upload)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "say why it cannot be done again"));
    }
    let row = find(tx, permit, record).await?;
    if tx.exec(sql::MOVE, args![record, "redo", "queued"]).await? == 0 {
        return Err(Fault::conflict("not_waiting", "the recording does not wait for the clinic"));
    }
    let kept = json!({"reason": reason.trim(), "by": permit.name(), "at": ctx.now()});
    tx.exec(sql::KEEP, args![record, kept]).await?;
    audit::append(tx, ctx, permit, "ecg.keep", "ecg_record", record, &json!({"reason": reason.trim()}));
    go(tx, ctx, permit, &Going::of(&row)?, "queued").await
}

/// Nobody answered: the recording goes to work by itself.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn release(ctx: &Ctx, record: &str) -> Result<()> {
    let permit = Permit::system("ecg");
    let mut tx = ctx.db.begin(&permit).await?;
    let Some(row) = tx.opt(sql::FIND, args![record, permit.scope()]).await? else { return Ok(()) };
    if tx.exec(sql::MOVE, args![record, "redo", "queued"]).await? == 0 {
        return Ok(());
    }
    let going = Going::of(&row)?;
    let item = go(&mut tx, ctx, &permit, &going, "queued").await?;
    audit::append(&mut tx, ctx, &permit, "ecg.wait_over", "ecg_record", record, &json!({}));
    tx.commit().await?;
    ctx.live.changed("ecg", record, &going.facility);
    if let Some(item) = item {
        ctx.live.changed("worklist", &item, &going.facility);
    }
    Ok(())
}
