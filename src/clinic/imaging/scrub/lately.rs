//! Rows whose bytes did not reach the disk, though nobody was told that they did (decision 0077).
//!
//! A row may be durable a moment before its object. When the power goes, the program is killed or the disk fails in that moment,
//! the row is left without its object. The sender had no yes and will send again; until then the object is marked, so that
//! nobody takes the study for whole.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::Job;
use yigong_base::storage::blob_audit::Found;
use yigong_base::{Ctx, args};

use super::{PAGE, mark, missing, sql};

/// Rows looked at after a start. Far more than can be on their way at once, also while a disk hangs for seconds.
const ROWS: i64 = 10_000;

/// The sweep of what came last: after each start.
pub(super) fn job() -> Job {
    Job::new("sweep", "lately").payload(json!({"lately": true}))
}

pub(super) fn is_asked(payload: &Value) -> bool {
    payload.get("lately").and_then(Value::as_bool).unwrap_or(false)
}

/// Marks the objects of the newest rows that are not there.
pub(super) async fn sweep(ctx: &Ctx, permit: &Permit) -> Result<()> {
    let mut rows = ctx.db.read(permit).await?.all(sql::LATELY, args![ROWS]).await?;
    rows.extend(ctx.db.read(permit).await?.all(sql::LATELY_HELD, args![PAGE]).await?);
    for page in rows.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
        for address in missing(ctx, page).await? {
            mark(ctx, permit, &address, Found::Missing).await?;
        }
    }
    Ok(())
}

/// Reads an object from the disk and marks it when it is not what its rows say; takes the mark away when it is.
///
/// # Errors
/// Storage faults.
pub async fn look_at(ctx: &Ctx, permit: &Permit, address: &str) -> Result<()> {
    let found = ctx.blobs.disk().rehash(address).await?;
    mark(ctx, permit, address, found).await
}

/// An object that is here came again and took the place of its file: if that was marked, it is looked at anew.
///
/// # Errors
/// Storage faults.
pub async fn came_again(ctx: &Ctx, permit: &Permit, address: &str) -> Result<()> {
    if ctx.db.read(permit).await?.opt(sql::IS_DAMAGED, args![address]).await?.is_some() {
        look_at(ctx, permit, address).await?;
    }
    Ok(())
}
