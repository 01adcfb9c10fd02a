//! A record as the page shows it.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::patient;
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args};

use super::{sql, values};
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
    let time = acquired_at.unwrap_or(received_at);
    let rows = conn.all(sql::VALUES, args![record]).await?;
    let mut all = json!({
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
        "measurements": values::rows(&rows)?,
        "warnings": row.json::<Value>("warnings")?,
        "vendor_statements": statements,
        "filters": filters,
        "previous": previous(conn, permit, &row.text("person")?, record, time).await?,
        "groups": groups,
    });
    let more = json!({
        "values": values::shown(&values::sides(conn, record).await?),
        "rhythm": row.json::<Value>("rhythm")?,
        "swap": row.json::<Value>("swap")?,
        "same_person_doubt": row.flag("doubt")?,
        "renditions": renditions(conn, record).await?,
        "subject": row.json::<Value>("subject")?,
        "matching": row.text("matching")?,
        "differs": row.json::<Value>("differs")?,
        "chosen_by": row.text("chosen_by")?,
        "operator": row.text("operator")?,
        "chest_pain": row.flag("chest_pain")?,
        "redo_of": row.opt_text("redo_of")?,
        "redo_by": row.opt_text("redo_by")?,
        "redo_at": row.opt_int("redo_at")?,
        "kept_anyway": row.json::<Value>("kept")?,
        "marks": row.json::<Value>("marks")?,
        "physician_marks": row.json::<Value>("physician_marks")?,
        "etag": etag(row.int("version")?),
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    Ok(all)
}

/// The tag of a record for `If-Match`.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

async fn renditions(conn: &mut Conn, record: &str) -> Result<Vec<Value>> {
    let found = conn.all(sql::RENDITIONS, args![record]).await?;
    found
        .iter()
        .map(|r| Ok(json!({"format": r.text("format")?, "address": r.text("object_hash")?, "received_at": r.int("received_at")?})))
        .collect()
}

async fn previous(
    conn: &mut Conn,
    permit: &Permit,
    person: &str,
    record: &str,
    time: i64,
) -> Result<Vec<Value>> {
    let found = conn.all(sql::PREVIOUS, args![person, record, permit.scope(), time]).await?;
    found
        .iter()
        .map(|p| {
            Ok(json!({
                "id": p.text("id")?, "acquired_at": p.opt_int("acquired_at")?, "received_at": p.int("received_at")?,
                "report": p.opt_text("report")?,
            }))
        })
        .collect()
}
