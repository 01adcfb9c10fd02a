//! Jobs whose process died with them.

use super::sql;
use crate::access::Permit;
use crate::args;
use crate::ctx::Ctx;
use crate::fault::Result;

/// Frees what an earlier run of this program was doing when it ended, where nobody else uses the data folder: a recording that was
/// being understood at that moment is not left alone until its lease runs out. Answers how many jobs begin again.
///
/// # Errors
/// Storage faults.
pub async fn free(ctx: &Ctx) -> Result<u64> {
    if !ctx.blobs.disk().is_alone() {
        return Ok(0);
    }
    let mut tx = ctx.db.begin(&Permit::system("jobs")).await?;
    let freed = tx.exec(sql::FREE, args![]).await?;
    tx.commit().await?;
    if freed > 0 {
        tracing::info!(freed, "jobs.orphans");
    }
    Ok(freed)
}
