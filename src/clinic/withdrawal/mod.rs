//! Withdrawing a signed report (change class 3, workflow specification 4): the lead of the centre and a quality officer together,
//! one asks and the other confirms. The withdrawal is the next version: it says why and carries no findings, and it is signed,
//! delivered and acknowledged like any other. The report then lets go of what it was of, so that the right one can be written.

mod after;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod told;

use serde::Serialize;
use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit, patient};

use crate::centre::Centre;
use crate::report::content::{Person, ReportContent};
use crate::report::gather::person;
use crate::report::open::{ReportRow, find};
use crate::report::{commit_version, prepare, read};
use crate::worklist::row;

/// Why a report may be withdrawn: what is wrong decides what becomes of the images.
pub const CAUSES: [&str; 3] = ["wrong_patient", "wrong_exam", "other"];

/// Whether the caller may withdraw reports of a pipeline: leads and quality officers of the centre, no clinic's own.
#[must_use]
pub fn entitled(permit: &Permit, pipeline: &str) -> bool {
    permit.may_for(Right::Withdraw, pipeline) && permit.scope() == "*"
}

fn require(permit: &Permit, pipeline: &str) -> Result<()> {
    if entitled(permit, pipeline) {
        return Ok(());
    }
    Err(Fault::denied(
        "withdraw: for leads and quality officers of the centre, each for the pipelines of the role",
    ))
}

/// Of the two persons one leads the centre and one answers for quality; who has both roles may be either.
fn side(permit: &Permit, pipeline: &str) -> &'static str {
    match (permit.may_for(Right::Lead, pipeline), permit.may_for(Right::QcRecords, pipeline)) {
        (true, true) => "both",
        (true, false) => "lead",
        _ => "quality",
    }
}

/// A withdrawal that waits for its second person.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    #[serde(skip)]
    id: String,
    /// Version that stands.
    pub n: i64,
    /// One of [`CAUSES`].
    pub cause: String,
    /// In words.
    pub reason: String,
    /// Who asked: id and name.
    pub asked_by: Value,
    /// When, ms.
    pub asked_at: i64,
    /// Whether the caller may be the second person.
    pub may_confirm: bool,
    /// Whether the caller may refuse it, or take it back.
    pub may_drop: bool,
}

fn of_row(row: &Row, permit: &Permit) -> Result<Asked> {
    let (by, pipeline) = (row.text("asked_by")?, row.text("pipeline")?);
    let side_of = row.text("asked_side")?;
    let may = entitled(permit, &pipeline);
    Ok(Asked {
        id: row.text("id")?,
        n: row.int("n")?,
        cause: row.text("cause")?,
        reason: row.text("reason")?,
        asked_at: row.int("asked_at")?,
        may_confirm: may && by != permit.who() && pair(&side_of, side(permit, &pipeline)),
        may_drop: may,
        asked_by: row::person(Some(by), row.opt_text("asked_name")?),
    })
}

/// Whether two persons stand for both sides.
fn pair(a: &str, b: &str) -> bool {
    a != b || a == "both"
}

/// What waits for a report.
///
/// # Errors
/// Storage faults.
pub async fn asked(conn: &mut Conn, permit: &Permit, report: &str) -> Result<Option<Asked>> {
    conn.opt(sql::OPEN, args![report]).await?.map(|row| of_row(&row, permit)).transpose()
}

/// Asks for a withdrawal; the report stands until the second person confirms. Answers its facility.
///
/// # Errors
/// `Denied`; `NotFound` outside the scope; `Invalid` `cause`, `reason`; `Conflict` `lab`, `not_published`, `asked`.
pub async fn ask(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    report: &str,
    cause: &str,
    reason: &str,
) -> Result<String> {
    if !CAUSES.contains(&cause) {
        return Err(Fault::invalid("cause", CAUSES.join(", ")));
    }
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let found = standing(tx, permit, report).await?;
    require(permit, &found.pipeline)?;
    let row = args![
        ctx.id(),
        report,
        found.current_version,
        cause,
        reason.trim(),
        permit.who(),
        side(permit, &found.pipeline),
        ctx.now()
    ];
    if tx.exec(sql::ASK, row).await? == 0 {
        return Err(Fault::conflict("asked", "somebody has asked for this already"));
    }
    let detail = json!({"n": found.current_version, "cause": cause});
    audit::append(tx, ctx, permit, "report.withdraw_ask", "report", report, &detail);
    Ok(found.facility)
}

/// A report of which a version stands, a preliminary one too, and that nobody is amending.
async fn standing(conn: &mut Conn, permit: &Permit, report: &str) -> Result<ReportRow> {
    let row = find(conn, permit, report).await?;
    if row.pipeline == "lab" {
        return Err(Fault::conflict("lab", "a laboratory value is corrected on the verification page"));
    }
    if row.current_version == 0 || matches!(row.state.as_str(), "amending" | "withdrawn") {
        return Err(Fault::conflict(
            "not_published",
            "only a signed report that nobody is amending can be withdrawn",
        ));
    }
    Ok(row)
}

/// The second person refuses, or the first takes it back: the report stands. Answers its facility.
///
/// # Errors
/// `Denied`; `NotFound`; `Invalid` `reason`; `Conflict` `not_asked`.
pub async fn refuse(tx: &mut Tx, ctx: &Ctx, permit: &Permit, report: &str, why: &str) -> Result<String> {
    if why.trim().is_empty() {
        return Err(Fault::invalid("reason", "must not be empty"));
    }
    let row = find(tx, permit, report).await?;
    require(permit, &row.pipeline)?;
    let waiting = asked(tx, permit, report).await?.ok_or_else(not_asked)?;
    close(tx, ctx, permit, &waiting, "refused", why.trim()).await?;
    audit::append(tx, ctx, permit, "report.withdraw_refuse", "report", report, &json!({}));
    Ok(row.facility)
}

fn not_asked() -> Fault {
    Fault::conflict("not_asked", "nobody asks for this report to be withdrawn")
}

async fn close(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    waiting: &Asked,
    state: &str,
    answer: &str,
) -> Result<()> {
    if tx.exec(sql::CLOSE, args![&waiting.id, state, permit.who(), ctx.now(), answer]).await? == 0 {
        return Err(not_asked());
    }
    Ok(())
}

/// The second person confirms: the next version says that the report was withdrawn. Answers its number and the facility.
///
/// # Errors
/// `Denied` for the one who asked, and for two persons of one side; `Conflict` `not_asked`, `not_published`, `version`.
pub async fn confirm(centre: &Centre, permit: &Permit, report: &str) -> Result<(i64, String)> {
    let ctx = &centre.ctx;
    let (found, waiting, content) = {
        let mut conn = ctx.db.read(permit).await?;
        let (found, waiting) = second(&mut conn, permit, report).await?;
        let last = read::content(&mut conn, report, found.current_version).await?;
        let asker = waiting.asked_by.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let writer = person(&mut conn, permit, &asker).await?;
        let auditor = person(&mut conn, permit, permit.who()).await?;
        (found, waiting.clone(), silent(last, &waiting, writer, auditor))
    };
    // Rendering and signing take a while: outside any unit of work; everything is looked at again at the commit.
    let ready = prepare(centre, permit, content).await?;
    let mut tx = ctx.db.begin(permit).await?;
    let (_, again) = second(&mut tx, permit, report).await?;
    if again.id != waiting.id {
        return Err(not_asked());
    }
    close(&mut tx, ctx, permit, &again, "confirmed", "").await?;
    let n = commit_version(&mut tx, centre, permit, ready).await?;
    after::go_on(&mut tx, ctx, &found, &waiting.cause, &waiting.reason).await?;
    let detail = json!({"n": n, "cause": waiting.cause, "asked_by": waiting.asked_by.get("id")});
    audit::append(&mut tx, ctx, permit, "report.withdraw", "report", report, &detail);
    tx.commit().await?;
    Ok((n, found.facility))
}

/// The report and what waits for it, for one who may be the second person.
async fn second(conn: &mut Conn, permit: &Permit, report: &str) -> Result<(ReportRow, Asked)> {
    let found = standing(conn, permit, report).await?;
    require(permit, &found.pipeline)?;
    let waiting = asked(conn, permit, report).await?.ok_or_else(not_asked)?;
    if !waiting.may_confirm {
        return Err(Fault::denied("withdraw: another person of the other side (lead, quality) must confirm"));
    }
    if waiting.n != found.current_version {
        return Err(Fault::conflict(
            "version",
            "the report was amended since this was asked: refuse it, and ask again",
        ));
    }
    Ok((found, waiting))
}

/// The content of the version that stands, as those who have it know it, without anything that was found.
fn silent(last: ReportContent, asked: &Asked, writer: Person, auditor: Person) -> ReportContent {
    ReportContent {
        predecessor: Some(last.n),
        n: last.n + 1,
        writer,
        auditor: Some(auditor),
        change_class: 3,
        change_reason: asked.reason.clone(),
        ..last.silenced()
    }
}

/// All that wait for a second person, oldest first.
///
/// # Errors
/// `Denied`; storage faults.
pub async fn list(conn: &mut Conn, ctx: &Ctx, permit: &Permit) -> Result<Vec<Value>> {
    if !read::may_see_withdrawn(permit) {
        return Err(Fault::denied("withdraw"));
    }
    let mut all = Vec::new();
    for row in conn.all(sql::WAITING, args![permit.scope()]).await? {
        let content: ReportContent = row.json("content")?;
        all.push(json!({
            "report": row.text("report")?, "pipeline": row.text("pipeline")?, "title": content.title,
            "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?,
            "facility": row.text("facility")?, "facility_name": row.text("facility_name")?,
            "signed_at": content.signed_at, "asked": of_row(&row, permit)?,
        }));
    }
    Ok(all)
}
