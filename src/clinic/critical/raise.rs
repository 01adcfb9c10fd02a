//! Raising an alert: before the report if need be; a repeat joins the open one.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::{HOUR_MS, MINUTE_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{Job, enqueue};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::follow::RINGING;
use super::sql;

/// A repeat of the same patient and item within this time joins the open alert (workflow specification 5).
const JOIN_MS: i64 = 4 * HOUR_MS;
/// No acknowledgement after this: second contact.
pub(super) const FIRST_STEP_MS: i64 = 5 * MINUTE_MS;

/// An orange alert has no duty phone, but four hours to be acknowledged.
pub const ORANGE_STEP_MS: i64 = 4 * HOUR_MS;

/// What is raised.
#[derive(Debug, Clone, Default)]
pub struct Raise {
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// `study`, `ecg`, `specimen`; `run`: a value that belongs to nobody yet.
    pub subject_kind: String,
    /// Subject id.
    pub subject: String,
    /// Same key = same finding of the same patient, for example `lab:<patient>:K:H`.
    pub dedupe: String,
    /// Patient row.
    pub patient: String,
    /// Facility whose doctor must acknowledge.
    pub facility: String,
    /// `red` 危急 or `orange` 重大阳性.
    pub level: String,
    /// Finding, for example `血钾 7.1 mmol/L`.
    pub finding: String,
    /// Value snapshot.
    pub value: String,
    /// Rule or limit and its version.
    pub rule: String,
    /// Raised by the machine and not yet confirmed by a physician.
    pub provisional: bool,
    /// Report, if one exists.
    pub report: Option<String>,
}

/// The alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Alert id.
    pub alert: String,
    /// Whether an open alert was joined.
    pub joined: bool,
}

/// Raises an alert, or joins one of the same key that is still ringing: the new finding is shown beside the old one and its
/// subject is linked. After the acknowledgement a further finding is a new alert. The same source with the same value changes nothing.
pub async fn raise(tx: &mut Tx, ctx: &Ctx, permit: &Permit, new: &Raise) -> Result<Raised> {
    if new.level != "red" && new.level != "orange" {
        return Err(Fault::invalid("level", "red or orange"));
    }
    if new.finding.trim().is_empty() {
        return Err(Fault::invalid("finding", "must not be empty"));
    }
    let now = ctx.now();
    if let Some(row) = tx.opt(sql::SAME_SOURCE, args![&new.dedupe, &new.subject, &new.value]).await? {
        let (level, rings) = (row.text("level")?, RINGING.contains(&row.text("state")?.as_str()));
        // The machine repeats itself; a person who raises again what was answered before, or higher, means it.
        let machine = new.provisional || permit.who() == "system" || permit.who().starts_with("peer:");
        if (level == new.level || level == "red") && (machine || rings) {
            return Ok(Raised { alert: row.text("id")?, joined: true });
        }
    }
    if let Some(row) = tx.opt(sql::OPEN_SAME, args![&new.dedupe, &new.facility, now - JOIN_MS]).await? {
        let alert = row.text("id")?;
        let joined = if row.text("level")? == "orange" && new.level == "red" {
            enqueue(tx, ctx, Job::new("escalate", &alert).at(now + FIRST_STEP_MS)).await?;
            tx.exec(sql::WORSEN, args![&alert, "red", &new.value, &new.finding, now + FIRST_STEP_MS]).await?
        } else {
            tx.exec(sql::JOIN, args![&alert, &new.value, &new.finding]).await?
        };
        // None where it was acknowledged at this moment: what nobody has heard of rings by itself.
        if joined > 0 {
            tx.exec(sql::ADD_SUBJECT, args![&alert, &new.subject, &new.value, &new.finding, now]).await?;
            event(tx, ctx, permit, &alert, "repeat", &json!({"value": new.value})).await?;
            return Ok(Raised { alert, joined: true });
        }
    }
    let alert = ctx.id();
    let first = now + first_step(&new.level);
    tx.exec(
        sql::INSERT,
        args![
            &alert,
            &new.pipeline,
            &new.subject_kind,
            &new.subject,
            &new.dedupe,
            &new.patient,
            &new.facility,
            &new.level,
            &new.finding,
            &new.value,
            &new.rule,
            new.provisional,
            &new.report,
            permit.who(),
            now,
            first
        ],
    )
    .await?;
    tx.exec(sql::ADD_SUBJECT, args![&alert, &new.subject, &new.value, &new.finding, now]).await?;
    event(tx, ctx, permit, &alert, "raise", &json!({"value": new.value, "rule": new.rule})).await?;
    enqueue(tx, ctx, Job::new("escalate", &alert).at(first)).await?;
    let detail =
        json!({"level": new.level, "subject": new.subject, "rule": new.rule, "provisional": new.provisional});
    audit::append(tx, ctx, permit, "critical.raise", "critical_alert", &alert, &detail);
    Ok(Raised { alert, joined: false })
}

/// How long a new alert of a level waits for its first answer, ms.
pub(super) fn first_step(level: &str) -> i64 {
    if level == "red" { FIRST_STEP_MS } else { ORANGE_STEP_MS }
}

/// Records an event of an alert.
pub(super) async fn event(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    alert: &str,
    action: &str,
    detail: &Value,
) -> Result<()> {
    tx.exec(sql::ADD_EVENT, args![ctx.id(), alert, ctx.now(), permit.who(), action, detail]).await?;
    Ok(())
}
