//! Rejected images are hidden, not deleted (IHE IOCM, PS3.16 CID 7011): out of viewer, queries and retrieval, in sight of the
//! operator, and back by one act.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args};

use super::chain::{self, Act};
use super::place::rest;
use super::sql;

/// Why an image is hidden: DCM codes of CID 7011 with their meaning.
pub const CODES: &[(&str, &str)] = &[
    ("113001", "Rejected for Quality Reasons"),
    ("113037", "Rejected for Patient Safety Reasons"),
    ("113038", "Incorrect Modality Worklist Entry"),
    ("113039", "Data Retention Policy Expired"),
];

/// What a code says.
pub(super) fn meaning(code: &str) -> &'static str {
    CODES.iter().find(|(c, _)| *c == code).map(|(_, meaning)| *meaning).unwrap_or_default()
}

/// Who may hide and restore: registrars, leads, and those who examine, for their own facility.
pub(super) fn require(permit: &Permit) -> Result<()> {
    if [Right::LinkIdentity, Right::Lead, Right::Upload].into_iter().any(|r| permit.may(r)) {
        Ok(())
    } else {
        Err(Fault::denied("hide images"))
    }
}

/// Hides images of a study. Answers the act.
///
/// # Errors
/// `Invalid` for an unknown code or an image of another study; `Conflict` `hidden` when none of them is shown.
pub async fn hide(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    instances: &[String],
    code: &str,
    why: &str,
) -> Result<String> {
    require(permit)?;
    apply(tx, ctx, permit, study, instances, code, why).await
}

pub(super) async fn apply(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    instances: &[String],
    code: &str,
    why: &str,
) -> Result<String> {
    if !CODES.iter().any(|(c, _)| *c == code) {
        return Err(Fault::invalid("code", "113001, 113037, 113038 or 113039 (PS3.16 CID 7011)"));
    }
    let row = chain::owned(tx, permit, study).await?;
    let mut shown: Vec<Value> = Vec::new();
    let mut hidden = Vec::new();
    for part in tx.all(sql::PARTS, args![study]).await? {
        let id = part.text("id")?;
        if instances.contains(&id) && part.flag("current")? {
            shown.push(json!({"id": id, "current": 1, "hidden": ""}));
            hidden.push(id);
        }
    }
    if hidden.is_empty() {
        return Err(Fault::conflict("hidden", "none of these images is shown in this study"));
    }
    let act = Act {
        operation: "hide",
        study,
        other: None,
        why,
        detail: json!({"code": code, "images": hidden.len()}),
        before: json!({"shown": shown}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &row.text("facility")?, &act).await?;
    for id in &hidden {
        tx.exec(sql::SHOW, args![id, 0_i64, code]).await?;
    }
    rest(tx, ctx, study).await?;
    Ok(written.id)
}

/// Shows hidden images again; one whose place another version has taken meanwhile becomes an older version, which can be
/// promoted. Answers the act.
///
/// # Errors
/// `Conflict` `not_hidden`, and `erased` for images whose bytes were given up.
pub async fn restore(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    instances: &[String],
    why: &str,
) -> Result<String> {
    require(permit)?;
    let row = chain::owned(tx, permit, study).await?;
    let mut shown: Vec<Value> = Vec::new();
    let (mut back, mut uids) = (Vec::new(), BTreeSet::new());
    for part in tx.all(sql::PARTS, args![study]).await? {
        let (id, code) = (part.text("id")?, part.text("hidden")?);
        if instances.contains(&id) && CODES.iter().any(|(c, _)| *c == code) {
            if part.flag("erased")? {
                return Err(Fault::conflict("erased", "the retention policy has given these bytes up"));
            }
            shown.push(json!({"id": id, "current": 0, "hidden": code}));
            // Of two versions that come back together one is shown.
            let first = uids.insert(part.text("uid")?);
            back.push((id, first && !other_shown(tx, study, &part).await?));
        }
    }
    if back.is_empty() {
        return Err(Fault::conflict("not_hidden", "none of these images is hidden"));
    }
    let act = Act {
        operation: "restore",
        study,
        other: None,
        why,
        detail: json!({"images": back.iter().filter(|(_, shown)| *shown).count(), "superseded": back.iter().filter(|(_, shown)| !shown).count()}),
        before: json!({"shown": shown}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &row.text("facility")?, &act).await?;
    for (id, shown) in &back {
        tx.exec(sql::SHOW, args![id, i64::from(*shown), ""]).await?;
    }
    rest(tx, ctx, study).await?;
    Ok(written.id)
}

/// Whether another version of this image is the one that is shown in the study.
pub(super) async fn other_shown(tx: &mut Tx, study: &str, part: &Row) -> Result<bool> {
    let id = part.text("id")?;
    for version in tx.all(sql::VERSIONS, args![part.text("facility")?, part.text("uid")?]).await? {
        if version.flag("current")? && version.text("study")? == study && version.text("id")? != id {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A rejection note of a device (Key Object Selection, PS3.3 §A.35.4): hides the named images of the sender's own facility,
/// each given by the UIDs of its study and its own. Answers the acts; images it does not have are passed over. Of two images
/// with one UID (devices that count from 1) only that of the named study is meant; a single one is meant wherever it stands now.
///
/// # Errors
/// `Invalid` for an unknown code.
pub async fn reject(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    named: &[(String, String)],
    code: &str,
    why: &str,
) -> Result<Vec<String>> {
    let mut by_study: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for (study_uid, instance) in named {
        let rows = tx.all(sql::BY_UID, args![permit.facility(), instance]).await?;
        let several = rows.len() > 1;
        for row in rows {
            if several && row.text("study_uid")? != *study_uid {
                continue;
            }
            by_study.entry(row.text("study")?).or_default().push(row.text("id")?);
        }
    }
    let mut acts = Vec::new();
    for (study, instances) in by_study {
        acts.push(apply(tx, ctx, permit, &study, &instances, code, why).await?);
    }
    Ok(acts)
}
