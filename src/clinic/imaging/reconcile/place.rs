//! Putting instances under another study: rows, counters, and what each object says about itself on the way out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::{Tag, Vr, tag, uid};

use super::super::{grant, key_note, quarantine, retention};
use super::chain::{self, Written};
use super::sql;
use super::words::{self, Said};
use crate::{critical, order};

/// An instance that moves.
pub(super) struct Part {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) series: String,
    pub(super) series_uid: String,
    pub(super) current: bool,
}

/// All instances of a study, every version.
pub(super) async fn parts(tx: &mut Tx, study: &str) -> Result<Vec<Part>> {
    tx.all(sql::PARTS, args![study])
        .await?
        .iter()
        .map(|r| {
            Ok(Part {
                id: r.text("id")?,
                uid: r.text("uid")?,
                series: r.text("series")?,
                series_uid: r.text("series_uid")?,
                current: r.flag("current")?,
            })
        })
        .collect()
}

/// A UID that the same act on the same things always gives (PS3.5 §B.2).
pub(super) fn made_uid(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let value = hash.finalize().iter().take(16).fold(0_u128, |all, b| (all << 8) | u128::from(*b));
    uid::from_u128(value)
}

/// Those of the moved images whose place in the other study another version has: they become older versions there.
pub(super) async fn taken(tx: &mut Tx, target: &str, moved: &[Part]) -> Result<Vec<String>> {
    let there: BTreeSet<String> =
        parts(tx, target).await?.into_iter().filter(|p| p.current).map(|p| p.uid).collect();
    Ok(moved.iter().filter(|p| p.current && there.contains(&p.uid)).map(|p| p.id.clone()).collect())
}

/// Where each moved row stood: what undo needs.
pub(super) fn before(from: &str, patient: &str, moved: &[Part], series: &[String]) -> Value {
    json!({
        "instances": moved.iter().map(|p| json!({"id": p.id, "study": from, "series": p.series, "patient": patient})).collect::<Vec<_>>(),
        "series": series.iter().map(|s| json!({"id": s, "study": from})).collect::<Vec<_>>(),
    })
}

/// Series of which nothing stays behind, and which the other study does not have under the same UID.
pub(super) async fn whole_series(tx: &mut Tx, from: &str, to: &str, moved: &[Part]) -> Result<Vec<String>> {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for part in parts(tx, from).await? {
        *left.entry(part.series).or_default() += 1;
    }
    let taken: Vec<String> =
        tx.all(sql::SERIES, args![to]).await?.iter().map(|r| r.text("uid")).collect::<Result<_>>()?;
    let mut whole = Vec::new();
    for part in moved {
        let all = moved.iter().filter(|p| p.series == part.series).count();
        if left.get(&part.series) == Some(&all)
            && !taken.contains(&part.series_uid)
            && !whole.contains(&part.series)
        {
            whole.push(part.series.clone());
        }
    }
    Ok(whole)
}

/// Moves the parts. Whole series keep their UID; a part of one becomes a series of its own with a new UID, unless the
/// other study has the series already.
pub(super) async fn relocate(
    tx: &mut Tx,
    ctx: &Ctx,
    act: &Written,
    from: &Row,
    to: &Row,
    moved: &[Part],
    whole: &[String],
) -> Result<()> {
    let (source, target) = (from.text("id")?, to.text("id")?);
    let (patient, target_uid) = (to.text("patient")?, to.text("uid")?);
    let mut said: Vec<Said> = vec![(tag::STUDY_UID, Vr::UI, Some(target_uid.clone()))];
    // What was corrected at the study left behind is not said of the images any more: each says it for itself from now on.
    let overlays = [from.text("overlay")?, to.text("overlay")?];
    let corrected = overlays.iter().any(|o| !o.is_empty());
    let (mut strangers, mut others) =
        (from.text("patient")? != patient, from.text("accession")? != to.text("accession")?);
    for overlay in &overlays {
        let (person, order) = words::taken_away(overlay)?;
        (strangers, others) = (strangers || person, others || order);
    }
    if strangers {
        said.push(words::NO_OTHER_PERSON);
    }
    if others {
        said.push(words::NO_OTHER_ORDER);
    }
    if corrected || strangers {
        let known = super::assign::known(tx, &patient, &to.text("facility")?).await?;
        said.extend(words::of(as_found(to, &known)?));
    }
    if corrected || from.text("accession")? != to.text("accession")? {
        said.push((tag::ACCESSION, Vr::SH, Some(to.text("accession")?)));
    }
    for series in whole {
        tx.exec(sql::MOVE_SERIES, args![series, &target]).await?;
    }
    let mut made: BTreeMap<String, (String, String)> = BTreeMap::new();
    for part in moved {
        let (series, series_uid) = if whole.contains(&part.series) {
            (part.series.clone(), part.series_uid.clone())
        } else if let Some(known) = made.get(&part.series) {
            known.clone()
        } else {
            let new = joined(tx, ctx, &source, &target, &target_uid, part).await?;
            made.insert(part.series.clone(), new.clone());
            new
        };
        tx.exec(sql::MOVE_INSTANCE, args![&part.id, &target, &series]).await?;
        tx.exec(sql::MOVE_KEY_IMAGE, args![&part.id, &target, &series]).await?;
        tx.exec(sql::MOVE_ECG, args![&part.id, &target, &patient]).await?;
        let mut own = said.clone();
        if series_uid != part.series_uid {
            own.push((tag::SERIES_UID, Vr::UI, Some(series_uid)));
        }
        chain::say(tx, act, "instance", &part.id, &own).await?;
    }
    follow_moved(tx, ctx, from, to).await?;
    let shown = moved.iter().filter(|p| p.current).count();
    tx.exec(sql::LATE, args![&target, shown, ctx.now()]).await?;
    for study in [&source, &target] {
        recount(tx, study).await?;
    }
    Ok(())
}

/// Recordings that were moved go to work, report and ring under the patient and the order of the study they are in now; so does what was
/// raised on a study of which nothing is left.
pub(super) async fn follow_moved(tx: &mut Tx, ctx: &Ctx, from: &Row, to: &Row) -> Result<()> {
    let permit = Permit::system("reconcile");
    let (source, target, patient) = (from.text("id")?, to.text("id")?, to.text("patient")?);
    let order = to.opt_text("order_id")?;
    tx.exec(sql::SET_ECG_ORDER, args![&target, &order]).await?;
    if source != target && is_empty(tx, &source).await? {
        let alerts = critical::follow::standing(tx, &source, &target).await?;
        critical::follow::hand_over(tx, &alerts, &source, &target).await?;
    }
    super::assign::follow(tx, ctx, &permit, &target, &patient, order).await
}

/// The patient as a query names that of the study (`query::row`), so that one study says one name.
pub(in crate::imaging) fn as_found(to: &Row, patient: &Row) -> Result<Vec<(Tag, Vr, String)>> {
    let own: Value = to.json("attributes")?;
    let of = |key: &str| own.get(key).and_then(Value::as_str).filter(|v| !v.is_empty());
    let identified = patient.flag("identified")?;
    let words = words::names(patient)?.into_iter().map(|(t, vr, word)| {
        let found = match t {
            tag::PATIENT_NAME => of("patient_name"),
            tag::PATIENT_ID if !identified => of("patient_id"),
            _ => None,
        };
        (t, vr, found.map_or(word, str::to_owned))
    });
    Ok(words.collect())
}

/// The series of the other study that takes a part of a series.
async fn joined(
    tx: &mut Tx,
    ctx: &Ctx,
    source: &str,
    target: &str,
    target_uid: &str,
    part: &Part,
) -> Result<(String, String)> {
    let find = super::super::sql::SERIES_OF_UID;
    if let Some(row) = tx.opt(find, args![target, &part.series_uid]).await? {
        return Ok((row.text("id")?, part.series_uid.clone()));
    }
    let new_uid = made_uid(&["series", target_uid, &part.series_uid]);
    if let Some(row) = tx.opt(find, args![target, &new_uid]).await? {
        return Ok((row.text("id")?, new_uid));
    }
    let rows = tx.all(sql::SERIES, args![source]).await?;
    let mut like = None;
    for row in &rows {
        if row.text("id")? == part.series {
            like = Some(row);
        }
    }
    let row = like.ok_or_else(|| Fault::internal("the series of a moved instance is gone"))?;
    let id = ctx.id();
    tx.exec(
        super::super::sql::NEW_SERIES,
        args![
            &id,
            target,
            &new_uid,
            row.text("modality")?,
            row.opt_int("number")?,
            row.text("description")?,
            row.text("body_part")?,
            row.text("laterality")?,
            row.json::<Value>("attributes")?
        ],
    )
    .await?;
    Ok((id, new_uid))
}

/// Counters and modalities of a study by what can be seen of it. A study of which nothing is left is work no more.
pub(in crate::imaging) async fn recount(tx: &mut Tx, study: &str) -> Result<()> {
    tx.exec(sql::COUNT_SERIES, args![study]).await?;
    tx.exec(sql::COUNT_STUDY, args![study]).await?;
    let mut all = Vec::new();
    for row in tx.all(sql::MODALITIES, args![study]).await? {
        all.push(row.text("modality")?);
    }
    let beside = |m: &String| matches!(m.as_str(), "SR" | "PR" | "KO" | "DOC" | "AU");
    if let Some(main) = all.iter().find(|m| !beside(m)).or_else(|| all.first()) {
        tx.exec(sql::SET_MODALITIES, args![study, main, all.join("!")]).await?;
    }
    Ok(())
}

/// Something has come that a person must look at before anybody reads the study: work that waits is taken away until that is
/// done. Who is reading it sees it on the page, and cannot submit or sign.
pub(in crate::imaging) async fn hold_back(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    if tx.opt(sql::FINAL, args![study]).await?.is_some() {
        return Ok(());
    }
    if tx.opt(sql::WAITING_WORK, args![study]).await?.is_some() {
        tx.exec(sql::CANCEL_WORK, args![study, ctx.now()]).await?;
        tx.exec(sql::BACK_TO_HELD, args![study]).await?;
        tx.exec(sql::HOLD_ECG, args![study]).await?;
        grant::task_gone(tx, ctx, study).await?;
    }
    Ok(())
}

/// A study after its images, patient or lanes changed: counters, lane, the selection of its key images, and its place in or out of the queue.
pub(super) async fn rest(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    recount(tx, study).await?;
    // What is shown may have changed: a picture of what is hidden or elsewhere now must not stand for it any longer.
    retention::drop_pictures(tx, study).await?;
    jobs::enqueue(tx, ctx, Job::new("preview", study)).await?;
    key_note::follow(tx, ctx, study).await?;
    order::progress::of_study(tx, study, ctx.now()).await?;
    if end_if_empty(tx, ctx, study).await? {
        return Ok(());
    }
    let mut shown = false;
    for part in parts(tx, study).await? {
        shown |= part.current;
    }
    // Of a preliminary report only the writer's task is taken away: what waits for the auditor would not come back.
    let signed = tx.opt(sql::FINAL, args![study]).await?.is_some()
        || (tx.opt(sql::SIGNED, args![study]).await?.is_some()
            && tx.opt(sql::WAITING_WORK, args![study]).await?.is_none());
    let blocked = quarantine::relane(tx, study).await?;
    if (!shown || blocked) && !signed {
        chain::unread(tx, study).await?;
        tx.exec(sql::CANCEL_WORK, args![study, ctx.now()]).await?;
        tx.exec(sql::BACK_TO_HELD, args![study]).await?;
        tx.exec(sql::HOLD_ECG, args![study]).await?;
        grant::task_gone(tx, ctx, study).await?;
    }
    if shown && !blocked {
        quarantine::free(tx, ctx, study).await?;
    }
    Ok(())
}

/// Nothing is left of a study, in any version.
pub(super) async fn is_empty(tx: &mut Tx, study: &str) -> Result<bool> {
    Ok(tx.all(sql::PARTS, args![study]).await?.is_empty())
}

/// Ends a study of which nothing is left: its waiting work goes, its row stays for the history.
pub(super) async fn end_if_empty(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<bool> {
    if !is_empty(tx, study).await? {
        return Ok(false);
    }
    tx.exec(sql::CANCEL_WORK, args![study, ctx.now()]).await?;
    tx.exec(sql::SET_STATE, args![study, "", "merged"]).await?;
    grant::task_gone(tx, ctx, study).await?;
    Ok(true)
}
