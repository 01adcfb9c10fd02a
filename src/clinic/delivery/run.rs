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
/// So many tries in a row that came to nothing: the receiver does not answer, and the other queues want their turn.
const IN_VAIN: usize = 3;
/// After this a parcel goes to the phone list; it never expires.
const DEAD_MS: i64 = 3 * DAY_MS;

/// Carriers by kind of destination.
pub type Carriers = HashMap<&'static str, Arc<dyn Carrier>>;

/// Sends what is due at a destination, page by page, so that what is parked in front hides nobody behind it. Called by the job
/// `deliver`; safe to call at any time.
pub async fn run(ctx: &Ctx, carriers: &Carriers, destination: &str) -> Result<usize> {
    let permit = Permit::system("deliver");
    let head = ctx.db.read(&permit).await?.opt(sql::DESTINATION, args![destination]).await?;
    let head = head.ok_or_else(|| Fault::not_found("destination"))?;
    if !head.flag("enabled")? {
        return Ok(0);
    }
    let Some(carrier) = carriers.get(head.text("kind")?.as_str()) else {
        return Err(Fault::internal("no carrier for this kind of destination"));
    };
    let mut round = Round {
        ctx,
        permit,
        carrier: carrier.as_ref(),
        head,
        blocked: HashSet::new(),
        soonest: None,
        began: ctx.now(),
        sent: 0,
        in_vain: 0,
    };
    let mut after = i64::MIN;
    loop {
        let rows = ctx.db.read(&round.permit).await?.all(sql::WAITING, args![destination, after]).await?;
        let full = rows.len() >= PAGE;
        if let Some(last) = rows.last() {
            after = last.int("seq")?;
        }
        let went_on = round.page(destination, rows).await?;
        if !went_on || !full {
            break;
        }
    }
    if let Some(at) = round.soonest {
        let mut tx = ctx.db.begin(&round.permit).await?;
        enqueue(&mut tx, ctx, Job::new("deliver", destination).at(at)).await?;
        tx.commit().await?;
    }
    Ok(round.sent)
}

/// One walk over the queue of a destination.
struct Round<'a> {
    ctx: &'a Ctx,
    permit: Permit,
    carrier: &'a dyn Carrier,
    head: Row,
    /// Patients whose order forbids another parcel now.
    blocked: HashSet<String>,
    soonest: Option<i64>,
    /// When the walk began, ms.
    began: i64,
    sent: usize,
    in_vain: usize,
}

impl Round<'_> {
    fn not_later(&mut self, at: i64) {
        self.soonest = Some(self.soonest.map_or(at, |s| s.min(at)));
    }

    /// The receiver has taken something: what was given up while it was away is tried again.
    async fn rearm(&mut self, destination: &str) -> Result<()> {
        let now = self.ctx.now();
        let mut tx = self.ctx.db.begin(&self.permit).await?;
        let again = tx.exec(sql::REARM, args![destination, now, self.began, DAY_MS]).await?;
        tx.commit().await?;
        if again > 0 {
            tracing::info!(destination, again, "delivery.armed again");
            self.not_later(now);
        }
        Ok(())
    }

    /// Sends what is due of some rows; `false` when the receiver does not answer.
    async fn page(&mut self, destination: &str, rows: Vec<Row>) -> Result<bool> {
        let ctx = self.ctx;
        for row in rows {
            let patient = row.text("patient")?;
            let (state, next_at) = (row.text("state")?, row.int("next_at")?);
            // Order per patient: a parcel that waits holds back the later ones of the same patient. One that was refused waits for a person
            // alone: a withdrawal or a correction of another report does not wait with it.
            if state == "parked" || self.blocked.contains(&patient) {
                continue;
            }
            if next_at > ctx.now() {
                self.not_later(next_at);
                self.blocked.insert(patient);
                continue;
            }
            let parcel = parcel_of(destination, &self.head, &row)?;
            // The row was read a while ago: a newer version may have superseded it meanwhile.
            let state = ctx
                .db
                .read(&self.permit)
                .await?
                .one(sql::STATE_OF, args![&parcel.delivery])
                .await?
                .text("state")?;
            if state != "pending" && state != "retry" {
                continue;
            }
            let attempt = self.carrier.deliver(&parcel).await;
            let silent = matches!(attempt.outcome, Outcome::Retry { .. });
            if record(ctx, &self.permit, &row, attempt, &mut self.soonest).await? {
                self.sent += 1;
                if self.sent == 1 {
                    self.rearm(destination).await?;
                }
            } else if silent {
                self.blocked.insert(patient);
            }
            self.in_vain = if silent { self.in_vain + 1 } else { 0 };
            if self.in_vain >= IN_VAIN {
                // Those behind have not had their turn. It comes before the pauses of these have grown: three parcels that
                // never get through must not stand in front of the others for ever.
                self.not_later(ctx.now() + MINUTE_MS);
                return Ok(false);
            }
        }
        Ok(true)
    }
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
