//! Drafts: saved every few seconds under the epoch of the claim and the version last seen; they outlive the lease.
//! Text of a fenced writer is kept beside, never applied by itself.

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args};

use super::content::Sections;
use super::sql;
use crate::worklist::claim::find;
use crate::worklist::row::person;
use crate::worklist::{ItemRow, fence};

/// A save.
#[derive(Debug, Clone)]
pub struct Save<'a> {
    /// Report id.
    pub report: &'a str,
    /// Item id.
    pub item: &'a str,
    /// Epoch of the claim.
    pub epoch: i64,
    /// Draft version the writer saw last; 0 = none.
    pub version: i64,
    /// Text.
    pub sections: &'a Sections,
}

/// Saves the draft; answers (version, saved_at). Fenced or outdated: [`Fault::Stale`], and the text is kept.
pub async fn save(ctx: &Ctx, permit: &Permit, save: &Save<'_>) -> Result<(i64, i64)> {
    let mut tx = ctx.db.begin(permit).await?;
    let item = fenced(tx, ctx, permit, save.report, save.item, save.epoch, save.sections).await?;
    tx = item.0;
    let held = match tx.opt(sql::DRAFT, args![save.report]).await? {
        Some(row) => row.int("version")?,
        None => 0,
    };
    if held != save.version {
        let current = json!({"epoch": item.1.epoch, "holder": Value::Null, "draft": current(&mut tx, permit, save.report).await?});
        keep_lost(&mut tx, ctx, permit, save.report, save.epoch, save.sections).await?;
        tx.commit().await?;
        return Err(Fault::stale(
            "stale",
            "the draft was saved elsewhere meanwhile; your text is kept",
            current,
        ));
    }
    let now = ctx.now();
    let sections = serde_json::to_value(save.sections)?;
    tx.exec(sql::PUT_DRAFT, args![save.report, held + 1, save.epoch, permit.who(), sections, now]).await?;
    tx.commit().await?;
    Ok((held + 1, now))
}

/// The fence for everything that carries text: when it refuses, the text is kept before the refusal is told.
pub(super) async fn fenced(
    mut tx: Tx,
    ctx: &Ctx,
    permit: &Permit,
    report: &str,
    item: &str,
    epoch: i64,
    sections: &Sections,
) -> Result<(Tx, ItemRow)> {
    // Whose text is kept, and who is told what is written meanwhile, must be a writer of this very report.
    let own = find(&mut tx, permit, item).await?;
    if own.report.as_deref() != Some(report) {
        return Err(Fault::invalid("item", "the item does not belong to this report"));
    }
    if ![Right::Write, Right::Audit].into_iter().any(|right| permit.may_for(right, &own.pipeline)) {
        return Err(Fault::denied(Right::Write.as_str()));
    }
    match fence(&mut tx, ctx, permit, item, epoch).await {
        Ok(held) => Ok((tx, held)),
        Err(Fault::Stale { code, detail, mut current }) => {
            keep_lost(&mut tx, ctx, permit, report, epoch, sections).await?;
            let draft = self::current(&mut tx, permit, report).await?;
            if let Value::Object(map) = &mut current {
                map.insert("draft".into(), draft);
            }
            tx.commit().await?;
            Err(Fault::Stale { code, detail, current })
        }
        Err(other) => Err(other),
    }
}

async fn keep_lost(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    report: &str,
    epoch: i64,
    sections: &Sections,
) -> Result<()> {
    if *sections == Sections::default() {
        return Ok(());
    }
    let text = serde_json::to_value(sections)?;
    tx.exec(sql::KEEP_LOST, args![ctx.id(), report, permit.who(), epoch, text, ctx.now()]).await?;
    tx.exec(sql::DROP_LOST, args![report, permit.who()]).await?;
    Ok(())
}

/// The draft as pages show it.
pub async fn current(conn: &mut Conn, permit: &Permit, report: &str) -> Result<Value> {
    let Some(row) = conn.opt(sql::DRAFT, args![report]).await? else { return Ok(Value::Null) };
    let author = row.text("author")?;
    Ok(json!({
        "version": row.int("version")?, "epoch": row.int("epoch")?, "mine": author == permit.who(),
        "author": person(Some(author), row.opt_text("author_name")?),
        "saved_at": row.int("saved_at")?, "sections": row.json::<Value>("sections")?,
    }))
}

/// Texts of fenced writers of the last day.
pub async fn lost(conn: &mut Conn, ctx: &Ctx, report: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::LOST, args![report, ctx.now() - DAY_MS]).await? {
        all.push(json!({
            "author": person(Some(row.text("author")?), row.opt_text("author_name")?), "at": row.int("at")?,
            "sections": row.json::<Value>("sections")?,
        }));
    }
    Ok(all)
}
