//! Planning: one row per destination and version, in the transaction that publishes the version.

use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_base::setting::next_number;
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};

use super::{destination, sql};

/// Plans the delivery of version `n` to every enabled destination of the facility, and to those that have an earlier one. An older version that was not
/// sent yet is superseded. The sequence number is taken in commit order, so a pulling reader never misses a row.
pub async fn plan(
    tx: &mut Tx,
    ctx: &Ctx,
    facility: &str,
    report: &str,
    n: i64,
    patient: &str,
) -> Result<usize> {
    tx.exec(sql::ENSURE_WEB, args![facility, ctx.now()]).await?;
    let destinations = tx.all(sql::DESTINATIONS_OF, args![facility, report]).await?;
    let now = ctx.now();
    for row in &destinations {
        let (destination, kind) = (row.text("id")?, row.text("kind")?);
        tx.exec(sql::SUPERSEDE, args![&destination, report, n]).await?;
        let seq = next_number(tx, "delivery").await?;
        let id = ctx.id();
        // The clinic's own page shows the version from this commit on; "seen" is what it must still prove.
        let (state, sent) = if kind == "web" { ("sent", Some(now)) } else { ("pending", None) };
        // MSH-10 has 20 characters: the tail of the row id is unique and the same for every try.
        let control = id.get(id.len().saturating_sub(20)..).unwrap_or(&id).to_owned();
        tx.exec(
            sql::INSERT,
            args![id, &destination, facility, report, n, patient, seq, state, now, control, now, sent],
        )
        .await?;
        if destination::is_pushed(&kind) {
            enqueue(tx, ctx, Job::new("deliver", &destination)).await?;
        }
    }
    Ok(destinations.len())
}
