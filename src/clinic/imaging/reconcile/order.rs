//! Which order a study answers: linked by a person when the numbers did not match, unlinked when they matched wrongly.

use serde::Serialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::patient::{self, Seen};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::{Vr, tag};

use super::super::quarantine::{self, Entry};
use super::super::{grant, settle};
use super::assign::{close, follow, give, known, like, snapshot};
use super::chain::{self, Act};
use super::{held, propose, sql, words};
use crate::order;

/// An order to choose.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    /// Row id.
    pub id: String,
    /// Accession.
    pub filler_no: String,
    /// Number at the clinic.
    pub placer_no: String,
    /// First item.
    pub title: String,
    /// Its modality.
    pub modality: String,
    /// State.
    pub state: String,
    /// Class.
    pub priority: String,
    /// When it was placed, ms.
    pub created_at: i64,
    /// Patient row.
    pub patient: String,
    /// Patient's local id.
    pub local_id: String,
    /// Patient's name.
    pub name: String,
    /// In letters.
    pub pinyin: String,
    /// Sex.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// What speaks for it: `accession`, `number`, `name`, `sex`, `birth`, `time`, `modality`.
    pub why: Vec<&'static str>,
}

impl Choice {
    pub(super) fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            filler_no: row.text("filler_no")?,
            placer_no: row.text("placer_no")?,
            title: row.opt_text("title")?.unwrap_or_default(),
            modality: row.opt_text("modality")?.unwrap_or_default(),
            state: row.text("state")?,
            priority: row.text("priority")?,
            created_at: row.int("created_at")?,
            patient: row.text("patient")?,
            local_id: row.text("local_id")?,
            name: row.text("name")?,
            pinyin: row.text("pinyin")?,
            sex: row.text("sex")?,
            birth_date: row.text("birth_date")?,
            why: Vec::new(),
        })
    }
}

/// Orders of the study's facility for a search; without one those that the study may answer, the likeliest first.
///
/// # Errors
/// `NotFound` for a study the caller may not change.
pub async fn orders(conn: &mut Conn, permit: &Permit, study: &str, query: &str) -> Result<Vec<Choice>> {
    permit.require(Right::LinkIdentity)?;
    let row =
        conn.opt(sql::STUDY, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    if query.trim().is_empty() {
        return propose::orders(conn, &row).await;
    }
    let rows = conn.all(sql::ORDERS, args![row.text("facility")?, like(query)]).await?;
    rows.iter().map(Choice::of).collect()
}

/// Links a study to an order of its facility: patient and accession number become the order's. Answers the act.
///
/// # Errors
/// `Conflict` `report_signed`, `in_reading`, `order_cancelled`; `NotFound` for an order of another facility.
pub async fn link_order(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    order: &str,
    why: &str,
) -> Result<String> {
    let row = chain::changeable(tx, permit, study).await?;
    chain::unsigned(tx, study).await?;
    chain::unread(tx, study).await?;
    let facility = row.text("facility")?;
    let found =
        tx.opt(sql::ORDER, args![order, &facility]).await?.ok_or_else(|| Fault::not_found("order"))?;
    if found.text("state")? == "cancelled" {
        return Err(Fault::conflict("order_cancelled", "the order was cancelled"));
    }
    let (patient, accession) = (found.text("patient")?, found.text("filler_no")?);
    let person = known(tx, &patient, &facility).await?;
    let entries = close(tx, ctx, permit, study, "identity").await?;
    let act = Act {
        operation: "link_order",
        study,
        other: None,
        why,
        detail: json!({"order": order, "patient": patient, "from": row.text("patient")?}),
        before: json!({"studies": [snapshot(&row)?], "entries": entries}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &facility, &act).await?;
    tx.exec(sql::SET_ORDER, args![study, order, &accession]).await?;
    tx.exec(sql::SET_ECG_ORDER, args![study, order]).await?;
    give(tx, ctx, permit, study, &row, &person, Some(order.to_owned())).await?;
    let mut said = words::of(words::names(&person)?);
    if row.text("patient")? != patient {
        said.push(words::NO_OTHER_PERSON);
    }
    if row.text("accession")? != accession {
        said.push(words::NO_OTHER_ORDER);
    }
    said.push((tag::ACCESSION, Vr::SH, Some(accession)));
    chain::say(tx, &written, "study", study, &said).await?;
    let before = row.opt_text("order_id")?.filter(|before| before != order);
    for one in before.as_deref().into_iter().chain([order]) {
        order::progress::follow(tx, one, ctx.now()).await?;
    }
    settle::follow_order(tx, ctx, permit, study).await?;
    held::ask_again(tx, ctx, study).await?;
    quarantine::free(tx, ctx, study).await?;
    Ok(written.id)
}

/// Takes a study away from its order and patient: it waits in the lane `identity` until somebody says whose it is.
///
/// # Errors
/// `Conflict` `report_signed`, `in_reading`.
pub async fn unlink(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str, why: &str) -> Result<String> {
    take_away(tx, ctx, permit, study, "unlinked", why).await
}

/// The same for another reason; the entry says which.
///
/// # Errors
/// As [`unlink`].
pub async fn take_away(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    reason: &str,
    why: &str,
) -> Result<String> {
    let row = chain::changeable(tx, permit, study).await?;
    chain::unsigned(tx, study).await?;
    chain::unread(tx, study).await?;
    let facility = row.text("facility")?;
    let nobody = patient::link(tx, ctx, &facility, &Seen::default()).await?.id;
    let act = Act {
        operation: "unlink",
        study,
        other: None,
        why,
        detail: json!({"from": row.text("patient")?, "order": row.opt_text("order_id")?}),
        before: json!({"studies": [snapshot(&row)?], "opened": true}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &facility, &act).await?;
    let mut attributes: serde_json::Value = row.json("attributes")?;
    if let serde_json::Value::Object(map) = &mut attributes {
        map.insert("patient_name".into(), "".into());
    }
    tx.exec(sql::SET_PATIENT, args![study, &nobody, attributes]).await?;
    follow(tx, ctx, permit, study, &nobody, None).await?;
    tx.exec(sql::SET_ORDER, args![study, None::<String>, ""]).await?;
    tx.exec(sql::SET_ECG_ORDER, args![study, None::<String>]).await?;
    if let Some(order) = row.opt_text("order_id")? {
        // Its examination is to be made again: the devices see it as before.
        order::progress::follow(tx, &order, ctx.now()).await?;
    }
    let names = words::OF_PERSON_AND_ORDER;
    chain::silence(tx, &written, "study", study, &names).await?;
    for part in tx.all(sql::CORRECTED, args![study]).await? {
        // What was moved here said its patient for itself.
        chain::silence(tx, &written, "instance", &part.text("id")?, &names).await?;
    }
    tx.exec(sql::CANCEL_WORK, args![study, ctx.now()]).await?;
    tx.exec(sql::SET_STATE, args![study, "identity", "held"]).await?;
    tx.exec(sql::HOLD_ECG, args![study]).await?;
    // Whose it is is not known: the reading hospital's devices see it no more.
    grant::task_gone(tx, ctx, study).await?;
    let detail = json!({"study_uid": row.text("uid")?, "act": written.id});
    let entry = Entry::of_study("identity", reason, &facility, study, detail);
    quarantine::open(tx, ctx, permit, &entry).await?;
    Ok(written.id)
}
