//! Everything a reading page needs about an item, in one call.

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Conn;
use yigong_base::{Ctx, args};

use super::content::ReportContent;
use super::publish::{may_preliminary, may_sign, second_needed};
use super::{draft, read, sql};
use crate::critical;
use crate::worklist::{ItemRow, claim, list};

/// The item with order, draft, versions, alerts, earlier reports and what the caller may do.
pub async fn detail(conn: &mut Conn, ctx: &Ctx, permit: &Permit, item: &str) -> Result<Value> {
    let row = claim::find(conn, permit, item).await?;
    let listed = list::one(conn, ctx, permit, item).await?;
    let mut value = serde_json::to_value(listed).map_err(|e| Fault::internal(e.to_string()))?;
    let report = row.report.clone();
    let (mut saved, mut versions, mut lost, mut comment, mut state) =
        (Value::Null, Vec::new(), Vec::new(), String::new(), "none".to_owned());
    if let Some(report) = &report {
        // What is not signed is the readers' alone.
        let reader = [Right::Write, Right::Audit, Right::Verify].into_iter().any(|r| permit.may(r));
        if reader {
            saved = draft::current(conn, permit, report).await?;
        }
        versions = read::versions(conn, report, false).await?;
        state = super::open::find(conn, permit, report).await?.state;
        let open = state != "withdrawn" || read::may_see_withdrawn(permit);
        if !open {
            versions.iter_mut().try_for_each(read::silence)?;
        }
        if reader && open {
            lost = draft::lost(conn, ctx, report).await?;
        }
        if open && let Some(row) = conn.opt(sql::SEND_BACK_COMMENT, args![report]).await? {
            let detail = row.json::<Value>("detail")?;
            comment = detail.get("comment").and_then(Value::as_str).unwrap_or_default().to_owned();
        }
    }
    if let Value::Object(map) = &mut value {
        map.insert("order".into(), order(conn, &row).await?);
        map.insert("draft".into(), saved);
        let mut may = may(permit, &row, &state, !versions.is_empty());
        if second_needed(conn, &row).await? {
            set(&mut may, "sign", false.into());
            set(&mut may, "second_signature", true.into());
        }
        map.insert("may".into(), may);
        map.insert("versions".into(), Value::from(versions));
        map.insert("lost_drafts".into(), Value::from(lost));
        map.insert("send_back_comment".into(), Value::from(comment));
        map.insert(
            "alerts".into(),
            Value::from(critical::list::of_subject(conn, ctx, permit, &row.subject).await?),
        );
        map.insert("previous_reports".into(), Value::from(previous(conn, permit, &row).await?));
        map.insert("now".into(), Value::from(ctx.now()));
    }
    Ok(value)
}

fn set(target: &mut Value, key: &str, value: Value) {
    if let Some(map) = target.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn may(permit: &Permit, item: &ItemRow, state: &str, published: bool) -> Value {
    let mine = item.state == "reading" && item.holder.as_deref() == Some(permit.who());
    let first = item.tier == "write";
    json!({
        "write": mine && item.tier != crate::worklist::recheck::TIER,
        "submit": mine && first && permit.may_for(Right::Write, &item.pipeline),
        "sign": mine && may_sign(permit, item),
        "send_back": mine && !first && state == "written",
        "return": mine && item.pipeline != "lab",
        "preliminary": mine && may_preliminary(item) && !published && permit.may_for(Right::Preliminary, &item.pipeline),
        "amend": published && state == "published" && item.pipeline != "lab" && permit.may_for(Right::Audit, &item.pipeline),
        "raise_critical": permit.may(Right::RaiseCritical),
    })
}

async fn order(conn: &mut Conn, item: &ItemRow) -> Result<Value> {
    let subject_sql = match item.subject_kind.as_str() {
        "study" => sql::STUDY,
        "ecg" => sql::ECG,
        _ => sql::SPECIMEN,
    };
    let Some(subject) = conn.opt(subject_sql, args![&item.subject]).await? else { return Ok(Value::Null) };
    match subject.opt_text("order_id")? {
        Some(id) => order_head(conn, &id).await,
        None => Ok(Value::Null),
    }
}

/// The head of an order as pages show it.
pub async fn order_head(conn: &mut Conn, id: &str) -> Result<Value> {
    let Some(row) = conn.opt(sql::ORDER, args![id]).await? else { return Ok(Value::Null) };
    let mut items = Vec::new();
    for item in conn.all(sql::ORDER_ITEMS, args![id]).await? {
        items.push(json!({
            "code": item.text("code")?, "name": item.text("name")?, "modality": item.text("modality")?,
            "body_part": item.text("body_part")?, "state": item.text("state")?,
        }));
    }
    Ok(json!({
        "id": row.text("id")?, "placer_no": row.text("placer_no")?, "filler_no": row.text("filler_no")?,
        "priority": row.text("priority")?, "orderer": row.text("orderer")?, "department": row.text("department")?,
        "history": row.text("history")?, "flags": row.json::<Value>("flags")?, "items": items, "created_at": row.int("created_at")?,
    }))
}

async fn previous(conn: &mut Conn, permit: &Permit, item: &ItemRow) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::PREVIOUS, args![&item.patient, &item.subject, permit.scope()]).await? {
        let content = row.json::<ReportContent>("content")?;
        let statements =
            content.sections.ecg_statements.iter().map(|s| s.text.clone()).collect::<Vec<_>>().join(";");
        let impression =
            if content.sections.impression.is_empty() { statements } else { content.sections.impression };
        all.push(json!({
            "report": row.text("id")?, "n": row.int("current_version")?, "pipeline": row.text("pipeline")?, "title": content.title,
            "published_at": row.int("signed_at")?, "facility_name": row.text("facility_name")?, "impression": impression,
        }));
    }
    Ok(all)
}
