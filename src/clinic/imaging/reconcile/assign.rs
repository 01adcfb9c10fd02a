//! Whose images are these: a study gets a patient of its facility.

use serde::Serialize;
use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::patient::{self, Seen};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::{Vr, name, tag};

use super::super::quarantine;
use super::chain::{self, Act};
use super::{held, part, sql, words};
use crate::{critical, order};

/// The patient of an act.
#[derive(Debug, Clone)]
pub enum Person {
    /// A row of the facility.
    Known(String),
    /// One that the facility has not had yet, as the registrar says it.
    New(Seen),
}

/// A patient to choose.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Row id.
    pub id: String,
    /// Local id.
    pub local_id: String,
    /// Name.
    pub name: String,
    /// Sex.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
}

/// Patients of the study's facility for a search.
///
/// # Errors
/// `NotFound` for a study the caller may not change.
pub async fn candidates(
    conn: &mut Conn,
    permit: &Permit,
    study: &str,
    query: &str,
) -> Result<Vec<Candidate>> {
    permit.require(Right::LinkIdentity)?;
    let row =
        conn.opt(sql::STUDY, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    if query.trim().is_empty() {
        return Ok(Vec::new());
    }
    let (plain, folded) = (like(query), like(&name::fold(query)));
    conn.all(sql::PATIENTS, args![row.text("facility")?, plain, folded])
        .await?
        .iter()
        .map(candidate)
        .collect()
}

/// A text as a pattern that finds it anywhere.
pub(super) fn like(text: &str) -> String {
    let mut out = String::from("%");
    for c in text.trim().chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out.push('%');
    out
}

fn candidate(row: &Row) -> Result<Candidate> {
    Ok(Candidate {
        id: row.text("id")?,
        local_id: row.text("local_id")?,
        name: row.text("name")?,
        sex: row.text("sex")?,
        birth_date: row.text("birth_date")?,
    })
}

/// Gives a study a patient; entries of the lane `identity` on it are answered by that. Answers the act.
///
/// # Errors
/// `Conflict` `report_signed`, `in_reading`; `NotFound` for a patient of another facility.
pub async fn assign(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    person: &Person,
    why: &str,
) -> Result<String> {
    let row = chain::changeable(tx, permit, study).await?;
    chain::unsigned(tx, study).await?;
    chain::unread(tx, study).await?;
    let facility = row.text("facility")?;
    let id = match person {
        Person::Known(id) => id.clone(),
        Person::New(seen) => added(tx, ctx, &facility, seen).await?,
    };
    let patient = known(tx, &id, &facility).await?;
    let entries = close(tx, ctx, permit, study, "identity").await?;
    let act = Act {
        operation: "assign_patient",
        study,
        other: None,
        why,
        detail: json!({"patient": id, "from": row.text("patient")?}),
        before: json!({"studies": [snapshot(&row)?], "entries": entries}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &facility, &act).await?;
    let order = row.opt_text("order_id")?;
    let others = of_another(tx, &row, &id).await?;
    give(tx, ctx, permit, study, &row, &patient, order.clone().filter(|_| !others)).await?;
    let mut said = words::of(words::names(&patient)?);
    if row.text("patient")? != id {
        said.push(words::NO_OTHER_PERSON);
        for source in tx.all(sql::TAKEN_FROM, args![study, &id]).await? {
            part::doubt_alerts(tx, ctx, permit, &source.text("study")?).await?;
        }
    }
    if others {
        // Nor do they answer what was ordered for somebody else: a report would go out under that number, with that history.
        tx.exec(sql::SET_ORDER, args![study, None::<String>, ""]).await?;
        tx.exec(sql::SET_ECG_ORDER, args![study, None::<String>]).await?;
        said.push(words::NO_OTHER_ORDER);
        said.push((tag::ACCESSION, Vr::SH, Some(String::new())));
    }
    chain::say(tx, &written, "study", study, &said).await?;
    if let Some(order) = order {
        order::progress::follow(tx, &order, ctx.now()).await?;
    }
    held::ask_again(tx, ctx, study).await?;
    quarantine::free(tx, ctx, study).await?;
    Ok(written.id)
}

/// Whether the order of a study, by its link, its number or its UID, was placed for somebody else.
async fn of_another(conn: &mut Conn, study: &Row, patient: &str) -> Result<bool> {
    let (facility, accession) = (study.text("facility")?, study.text("accession")?);
    if let Some(order) = study.opt_text("order_id")? {
        return Ok(conn.opt(sql::LINKED_OF_ANOTHER, args![order, patient]).await?.is_some());
    }
    if order::match_study(conn, &facility, &accession, patient).await?.is_some() {
        return Ok(false);
    }
    order::is_for_another(conn, &facility, &accession, &study.text("uid")?, patient).await
}

async fn added(tx: &mut Tx, ctx: &Ctx, facility: &str, seen: &Seen) -> Result<String> {
    let read = name::read(&seen.name);
    let seen = Seen { pinyin: read.pinyin, initials: read.initials, ..seen.clone() };
    let linked = patient::link(tx, ctx, facility, &seen).await?;
    match linked.clash {
        Some(what) => {
            Err(Fault::conflict("patient_clash", format!("the facility knows this id with another {what}")))
        }
        None if !linked.identified => Err(Fault::invalid("local_id", "this id names nobody")),
        None => Ok(linked.id),
    }
}

/// A patient of this facility.
pub(super) async fn known(tx: &mut Tx, patient: &str, facility: &str) -> Result<Row> {
    tx.opt(sql::PATIENT, args![patient, facility]).await?.ok_or_else(|| Fault::not_found("patient"))
}

/// What undo needs of a study.
pub(super) fn snapshot(row: &Row) -> Result<Value> {
    Ok(json!({
        "id": row.text("id")?, "patient": row.text("patient")?, "order": row.opt_text("order_id")?, "accession": row.text("accession")?,
        "lane": row.text("lane")?, "state": row.text("state")?, "attributes": row.json::<Value>("attributes")?,
    }))
}

/// Study, recordings, open work and an unsigned report follow the patient.
pub(super) async fn give(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    row: &Row,
    patient: &Row,
    order: Option<String>,
) -> Result<()> {
    let id = patient.text("id")?;
    let mut attributes: Value = row.json("attributes")?;
    if let Value::Object(map) = &mut attributes {
        // What queries answer; what the device said stays beside it, for later images of the study are held against that.
        map.insert("patient_name".into(), words::person_name(patient)?.into());
        if row.text("patient")? != id {
            // What was remarked on another person is neither shown nor found.
            map.insert("comments".into(), "".into());
        }
    }
    tx.exec(sql::SET_PATIENT, args![study, &id, attributes]).await?;
    follow(tx, ctx, permit, study, &id, order).await
}

/// The rows that name the patient of a study. An alert that was raised on it rings again for the one whose it is.
pub(super) async fn follow(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    patient: &str,
    order: Option<String>,
) -> Result<()> {
    critical::follow::follow(tx, ctx, permit, study, patient).await?;
    for record in tx.all(sql::RECORDINGS, args![study]).await? {
        critical::follow::follow(tx, ctx, permit, &record.text("id")?, patient).await?;
    }
    tx.exec(sql::SET_ECG_PATIENT, args![study, patient]).await?;
    tx.exec(sql::SET_WORK_PATIENT, args![study, patient]).await?;
    tx.exec(sql::SET_REPORT_PATIENT, args![study, patient, order]).await?;
    Ok(())
}

/// Closes the open entries of a lane on a study and its images; answers their ids. Empty lane = all.
pub(super) async fn close(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    lane: &str,
) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for row in tx.all(sql::ENTRIES, args![study, lane]).await? {
        let id = row.text("id")?;
        tx.exec(super::super::sql::QUARANTINE_CLOSE, args![&id, "released", ctx.now(), permit.who()]).await?;
        ids.push(id);
    }
    Ok(ids)
}
