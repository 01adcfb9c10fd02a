//! Placing an order, from a page or from a clinic system.

use serde::Serialize;
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit, setting};

use super::catalogue::CatalogItem;
use super::sql;

/// An order as the placer says it.
#[derive(Debug, Clone, Default)]
pub struct NewOrder {
    /// Placer number (ORC-2); empty = one is given.
    pub placer_no: String,
    /// Patient row.
    pub patient: String,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// What is ordered; a code outside the catalogue keeps the sender's name.
    pub items: Vec<CatalogItem>,
    /// `stat`, `emergency`, `urgent`, `routine`.
    pub priority: String,
    /// Flags such as `family_doctor`, `screening`.
    pub flags: Vec<String>,
    /// Ordering doctor.
    pub orderer: String,
    /// Department.
    pub department: String,
    /// Clinical history.
    pub history: String,
    /// When it is to be done, ms; `None` = from now on.
    pub scheduled_at: Option<i64>,
    /// AE title of the station that is to do it; empty = any of the facility.
    pub station: String,
    /// Labels the placer already has; a lab order without one is given one.
    pub specimens: Vec<NewSpecimen>,
}

/// A specimen of a new order.
#[derive(Debug, Clone, Default)]
pub struct NewSpecimen {
    /// County-wide barcode; empty = one is given.
    pub barcode: String,
    /// Type as written.
    pub kind: String,
    /// Container as written.
    pub container: String,
    /// When it was collected, ms; `None` = not yet.
    pub collected_at: Option<i64>,
    /// Who collected it.
    pub collected_by: String,
}

/// An order that stands.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Placed {
    /// Row id.
    pub id: String,
    /// Placer number.
    pub placer_no: String,
    /// Filler number: the accession number.
    pub filler_no: String,
    /// Labels.
    pub specimens: Vec<PlacedSpecimen>,
    /// It stood already; nothing was changed.
    #[serde(skip)]
    pub repeated: bool,
}

/// A label.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct PlacedSpecimen {
    /// Barcode.
    pub barcode: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
    /// State.
    pub state: String,
}

/// Places an order for `facility`. The same placer number again answers the order as it stands.
///
/// # Errors
/// `Invalid` without items; `Conflict` `barcode_taken` when a label already belongs to another order,
/// `placer_reused` when the placer number stands for another patient or pipeline.
pub async fn place(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    facility: &str,
    new: &NewOrder,
) -> Result<Placed> {
    if new.items.is_empty() {
        return Err(Fault::invalid("items", "an order needs at least one item"));
    }
    let now = ctx.now();
    let id = ctx.id();
    if !new.placer_no.is_empty() && tx.opt(sql::BY_PLACER, args![facility, &new.placer_no]).await?.is_some() {
        return standing(tx, facility, &new.placer_no, new).await;
    }
    let filler_no = format!("A{:010}", setting::next_number(tx, "accession").await?);
    let placer_no = if new.placer_no.is_empty() { format!("W{filler_no}") } else { new.placer_no.clone() };
    let flags = Value::from(new.flags.clone());
    let (date, clock) = day_and_time(ctx, new.scheduled_at.unwrap_or(now));
    let made = tx
        .exec(
            sql::PLACE,
            args![
                &id,
                facility,
                &placer_no,
                &filler_no,
                &new.patient,
                &new.pipeline,
                &new.priority,
                flags,
                &new.orderer,
                &new.department,
                &new.history,
                now,
                date,
                clock,
                &new.station
            ],
        )
        .await?;
    if made == 0 {
        return standing(tx, facility, &placer_no, new).await;
    }
    add_items(tx, ctx, &id, &new.items).await?;
    let mut specimens = new.specimens.clone();
    if new.pipeline == "lab" && specimens.is_empty() {
        specimens.push(NewSpecimen::default());
    }
    for specimen in specimens {
        add_specimen(tx, ctx, facility, &new.patient, &id, specimen).await?;
    }
    let detail = json!({"pipeline": new.pipeline, "priority": new.priority, "items": new.items.len()});
    audit::append(tx, ctx, permit, "order.place", "order", &id, &detail);
    Ok(Placed { specimens: labels(tx, &id).await?, id, placer_no, filler_no, repeated: false })
}

/// `YYYYMMDD` and `HHMMSS` at the centre.
fn day_and_time(ctx: &Ctx, ms: i64) -> (String, String) {
    let t = crate::centre::time_of(ms, ctx.config.centre.utc_offset_minutes);
    (
        format!("{:04}{:02}{:02}", t.year(), u8::from(t.month()), t.day()),
        format!("{:02}{:02}{:02}", t.hour(), t.minute(), t.second()),
    )
}

pub(super) async fn add_items(tx: &mut Tx, ctx: &Ctx, order: &str, items: &[CatalogItem]) -> Result<()> {
    for item in items {
        tx.exec(
            sql::ADD_ITEM,
            args![ctx.id(), order, &item.code, &item.name, &item.modality, &item.body_part],
        )
        .await?;
    }
    Ok(())
}

/// Another label for an order whose specimen was rejected; answers its barcode. The order keeps its first deadline.
pub async fn relabel(
    tx: &mut Tx,
    ctx: &Ctx,
    facility: &str,
    patient: &str,
    order: &str,
    kind: &str,
    container: &str,
) -> Result<String> {
    let new =
        NewSpecimen { kind: kind.to_owned(), container: container.to_owned(), ..NewSpecimen::default() };
    add_specimen(tx, ctx, facility, patient, order, new).await
}

async fn add_specimen(
    tx: &mut Tx,
    ctx: &Ctx,
    facility: &str,
    patient: &str,
    order: &str,
    new: NewSpecimen,
) -> Result<String> {
    let barcode = if new.barcode.is_empty() {
        format!("9{:011}", setting::next_number(tx, "barcode").await?)
    } else {
        new.barcode
    };
    let state = if new.collected_at.is_some() { "collected" } else { "ordered" };
    let made = tx
        .exec(
            sql::ADD_SPECIMEN,
            args![
                ctx.id(),
                &barcode,
                facility,
                patient,
                order,
                new.kind,
                new.container,
                state,
                new.collected_at,
                new.collected_by,
                ctx.now()
            ],
        )
        .await?;
    if made == 0 {
        return Err(Fault::conflict("barcode_taken", "the barcode belongs to another order"));
    }
    Ok(barcode)
}

async fn standing(tx: &mut Tx, facility: &str, placer_no: &str, new: &NewOrder) -> Result<Placed> {
    let row = tx.one(sql::BY_PLACER, args![facility, placer_no]).await?;
    same_order(&row, new)?;
    let id = row.text("id")?;
    Ok(Placed {
        specimens: labels(tx, &id).await?,
        id,
        placer_no: placer_no.to_owned(),
        filler_no: row.text("filler_no")?,
        repeated: true,
    })
}

/// A placer number that comes again must mean the same patient and pipeline: numbers wrap around in clinic systems,
/// and an accession or barcode of one person must never be handed to another.
pub(super) fn same_order(row: &Row, new: &NewOrder) -> Result<()> {
    if row.text("patient")? == new.patient && row.text("pipeline")? == new.pipeline {
        return Ok(());
    }
    Err(placer_reused())
}

pub(super) fn placer_reused() -> Fault {
    Fault::conflict("placer_reused", "this placer number belongs to another patient's order")
}

pub(super) async fn labels(
    conn: &mut yigong_base::storage::Conn,
    order: &str,
) -> Result<Vec<PlacedSpecimen>> {
    let rows = conn.all(sql::SPECIMENS, args![order]).await?;
    rows.iter()
        .map(|r| {
            Ok(PlacedSpecimen { barcode: r.text("barcode")?, kind: r.text("type")?, state: r.text("state")? })
        })
        .collect()
}
