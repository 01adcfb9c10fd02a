//! Who at the clinic knows of a withdrawal: a doctor acknowledges it on the page within 15 minutes, and somebody is telephoned
//! (workflow specification 4, class 3). What is still missing is shown to those who withdrew.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::{DAY_MS, MINUTE_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args, audit, patient};

use super::{require, sql};
use crate::report::content::ReportContent;
use crate::report::open::find;
use crate::report::read;
use crate::worklist::row;

/// The clinic acknowledges within this time.
const IN_TIME_MS: i64 = 15 * MINUTE_MS;
/// Older ones are not shown any more.
const SINCE_MS: i64 = 90 * DAY_MS;

/// Confirmed withdrawals of which the clinic does not know for certain, oldest first.
///
/// # Errors
/// `Denied`; storage faults.
pub async fn untold(conn: &mut Conn, ctx: &Ctx, permit: &Permit) -> Result<Vec<Value>> {
    if !read::may_see_withdrawn(permit) {
        return Err(Fault::denied("withdraw"));
    }
    let mut all = Vec::new();
    for row in conn.all(sql::UNTOLD, args![permit.scope(), ctx.now() - SINCE_MS]).await? {
        let content: ReportContent = row.json("content")?;
        let (at, acked) = (row.int("closed_at")?, row.opt_int("acked_at")?);
        all.push(json!({
            "report": row.text("report")?, "n": row.int("n")?, "pipeline": row.text("pipeline")?, "title": content.title,
            "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?, "cause": row.text("cause")?, "reason": row.text("reason")?,
            "facility": row.text("facility")?, "facility_name": row.text("facility_name")?, "phone": row.text("duty_phone")?,
            "withdrawn_at": at, "due_at": at + IN_TIME_MS, "acknowledged_at": acked, "told_at": row.opt_int("told_at")?, "told_to": row.text("told_to")?,
            "told_by": row::person(Some(row.opt_text("told_name")?.unwrap_or_default()), row.opt_text("told_name")?),
        }));
    }
    Ok(all)
}

/// Somebody of the clinic was told by telephone. Answers the facility.
///
/// # Errors
/// `Denied`; `NotFound`; `Invalid` `to`; `Conflict` `told` when that was written down before, or nothing was withdrawn.
pub async fn tell(tx: &mut Tx, ctx: &Ctx, permit: &Permit, report: &str, to: &str) -> Result<String> {
    let found = find(tx, permit, report).await?;
    require(permit, &found.pipeline)?;
    if to.trim().is_empty() {
        return Err(Fault::invalid("to", "who answered the telephone"));
    }
    if tx.exec(sql::TOLD, args![report, ctx.now(), permit.who(), to.trim()]).await? == 0 {
        return Err(Fault::conflict("told", "nothing was withdrawn, or the call was written down before"));
    }
    audit::append(tx, ctx, permit, "report.withdraw_told", "report", report, &json!({}));
    Ok(found.facility)
}
