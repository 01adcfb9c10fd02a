//! Evidence becomes work: one item per (subject, tier, round).

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::deadline::{deadline, rank};
use super::row::ItemRow;
use super::sql;

/// A new item.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// `study`, `ecg`, `specimen`.
    pub subject_kind: &'static str,
    /// Subject id.
    pub subject: String,
    /// `write` or `audit`.
    pub tier: &'static str,
    /// 1, or the next round of an amendment.
    pub round: i64,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: &'static str,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// Title for lists.
    pub title: String,
    /// Patient row.
    pub patient: String,
    /// Facility that examined.
    pub facility: String,
    /// Report, if one exists.
    pub report: Option<String>,
    /// `stat`, `emergency`, `urgent`, `routine`.
    pub priority: String,
    /// ECG triage, else empty.
    pub triage: String,
    /// Flags such as `late_images`.
    pub flags: Vec<String>,
    /// Complete receipt, ms: the centre clock starts here.
    pub arrived_at: i64,
    /// An earlier first deadline to keep, ms.
    pub deadline: Option<i64>,
    /// Who wrote, for the audit tier.
    pub written_by: String,
}

/// Admits an item; an item of the same subject, tier and round is answered as it stands.
pub async fn admit(tx: &mut Tx, ctx: &Ctx, permit: &Permit, new: &NewItem) -> Result<String> {
    let id = ctx.id();
    let due =
        new.deadline.unwrap_or_else(|| deadline(new.pipeline, &new.modality, &new.priority, new.arrived_at));
    let flags = Value::from(new.flags.clone());
    let made = tx
        .exec(
            sql::ADMIT,
            args![
                &id,
                new.subject_kind,
                &new.subject,
                new.tier,
                new.round,
                new.pipeline,
                &new.modality,
                &new.body_part,
                &new.title,
                &new.patient,
                &new.facility,
                &new.report,
                &new.priority,
                rank(&new.priority),
                due,
                new.arrived_at,
                &new.triage,
                flags,
                &new.written_by
            ],
        )
        .await?;
    if made == 0 {
        return Ok(of_subject(tx, &new.subject, new.tier)
            .await?
            .ok_or_else(|| Fault::internal("item vanished"))?
            .id);
    }
    let detail = json!({"subject": new.subject, "tier": new.tier, "priority": new.priority});
    audit::append(tx, ctx, permit, "work.admit", "work_item", &id, &detail);
    Ok(id)
}

/// The newest item of a subject and tier.
pub async fn of_subject(tx: &mut Tx, subject: &str, tier: &str) -> Result<Option<ItemRow>> {
    tx.opt(sql::OF_SUBJECT, args![subject, tier]).await?.as_ref().map(ItemRow::of).transpose()
}

/// Adds a flag to every item of a subject; answers the items that did not carry it yet.
pub async fn flag(tx: &mut Tx, ctx: &Ctx, permit: &Permit, subject: &str, name: &str) -> Result<Vec<String>> {
    let mut flagged = Vec::new();
    for row in tx.all(sql::FLAGS_OF, args![subject]).await? {
        let (id, mut flags) = (row.text("id")?, row.json::<Vec<String>>("flags")?);
        if flags.iter().any(|f| f == name) {
            continue;
        }
        flags.push(name.to_owned());
        tx.exec(sql::SET_FLAGS, args![&id, Value::from(flags)]).await?;
        audit::append(tx, ctx, permit, "work.flag", "work_item", &id, &json!({"flag": name}));
        flagged.push(id);
    }
    Ok(flagged)
}

/// An order was found for a subject that is work already, or was taken away and will be again: every item of it takes the order's
/// name and flags, and its class where that is higher. Answers the items.
///
/// # Errors
/// Storage faults.
pub async fn follow_order(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    subject: &str,
    ordered: &Ordered<'_>,
) -> Result<Vec<String>> {
    let mut items = Vec::new();
    for row in tx.all(sql::STANDING, args![subject]).await? {
        let (id, mut flags) = (row.text("id")?, row.json::<Vec<String>>("flags")?);
        raise_priority(tx, ctx, permit, &id, ordered.priority, ordered.triage, "order").await?;
        let known = flags.len();
        for name in ordered.flags {
            if !flags.contains(name) {
                flags.push(name.clone());
            }
        }
        if flags.len() > known {
            tx.exec(sql::SET_FLAGS, args![&id, Value::from(flags)]).await?;
        }
        items.push(id);
    }
    if !ordered.title.is_empty() {
        tx.exec(sql::SET_TITLE, args![subject, ordered.title]).await?;
    }
    Ok(items)
}

/// What an order says of the work on its evidence.
#[derive(Debug, Clone, Copy)]
pub struct Ordered<'a> {
    /// What was ordered; empty = as it is called now.
    pub title: &'a str,
    /// Class.
    pub priority: &'a str,
    /// ECG triage, else empty.
    pub triage: &'a str,
    /// Flags such as `chest_pain`.
    pub flags: &'a [String],
}

/// Raises the class of an open item, or of one that was taken away; a lower class is ignored: the machine only raises (invariant 10).
pub async fn raise_priority(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &str,
    priority: &str,
    triage: &str,
    why: &str,
) -> Result<bool> {
    let row =
        tx.opt(sql::FIND, args![item, permit.scope()]).await?.ok_or_else(|| Fault::not_found("work item"))?;
    let held = ItemRow::of(&row)?;
    if rank(priority) > rank(&held.priority)
        || (rank(priority) == rank(&held.priority) && triage == held.triage)
    {
        return Ok(false);
    }
    let due = deadline(&held.pipeline, &held.modality, priority, held.arrived_at);
    let changed = tx.exec(sql::RAISE, args![item, priority, rank(priority), due, triage]).await? > 0;
    if changed {
        let detail = json!({"from": held.priority, "to": priority, "why": why});
        audit::append(tx, ctx, permit, "work.raise", "work_item", item, &detail);
    }
    Ok(changed)
}
