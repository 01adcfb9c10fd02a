//! Alerts as pages show them.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::patient;
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args};

use super::sql;
use crate::worklist::row::person;

/// Open alerts, first those that ring, or all of the last ones.
pub async fn list(conn: &mut Conn, ctx: &Ctx, permit: &Permit, all: bool) -> Result<Vec<Value>> {
    let scope = || args![permit.scope()];
    let rows = if all {
        conn.all(sql::LIST_ALL, scope()).await?
    } else {
        let (mut rows, answered) =
            conn.both((sql::LIST_RINGING, scope()), (sql::LIST_ANSWERED, scope())).await?;
        rows.extend(answered);
        rows
    };
    collect(conn, ctx, rows).await
}

/// What a page must know that shows no patient: how many red alerts of the person's facility nobody has answered, and when the last of
/// them was raised or corrected, ms (0 = none).
///
/// # Errors
/// Storage faults.
pub async fn ringing(conn: &mut Conn, permit: &Permit) -> Result<(i64, i64)> {
    let row = conn.one(sql::RINGING, args![permit.facility()]).await?;
    let last = row.opt_int("raised_at")?.max(row.opt_int("changed_at")?);
    Ok((row.int("n")?, last.unwrap_or(0)))
}

/// Alerts of a subject.
pub async fn of_subject(conn: &mut Conn, ctx: &Ctx, permit: &Permit, subject: &str) -> Result<Vec<Value>> {
    let rows = conn.all(sql::OF_SUBJECT, args![permit.scope(), subject]).await?;
    collect(conn, ctx, rows).await
}

/// One alert.
pub async fn one(conn: &mut Conn, ctx: &Ctx, permit: &Permit, alert: &str) -> Result<Value> {
    let row = conn.opt(sql::ONE, args![permit.scope(), alert]).await?;
    json_of(conn, ctx, &row.ok_or_else(|| Fault::not_found("critical alert"))?).await
}

/// Alerts of a facility that nobody acknowledged.
pub async fn count_open(conn: &mut Conn, facility: &str) -> Result<i64> {
    conn.one(sql::COUNT_OPEN, args![facility]).await?.int("n")
}

async fn collect(conn: &mut Conn, ctx: &Ctx, rows: Vec<Row>) -> Result<Vec<Value>> {
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        list.push(json_of(conn, ctx, &row).await?);
    }
    Ok(list)
}

async fn json_of(conn: &mut Conn, ctx: &Ctx, row: &Row) -> Result<Value> {
    let id = row.text("id")?;
    let mut events = Vec::new();
    for event in conn.all(sql::EVENTS, args![&id]).await? {
        let who = event.text("who")?;
        let name = event.opt_text("name")?.unwrap_or_else(|| who.clone());
        events.push(json!({
            "at": event.int("at")?, "who": {"id": who, "name": name}, "action": event.text("action")?,
            "detail": event.json::<Value>("detail")?,
        }));
    }
    let raised_by = row.text("raised_by")?;
    let raised_name = row.opt_text("raised_by_name")?.unwrap_or_else(|| raised_by.clone());
    Ok(json!({
        "id": id,
        "pipeline": row.text("pipeline")?,
        "level": row.text("level")?,
        "state": row.text("state")?,
        "finding": row.text("finding")?,
        "value": row.text("value")?,
        "rule": row.text("rule")?,
        "provisional": row.flag("provisional")?,
        "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?,
        "facility": row.text("facility")?,
        "facility_name": row.text("facility_name")?,
        "duty_phone": row.text("duty_phone")?,
        "raised_at": row.int("raised_at")?,
        "raised_by": person(Some(raised_by), Some(raised_name)),
        "acked_at": row.opt_int("acked_at")?,
        "acked_by": person(Some(row.text("acked_by")?), row.opt_text("acked_by_name")?),
        "treated_at": row.opt_int("treated_at")?,
        "closed_at": row.opt_int("closed_at")?,
        "repeats": row.int("repeats")?,
        "escalation": row.int("escalation")?,
        "next_escalation_at": row.opt_int("next_escalation_at")?,
        "subject_kind": row.text("subject_kind")?,
        "subject": row.text("subject")?,
        "item": row.opt_text("item")?,
        "report": row.opt_text("report")?,
        "events": events,
    }))
}
