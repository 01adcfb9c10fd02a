//! A version that changes what an alert said: who was told was told something else. The alert says what it is now and rings again
//! (workflow specification 5, 已更正).

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::raise::{event, first_step};
use super::sql;

/// What was corrected.
#[derive(Debug, Clone, Copy)]
pub struct Corrected<'a> {
    /// Subject of the report.
    pub subject: &'a str,
    /// Beginning of the key of the finding; empty = whatever was raised on the subject.
    pub finding: &'a str,
    /// What was raised since, ms, is about the corrected text already.
    pub since: i64,
    /// What stands now, for the one who was told.
    pub now: &'a str,
}

/// Alerts that the correction concerns ring again. Answers them.
///
/// # Errors
/// Storage faults.
pub async fn reopen(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    corrected: &Corrected<'_>,
) -> Result<Vec<String>> {
    let mut again = Vec::new();
    let rows = tx.all(sql::TOLD, args![corrected.subject, corrected.since]).await?;
    for row in rows {
        if !row.text("dedupe")?.starts_with(corrected.finding) {
            continue;
        }
        let (id, level) = (row.text("id")?, row.text("level")?);
        let at = ctx.now() + first_step(&level);
        tx.exec(sql::CORRECTED, args![&id, at, format!("(已更正:{})", corrected.now)]).await?;
        enqueue(tx, ctx, Job::new("escalate", &id).at(at)).await?;
        let detail = json!({"was": row.text("state")?, "acked_by": row.text("acked_by")?});
        event(tx, ctx, permit, &id, "corrected", &detail).await?;
        audit::append(tx, ctx, permit, "critical.corrected", "critical_alert", &id, &detail).await?;
        again.push(id);
    }
    Ok(again)
}
