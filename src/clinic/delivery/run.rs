//! Sending: one parcel of a destination in flight, in order per patient; other patients do not wait.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::clock::{DAY_MS, MINUTE_MS, SECOND_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Row;
use yigong_base::{Ctx, args};

use super::carrier::{Attempt, Carrier, Outcome, Parcel};
use super::sql;

/// Pauses between tries; the last one repeats.
const PAUSES_MS: [i64; 5] = [5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS];
/// Rows of one look at the queue, as in `sql::WAITING`.
const PAGE: usize = 200;
/// After this a parcel goes to the phone list; it never expires.
const DEAD_MS: i64 = 3 * DAY_MS;

/// Carriers by kind of destination.
pub type Carriers = HashMap<&'static str, Arc<dyn Carrier>>;

/// Sends what is due at a destination. Called by the job `deliver`; safe to call at any time.
pub async fn run(ctx: &Ctx, carriers: &Carriers, destination: &str) -> Result<usize> {
    let permit = Permit::system("deliver");
    let (head, rows) = {
        let mut r = ctx.db.read(&permit).await?;
        let head = r
            .opt(sql::DESTINATION, args![destination])
            .await?
            .ok_or_else(|| Fault::not_found("destination"))?;
        let rows = r.all(sql::WAITING, args![destination]).await?;
        (head, rows)
    };
    if !head.flag("enabled")? {
        return Ok(0);
    }
    let Some(carrier) = carriers.get(head.text("kind")?.as_str()) else {
        return Err(Fault::internal("no carrier for this kind of destination"));
    };
    let (mut sent, mut blocked, mut soonest) = (0, HashSet::new(), None::<i64>);
    if rows.len() >= PAGE {
        // More may wait behind this page.
        soonest = Some(ctx.now() + SECOND_MS);
    }
    for row in rows {
        let patient = row.text("patient")?;
        let (state, next_at) = (row.text("state")?, row.int("next_at")?);
        // Order per patient: a parcel that waits or is parked holds back the later ones of the same patient.
        if blocked.contains(&patient) {
            continue;
        }
        if state == "parked" || next_at > ctx.now() {
            if state != "parked" {
                soonest = Some(soonest.map_or(next_at, |s| s.min(next_at)));
            }
            blocked.insert(patient);
            continue;
        }
        let parcel = parcel_of(destination, &head, &row)?;
        // The row was read a while ago: a newer version may have superseded it meanwhile.
        let state =
            ctx.db.read(&permit).await?.one(sql::STATE_OF, args![&parcel.delivery]).await?.text("state")?;
        if state != "pending" && state != "retry" {
            continue;
        }
        let attempt = carrier.deliver(&parcel).await;
        if !record(ctx, &permit, &row, attempt, &mut soonest).await? {
            blocked.insert(patient);
        } else {
            sent += 1;
        }
    }
    if let Some(at) = soonest {
        let mut tx = ctx.db.begin(&permit).await?;
        enqueue(&mut tx, ctx, Job::new("deliver", destination).at(at)).await?;
        tx.commit().await?;
    }
    Ok(sent)
}

fn parcel_of(destination: &str, head: &Row, row: &Row) -> Result<Parcel> {
    Ok(Parcel {
        delivery: row.text("id")?,
        destination: destination.to_owned(),
        address: head.text("address")?,
        settings: head.json::<Value>("settings")?,
        report: row.text("report")?,
        n: row.int("n")?,
        content: row.text("content")?,
        pdf_object: row.text("pdf_object")?,
        control_id: row.text("control_id")?,
        body: row.opt_bytes("body")?,
    })
}

/// Writes down how a try ended; `true` when the receiver has it.
async fn record(
    ctx: &Ctx,
    permit: &Permit,
    row: &Row,
    attempt: Attempt,
    soonest: &mut Option<i64>,
) -> Result<bool> {
    let now = ctx.now();
    let tries = usize::try_from(row.int("attempts")?).unwrap_or(0);
    let (state, next, error, acked) = match attempt.outcome {
        Outcome::Acked { .. } => ("acked", now, String::new(), Some(now)),
        Outcome::Parked { why } => ("parked", now, why, None),
        Outcome::Retry { why } => {
            let pause = PAUSES_MS.get(tries).copied().unwrap_or(30 * MINUTE_MS);
            let next = now + pause + pause / 10 * (now % 3);
            let dead = now - row.int("armed_at")? > DEAD_MS;
            if !dead {
                *soonest = Some(soonest.map_or(next, |s| s.min(next)));
            }
            (if dead { "dead" } else { "retry" }, next, why, None)
        }
    };
    let mut tx = ctx.db.begin(permit).await?;
    tx.exec(sql::AFTER_TRY, args![row.text("id")?, state, next, attempt.body, error, now, acked]).await?;
    tx.commit().await?;
    Ok(state == "acked")
}
