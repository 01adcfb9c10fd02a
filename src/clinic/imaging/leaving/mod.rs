//! Instances on their way to a peer (specification §7.4): looked at when their turn comes, because a list of what is to be
//! sent is made before it is sent. What is no longer current, or whose bytes are not whole, stays here and says why.

use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::{Ctx, args};

use super::retrieve::{self, Stored};
use super::sql;

#[cfg(test)]
mod tests;

/// The instance as it may leave now, by row id, in the scope of the one who gets it.
///
/// # Errors
/// `NotFound` outside that scope; `Conflict` with `erased`, `not_current` or `damaged`; storage faults.
pub async fn instance(ctx: &Ctx, permit: &Permit, id: &str) -> Result<Stored> {
    let mut conn = ctx.db.read(permit).await?;
    let row = conn.opt(sql::LEAVING, args![id, permit.scope()]).await?;
    drop(conn);
    let row = row.ok_or_else(|| Fault::not_found("instance"))?;
    if row.flag("erased")? {
        return Err(Fault::conflict("erased", "the retention policy has given its bytes up"));
    }
    if !row.flag("current")? {
        return Err(Fault::conflict("not_current", stays(&row.text("hidden")?)));
    }
    let stored = retrieve::of_row(&row)?;
    if let Some(kind) = &stored.damaged {
        return Err(damaged(kind));
    }
    let there = tokio::fs::metadata(ctx.blobs.path(&stored.object)?).await;
    match there {
        // The scrubber has not come by yet.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(damaged("missing")),
        Err(e) => Err(Fault::io("read stored object", &e)),
        Ok(file) if i64::try_from(file.len()) != Ok(stored.size) => Err(damaged("length")),
        Ok(_) => Ok(stored),
    }
}

/// Why an instance must not go by itself now: a person has not yet said whose its study is, or which of its pictures are right. Whoever
/// may see it still gets it when he asks.
///
/// # Errors
/// Storage faults.
pub async fn held_back(ctx: &Ctx, id: &str) -> Result<Option<String>> {
    let mut conn = ctx.db.read(&Permit::system("outbox")).await?;
    let row = conn.opt(sql::HELD_LANE, args![id]).await?;
    let lane = row.map(|r| r.text("lane")).transpose()?;
    Ok(lane.map(|lane| format!("its study waits for a person to look at ({lane})")))
}

/// Why an instance is not current.
fn stays(hidden: &str) -> String {
    match hidden {
        "" => "another version has taken its place".to_owned(),
        "unindexed" => "it is held for a person to look at".to_owned(),
        code => format!("rejected ({code})"),
    }
}

fn damaged(kind: &str) -> Fault {
    Fault::conflict("damaged", format!("its stored bytes are damaged ({kind})"))
}
