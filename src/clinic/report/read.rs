//! Reading reports and their versions.

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args, patient};

use super::content::ReportContent;
use super::gather::public_url;
use super::open::find;
use super::sql;
use crate::delivery;
use crate::worklist::row::person;

/// Frozen content of a version.
pub async fn content(conn: &mut Conn, report: &str, n: i64) -> Result<ReportContent> {
    let row =
        conn.opt(sql::VERSION, args![report, n]).await?.ok_or_else(|| Fault::not_found("report version"))?;
    row.json("content")
}

/// Blob address of a version's PDF in the caller's scope. What a withdrawn report had said is for those who withdraw alone.
///
/// # Errors
/// `NotFound`; `Conflict` `withdrawn`.
pub async fn pdf(conn: &mut Conn, permit: &Permit, report: &str, n: i64) -> Result<String> {
    let found = find(conn, permit, report).await?;
    let row =
        conn.opt(sql::VERSION, args![report, n]).await?.ok_or_else(|| Fault::not_found("report version"))?;
    if found.state == "withdrawn" && row.text("kind")? != "withdrawn" && !may_see_withdrawn(permit) {
        return Err(withdrawn());
    }
    row.text("pdf_object")
}

/// Lead and quality officers of the centre see what a withdrawn report had said: it is evidence.
#[must_use]
pub fn may_see_withdrawn(permit: &Permit) -> bool {
    permit.may(Right::Withdraw) && permit.scope() == "*"
}

/// The refusal to hand out what a withdrawn report had said.
#[must_use]
pub fn withdrawn() -> Fault {
    Fault::conflict("withdrawn", "the report was withdrawn: what it said is no longer handed out")
}

/// Heads of the versions of a report, with content when asked.
pub async fn versions(conn: &mut Conn, report: &str, with_content: bool) -> Result<Vec<Value>> {
    let rows = conn.all(sql::VERSIONS, args![report]).await?;
    let last = rows.last().map_or(Ok(0), |r| r.int("n"))?;
    rows.iter().map(|row| head(row, report, last, with_content)).collect()
}

fn head(row: &Row, report: &str, last: i64, with_content: bool) -> Result<Value> {
    let n = row.int("n")?;
    let mark = row.json::<Value>("mark")?;
    let mut value = json!({
        "n": n,
        "kind": row.text("kind")?,
        "change_class": row.int("change_class")?,
        "change_reason": row.text("change_reason")?,
        "signed_at": row.int("signed_at")?,
        "writer": person(Some(row.text("writer")?), row.opt_text("writer_name")?),
        "auditor": person(Some(row.text("auditor")?), row.opt_text("auditor_name")?),
        "signer": row.text("signer")?,
        "signer_demo": row.flag("signer_demo")?,
        "mark": mark.get("text").map(|t| json!({"text": t, "level": mark.get("level")})),
        "replaced": n < last,
        "content_sha256": row.text("content_sha256")?,
        "pdf": format!("/api/reports/{report}/versions/{n}/pdf"),
    });
    if with_content && let Value::Object(map) = &mut value {
        map.insert("content".into(), row.json("content")?);
    }
    Ok(value)
}

/// What a version of a withdrawn report had said is not shown; the withdrawal itself is.
pub(super) fn silence(version: &mut Value) -> Result<()> {
    if version.get("kind").is_some_and(|k| k == "withdrawn") {
        return Ok(());
    }
    if let Some(map) = version.as_object_mut() {
        map.insert("change_reason".into(), "".into());
        map.insert("mark".into(), Value::Null);
    }
    if let Some(content) = version.get_mut("content") {
        let said: ReportContent = serde_json::from_value(content.take())?;
        *content = serde_json::to_value(said.silenced())?;
    }
    Ok(())
}

/// A report with all its versions and deliveries.
pub async fn report(conn: &mut Conn, ctx: &Ctx, permit: &Permit, id: &str) -> Result<Value> {
    let row = find(conn, permit, id).await?;
    let mut versions = versions(conn, id, true).await?;
    if row.state == "withdrawn" && !may_see_withdrawn(permit) {
        for one in &mut versions {
            silence(one)?;
        }
    }
    let title = versions.last().and_then(|v| v.pointer("/content/title")).cloned().unwrap_or(Value::Null);
    let place = conn.one(sql::FACILITY, args![&row.facility]).await?;
    Ok(json!({
        "id": row.id, "pipeline": row.pipeline, "title": title, "state": row.state, "subject_kind": row.subject_kind, "subject": row.subject,
        "patient": patient::head(conn, &row.patient, ctx.now()).await?,
        "facility": row.facility, "facility_name": place.text("name")?, "facility_name_en": place.text("name_en")?,
        "verify_url": format!("{}/v/{}", public_url(ctx), row.verify_code),
        "current_version": row.current_version,
        "versions": versions,
        "deliveries": delivery::list::of_report(conn, permit, id).await?,
    }))
}

/// What the public verification page may say: no clinical text, no name.
pub async fn verify(conn: &mut Conn, code: &str) -> Result<Value> {
    let row = conn.opt(sql::BY_VERIFY_CODE, args![code]).await?.ok_or_else(|| Fault::not_found("report"))?;
    let report = row.text("id")?;
    let place = conn.one(sql::FACILITY, args![row.text("facility")?]).await?;
    let versions = conn.all(sql::VERSIONS, args![&report]).await?;
    let mut list = Vec::new();
    for v in &versions {
        list.push(json!({
            "n": v.int("n")?, "kind": v.text("kind")?, "signed_at": v.int("signed_at")?, "signer": v.text("signer")?,
            "signer_demo": v.flag("signer_demo")?, "pdf_sha256": v.text("pdf_sha256")?, "content_sha256": v.text("content_sha256")?,
        }));
    }
    Ok(json!({
        "report": report, "state": row.text("state")?, "current_version": row.int("current_version")?,
        "facility_name": place.text("name")?, "facility_name_en": place.text("name_en")?, "versions": list,
    }))
}

/// Report templates.
pub async fn templates(
    conn: &mut Conn,
    pipeline: &str,
    modality: &str,
    body_part: &str,
) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::TEMPLATES, args![pipeline, modality, body_part]).await? {
        all.push(json!({"id": row.text("id")?, "name": row.text("name")?, "sections": row.json::<Value>("sections")?}));
    }
    Ok(all)
}

/// Quick phrases.
pub async fn phrases(conn: &mut Conn, pipeline: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::PHRASES, args![pipeline]).await? {
        all.push(
            json!({"code": row.text("code")?, "section": row.text("section")?, "text": row.text("text")?}),
        );
    }
    Ok(all)
}
