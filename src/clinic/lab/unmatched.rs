//! Results that match nothing: listed with their reason, attached only by a person, on record.

use serde::Serialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};

use super::hold::unmatched_text;
use super::receive::{Arrival, Run};
use super::{hold, items, loud, matched, specimen, sql};
use crate::order;

/// A label measured before its order is not older than this, ms; what is, belongs to somebody who had the same number once.
const BEFORE_ORDER_MS: i64 = 3 * DAY_MS;

/// A run that matches nothing.
#[derive(Debug, Clone, Serialize)]
pub struct UnmatchedLine {
    /// Row id.
    pub id: String,
    /// Barcode as sent; empty when none was.
    pub barcode: String,
    /// Item code as sent.
    pub item: String,
    /// Item name as sent.
    pub item_name: String,
    /// Value as sent.
    pub value_raw: String,
    /// Unit as sent.
    pub unit_raw: String,
    /// Instrument.
    pub instrument: String,
    /// Facility of the instrument.
    pub facility_name: String,
    /// When it came, ms.
    pub received_at: i64,
    /// Reason code.
    pub reason: String,
    /// Reason in Chinese.
    pub reason_zh: &'static str,
    /// Reason in English.
    pub reason_en: &'static str,
}

/// Unmatched runs in scope, newest first.
pub async fn list(conn: &mut Conn, permit: &Permit) -> Result<Vec<UnmatchedLine>> {
    let mut lines = Vec::new();
    for row in conn.all(sql::UNMATCHED, args![permit.scope()]).await? {
        let reason = row.text("reason")?;
        let (reason_zh, reason_en) = unmatched_text(&reason);
        let barcode = row.text("barcode")?;
        lines.push(UnmatchedLine {
            id: row.text("id")?,
            barcode: if barcode.starts_with('?') { String::new() } else { barcode },
            item: row.text("item")?,
            item_name: row.text("item_name")?,
            value_raw: row.text("value_raw")?,
            unit_raw: row.text("unit_raw")?,
            instrument: row.text("instrument")?,
            facility_name: row.text("facility_name")?,
            received_at: row.int("received_at")?,
            reason,
            reason_zh,
            reason_en,
        });
    }
    Ok(lines)
}

/// An order whose label has already been measured: what came before it is its result now. Answers the specimens concerned.
///
/// # Errors
/// Storage faults.
pub async fn match_again(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    order: &str,
) -> Result<Vec<(String, String)>> {
    let mut changed = Vec::new();
    for row in tx.all(sql::BEFORE_ORDER, args![order, ctx.now() - BEFORE_ORDER_MS]).await? {
        let (run, barcode, code) = (row.text("id")?, row.text("barcode")?, row.text("item")?);
        let facility = row.text("facility")?;
        let Some(found) = order::specimen_by_barcode(tx, &barcode).await? else { continue };
        let Some(item) = items::find(tx, ctx, &code).await? else { continue };
        if row.text("kind")? != "lead" && found.facility != facility {
            continue;
        }
        if tx.exec(sql::ATTACH_RUN, args![&run, "came_before_order", &found.id, ""]).await? == 0 {
            continue;
        }
        let said = Run {
            barcode,
            item: code,
            item_name: row.text("item_name")?,
            run_at: row.text("run_at")?,
            value: row.text("value_raw")?,
            unit: row.text("unit_raw")?,
            range: row.text("range_raw")?,
            flags: row.text("flags_raw")?.split('~').map(str::to_owned).collect(),
            status: row.text("status_raw")?,
            doubt: Some(hold::BEFORE_ORDER),
            ..Run::default()
        };
        let found = specimen::ensure_received(tx, ctx, permit, found).await?;
        loud::belongs(tx, ctx, permit, &run, &found, &item.code).await?;
        let arrival = Arrival { facility, ..Arrival::default() };
        matched::settle(tx, ctx, permit, &found, &run, &said, &item, &arrival).await?;
        let detail = json!({"specimen": found.id, "reason": "came_before_order"});
        audit::append(tx, ctx, permit, "lab.attach", "instrument_result", &run, &detail);
        changed.push((found.id, found.facility));
    }
    changed.dedup();
    Ok(changed)
}

/// Attaches a run to the specimen of `barcode`; answers specimen id and facility.
///
/// # Errors
/// `Conflict` when the run is not unmatched any more or the specimen cannot take it.
pub async fn attach(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    run: &str,
    barcode: &str,
    reason: &str,
) -> Result<(String, String)> {
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let row =
        tx.opt(sql::RUN, args![run, permit.scope()]).await?.ok_or_else(|| Fault::not_found("result"))?;
    let found = order::specimen_by_barcode(tx, barcode).await?.ok_or_else(|| Fault::not_found("specimen"))?;
    if !permit.sees(&found.facility) {
        return Err(Fault::not_found("specimen"));
    }
    if matches!(found.state.as_str(), "rejected" | "cancelled") {
        return Err(Fault::conflict("wrong_state", format!("the specimen is {}", found.state)));
    }
    let code = row.text("item")?;
    let item = items::find(tx, ctx, &code)
        .await?
        .ok_or_else(|| Fault::conflict("unknown_item", "the item is not in the catalogue"))?;
    if tx.exec(sql::ATTACH_RUN, args![run, reason, &found.id, permit.who()]).await? == 0 {
        return Err(Fault::conflict("wrong_state", "the result is not unmatched any more"));
    }
    let said = Run {
        barcode: barcode.to_owned(),
        item: code,
        value: row.text("value_raw")?,
        unit: row.text("unit_raw")?,
        flags: row.text("flags_raw")?.split('~').map(str::to_owned).collect(),
        status: row.text("status_raw")?,
        manual: true,
        ..Run::default()
    };
    let found = specimen::ensure_received(tx, ctx, permit, found).await?;
    loud::belongs(tx, ctx, permit, run, &found, &item.code).await?;
    matched::settle(tx, ctx, permit, &found, run, &said, &item, &Arrival::default()).await?;
    let detail = json!({"specimen": found.id, "reason": reason, "was": row.text("reason")?});
    audit::append(tx, ctx, permit, "lab.attach", "instrument_result", run, &detail);
    Ok((found.id, found.facility))
}
