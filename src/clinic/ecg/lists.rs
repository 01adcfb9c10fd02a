//! Lists of records that wait for a person: unmatched ones, and poor ones that wait for the clinic.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Conn;
use yigong_base::{Ctx, args};

use super::repeat::REPEAT_MS;
use super::sql;

/// Most rows of a page.
const MOST: i64 = 200;

/// Records that belong to no order or whose patient is in doubt, oldest first. `after` = `next` of the page before.
///
/// # Errors
/// `Invalid` for a cursor that is none, storage faults.
pub async fn unmatched(conn: &mut Conn, permit: &Permit, after: &str, limit: i64) -> Result<Value> {
    let limit = limit.clamp(1, MOST);
    let (at, id) = cursor(after)?;
    let found = conn.all(sql::UNMATCHED, args![permit.scope(), at, id, limit]).await?;
    let mut rows = Vec::with_capacity(found.len());
    let mut next = Value::Null;
    for r in &found {
        let device: Value = r.json("device")?;
        let of = |key: &str| device.get(key).cloned().unwrap_or_default();
        rows.push(json!({
            "id": r.text("id")?, "facility": r.text("facility")?, "facility_name": r.text("facility_name")?,
            "received_at": r.int("received_at")?, "acquired_at": r.opt_int("acquired_at")?, "format": r.text("format")?,
            "subject": r.json::<Value>("subject")?, "state": r.text("state")?,
            "device": {"maker": of("maker"), "model": of("model"), "serial": of("serial")},
            "quality": r.text("verdict")?, "triage": r.text("triage")?, "reason": r.text("matching")?,
            "differs": r.json::<Value>("differs")?,
        }));
        next = json!(format!("{}:{}", r.int("received_at")?, r.text("id")?));
    }
    if i64::try_from(rows.len()).unwrap_or(0) < limit {
        next = Value::Null;
    }
    Ok(json!({"rows": rows, "next": next}))
}

fn cursor(after: &str) -> Result<(i64, String)> {
    if after.is_empty() {
        return Ok((0, String::new()));
    }
    let parts = after.split_once(':').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    parts.ok_or_else(|| Fault::invalid("after", "the value of `next`"))
}

/// Poor recordings the clinic is asked to repeat or to keep, newest first; `state` = `queued` went to work meanwhile.
///
/// # Errors
/// Storage faults.
pub async fn waiting(conn: &mut Conn, ctx: &Ctx, permit: &Permit) -> Result<Vec<Value>> {
    let found = conn.all(sql::WAITING, args![permit.scope(), ctx.now() - REPEAT_MS]).await?;
    found
        .iter()
        .map(|r| {
            Ok(json!({
                "id": r.text("id")?, "facility": r.text("facility")?, "received_at": r.int("received_at")?, "redo_at": r.opt_int("redo_at")?,
                "patient": {"id": r.text("patient")?, "name": r.text("patient_name")?, "local_id": r.text("local_id")?},
                "quality": r.json::<Value>("quality")?, "swap": r.json::<Value>("swap")?, "state": r.text("state")?, "redo_of": r.opt_text("redo_of")?,
            }))
        })
        .collect()
}
