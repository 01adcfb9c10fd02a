//! An alert goes with the evidence it was raised on. When that turns out to be somebody else's, whoever was told was told of the wrong
//! person: the alert names the right one and rings again, whatever had been done about it.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::raise::{event, first_step};
use super::sql;

/// The alerts of a subject name this patient from now on. Answers those that ring again.
///
/// # Errors
/// Storage faults.
pub async fn follow(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    subject: &str,
    patient: &str,
) -> Result<Vec<String>> {
    let mut again = Vec::new();
    for row in tx.all(sql::OF_ANOTHER, args![subject, patient]).await? {
        let (id, from) = (row.text("id")?, row.text("patient")?);
        let dedupe = row.text("dedupe")?.replace(&from, patient);
        if !row.flag("wrong")? {
            // Another number of the same person, or one whose name was not known: nobody was told of somebody else.
            tx.exec(sql::GO_ALONG, args![&id, patient, dedupe]).await?;
            continue;
        }
        let at = ctx.now() + first_step(&row.text("level")?);
        tx.exec(sql::RING_AGAIN, args![&id, patient, dedupe, at]).await?;
        enqueue(tx, ctx, Job::new("escalate", &id).at(at)).await?;
        let detail = json!({"from": from, "to": patient, "was": row.text("state")?});
        event(tx, ctx, permit, &id, "another_patient", &detail).await?;
        audit::append(tx, ctx, permit, "critical.another_patient", "critical_alert", &id, &detail).await?;
        again.push(id);
    }
    Ok(again)
}
