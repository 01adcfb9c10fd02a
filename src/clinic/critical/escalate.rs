//! Escalation while nobody acknowledges: 5 min second contact, 10 min centre duty lead, 15 min clinic head; then every
//! 15 min again. After the acknowledgement: a reminder when no treatment note came within an hour.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_base::{Ctx, args, audit};

use super::raise::event;
use super::sql;

/// Whom each step tells.
const STEPS: [&str; 3] = ["second_contact", "duty_lead", "clinic_head"];

/// Moves every alert whose clock ran out one step; answers (alert, facility) of each.
pub async fn escalate_due(ctx: &Ctx) -> Result<Vec<(String, String)>> {
    let permit = Permit::system("escalate");
    let now = ctx.now();
    let due = ctx.db.read(&permit).await?.all(sql::DUE, args![now]).await?;
    let mut told = Vec::new();
    for row in due {
        let (id, facility, step, state) =
            (row.text("id")?, row.text("facility")?, row.int("escalation")?, row.text("state")?);
        let whom = if state == "clinician_ack" {
            "treatment_reminder"
        } else {
            STEPS.get(usize::try_from(step).unwrap_or(usize::MAX)).copied().unwrap_or("clinic_head")
        };
        let pause = if step < 2 && state != "clinician_ack" { 5 } else { 15 };
        let next = now + pause * MINUTE_MS;
        match tell(ctx, &permit, &id, (step, &state, now), whom, next).await {
            Ok(true) => told.push((id, facility)),
            Ok(false) => {}
            // It is tried again at the next look; the others do not wait for it.
            Err(fault) => tracing::error!(alert = %id, error = %fault, "critical.escalate failed"),
        }
    }
    Ok(told)
}

/// `found` = step and state of the alert as it was found, and when.
pub(super) async fn tell(
    ctx: &Ctx,
    permit: &Permit,
    id: &str,
    found: (i64, &str, i64),
    whom: &str,
    next: i64,
) -> Result<bool> {
    let (step, state, now) = found;
    let mut tx = ctx.db.begin(permit).await?;
    if tx.exec(sql::ESCALATE, args![id, step + 1, next, step, state, now]).await? == 0 {
        return Ok(false);
    }
    event(&mut tx, ctx, permit, id, "escalate", &json!({"step": step + 1, "to": whom})).await?;
    enqueue(&mut tx, ctx, Job::new("escalate", id).at(next)).await?;
    let detail = json!({"step": step + 1, "to": whom});
    audit::append(&mut tx, ctx, permit, "critical.escalate", "critical_alert", id, &detail);
    tx.commit().await?;
    Ok(true)
}
