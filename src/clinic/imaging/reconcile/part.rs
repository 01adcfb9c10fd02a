//! Split, move, merge: images that stand under the wrong study get to the right one. All within one facility.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args};

use super::super::{grant, retention};
use super::assign::snapshot;
use super::chain::{self, Act};
use super::place::{self, Part, before, made_uid, relocate, rest, whole_series};
use super::sql;
use crate::critical;
use crate::critical::correct::Corrected;

/// Which images of a study.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Series rows, all of their images.
    pub series: Vec<String>,
    /// Single images.
    pub instances: Vec<String>,
}

async fn chosen(tx: &mut Tx, study: &str, wanted: &Parts) -> Result<(Vec<Part>, usize)> {
    let all = place::parts(tx, study).await?;
    let total = all.len();
    let known = |id: &String| all.iter().any(|p| p.id == *id || p.series == *id);
    if let Some(strange) = wanted.series.iter().chain(&wanted.instances).find(|id| !known(id)) {
        return Err(Fault::invalid("parts", format!("{strange} is not part of this study")));
    }
    let moved: Vec<Part> = all
        .into_iter()
        .filter(|p| wanted.series.contains(&p.series) || wanted.instances.contains(&p.id))
        .collect();
    if moved.is_empty() {
        return Err(Fault::invalid("parts", "choose at least one series or image"));
    }
    Ok((moved, total))
}

/// Both studies may change now.
async fn free_to_change(tx: &mut Tx, study: &str) -> Result<()> {
    chain::unsigned(tx, study).await?;
    chain::unread(tx, study).await
}

/// Takes some images out into a study of their own, of the same patient. Answers the act and the new study.
///
/// # Errors
/// `Conflict` `whole_study` when nothing would be left, `report_signed`, `in_reading`.
pub async fn split(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    wanted: &Parts,
    why: &str,
) -> Result<(String, String)> {
    let from = chain::changeable(tx, permit, study).await?;
    free_to_change(tx, study).await?;
    let (moved, total) = chosen(tx, study, wanted).await?;
    if moved.len() == total {
        return Err(Fault::conflict("whole_study", "a split leaves something behind; these are all images"));
    }
    let new = sibling(tx, ctx, &from).await?;
    let to = chain::owned(tx, permit, &new).await?;
    let act = shift(tx, ctx, permit, "split", &from, &to, moved, why).await?;
    Ok((act, new))
}

/// A study of the same facility and patient without images.
async fn sibling(tx: &mut Tx, ctx: &Ctx, from: &Row) -> Result<String> {
    let id = ctx.id();
    let new_uid = made_uid(&["study", &from.text("uid")?, &id]);
    let lane = from.text("lane")?;
    let attributes: Value = from.json("attributes")?;
    tx.exec(
        super::super::sql::NEW_STUDY,
        args![
            &id,
            new_uid,
            from.text("facility")?,
            from.text("patient")?,
            None::<String>,
            if lane == "identity" { "identity" } else { "" },
            "",
            from.text("study_id")?,
            from.text("modality")?,
            from.text("modalities")?,
            from.text("body_part")?,
            from.text("description")?,
            from.text("study_date")?,
            from.text("study_time")?,
            from.text("referring")?,
            from.text("station")?,
            ctx.now(),
            &attributes,
            attributes.get("patient_id").and_then(Value::as_str).unwrap_or_default()
        ],
    )
    .await?;
    Ok(id)
}

/// Moves images to another study of the same facility. Answers the act.
///
/// # Errors
/// `Conflict` `same_study`, `other_facility`, `report_signed`, `in_reading`.
pub async fn move_to(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    other: &str,
    wanted: &Parts,
    why: &str,
) -> Result<String> {
    let (from, to) = both(tx, permit, study, other).await?;
    free_to_change(tx, study).await?;
    let (moved, _) = chosen(tx, study, wanted).await?;
    shift(tx, ctx, permit, "move", &from, &to, moved, why).await
}

/// Puts everything of a study under another one of the same facility. Answers the act.
///
/// # Errors
/// As [`move_to`].
pub async fn merge(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    other: &str,
    why: &str,
) -> Result<String> {
    let (from, to) = both(tx, permit, study, other).await?;
    free_to_change(tx, study).await?;
    let moved = place::parts(tx, study).await?;
    if moved.is_empty() {
        return Err(Fault::conflict("empty", "the study has no images"));
    }
    shift(tx, ctx, permit, "merge", &from, &to, moved, why).await
}

async fn both(tx: &mut Tx, permit: &Permit, study: &str, other: &str) -> Result<(Row, Row)> {
    if study == other {
        return Err(Fault::conflict("same_study", "choose another study"));
    }
    // Locked in one order, whichever way round they are named.
    let (first, second) = if study < other { (study, other) } else { (other, study) };
    chain::changeable(tx, permit, first).await?;
    chain::changeable(tx, permit, second).await?;
    let from = chain::owned(tx, permit, study).await?;
    let to = chain::owned(tx, permit, other).await?;
    if from.text("facility")? != to.text("facility")? {
        // A facility's grants and patients are its own: images never change hands by a correction.
        return Err(Fault::conflict("other_facility", "both studies must belong to one facility"));
    }
    Ok((from, to))
}

#[expect(clippy::too_many_arguments, reason = "the two studies and the act")]
async fn shift(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    operation: &'static str,
    from: &Row,
    to: &Row,
    moved: Vec<Part>,
    why: &str,
) -> Result<String> {
    let (source, target) = (from.text("id")?, to.text("id")?);
    grant::never_widens(tx, &source, &target).await?;
    let whole = whole_series(tx, &source, &target, &moved).await?;
    let mut undo = before(&source, &from.text("patient")?, &moved, &whole);
    let taken = place::taken(tx, &target, &moved).await?;
    if let (false, Value::Object(map)) = (taken.is_empty(), &mut undo) {
        let shown = taken.iter().map(|id| json!({"id": id, "current": 1, "hidden": ""}));
        map.insert("shown".into(), shown.collect());
    }
    let empties = place::parts(tx, &source).await?.len() == moved.len();
    if let (true, Value::Object(map)) = (empties, &mut undo) {
        map.insert("studies".into(), json!([snapshot(from)?]));
        map.insert("emptied".into(), json!(true));
        // What is held for it is held for the study its images are in.
        let mut held = Vec::new();
        for entry in tx.all(sql::WAITING_FOR, args![&source]).await? {
            held.push(json!({"id": entry.text("id")?, "study": source}));
            tx.exec(sql::CAME_FOR, args![entry.text("id")?, &target]).await?;
        }
        map.insert("for_study".into(), Value::Array(held));
        // So is what was raised on it: whoever corrects the other study's patient must reach those who were told of this one.
        map.insert("alerts".into(), critical::follow::standing(tx, &source, &target).await?);
    }
    let act = Act {
        operation,
        study: &source,
        other: Some(&target),
        why,
        detail: json!({"images": moved.iter().filter(|p| p.current).count(), "series": whole.len()}),
        before: undo,
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &from.text("facility")?, &act).await?;
    relocate(tx, ctx, &written, from, to, &moved, &whole).await?;
    for id in &taken {
        tx.exec(sql::SHOW, args![id, 0_i64, ""]).await?;
    }
    retention::follow(tx, &source, &target).await?;
    let persons = args![from.text("patient")?, to.text("patient")?];
    if !empties && tx.opt(sql::TWO_PERSONS, persons).await?.is_some() {
        doubt_alerts(tx, ctx, permit, &source).await?;
    }
    for study in [&source, &target] {
        rest(tx, ctx, study).await?;
    }
    Ok(written.id)
}

/// Some images of a study turned out to be another patient's: what was raised on the study may have been seen on those. Who was told is
/// asked to look again.
pub(super) async fn doubt_alerts(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str) -> Result<()> {
    let remark = "部分影像已移给另一患者,请核对属于谁";
    let corrected = Corrected { subject: study, finding: "", since: ctx.now() + 1, stands: &[], remark };
    critical::correct::reopen(tx, ctx, permit, &corrected).await
}
