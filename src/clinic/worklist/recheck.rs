//! 补图复核: images that come after publication are looked at by an auditor, who says "no change" or amends
//! (workflow specification 2.1: they are never silent).

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::admit::of_subject;
use super::claim::fence;
use super::row::ItemRow;
use super::sql;

/// Tier of such an item.
pub const TIER: &str = "recheck";

/// Round of the item that has to be opened for a subject; `None` while one is still open.
pub async fn next_round(tx: &mut Tx, subject: &str) -> Result<Option<i64>> {
    Ok(match of_subject(tx, subject, TIER).await? {
        Some(open) if matches!(open.state.as_str(), "queued" | "reading" | "returned") => None,
        Some(last) => Some(last.round + 1),
        None => Some(1),
    })
}

/// Whether the item of a subject is open and nobody has it.
pub async fn waits(tx: &mut Tx, subject: &str) -> Result<bool> {
    let open = of_subject(tx, subject, TIER).await?;
    Ok(open.is_some_and(|i| matches!(i.state.as_str(), "queued" | "returned")))
}

/// The auditor has looked at `images` images: the report stands as it is.
///
/// # Errors
/// `Stale` without the lease, `Invalid` without a note, `Conflict` for an item of another tier, and `more_images` when the study
/// has another number of images than the page showed: what came meanwhile must be looked at, too.
pub async fn no_change(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &str,
    epoch: i64,
    note: &str,
    images: i64,
) -> Result<ItemRow> {
    let held = fence(tx, ctx, permit, item, epoch).await?;
    if held.tier != TIER {
        return Err(Fault::conflict("not_recheck", "only a recheck ends without a report version"));
    }
    if note.trim().is_empty() {
        return Err(Fault::invalid("note", "say what was looked at"));
    }
    if tx.exec(sql::LOOKED_AT, args![&held.subject, images]).await? == 0 {
        let there = tx.one(sql::IMAGES_OF, args![&held.subject]).await?.int("n")?;
        return Err(Fault::Conflict {
            code: "more_images".into(),
            detail: "images came since the page was opened: look at them first".into(),
            current: json!({"images": there}),
        });
    }
    tx.exec(sql::CLOSE, args![item, "done", ctx.now()]).await?;
    let detail =
        json!({"outcome": "no_change", "note": note.trim(), "subject": held.subject, "images": images});
    audit::append(tx, ctx, permit, "work.recheck", "work_item", item, &detail);
    Ok(held)
}

/// An amendment answers an open recheck of its subject; answers that item.
///
/// # Errors
/// Storage faults.
pub async fn answered(tx: &mut Tx, ctx: &Ctx, permit: &Permit, subject: &str) -> Result<Option<String>> {
    let Some(open) = of_subject(tx, subject, TIER).await? else { return Ok(None) };
    let mine = open.holder.as_deref().is_none_or(|h| h == permit.who());
    if !matches!(open.state.as_str(), "queued" | "reading") || !mine {
        return Ok(None);
    }
    tx.exec(sql::CLOSE, args![&open.id, "done", ctx.now()]).await?;
    // What came while the amendment was written is looked at again.
    jobs::enqueue(tx, ctx, Job::new("settle", subject)).await?;
    audit::append(tx, ctx, permit, "work.recheck", "work_item", &open.id, &json!({"outcome": "amended"}));
    Ok(Some(open.id))
}
