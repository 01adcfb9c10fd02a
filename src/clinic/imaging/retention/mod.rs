//! How long images are kept (specification §7.1): off unless configured; a study is given up only when its report is signed,
//! nothing is open on it and nobody holds it. First it is hidden (113039), after a grace its bytes go; rows stay.

pub mod show;
pub mod sql;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::clock::DAY_MS;
use yigong_base::config::RetentionConfig;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::reconcile;

/// Milliseconds of a year, leap days counted.
const YEAR_MS: i64 = 31_557_600_000;
/// Rows in one read, and studies hidden in one run.
const PAGE: i64 = 500;
const RUN: usize = 200;

/// An old study, and what speaks against giving it up.
#[derive(Debug, Clone, Serialize)]
pub struct Old {
    /// Study row.
    pub study: String,
    /// Facility name.
    pub facility_name: String,
    /// Patient.
    pub patient_name: String,
    /// Modality.
    pub modality: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// Last image, ms.
    pub last_received_at: i64,
    /// Images.
    pub images: i64,
    /// Years the policy gives it.
    pub years: i64,
    /// `unsigned`, `report_open`, `hold`, `grant`, `quarantine`, `critical`, `work`, `recent_report`, `ecg`, `restored`; empty = may go.
    pub kept_by: Vec<&'static str>,
}

/// Years for a modality. An entry that cannot be read keeps images longer, never shorter: it is an error at start.
///
/// # Errors
/// `Invalid` naming the entry.
pub fn years(config: &RetentionConfig, modality: &str) -> Result<i64> {
    let mut found = config.years;
    for entry in &config.modality_years {
        let read = entry.split_once('=').and_then(|(m, y)| Some((m.trim(), y.trim().parse::<i64>().ok()?)));
        let Some((name, n)) = read.filter(|(m, n)| !m.is_empty() && *n > 0) else {
            return Err(Fault::invalid("retention.modality_years", format!("'{entry}' is not like MG=30")));
        };
        if name == modality {
            found = n;
        }
    }
    if found <= 0 {
        return Err(Fault::invalid("retention.years", "at least 1"));
    }
    Ok(found)
}

/// Old studies in scope with the reasons that keep them: the dry run of the policy, switched on or not.
///
/// # Errors
/// `Invalid` for a policy that cannot be read; storage faults.
pub async fn dry_run(
    conn: &mut Conn,
    config: &RetentionConfig,
    now: i64,
    scope: &str,
    most: usize,
) -> Result<Vec<Old>> {
    let mut least = years(config, "")?;
    for entry in &config.modality_years {
        least = least.min(years(config, entry.split('=').next().unwrap_or_default().trim())?);
    }
    let (mut at, mut id) = (i64::MIN, String::new());
    let mut all = Vec::new();
    loop {
        let page = conn.all(sql::OLD, args![now - least * YEAR_MS, scope, at, &id, PAGE]).await?;
        for row in &page {
            if let Some(old) = old(config, row, now)? {
                all.push(old);
            }
            if all.len() >= most {
                return Ok(all);
            }
        }
        let Some(last) = page.last() else { return Ok(all) };
        (at, id) = (last.int("last_received_at")?, last.text("id")?);
    }
}

fn old(config: &RetentionConfig, row: &Row, now: i64) -> Result<Option<Old>> {
    let modality = row.text("modality")?;
    let years = years(config, &modality)?;
    let cutoff = now - years * YEAR_MS;
    let last_received_at = row.int("last_received_at")?;
    if last_received_at >= cutoff {
        return Ok(None);
    }
    let report = row.opt_text("report_state")?.unwrap_or_default();
    let signed = row.opt_int("signed_at")?;
    let mut kept_by = Vec::new();
    let mut keep = |yes: bool, why: &'static str| {
        if yes {
            kept_by.push(why);
        }
    };
    keep(signed.is_none() || row.opt_text("report_kind")?.as_deref() == Some("prelim"), "unsigned");
    keep(signed.is_some() && report != "published", "report_open");
    keep(signed.is_some_and(|at| at >= cutoff), "recent_report");
    keep(row.opt_text("hold")?.is_some(), "hold");
    keep(row.opt_int("restored_at")?.is_some_and(|at| at >= cutoff), "restored");
    keep(row.int("grants")? > 0, "grant");
    keep(row.int("entries")? > 0 || !row.text("lane")?.is_empty(), "quarantine");
    keep(row.int("alerts")? > 0, "critical");
    keep(row.int("work")? > 0, "work");
    // A recording's own report decides; its bytes are small.
    keep(row.int("recordings")? > 0, "ecg");
    Ok(Some(Old {
        study: row.text("id")?,
        facility_name: row.text("facility_name")?,
        patient_name: row.text("patient_name")?,
        modality,
        study_date: row.text("study_date")?,
        last_received_at,
        images: row.int("instance_count")?,
        years,
        kept_by,
    }))
}

/// The job `retention`, once a day: hides what may go, gives up what was hidden long enough.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn run(ctx: &Ctx) -> Result<()> {
    let permit = Permit::system("retention");
    if ctx.config.retention.enabled {
        let policy = &ctx.config.retention;
        let old = dry_run(&mut *ctx.db.read(&permit).await?, policy, ctx.now(), "*", usize::MAX).await?;
        for one in old.iter().filter(|o| o.kept_by.is_empty()).take(RUN) {
            match hide(ctx, &permit, one).await {
                Err(fault @ (Fault::Storage { .. } | Fault::Busy { .. })) => return Err(fault),
                // One study that cannot be hidden just now does not keep the others.
                Err(fault) => tracing::warn!(study = %one.study, %fault, "retention.not hidden"),
                Ok(()) => {}
            }
        }
        collect(ctx, &permit).await?;
    }
    let mut tx = ctx.db.begin(&permit).await?;
    jobs::enqueue(&mut tx, ctx, Job::new("retention", "all").at(ctx.now() + DAY_MS)).await?;
    tx.commit().await
}

async fn hide(ctx: &Ctx, permit: &Permit, old: &Old) -> Result<()> {
    let mut tx = ctx.db.begin(permit).await?;
    let shown = tx.all(sql::SHOWN, args![&old.study]).await?;
    let ids = shown.iter().map(|r| r.text("id")).collect::<Result<Vec<_>>>()?;
    let why = format!("retention policy: {} years", old.years);
    reconcile::hide(&mut tx, ctx, permit, &old.study, &ids, "113039", &why).await?;
    tx.commit().await
}

/// Bytes of what was hidden for the whole grace are given up: the rows stay, the sweeper removes the files.
async fn collect(ctx: &Ctx, permit: &Permit) -> Result<()> {
    let before = ctx.now() - ctx.config.retention.grace_days.max(7) * DAY_MS;
    let due = ctx.db.read(permit).await?.all(sql::HIDDEN, args![before]).await?;
    for row in due {
        let study = row.text("study")?;
        let mut tx = ctx.db.begin(permit).await?;
        tx.exec(sql::LOCK, args![&study]).await?;
        let n = tx.exec(sql::ERASE, args![&study, ctx.now()]).await?;
        if n == 0 {
            // Somebody has just put a hold on it, or brought an image back.
            continue;
        }
        drop_pictures(&mut tx, &study).await?;
        audit::append(&mut tx, ctx, permit, "retention.erase", "study", &study, &json!({"images": n}));
        tx.commit().await?;
    }
    Ok(())
}

/// The pictures made of a study stand for it no more.
///
/// # Errors
/// Storage faults.
pub(super) async fn drop_pictures(tx: &mut Tx, study: &str) -> Result<()> {
    tx.exec(sql::DROP_SERIES_PICTURES, args![study]).await?;
    tx.exec(sql::DROP_STUDY_PICTURES, args![study]).await.map(|_| ())
}

/// Keeps a study whatever the policy says.
///
/// # Errors
/// `Denied` without the right of a lead or quality officer; `Invalid` without a reason; `NotFound` outside the scope.
pub async fn hold(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str, reason: &str) -> Result<()> {
    let reason = decided(tx, permit, study, reason).await?;
    tx.exec(sql::LOCK, args![study]).await?;
    tx.exec(sql::HOLD, args![study, reason, permit.who(), ctx.now()]).await?;
    audit::append(tx, ctx, permit, "retention.hold", "study", study, &json!({"why": reason}));
    Ok(())
}

/// Images that go to another study stay held: the hold of the one they leave is the other's from now on, too. A correction
/// that is taken back leaves it there; a person lets it go.
///
/// # Errors
/// Storage faults.
pub(super) async fn follow(tx: &mut Tx, from: &str, to: &str) -> Result<()> {
    tx.exec(sql::FOLLOW, args![from, to]).await.map(|_| ())
}

/// Lets the policy speak again.
///
/// # Errors
/// As [`hold`]; `Conflict` `no_hold` when nobody holds it.
pub async fn release(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str, why: &str) -> Result<()> {
    let why = decided(tx, permit, study, why).await?;
    if tx.exec(sql::UNHOLD, args![study]).await? == 0 {
        return Err(Fault::conflict("no_hold", "nobody holds this study"));
    }
    audit::append(tx, ctx, permit, "retention.unhold", "study", study, &json!({"why": why}));
    Ok(())
}

/// Who may decide about holds: leads and quality officers.
#[must_use]
pub fn may_hold(permit: &Permit) -> bool {
    permit.may(Right::Lead) || permit.may(Right::QcRecords)
}

async fn decided<'a>(tx: &mut Tx, permit: &Permit, study: &str, why: &'a str) -> Result<&'a str> {
    if !may_hold(permit) {
        return Err(Fault::denied("legal hold"));
    }
    let why = why.trim();
    if why.is_empty() {
        return Err(Fault::invalid("why", "a reason"));
    }
    tx.opt(sql::STUDY, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    Ok(why)
}
