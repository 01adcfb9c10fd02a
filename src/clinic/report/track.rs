//! The clinic's page: today's items as a track, the reports, what waits for the clinic.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args, patient};

use super::sql;
use crate::critical;
use crate::worklist::row::person;

/// Items of the last `days` days with the step each has reached.
pub async fn today(conn: &mut Conn, ctx: &Ctx, permit: &Permit, days: i64) -> Result<Value> {
    let since = ctx.now() - days.clamp(1, 31) * DAY_MS;
    let mut rows = Vec::new();
    for row in conn.all(sql::TRACKS, args![permit.scope(), since]).await? {
        rows.push(track(conn, ctx, &row).await?);
    }
    for row in conn.all(sql::WAITING_ORDERS, args![permit.scope(), since]).await? {
        let at = row.int("created_at")?;
        rows.push(json!({
            "id": row.text("id")?, "pipeline": row.text("pipeline")?, "title": row.opt_text("title")?.unwrap_or_default(), "modality": "",
            "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?, "arrived_at": at, "promised_at": null,
            "step": "ordered", "steps": [{"key": "ordered", "at": at}], "holder": null, "report": null, "report_n": 0, "report_kind": "",
            "item": null, "return_reason": "", "return_text": "", "flags": [], "priority": row.text("priority")?,
        }));
    }
    for row in conn.all(sql::REJECTED, args![permit.scope(), since]).await? {
        let at = row.int("created_at")?;
        rows.push(json!({
            "id": row.text("id")?, "pipeline": "lab", "title": format!("{} {}", row.text("type")?, row.text("barcode")?), "modality": "",
            "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?, "arrived_at": at, "promised_at": null,
            "step": "rejected", "steps": [{"key": "uploaded", "at": at}, {"key": "rejected", "at": at}], "holder": null, "report": null,
            "report_n": 0, "report_kind": "", "item": null, "return_reason": row.text("reject_reason")?, "return_text": "", "flags": [],
            "priority": "routine",
        }));
    }
    Ok(json!({"now": ctx.now(), "rows": rows, "inbox": inbox(conn, permit).await?}))
}

/// Numbers of what waits for the clinic.
pub async fn inbox(conn: &mut Conn, permit: &Permit) -> Result<Value> {
    let changed = conn.one(sql::COUNT_CHANGED, args![permit.facility()]).await?.int("n")?;
    let returned = conn.one(sql::COUNT_RETURNED, args![permit.facility()]).await?.int("n")?;
    let critical = critical::list::count_open(conn, permit.facility()).await?;
    Ok(json!({"critical": critical, "changed": changed, "returned": returned}))
}

fn step_of(row: &Row) -> Result<&'static str> {
    let published = row.opt_int("current_version")?.unwrap_or(0) > 0;
    let amending = row.opt_text("report_state")?.as_deref() == Some("amending");
    if row.opt_text("report_state")?.as_deref() == Some("withdrawn") {
        return Ok("withdrawn");
    }
    Ok(match (row.text("state")?.as_str(), row.text("tier")?.as_str()) {
        ("returned", _) => "returned",
        _ if published && (amending || row.text("state")? == "done") => "published",
        ("queued", "write") => "queued",
        ("reading", "write") => "writing",
        ("queued" | "reading", _) => "auditing",
        _ if published => "published",
        _ => "queued",
    })
}

async fn track(conn: &mut Conn, ctx: &Ctx, row: &Row) -> Result<Value> {
    let step = step_of(row)?;
    let (first, audit, signed) =
        (row.opt_int("first_at")?, row.opt_int("audit_at")?, row.opt_int("signed_at")?);
    let steps = json!([
        {"key": "uploaded", "at": first},
        {"key": "writing", "at": if step == "queued" || step == "returned" { None } else { first }},
        {"key": "auditing", "at": audit},
        {"key": "published", "at": signed},
    ]);
    Ok(json!({
        "id": row.text("subject")?,
        "pipeline": row.text("pipeline")?,
        "title": row.text("title")?,
        "modality": row.text("modality")?,
        "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?,
        "arrived_at": first,
        "promised_at": row.int("deadline")?,
        "step": step,
        "steps": steps,
        "holder": person(row.opt_text("holder")?, row.opt_text("holder_name")?),
        "report": row.opt_text("report")?.filter(|_| signed.is_some()),
        "report_n": row.opt_int("current_version")?.unwrap_or(0),
        "report_kind": row.opt_text("report_kind")?.unwrap_or_default(),
        "item": row.text("id")?,
        "return_reason": row.text("return_reason")?,
        "return_text": row.text("return_text")?,
        "flags": row.json::<Value>("flags")?,
        "priority": row.text("priority")?,
    }))
}

/// Reports of the caller's facility, newest first.
pub async fn reports(conn: &mut Conn, ctx: &Ctx, permit: &Permit, q: &str, cursor: &str) -> Result<Value> {
    let before = if cursor.is_empty() {
        i64::MAX
    } else {
        cursor.parse().map_err(|_| Fault::invalid("cursor", "not a cursor of this list"))?
    };
    let q = q.replace(['%', '_'], "");
    let like = if q.is_empty() { String::new() } else { format!("%{q}%") };
    let found = conn.all(sql::CLINIC_LIST, args![permit.scope(), before, like]).await?;
    let next = if found.len() == 50 {
        found.last().map(|r| r.int("seq")).transpose()?.map(|s| s.to_string())
    } else {
        None
    };
    let mut rows = Vec::new();
    for row in &found {
        let (report, n, class) = (row.text("report")?, row.int("n")?, row.int("change_class")?);
        let acknowledged = row.opt_int("clinically_acked_at")?;
        let mark = row.json::<Value>("mark")?;
        rows.push(json!({
            "pdf": format!("/api/reports/{report}/versions/{n}/pdf"),
            "report": report, "n": n, "kind": row.text("kind")?, "change_class": class, "pipeline": row.text("pipeline")?,
            "title": row.opt_text("title")?.unwrap_or_default(),
            "patient": patient::head(conn, &row.text("patient_id")?, ctx.now()).await?,
            "published_at": row.int("signed_at")?, "state": row.opt_text("delivery_state")?.unwrap_or_else(|| "none".into()),
            "report_state": row.text("state")?, "seen_at": row.opt_int("seen_at")?, "seen_by": row.opt_text("seen_name")?,
            "acknowledged_at": acknowledged, "needs_ack": class >= 2 && acknowledged.is_none(),
            "mark": mark.get("text").cloned().unwrap_or(Value::Null), "critical_open": row.int("critical_open")? > 0,
        }));
    }
    Ok(json!({"rows": rows, "next_cursor": next}))
}
