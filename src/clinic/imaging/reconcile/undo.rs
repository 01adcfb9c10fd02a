//! Taking an act back: a new act that restores what stood before. Only the latest act on a study can be undone, so that the
//! history can be walked back step by step.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};

use super::super::quarantine::{self, Entry};
use super::super::{grant, retention};
use super::assign::follow;
use super::chain::{self, Act};
use super::place::{follow_moved, rest};
use super::{held, hide, sql};
use crate::{critical, order};

/// Undoes an act. Answers the new one.
///
/// # Errors
/// `Conflict` `undone` (it was undone, or is an undo), `later_act` (a later one stands on it), `report_signed`,
/// `in_reading`; `NotFound` outside the caller's facility.
pub async fn undo(tx: &mut Tx, ctx: &Ctx, permit: &Permit, act: &str, why: &str) -> Result<String> {
    let row =
        tx.opt(sql::ACT_ONE, args![act, permit.scope()]).await?.ok_or_else(|| Fault::not_found("act"))?;
    let (study, other, n) = (row.text("study")?, row.opt_text("other")?, row.int("n")?);
    let operation = row.text("operation")?;
    if matches!(operation.as_str(), "hide" | "restore") {
        hide::require(permit)?;
    } else {
        permit.require(Right::LinkIdentity)?;
    }
    if row.opt_text("undone_by")?.is_some() || row.opt_text("undoes")?.is_some() {
        return Err(Fault::conflict("undone", "this act was undone, or is itself an undo"));
    }
    let second = other.clone().unwrap_or_else(|| study.clone());
    // Locked in one order, before anything is written.
    for one in [(&study).min(&second), (&study).max(&second)] {
        chain::owned(tx, permit, one).await?;
        tx.exec(sql::LOCK_STUDY, args![one]).await?;
    }
    if let Some(later) = tx.opt(sql::ACT_LATER, args![&study, &second, n]).await? {
        let what = later.text("operation")?;
        return Err(Fault::conflict("later_act", format!("undo the later act {what} first")));
    }
    let names = matches!(
        operation.as_str(),
        "assign_patient" | "link_order" | "unlink" | "split" | "move" | "merge" | "index_held"
    );
    for one in [&study, &second] {
        if names {
            chain::unsigned(tx, one).await?;
            chain::unread(tx, one).await?;
        }
    }
    if matches!(operation.as_str(), "split" | "move" | "merge") {
        grant::never_widens(tx, &second, &study).await?;
    }
    let before: Value = row.json("before")?;
    let back = Act {
        operation: "undo",
        study: &study,
        other: other.as_deref(),
        why,
        detail: json!({"operation": operation}),
        before: json!({}),
        undoes: Some(act),
    };
    let written = chain::write(tx, ctx, permit, &row.text("facility")?, &back).await?;
    if tx.exec(sql::ACT_UNDONE, args![act, &written.id]).await? == 0 {
        return Err(Fault::conflict("undone", "somebody undid it at this moment"));
    }
    let targets = tx.all(sql::TARGETS, args![act]).await?;
    tx.exec(sql::REVIVE, args![act]).await?;
    tx.exec(sql::END_ACT, args![act, &written.id]).await?;
    for target in &targets {
        chain::sum(tx, &target.text("target_kind")?, &target.text("target")?).await?;
    }
    let mut orders = Vec::new();
    for one in [&study, &second] {
        orders.extend(tx.one(sql::STUDY, args![one, "*"]).await?.opt_text("order_id")?);
    }
    put_back(tx, ctx, permit, &before, other.as_deref()).await?;
    if matches!(operation.as_str(), "split" | "move" | "merge") {
        // A hold that was put on them where they were is not lost on the way back.
        retention::follow(tx, &second, &study).await?;
    }
    if matches!(operation.as_str(), "assign_patient" | "link_order") {
        came_since(tx, ctx, permit, &study, row.int("at")?).await?;
    }
    super::unheld::unindex(tx, ctx, permit, list(&before, "unindexed")).await?;
    held::weigh(tx, ctx, list(&before, "entries").iter().filter_map(Value::as_str)).await?;
    rest(tx, ctx, &study).await?;
    if second != study {
        rest(tx, ctx, &second).await?;
    }
    for order in &orders {
        // What the act had given to an order is taken from it again.
        order::progress::follow(tx, order, ctx.now()).await?;
    }
    Ok(written.id)
}

fn list<'v>(before: &'v Value, key: &str) -> &'v [Value] {
    before.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The rows as the act found them. Every list is one kind of row; an act has only what it touched.
async fn put_back(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    before: &Value,
    other: Option<&str>,
) -> Result<()> {
    for series in list(before, "series") {
        tx.exec(sql::MOVE_SERIES, args![text(series, "id"), text(series, "study")]).await?;
    }
    for i in list(before, "instances") {
        tx.exec(sql::MOVE_INSTANCE, args![text(i, "id"), text(i, "study"), text(i, "series")]).await?;
        tx.exec(sql::MOVE_KEY_IMAGE, args![text(i, "id"), text(i, "study"), text(i, "series")]).await?;
    }
    if let (Some(alerts), Some(other)) = (before.get("alerts"), other) {
        for s in list(before, "studies") {
            critical::follow::hand_back(tx, alerts, text(s, "id"), other).await?;
        }
    }
    for s in list(before, "studies") {
        let (id, patient) = (text(s, "id"), text(s, "patient"));
        let order = s.get("order").and_then(Value::as_str).map(str::to_owned);
        tx.exec(
            sql::SET_PATIENT,
            args![id, patient, s.get("attributes").cloned().unwrap_or_else(|| json!({}))],
        )
        .await?;
        tx.exec(sql::SET_ORDER, args![id, &order, text(s, "accession")]).await?;
        tx.exec(sql::SET_ECG_ORDER, args![id, &order]).await?;
        follow(tx, ctx, permit, id, patient, order).await?;
        // A study that had been held waits again; one that was work stays what it is now.
        if matches!(text(s, "lane"), "identity" | "content" | "security") || text(s, "state") == "merged" {
            tx.exec(sql::SET_STATE, args![id, text(s, "lane"), text(s, "state")]).await?;
        } else if before.get("opened").is_some() || before.get("emptied").is_some() {
            tx.exec(sql::SET_STATE, args![id, text(s, "lane"), "held"]).await?;
        }
    }
    let mut back = BTreeSet::new();
    for i in list(before, "instances") {
        if let Some(patient) = i.get("patient").and_then(Value::as_str) {
            tx.exec(sql::MOVE_ECG, args![text(i, "id"), text(i, "study"), patient]).await?;
            back.insert(text(i, "study").to_owned());
        }
    }
    for study in back {
        let row = tx.one(sql::STUDY, args![&study, "*"]).await?;
        follow_moved(tx, ctx, &row, &row).await?;
    }
    for i in list(before, "shown") {
        let current = i.get("current").and_then(Value::as_i64).unwrap_or(0);
        tx.exec(sql::SHOW, args![text(i, "id"), current, text(i, "hidden")]).await?;
    }
    for t in list(before, "study_text") {
        let attributes = t.get("attributes").cloned().unwrap_or_else(|| json!({}));
        tx.exec(
            sql::SET_STUDY_TEXT,
            args![
                text(t, "id"),
                text(t, "description"),
                text(t, "referring"),
                text(t, "body_part"),
                attributes
            ],
        )
        .await?;
    }
    for t in list(before, "series_text") {
        tx.exec(sql::SET_SERIES_TEXT, args![text(t, "id"), text(t, "description")]).await?;
    }
    for t in list(before, "charsets") {
        tx.exec(
            sql::SET_CHARSET,
            args![text(t, "id"), t.get("charset").cloned().unwrap_or_else(|| json!({}))],
        )
        .await?;
    }
    for t in list(before, "names") {
        tx.exec(
            sql::SET_NAME,
            args![text(t, "id"), text(t, "name"), text(t, "pinyin"), text(t, "initials"), ctx.now()],
        )
        .await?;
    }
    for e in list(before, "for_study") {
        tx.exec(sql::CAME_FOR, args![text(e, "id"), text(e, "study")]).await?;
    }
    for id in list(before, "entries") {
        tx.exec(sql::REOPEN_ENTRY, args![id.as_str().unwrap_or_default()]).await?;
    }
    if before.get("opened").is_some() {
        for s in list(before, "studies") {
            super::assign::close(tx, ctx, permit, text(s, "id"), "identity").await?;
        }
    }
    Ok(())
}

/// Images that came under the patient whom an act had given the study may be his: somebody looks before the study goes on.
async fn came_since(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str, at: i64) -> Result<()> {
    let Some(row) = tx.opt(sql::CAME_SINCE, args![study, at]).await? else { return Ok(()) };
    let facility = row.text("facility")?;
    let detail = json!({"study_uid": row.text("uid")?, "images": row.int("images")?});
    let entry = Entry::of_study("identity", "came-under-correction", &facility, study, detail);
    quarantine::open(tx, ctx, permit, &entry).await
}
