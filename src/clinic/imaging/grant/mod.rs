//! Who else may see a study (specification §7.3): the lead hospital for its read task, others by a consult grant with a reason
//! and an end. A row is a grant in force; the audit chain keeps what was.

pub mod sql;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit};

/// Reason of the grant that a read task gives by itself.
pub const READ_TASK: &str = "read_task";
/// Longest consult grant.
const LONGEST_MS: i64 = 366 * DAY_MS;

/// A grant in force.
#[derive(Debug, Clone, Serialize)]
pub struct Grant {
    /// Facility that may see the study.
    pub facility: String,
    /// Its name.
    pub facility_name: String,
    /// `read_task`, or why it was given.
    pub reason: String,
    /// Until when, ms; `None` while a read task is open.
    pub until: Option<i64>,
    /// Who gave it.
    pub granted_by: String,
    /// Name of who.
    pub giver_name: Option<String>,
    /// When, ms.
    pub granted_at: i64,
}

/// Lets another facility see one study until an hour.
///
/// # Errors
/// `Denied` without the right to share; `NotFound` for a study that is not the caller's to give; `Invalid` for a missing
/// reason, an end in the past or beyond a year, or the study's own facility.
pub async fn give(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    facility: &str,
    reason: &str,
    until: i64,
) -> Result<()> {
    let row =
        tx.opt(sql::OWN, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    permit.require_at(Right::PrintShare, &row.text("facility")?)?;
    let reason = reason.trim();
    if reason.is_empty() || reason == READ_TASK {
        return Err(Fault::invalid("reason", "say why this facility needs the study"));
    }
    if until <= ctx.now() || until > ctx.now() + LONGEST_MS {
        return Err(Fault::invalid("until", "an hour in the future, within a year"));
    }
    if tx.opt(sql::FACILITY, args![facility]).await?.is_none() {
        return Err(Fault::invalid("facility", "no such facility"));
    }
    if row.text("facility")? == facility {
        return Err(Fault::invalid("facility", "the study is its own"));
    }
    if tx.exec(sql::GIVE, args![study, facility, reason, until, permit.who(), ctx.now()]).await? == 0 {
        return Err(Fault::conflict("read_task", "this facility sees the study for its read task"));
    }
    wake(tx, ctx, study).await?;
    let detail = json!({"facility": facility, "until": until});
    audit::append(tx, ctx, permit, "grant.give", "study", study, &detail);
    Ok(())
}

/// Takes a consult grant away before its hour.
///
/// # Errors
/// `Denied`, `NotFound`; a read task's grant is `NotFound` here: it ends with the task.
pub async fn revoke(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    facility: &str,
    why: &str,
) -> Result<()> {
    let row =
        tx.opt(sql::OWN, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    permit.require_at(Right::PrintShare, &row.text("facility")?)?;
    if tx.exec(sql::TAKE, args![study, facility]).await? == 0 {
        return Err(Fault::not_found("grant"));
    }
    audit::append(
        tx,
        ctx,
        permit,
        "grant.revoke",
        "study",
        study,
        &json!({"facility": facility, "why": why}),
    );
    Ok(())
}

/// Grants of a study, for everybody who may see it.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn list(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Vec<Grant>> {
    conn.opt(sql::SEEN, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    conn.all(sql::LIST, args![study, permit.scope()])
        .await?
        .iter()
        .map(|r| {
            Ok(Grant {
                facility: r.text("facility")?,
                facility_name: r.text("facility_name")?,
                reason: r.text("reason")?,
                until: r.opt_int("until")?,
                granted_by: r.text("granted_by")?,
                giver_name: r.opt_text("giver_name")?,
                granted_at: r.int("granted_at")?,
            })
        })
        .collect()
}

/// A study became work: the lead hospital sees it while the read task is open.
///
/// # Errors
/// Storage faults.
pub async fn for_task(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str, own: &str) -> Result<()> {
    let Some(lead) = tx.opt(sql::LEAD, args![]).await? else { return Ok(()) };
    let lead = lead.text("code")?;
    if lead != own && tx.exec(sql::GIVE_TASK, args![study, &lead, permit.who(), ctx.now()]).await? > 0 {
        let detail = json!({"facility": lead, "reason": READ_TASK});
        audit::append(tx, ctx, permit, "grant.give", "study", study, &detail);
    }
    Ok(())
}

/// The study is no work any more, and no report stands: the lead hospital's own devices see it no longer.
///
/// # Errors
/// Storage faults.
pub async fn task_gone(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    if tx.exec(sql::TASK_GONE, args![study]).await? > 0 {
        let detail = json!({"reason": READ_TASK, "until": null});
        audit::append(tx, ctx, &Permit::system("grant"), "grant.end", "study", study, &detail);
    }
    Ok(())
}

/// The job `grant_signed` (key = study): the report is signed, the read task's grant ends after the configured days.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn signed(ctx: &Ctx, study: &str) -> Result<()> {
    let permit = Permit::system("grant");
    let mut tx = ctx.db.begin(&permit).await?;
    let until = ctx.now() + ctx.config.imaging.task_grant_days.max(0) * DAY_MS;
    if tx.exec(sql::TASK_ENDS, args![study, until]).await? > 0 {
        wake(&mut tx, ctx, study).await?;
        audit::append(&mut tx, ctx, &permit, "grant.signed", "study", study, &json!({"until": until}));
    }
    tx.commit().await
}

/// The job `grant_end` (key = study): grants whose hour has come are rows no more.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn end(ctx: &Ctx, study: &str) -> Result<()> {
    let permit = Permit::system("grant");
    let mut tx = ctx.db.begin(&permit).await?;
    let now = ctx.now();
    for row in tx.all(sql::DUE, args![study, now]).await? {
        let facility = row.text("facility")?;
        if tx.exec(sql::END, args![study, &facility, now]).await? > 0 {
            let detail = json!({"facility": facility, "until": row.opt_int("until")?});
            audit::append(&mut tx, ctx, &permit, "grant.end", "study", study, &detail);
        }
    }
    wake(&mut tx, ctx, study).await?;
    tx.commit().await
}

async fn wake(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    if let Some(due) = tx.one(sql::NEXT, args![study]).await?.opt_int("due")? {
        jobs::enqueue(tx, ctx, Job::new("grant_end", study).at(due)).await?;
    }
    Ok(())
}

/// Images never become visible to a facility by being put under a study that was granted to it.
///
/// # Errors
/// `Conflict` `would_widen` with the facility that would see more.
pub async fn never_widens(tx: &mut Tx, from: &str, to: &str) -> Result<()> {
    match tx.opt(sql::WIDENS, args![from, to]).await? {
        None => Ok(()),
        Some(row) => Err(Fault::conflict(
            "would_widen",
            format!(
                "{} sees the other study by a grant and would see these images too: revoke it first",
                row.text("facility")?
            ),
        )),
    }
}
