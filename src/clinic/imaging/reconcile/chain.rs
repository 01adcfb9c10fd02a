//! The chain of acts: one row an act, what it says about studies and instances, and the sum in force beside each.

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit, setting};
use yigong_formats::dicom::Tag;

use super::super::egress::Correction;
use super::sql;
use super::words::Said;

/// An act that is being written.
pub(super) struct Act<'a> {
    pub(super) operation: &'static str,
    pub(super) study: &'a str,
    pub(super) other: Option<&'a str>,
    pub(super) why: &'a str,
    /// Shown in the history; ids and codes only.
    pub(super) detail: Value,
    /// What undo needs.
    pub(super) before: Value,
    pub(super) undoes: Option<&'a str>,
}

/// An act that was written.
pub(super) struct Written {
    pub(super) id: String,
    pub(super) n: i64,
}

/// A study that the caller may change, locked until the unit ends.
pub(super) async fn changeable(tx: &mut Tx, permit: &Permit, study: &str) -> Result<Row> {
    permit.require(Right::LinkIdentity)?;
    owned(tx, permit, study).await
}

/// The same without asking for the right.
pub(super) async fn owned(tx: &mut Tx, permit: &Permit, study: &str) -> Result<Row> {
    tx.exec(sql::LOCK_STUDY, args![study]).await?;
    tx.exec(sql::LOCK_RECORDINGS, args![study]).await?;
    tx.opt(sql::STUDY, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))
}

/// A reason is asked for every act.
pub(super) fn reasoned(why: &str) -> Result<()> {
    if why.trim().is_empty() {
        Err(Fault::invalid("why", "say why; it stands in the history"))
    } else {
        Ok(())
    }
}

/// A signed report names a person and an examination: they stay as long as it stands.
pub(super) async fn unsigned(tx: &mut Tx, study: &str) -> Result<()> {
    if tx.opt(sql::SIGNED, args![study]).await?.is_some() {
        return Err(Fault::conflict(
            "report_signed",
            "a signed report stands on this study: it must be withdrawn first, by the lead and a quality officer",
        ));
    }
    Ok(())
}

/// Nobody is reading it at this moment.
pub(super) async fn unread(tx: &mut Tx, study: &str) -> Result<()> {
    if tx.opt(sql::HELD_WORK, args![study]).await?.is_some() {
        return Err(Fault::conflict(
            "in_reading",
            "a reader holds this study: ask for it to be given back first",
        ));
    }
    Ok(())
}

/// Writes the act and its audit row.
pub(super) async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    facility: &str,
    act: &Act<'_>,
) -> Result<Written> {
    reasoned(act.why)?;
    let (id, n) = (ctx.id(), setting::next_number(tx, "reconcile").await?);
    tx.exec(
        sql::ACT,
        args![
            &id,
            n,
            act.operation,
            facility,
            act.study,
            act.other,
            act.why.trim(),
            permit.who(),
            ctx.now(),
            &act.detail,
            &act.before,
            act.undoes
        ],
    )
    .await?;
    // The reason may hold a name: it stands in the history, the audit chain carries the act.
    let detail = json!({"study": act.study, "other": act.other, "act": id, "undoes": act.undoes, "detail": act.detail});
    audit::append(tx, ctx, permit, &format!("reconcile.{}", act.operation), "study", act.study, &detail);
    Ok(Written { id, n })
}

/// What the act says about a target (`study`, `instance`), and the new sum.
pub(super) async fn say(tx: &mut Tx, act: &Written, kind: &str, target: &str, said: &[Said]) -> Result<()> {
    if said.is_empty() {
        return Ok(());
    }
    let changes: Vec<Correction> = said
        .iter()
        .map(|(t, vr, value)| Correction {
            n: act.n,
            path: t.to_string(),
            vr: vr.to_string(),
            value: value.clone(),
        })
        .collect();
    let changes = serde_json::to_value(changes)?;
    tx.exec(sql::SAY, args![&act.id, kind, target, act.n, changes]).await?;
    sum(tx, kind, target).await
}

/// The corrections in force for a target, the last act of a path counting, kept beside its row.
pub(super) async fn sum(tx: &mut Tx, kind: &str, target: &str) -> Result<()> {
    let mut list: Vec<Correction> = Vec::new();
    for row in tx.all(sql::SAID, args![target]).await? {
        for change in row.json::<Vec<Correction>>("changes")? {
            list.retain(|c| c.path != change.path);
            list.push(change);
        }
    }
    let text = if list.is_empty() { String::new() } else { serde_json::to_string(&list)? };
    let statement = if kind == "study" { sql::SUM_STUDY } else { sql::SUM_INSTANCE };
    tx.exec(statement, args![target, text]).await?;
    Ok(())
}

/// Ends what earlier acts said about these elements of a target.
pub(super) async fn silence(
    tx: &mut Tx,
    act: &Written,
    kind: &str,
    target: &str,
    tags: &[Tag],
) -> Result<()> {
    let paths: Vec<String> = tags.iter().map(ToString::to_string).collect();
    let mut left: Vec<Correction> = Vec::new();
    for row in tx.all(sql::SAID_BY, args![target]).await? {
        let by = row.text("reconcile")?;
        let (gone, kept): (Vec<_>, Vec<_>) =
            row.json::<Vec<Correction>>("changes")?.into_iter().partition(|c| paths.contains(&c.path));
        if gone.is_empty() {
            continue;
        }
        tx.exec(sql::END_ONE, args![&by, target, &act.id]).await?;
        left.extend(kept);
    }
    if !left.is_empty() {
        // What else those acts said stays, now in the words of this one.
        tx.exec(sql::SAY, args![&act.id, kind, target, act.n, serde_json::to_value(left)?]).await?;
    }
    sum(tx, kind, target).await
}
