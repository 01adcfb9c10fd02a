//! The call: who was reached, and whether they read the value back.

use serde::Deserialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::raise::event;
use super::sql;

/// A call attempt.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Call {
    /// `reached_readback`, `reached_no_readback`, `unable`.
    pub outcome: String,
    /// Who answered.
    pub recipient: String,
    /// Number called.
    pub phone: String,
    /// What was read back.
    pub read_back: String,
    /// Remark.
    pub note: String,
}

/// Records a call; only a read-back is a notification, the other outcomes keep escalating.
pub async fn call(tx: &mut Tx, ctx: &Ctx, permit: &Permit, alert: &str, call: &Call) -> Result<String> {
    permit.require(Right::RaiseCritical)?;
    if !["reached_readback", "reached_no_readback", "unable"].contains(&call.outcome.as_str()) {
        return Err(Fault::invalid("outcome", "reached_readback, reached_no_readback or unable"));
    }
    if call.outcome == "reached_readback"
        && (call.recipient.trim().is_empty() || call.read_back.trim().is_empty())
    {
        return Err(Fault::invalid("read_back", "name the recipient and what was read back"));
    }
    let facility = open(tx, permit, alert).await?.text("facility")?;
    // A call after the acknowledgement is recorded but does not move the state back.
    tx.exec(sql::CALLED, args![alert, &call.outcome]).await?;
    let detail = json!({"outcome": call.outcome, "recipient": call.recipient, "phone": call.phone, "read_back": call.read_back, "note": call.note});
    event(tx, ctx, permit, alert, "call", &detail).await?;
    audit::append(
        tx,
        ctx,
        permit,
        "critical.call",
        "critical_alert",
        alert,
        &json!({"outcome": call.outcome}),
    );
    Ok(facility)
}

/// An alert in scope that is not closed.
pub(super) async fn open(tx: &mut Tx, permit: &Permit, alert: &str) -> Result<Row> {
    let row = tx
        .opt(sql::FIND, args![alert, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("critical alert"))?;
    if row.text("state")? == "closed" {
        return Err(Fault::conflict("closed", "the alert is closed"));
    }
    Ok(row)
}
