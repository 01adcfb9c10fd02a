//! Marks of damage: an object that is marked is not served, and a person sees it.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::blob_audit::Found;
use yigong_base::{Ctx, args, audit};

use super::{LIVE, PAGE, sql};

/// Marks what is wrong, takes the mark from what is whole again.
pub(super) async fn mark(ctx: &Ctx, permit: &Permit, address: &str, found: Found) -> Result<()> {
    let marked = ctx.db.read(permit).await?.opt(sql::IS_DAMAGED, args![address]).await?.is_some();
    let (statement, action) = match (found, marked) {
        (Found::Sound, true) => (sql::MENDED, "object.mended"),
        (Found::Sound, false) | (_, true) => return Ok(()),
        (_, false) => (sql::DAMAGED, "object.damaged"),
    };
    let mut tx = ctx.db.begin(permit).await?;
    if statement == sql::DAMAGED {
        tracing::error!(object = address, kind = found.as_str(), "object.damaged");
        tx.exec(statement, args![address, found.as_str(), ctx.now()]).await?;
    } else {
        tx.exec(statement, args![address]).await?;
    }
    audit::append(&mut tx, ctx, permit, action, "object", address, &json!({"kind": found.as_str()}));
    tx.commit().await?;
    ctx.live.changed(LIVE, address, permit.facility());
    Ok(())
}

/// Brings the marks of a restored store up to date: what is whole again loses its mark, what did not come back gets one.
///
/// # Errors
/// Storage faults.
pub async fn restored(ctx: &Ctx, absent: &[String]) -> Result<()> {
    let (permit, mut after) = (Permit::system("restore"), String::new());
    loop {
        let page = ctx.db.read(&permit).await?.all(sql::MARKS, args![&after, PAGE]).await?;
        let Some(last) = page.last() else { break };
        after = last.text("address")?;
        for row in &page {
            let address = row.text("address")?;
            mark(ctx, &permit, &address, ctx.blobs.disk().rehash(&address).await?).await?;
        }
    }
    for address in absent {
        mark(ctx, &permit, address, Found::Missing).await?;
    }
    Ok(())
}
