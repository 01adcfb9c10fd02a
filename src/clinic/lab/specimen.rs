//! Specimens: collected by the clinic, received or rejected by the centre. A rejection names its reason (indicators L-01 to L-05).

use serde::Serialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::patient::{self, link::PatientHead};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::{matched, sql};
use crate::critical::correct::Corrected;
use crate::order::{self, SpecimenRow, head::advance};
use crate::{critical, worklist};

/// Reasons to reject a specimen.
pub const REJECT_REASONS: &[&str] =
    &["type", "container", "volume", "clotted", "haemolysed", "label", "leak", "late", "temperature"];

/// A specimen of the list.
#[derive(Debug, Clone, Serialize)]
pub struct SpecimenLine {
    /// Row id.
    pub id: String,
    /// Barcode.
    pub barcode: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
    /// State.
    pub state: String,
    /// Patient.
    pub patient: PatientHead,
    /// Facility name.
    pub facility_name: String,
    /// Collected, ms.
    pub collected_at: Option<i64>,
    /// Received, ms.
    pub received_at: Option<i64>,
    /// Why it was rejected.
    pub reject_reason: String,
}

/// Collected at the clinic.
pub async fn collect(tx: &mut Tx, ctx: &Ctx, permit: &Permit, barcode: &str) -> Result<(String, String)> {
    let row = find(tx, permit, barcode).await?;
    let id = row.text("id")?;
    if tx.exec(sql::COLLECT, args![&id, ctx.now(), permit.name()]).await? == 0 {
        return Err(wrong_state(&row)?);
    }
    event(tx, ctx, permit, "specimen.collect", &id, "").await?;
    Ok((id, row.text("facility")?))
}

/// Received at the centre. Receiving twice changes nothing.
pub async fn receive(tx: &mut Tx, ctx: &Ctx, permit: &Permit, barcode: &str) -> Result<(String, String)> {
    let row = find(tx, permit, barcode).await?;
    let (id, state) = (row.text("id")?, row.text("state")?);
    if state != "received" {
        if tx.exec(sql::RECEIVE, args![&id, ctx.now(), permit.name()]).await? == 0 {
            return Err(wrong_state(&row)?);
        }
        advance(tx, &row.text("order_id")?, "received", ctx.now()).await?;
        event(tx, ctx, permit, "specimen.receive", &id, "").await?;
    }
    Ok((id, row.text("facility")?))
}

/// Rejected at the centre, with a coded reason. The order stays open: it is given another label at once.
pub async fn reject(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    barcode: &str,
    reason: &str,
    text: &str,
) -> Result<(String, String)> {
    if !REJECT_REASONS.contains(&reason) {
        return Err(Fault::invalid("reason", format!("one of {}", REJECT_REASONS.join(", "))));
    }
    let id = find(tx, permit, barcode).await?.text("id")?;
    // A release of its results at this moment is waited for.
    matched::lock(tx, &id).await?;
    let row = find(tx, permit, barcode).await?;
    if tx.opt(sql::PUBLISHED, args![&id]).await?.is_some() {
        return Err(Fault::conflict("published", "results of it are published: correct them instead"));
    }
    let said = if text.trim().is_empty() { reason.to_owned() } else { format!("{reason}: {}", text.trim()) };
    if tx.exec(sql::REJECT, args![&id, said, ctx.now(), permit.name()]).await? == 0 {
        return Err(wrong_state(&row)?);
    }
    drop_results(tx, ctx, permit, &id, barcode).await?;
    let facility = row.text("facility")?;
    let (patient, order) = (row.text("patient")?, row.text("order_id")?);
    let (kind, container) = (row.text("type")?, row.text("container")?);
    let barcode = order::relabel(tx, ctx, &facility, &patient, &order, &kind, &container).await?;
    let detail = json!({"reason": reason, "recollection": barcode});
    audit::append(tx, ctx, permit, "specimen.reject", "specimen", &id, &detail);
    Ok((id, facility))
}

/// What was measured in a specimen that is rejected is nobody's result: it waits no more, and whoever was told of a critical value is told
/// that it does not count.
async fn drop_results(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str, barcode: &str) -> Result<()> {
    // None may stand, where another run was asked for; what had been told of the one before is taken back all the same.
    tx.exec(sql::VOID, args![id]).await?;
    if let Some(item) = worklist::admit::of_subject(tx, id, "audit").await? {
        tx.exec(worklist::sql::CLOSE, args![&item.id, "cancelled", ctx.now()]).await?;
    }
    let remark = format!("条码 {barcode}:标本已拒收,该结果作废,请等待重采");
    let corrected =
        Corrected { subject: id, finding: "", since: ctx.now() + 1, stands: &[], remark: &remark };
    critical::correct::reopen(tx, ctx, permit, &corrected).await
}

/// The tube was on the instrument: it has been received, whoever forgot to scan it. Said so in the audit.
pub(super) async fn ensure_received(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    mut specimen: SpecimenRow,
) -> Result<SpecimenRow> {
    if specimen.state != "received"
        && tx.exec(sql::RECEIVE, args![&specimen.id, ctx.now(), permit.name()]).await? > 0
    {
        advance(tx, &specimen.order, "received", ctx.now()).await?;
        event(tx, ctx, permit, "specimen.receive_by_instrument", &specimen.id, "").await?;
        specimen.state = "received".into();
        specimen.received_at = Some(ctx.now());
    }
    Ok(specimen)
}

/// Specimens in scope, newest first; `state` empty = any.
pub async fn list(conn: &mut Conn, ctx: &Ctx, permit: &Permit, state: &str) -> Result<Vec<SpecimenLine>> {
    let mut lines = Vec::new();
    for row in conn.all(sql::SPECIMENS, args![permit.scope(), state]).await? {
        lines.push(SpecimenLine {
            id: row.text("id")?,
            barcode: row.text("barcode")?,
            kind: row.text("type")?,
            state: row.text("state")?,
            patient: patient::head(conn, &row.text("patient")?, ctx.now()).await?,
            facility_name: row.text("facility_name")?,
            collected_at: row.opt_int("collected_at")?,
            received_at: row.opt_int("received_at")?,
            reject_reason: row.text("reject_reason")?,
        });
    }
    Ok(lines)
}

async fn find(tx: &mut Tx, permit: &Permit, barcode: &str) -> Result<Row> {
    tx.opt(sql::SPECIMEN, args![barcode, permit.scope()]).await?.ok_or_else(|| Fault::not_found("specimen"))
}

fn wrong_state(row: &Row) -> Result<Fault> {
    Ok(Fault::conflict("wrong_state", format!("the specimen is {}", row.text("state")?)))
}

async fn event(tx: &mut Tx, ctx: &Ctx, permit: &Permit, action: &str, id: &str, reason: &str) -> Result<()> {
    audit::append(tx, ctx, permit, action, "specimen", id, &json!({"reason": reason}));
    Ok(())
}
