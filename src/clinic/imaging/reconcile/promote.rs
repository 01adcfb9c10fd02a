//! Which version of an image counts (specification §7.2): the first stays current until a person promotes another one.

use serde_json::{Value, json};
use yigong_base::Ctx;
use yigong_base::access::{Permit, Right};
use yigong_base::args;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;

use super::chain::{self, Act};
use super::place::rest;
use super::sql;

/// Makes a version the current one of its study; with `alike` also the versions of other images of the study that came from the same
/// sender and wait for the same reason. A signed report keeps naming the versions it was read from. Answers the act.
///
/// # Errors
/// `Conflict` `current` when it is current already, `hidden` when it is hidden.
pub async fn promote(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    instance: &str,
    alike: bool,
    why: &str,
) -> Result<String> {
    permit.require(Right::LinkIdentity)?;
    let row = tx
        .opt(sql::INSTANCE, args![instance, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("instance"))?;
    if row.flag("current")? {
        return Err(Fault::conflict("current", "this version is the current one"));
    }
    if !row.text("hidden")?.is_empty() {
        return Err(Fault::conflict("hidden", "this version is hidden: restore it first"));
    }
    let (study, facility) = (row.text("study")?, row.text("facility")?);
    chain::owned(tx, permit, &study).await?;
    let mut all = vec![(instance.to_owned(), row.text("uid")?)];
    if alike {
        for other in tx.all(sql::WAITS_ALIKE, args![instance, &study, &facility]).await? {
            all.push((other.text("id")?, other.text("uid")?));
        }
    }
    let (mut shown, mut entries): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for (id, uid) in &all {
        shown.push(json!({"id": id, "current": 0, "hidden": ""}));
        for version in tx.all(sql::VERSIONS, args![&facility, uid]).await? {
            // Devices that count from 1 give one UID to images of two persons: one does not take the place of the other.
            if version.flag("current")? && version.text("study")? == study {
                let before = version.text("id")?;
                tx.exec(sql::SHOW, args![&before, 0_i64, ""]).await?;
                shown.push(json!({"id": before, "current": 1, "hidden": ""}));
            }
        }
        tx.exec(sql::SHOW, args![id, 1_i64, ""]).await?;
        for entry in tx.all(sql::ENTRY_OF, args![id]).await? {
            let id = entry.text("id")?;
            tx.exec(super::super::sql::QUARANTINE_CLOSE, args![&id, "released", ctx.now(), permit.who()])
                .await?;
            entries.push(id);
        }
    }
    let act = Act {
        operation: "promote",
        study: &study,
        other: None,
        why,
        detail: json!({"instance": instance, "version": row.int("version")?, "images": all.len()}),
        before: json!({"shown": shown, "entries": entries}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &facility, &act).await?;
    rest(tx, ctx, &study).await?;
    Ok(written.id)
}
