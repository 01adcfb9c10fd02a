//! A record as the page shows it.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::patient;
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args};

use super::sql;
use crate::order;

/// The record in the caller's scope.
///
/// # Errors
/// `NotFound` outside the scope, storage faults.
pub(super) async fn find(conn: &mut Conn, permit: &Permit, record: &str) -> Result<Row> {
    conn.opt(sql::FIND, args![record, permit.scope()]).await?.ok_or_else(|| Fault::not_found("ecg record"))
}

/// Everything about a record but its samples.
///
/// # Errors
/// `NotFound` outside the scope, storage faults.
pub async fn detail(conn: &mut Conn, ctx: &Ctx, permit: &Permit, record: &str) -> Result<Value> {
    let row = find(conn, permit, record).await?;
    let (quality, mut device) = (row.json::<Value>("quality")?, row.json::<Value>("device")?);
    let mut take = |key: &str| device.as_object_mut().and_then(|d| d.remove(key)).unwrap_or(Value::Null);
    let (filters, statements, groups) = (take("filters"), take("statements"), take("groups"));
    let order = match row.opt_text("order_id")? {
        Some(id) => order::head::head(conn, permit, &id).await?,
        None => None,
    };
    let (acquired_at, received_at) = (row.opt_int("acquired_at")?, row.int("received_at")?);
    let mut previous = Vec::new();
    let before = args![row.text("person")?, record, permit.scope(), acquired_at.unwrap_or(received_at)];
    for p in conn.all(sql::PREVIOUS, before).await? {
        previous.push(json!({
            "id": p.text("id")?, "acquired_at": p.opt_int("acquired_at")?, "received_at": p.int("received_at")?,
            "report": p.opt_text("report")?,
        }));
    }
    Ok(json!({
        "id": row.text("id")?,
        "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?,
        "facility": row.text("facility")?,
        "facility_name": row.text("facility_name")?,
        "order": order,
        "study": row.opt_text("study")?,
        "state": row.text("state")?,
        "acquired_at": acquired_at,
        "received_at": received_at,
        "format": row.text("format")?,
        "device": device,
        "triage": row.text("triage")?,
        "banner": quality.get("banner").cloned().unwrap_or_default(),
        "quality": quality,
        "measurements": row.json::<Value>("measurements")?,
        "warnings": row.json::<Value>("warnings")?,
        "vendor_statements": statements,
        "filters": filters,
        "previous": previous,
        "groups": groups,
    }))
}
