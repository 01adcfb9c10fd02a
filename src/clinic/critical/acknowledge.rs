//! The clinic's side of the loop: acknowledge with read-back, treat, close.

use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::clock::HOUR_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::notify::open;
use super::raise::event;
use super::sql;

/// No treatment note after this: reminder.
const TREATMENT_MS: i64 = HOUR_MS;

/// The facility of an open alert this person may answer: a doctor of the facility; and a value that is nobody's yet, whoever tells critical
/// values there, for no doctor can treat a patient nobody knows.
async fn answerable(tx: &mut Tx, permit: &Permit, alert: &str) -> Result<String> {
    let row = open(tx, permit, alert).await?;
    let facility = row.text("facility")?;
    // Whoever reads for the county tells its clinics, and ends nothing of theirs.
    let nobodys = row.text("subject_kind")? == "run" && permit.facility() == facility;
    if !(nobodys && permit.may(Right::RaiseCritical)) {
        permit.require_at(Right::AcknowledgeCritical, &facility)?;
    }
    Ok(facility)
}

/// A doctor of the clinic acknowledges; the text read back is required.
pub async fn acknowledge(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    alert: &str,
    read_back: &str,
) -> Result<String> {
    if read_back.trim().is_empty() {
        return Err(Fault::invalid("read_back", "repeat the finding in your own words"));
    }
    let facility = answerable(tx, permit, alert).await?;
    let now = ctx.now();
    if tx.exec(sql::ACKNOWLEDGE, args![alert, permit.who(), now, now + TREATMENT_MS]).await? == 0 {
        return Err(Fault::conflict("acknowledged", "the alert was acknowledged before"));
    }
    enqueue(tx, ctx, Job::new("escalate", alert).at(now + TREATMENT_MS)).await?;
    event(tx, ctx, permit, alert, "acknowledge", &json!({"read_back": read_back})).await?;
    audit::append(tx, ctx, permit, "critical.acknowledge", "critical_alert", alert, &json!({}));
    Ok(facility)
}

/// What was done for the patient.
pub async fn treat(tx: &mut Tx, ctx: &Ctx, permit: &Permit, alert: &str, note: &str) -> Result<String> {
    if note.trim().is_empty() {
        return Err(Fault::invalid("note", "must not be empty"));
    }
    let facility = answerable(tx, permit, alert).await?;
    if tx.exec(sql::TREAT, args![alert, ctx.now()]).await? == 0 {
        return Err(Fault::conflict("not_acknowledged", "acknowledge the alert first"));
    }
    event(tx, ctx, permit, alert, "treat", &json!({"note": note})).await?;
    audit::append(tx, ctx, permit, "critical.treat", "critical_alert", alert, &json!({}));
    Ok(facility)
}

/// Closes the loop; only after a treatment note.
pub async fn close(tx: &mut Tx, ctx: &Ctx, permit: &Permit, alert: &str) -> Result<String> {
    let facility = answerable(tx, permit, alert).await?;
    if tx.exec(sql::CLOSE, args![alert, ctx.now()]).await? == 0 {
        return Err(Fault::conflict("not_treated", "write a treatment note first"));
    }
    event(tx, ctx, permit, alert, "close", &json!({})).await?;
    audit::append(tx, ctx, permit, "critical.close", "critical_alert", alert, &json!({}));
    Ok(facility)
}
