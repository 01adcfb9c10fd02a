//! UPS (PS3.4 Annex CC) as a view of the worklist: the same items, the same claim and epoch, no second engine.
//!
//! A transaction UID is kept beside the epoch of the claim it made; when the web list or a lost lease has moved the epoch
//! on, the transaction is worth nothing any more (invariant 6).

pub mod sql;
#[cfg(test)]
mod tests;

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::uid;

use super::admit::{self, NewItem};
use super::claim;
use super::row::ItemRow;

/// A work item as UPS shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workitem {
    /// Row id.
    pub id: String,
    /// SOP Instance UID.
    pub uid: String,
    /// `SCHEDULED`, `IN PROGRESS`, `COMPLETED`, `CANCELED`.
    pub state: &'static str,
    /// `HIGH`, `MEDIUM`, `LOW`.
    pub priority: &'static str,
    /// Facility that examined.
    pub facility: String,
    /// `write`, `audit`, …
    pub tier: String,
    /// Label for people.
    pub label: String,
    /// Modality.
    pub modality: String,
    /// Arrival, ms.
    pub arrived_at: i64,
    /// First deadline, ms.
    pub deadline: i64,
    /// End, ms.
    pub closed_at: Option<i64>,
    /// Why it went back to the clinic.
    pub reason: String,
    /// Patient: id, name, sex, birth date.
    pub patient: [String; 4],
    /// Study Instance UID, empty for other pipelines.
    pub study: String,
    /// Accession number.
    pub accession: String,
    /// Name of the holder.
    pub holder: String,
    epoch: i64,
    transaction: Option<(String, i64)>,
}

/// What a search names; empty = any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// UPS state.
    pub state: String,
    /// Study Instance UID.
    pub study: String,
    /// Patient ID.
    pub patient_id: String,
    /// Modality.
    pub modality: String,
    /// `HIGH`, `MEDIUM`, `LOW`.
    pub priority: String,
    /// Rows at most.
    pub limit: i64,
    /// Rows passed over.
    pub offset: i64,
}

/// The one table of states, ours and those of UPS (workflow specification, section 7).
const STATES: [(&str, &str); 5] = [
    ("queued", "SCHEDULED"),
    ("reading", "IN PROGRESS"),
    ("done", "COMPLETED"),
    ("returned", "CANCELED"),
    ("cancelled", "CANCELED"),
];

fn ups_state(ours: &str) -> &'static str {
    STATES.iter().find(|(o, _)| *o == ours).map_or("CANCELED", |(_, ups)| *ups)
}

/// Our states of a UPS state: one or two.
fn our_states(ups: &str) -> Result<[&'static str; 2]> {
    let mut found = STATES.iter().filter(|(_, u)| *u == ups).map(|(o, _)| *o);
    let first = found.next();
    let first =
        first.ok_or_else(|| Fault::invalid("00741000", "SCHEDULED, IN PROGRESS, COMPLETED or CANCELED"))?;
    Ok([first, found.next().unwrap_or(first)])
}

fn ups_priority(ours: &str) -> &'static str {
    match ours {
        "stat" | "emergency" => "HIGH",
        "urgent" => "MEDIUM",
        _ => "LOW",
    }
}

/// The classes a UPS priority asks for: those that [`ups_priority`] shows as it.
fn our_priorities(ups: &str) -> Result<[&'static str; 2]> {
    let class = our_priority(ups)?;
    Ok([class, if class == "emergency" { "stat" } else { class }])
}

/// The class a UPS priority becomes.
fn our_priority(ups: &str) -> Result<&'static str> {
    match ups {
        "HIGH" => Ok("emergency"),
        "MEDIUM" => Ok("urgent"),
        "LOW" => Ok("routine"),
        _ => Err(Fault::invalid("00741200", "HIGH, MEDIUM or LOW")),
    }
}

/// The UID of an item that no client named: its own 128 bits (PS3.5 §B.2).
#[must_use]
pub fn uid_of(item: &str) -> String {
    u128::from_str_radix(item, 16).map(uid::from_u128).unwrap_or_default()
}

fn item_of(uid: &str) -> Option<String> {
    uid.strip_prefix("2.25.")?.parse::<u128>().ok().map(|n| format!("{n:032x}"))
}

fn of_row(row: &Row) -> Result<Workitem> {
    let id = row.text("id")?;
    let text = |column: &str| row.opt_text(column).map(Option::unwrap_or_default);
    let transaction = row.opt_text("transaction_uid")?;
    Ok(Workitem {
        uid: row.opt_text("given_uid")?.unwrap_or_else(|| uid_of(&id)),
        state: ups_state(&row.text("state")?),
        priority: ups_priority(&row.text("priority")?),
        facility: row.text("facility")?,
        tier: row.text("tier")?,
        label: row.text("title")?,
        modality: row.text("modality")?,
        arrived_at: row.int("arrived_at")?,
        deadline: row.int("deadline")?,
        closed_at: row.opt_int("closed_at")?,
        reason: [text("return_reason")?, text("return_text")?].join(" ").trim().to_owned(),
        patient: [row.text("local_id")?, row.text("name")?, row.text("sex")?, row.text("birth_date")?],
        study: text("study_uid")?,
        accession: text("accession")?,
        holder: text("holder_name")?,
        epoch: row.int("epoch")?,
        transaction: transaction.zip(row.opt_int("claim_epoch")?),
        id,
    })
}

/// Items in the caller's scope, in the order in which they should be read.
///
/// # Errors
/// `Invalid` for a state or priority that UPS does not have.
pub async fn list(conn: &mut Conn, permit: &Permit, f: &Filter) -> Result<Vec<Workitem>> {
    let [a, b] = if f.state.is_empty() { ["", ""] } else { our_states(&f.state)? };
    let [priority, or] = if f.priority.is_empty() { ["", ""] } else { our_priorities(&f.priority)? };
    let limit = f.limit.clamp(1, 1_000);
    let rows = conn
        .all(
            sql::LIST,
            args![
                permit.scope(),
                a,
                b,
                &f.study,
                &f.patient_id,
                &f.modality,
                priority,
                limit,
                f.offset.max(0),
                or
            ],
        )
        .await?;
    rows.iter().map(of_row).collect()
}

/// One item by its UID.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn find(conn: &mut Conn, permit: &Permit, uid: &str) -> Result<Workitem> {
    let missing = || Fault::not_found("workitem");
    let named = conn.opt(sql::NAMED, args![uid]).await?.map(|r| r.text("item")).transpose()?;
    let item = named.or_else(|| item_of(uid)).ok_or_else(missing)?;
    let row = conn.opt(sql::ONE, args![permit.scope(), item]).await?.ok_or_else(missing)?;
    of_row(&row)
}

/// SCHEDULED to IN PROGRESS: the claim of the web list, with the transaction UID as its key.
///
/// # Errors
/// `Conflict` when another holds it or it has ended; `Denied` without the right of the tier; `Invalid` for a bad UID.
pub async fn begin(tx: &mut Tx, ctx: &Ctx, permit: &Permit, uid: &str, transaction: &str) -> Result<ItemRow> {
    if !yigong_formats::dicom::uid::is_valid(transaction) {
        return Err(Fault::invalid("00081195", "a transaction UID is required"));
    }
    let item = find(tx, permit, uid).await?;
    if item.state == "IN PROGRESS" {
        return Err(Fault::conflict("in_progress", "the workitem is already IN PROGRESS"));
    }
    let held = claim::claim(tx, ctx, permit, &item.id).await?;
    tx.exec(sql::CLAIMED, args![&item.id, transaction, held.epoch, permit.who(), ctx.now()]).await?;
    Ok(held)
}

/// The epoch of a transaction that still holds its item.
fn epoch_of(item: &Workitem, transaction: &str) -> Result<i64> {
    match &item.transaction {
        Some((uid, epoch)) if uid == transaction && *epoch == item.epoch => Ok(*epoch),
        _ => Err(Fault::conflict("transaction", "the transaction UID does not hold this workitem")),
    }
}

/// IN PROGRESS to CANCELED by the holder: the item goes back to the queue, where it is SCHEDULED again for the next reader.
///
/// # Errors
/// `Conflict` for a foreign transaction, `Stale` when the lease has ended.
pub async fn give_back(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    uid: &str,
    transaction: &str,
) -> Result<ItemRow> {
    let item = find(tx, permit, uid).await?;
    let epoch = epoch_of(&item, transaction)?;
    claim::release(tx, ctx, permit, &item.id, epoch).await
}

/// An update of the holder keeps the lease alive; a higher priority raises the class, a lower one changes nothing
/// (invariant 10). An item nobody holds takes no transaction.
///
/// # Errors
/// `Conflict` for a foreign transaction or an ended item.
pub async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    uid: &str,
    transaction: &str,
    priority: Option<&str>,
) -> Result<()> {
    let item = find(tx, permit, uid).await?;
    let pipeline = claim::find(tx, permit, &item.id).await?.pipeline;
    match item.state {
        "SCHEDULED" if transaction.is_empty() => permit.require_for(Right::Write, &pipeline)?,
        "IN PROGRESS" => {
            let epoch = epoch_of(&item, transaction)?;
            claim::heartbeat(tx, ctx, permit, &item.id, epoch).await?;
        }
        "SCHEDULED" => return Err(Fault::conflict("transaction", "nobody holds this workitem")),
        _ => return Err(Fault::conflict("ended", "the workitem has ended")),
    }
    if let Some(priority) = priority {
        let class = our_priority(priority)?;
        may_raise(permit, class, &pipeline)?;
        admit::raise_priority(tx, ctx, permit, &item.id, class, "", "ups").await?;
    }
    Ok(())
}

/// An emergency may go out with one signature: whoever only writes does not make one of an examination.
fn may_raise(permit: &Permit, class: &str, pipeline: &str) -> Result<()> {
    if class == "emergency" && !permit.may_for(Right::Lead, pipeline) {
        return permit.require_for(Right::Audit, pipeline);
    }
    Ok(())
}

/// A read task for a settled study that has none. `given` is the UID the client wants for it, or empty.
///
/// # Errors
/// `Conflict` with the UID of the task when the study has one, or when the study is not ready to be read.
pub async fn create(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study_uid: &str,
    given: &str,
    priority: &str,
) -> Result<Workitem> {
    permit.require_for(Right::Write, "imaging")?;
    if !given.is_empty() && !uid::is_valid(given) {
        return Err(Fault::invalid("workitem", "the UID in the address is no UID"));
    }
    let class = our_priority(if priority.is_empty() { "LOW" } else { priority })?;
    may_raise(permit, class, "imaging")?;
    let row = tx.opt(sql::STUDY, args![study_uid, permit.scope()]).await?;
    let row = row.ok_or_else(|| Fault::not_found("study"))?;
    let study = row.text("id")?;
    if let Some(there) = admit::of_subject(tx, &study, "write").await? {
        let current = json!({"workitem": uid_of(&there.id)});
        let detail = "the study has a read task".to_owned();
        return Err(Fault::Conflict { code: "exists".into(), detail, current });
    }
    if matches!(row.text("state")?.as_str(), "receiving" | "held") || !row.text("lane")?.is_empty() {
        return Err(Fault::conflict("not_ready", "the study is still received, or held for a person"));
    }
    if !given.is_empty() && tx.opt(sql::NAMED, args![given]).await?.is_some() {
        return Err(Fault::conflict("exists", "a workitem of this UID exists"));
    }
    let (modality, body_part) = (row.text("modality")?, row.text("body_part")?);
    let description = row.text("description")?;
    let title = if description.is_empty() { format!("{modality} {body_part}") } else { description };
    let new = NewItem {
        subject_kind: "study",
        subject: study,
        tier: "write",
        round: 1,
        pipeline: "imaging",
        title: title.trim().to_owned(),
        modality,
        body_part,
        patient: row.text("patient")?,
        facility: row.text("facility")?,
        report: None,
        priority: class.to_owned(),
        triage: String::new(),
        flags: Vec::new(),
        arrived_at: ctx.now(),
        deadline: None,
        written_by: String::new(),
    };
    let item = admit::admit(tx, ctx, permit, &new).await?;
    if !given.is_empty() {
        tx.exec(sql::NAME, args![given, &item]).await?;
    }
    audit::append(tx, ctx, permit, "ups.create", "work_item", &item, &json!({"given": given}));
    let row = tx.one(sql::ONE, args![permit.scope(), &item]).await?;
    of_row(&row)
}
