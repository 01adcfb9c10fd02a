//! Work that comes back: what a correction took away, what was written and never signed, and what was signed and withdrawn.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::admit::{NewItem, Ordered, admit, follow_order, of_subject};
use super::sql;

/// Admits evidence that may have been work before. An item that was taken away, or written without a signature that stands,
/// waits again for the patient of today, with the text that was written for it; after a withdrawn report a new round begins.
/// Answers the item.
///
/// # Errors
/// Storage faults.
pub async fn admit_again(tx: &mut Tx, ctx: &Ctx, permit: &Permit, new: &NewItem) -> Result<String> {
    let mut new = new.clone();
    if let Some(last) = of_subject(tx, &new.subject, new.tier).await? {
        let withdrawn = tx.opt(sql::WITHDRAWN, args![&last.id]).await?.is_some();
        new.round = last.round;
        if withdrawn && !open(&last.state) {
            new.round += 1;
            // It arrives a second time, with a clock of its own.
            (new.arrived_at, new.deadline) = (ctx.now(), None);
            new.flags.push("withdrawn".into());
        }
    }
    let item = admit(tx, ctx, permit, &new).await?;
    if tx.exec(sql::BACK, args![&item, &new.patient]).await? > 0 {
        tx.exec(sql::BACK_TO_DRAFT, args![&item, ctx.now()]).await?;
        // What is known of it today: an order may have been found while it was away.
        let ordered =
            Ordered { title: &new.title, priority: &new.priority, triage: &new.triage, flags: &new.flags };
        follow_order(tx, ctx, permit, &new.subject, &ordered).await?;
        let detail = json!({"subject": new.subject});
        audit::append(tx, ctx, permit, "work.back", "work_item", &item, &detail);
    }
    Ok(item)
}

fn open(state: &str) -> bool {
    matches!(state, "queued" | "reading" | "returned")
}
