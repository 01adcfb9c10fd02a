//! Opening the report of a subject: one row, made at the first claim.

use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args};

use super::sql;
use crate::worklist::ItemRow;

/// A report row.
#[derive(Debug, Clone)]
pub struct ReportRow {
    /// Row id.
    pub id: String,
    /// Pipeline.
    pub pipeline: String,
    /// Subject kind.
    pub subject_kind: String,
    /// Subject id.
    pub subject: String,
    /// Patient id.
    pub patient: String,
    /// Facility.
    pub facility: String,
    /// Order id.
    pub order_id: Option<String>,
    /// `draft`, `written`, `published`, `amending`, `withdrawn`.
    pub state: String,
    /// Last published version, 0 = none.
    pub current_version: i64,
    /// Class of the open amendment.
    pub amend_class: Option<i64>,
    /// Code of the verification page.
    pub verify_code: String,
}

/// A report in the caller's scope.
pub async fn find(conn: &mut Conn, permit: &Permit, report: &str) -> Result<ReportRow> {
    let row = conn
        .opt(sql::FIND, args![report, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("report"))?;
    of_row(&row)
}

/// The report of a subject, made if there is none.
#[expect(clippy::too_many_arguments, reason = "the columns of the row")]
pub async fn open(
    tx: &mut Tx,
    ctx: &Ctx,
    pipeline: &str,
    subject_kind: &str,
    subject: &str,
    patient: &str,
    facility: &str,
    order_id: Option<String>,
) -> Result<String> {
    let code = ctx.ids.secret().chars().take(20).collect::<String>();
    tx.exec(
        sql::OPEN,
        args![ctx.id(), pipeline, subject_kind, subject, patient, facility, order_id, code, ctx.now()],
    )
    .await?;
    let report = tx.one(sql::BY_SUBJECT, args![subject]).await?.text("id")?;
    tx.exec(crate::worklist::sql::SET_REPORT, args![subject, &report]).await?;
    Ok(report)
}

/// The report of an item's subject.
pub async fn open_for(tx: &mut Tx, ctx: &Ctx, item: &ItemRow) -> Result<String> {
    if let Some(report) = &item.report {
        return Ok(report.clone());
    }
    let order_sql = match item.subject_kind.as_str() {
        "study" => sql::STUDY,
        "ecg" => sql::ECG,
        _ => sql::SPECIMEN,
    };
    let order = match tx.opt(order_sql, args![&item.subject]).await? {
        Some(row) => row.opt_text("order_id")?,
        None => None,
    };
    open(tx, ctx, &item.pipeline, &item.subject_kind, &item.subject, &item.patient, &item.facility, order)
        .await
}

fn of_row(row: &Row) -> Result<ReportRow> {
    Ok(ReportRow {
        id: row.text("id")?,
        pipeline: row.text("pipeline")?,
        subject_kind: row.text("subject_kind")?,
        subject: row.text("subject")?,
        patient: row.text("patient")?,
        facility: row.text("facility")?,
        order_id: row.opt_text("order_id")?,
        state: row.text("state")?,
        current_version: row.int("current_version")?,
        amend_class: row.opt_int("amend_class")?,
        verify_code: row.text("verify_code")?,
    })
}
