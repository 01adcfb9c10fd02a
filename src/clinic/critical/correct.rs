//! A version that changes what an alert said: who was told was told something else. The alert says so and rings again for whoever
//! had answered it (workflow specification 5, 已更正).

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::follow::RINGING;
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
    /// The values that stand: an alert that said one of them told the truth. Empty = none does.
    pub stands: &'a [&'a str],
    /// What the one who was told has to know.
    pub remark: &'a str,
}

/// Alerts that the correction concerns ring again where somebody had answered; those that still ring say it.
///
/// # Errors
/// Storage faults.
pub async fn reopen(tx: &mut Tx, ctx: &Ctx, permit: &Permit, corrected: &Corrected<'_>) -> Result<()> {
    // Whoever answers at this moment is waited for: an answer to what no longer stands does not silence the correction.
    tx.exec(sql::LOCK_OF, args![corrected.subject]).await?;
    for row in tx.all(sql::TOLD, args![corrected.subject, corrected.since]).await? {
        let part = row.text("part")?;
        let is_told = |value: &&str| {
            let rest = part.strip_prefix(*value).filter(|_| !value.is_empty());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if !row.text("dedupe")?.starts_with(corrected.finding) || corrected.stands.iter().any(is_told) {
            continue;
        }
        let (id, level, state) = (row.text("id")?, row.text("level")?, row.text("state")?);
        if !RINGING.contains(&state.as_str()) {
            let at = ctx.now() + first_step(&level);
            tx.exec(sql::CORRECTED, args![&id, at]).await?;
            enqueue(tx, ctx, Job::new("escalate", &id).at(at)).await?;
        }
        tx.exec(sql::SPOKEN, args![&id, corrected.subject]).await?;
        let detail = json!({"was": state, "acked_by": row.text("acked_by")?, "remark": corrected.remark});
        event(tx, ctx, permit, &id, "corrected", &detail).await?;
        audit::append(tx, ctx, permit, "critical.corrected", "critical_alert", &id, &detail);
    }
    Ok(())
}
