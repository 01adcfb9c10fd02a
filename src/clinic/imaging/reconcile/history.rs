//! What was done to a study after it came, and what a signed report should know about it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Conn;

use super::sql;

/// One act in the history of a study.
#[derive(Debug, Clone, Serialize)]
pub struct Past {
    /// Act.
    pub id: String,
    /// Number in the chain.
    pub n: i64,
    /// `assign_patient`, `link_order`, `unlink`, `split`, `move`, `merge`, `promote`, `hide`, `restore`, `fix_charset`, `index_held`, `undo`.
    pub operation: String,
    /// Study it started from.
    pub study: String,
    /// Second study.
    pub other: Option<String>,
    /// Why.
    pub why: String,
    /// Who.
    pub who: String,
    /// Name of who.
    pub who_name: Option<String>,
    /// Facility name.
    pub facility_name: String,
    /// When, ms.
    pub at: i64,
    /// Ids and codes.
    pub detail: Value,
    /// The act this one undoes.
    pub undoes: Option<String>,
    /// The act that undid this one.
    pub undone_by: Option<String>,
    /// It is the latest one that stands: it can be undone.
    pub can_undo: bool,
}

/// The history of a study, newest first, for everybody who may see the study.
///
/// # Errors
/// Storage faults; a foreign study has no history.
pub async fn history(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Vec<Past>> {
    let rows = conn.all(sql::HISTORY, args![study, permit.scope()]).await?;
    let mut latest = true;
    rows.iter()
        .map(|r| {
            let (undoes, undone_by) = (r.opt_text("undoes")?, r.opt_text("undone_by")?);
            let stands = undoes.is_none() && undone_by.is_none();
            let can_undo = stands && latest;
            latest = latest && !stands;
            Ok(Past {
                id: r.text("id")?,
                n: r.int("n")?,
                operation: r.text("operation")?,
                study: r.text("study")?,
                other: r.opt_text("other")?,
                why: r.text("why")?,
                who: r.text("who")?,
                who_name: r.opt_text("who_name")?,
                facility_name: r.text("facility_name")?,
                at: r.int("at")?,
                detail: r.json("detail")?,
                undoes,
                undone_by,
                can_undo,
            })
        })
        .collect()
}

/// An act that happened after the report of the study was signed.
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// Act.
    pub act: String,
    /// Operation.
    pub operation: String,
    /// When, ms.
    pub at: i64,
    /// Report.
    pub report: String,
    /// Its version.
    pub n: i64,
}

/// Acts since the current report version of a study was signed: the banner of report and viewer.
///
/// # Errors
/// Storage faults.
pub async fn notices(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Vec<Notice>> {
    conn.all(sql::NOTICES, args![study, permit.scope()])
        .await?
        .iter()
        .map(|r| {
            Ok(Notice {
                act: r.text("id")?,
                operation: r.text("operation")?,
                at: r.int("at")?,
                report: r.text("report")?,
                n: r.int("n")?,
            })
        })
        .collect()
}

/// The image version a signed report was read from.
#[derive(Debug, Clone, Serialize)]
pub struct Pinned {
    /// Instance row.
    pub instance: String,
    /// SOP Instance UID.
    pub uid: String,
    /// Version number.
    pub version: i64,
    /// It is still the current one.
    pub current: bool,
}

/// The images as they stood when a version of a report was signed: promotions since then are walked back.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn pinned(conn: &mut Conn, permit: &Permit, report: &str, n: i64) -> Result<Vec<Pinned>> {
    let row = conn
        .opt(sql::SIGNED_AT, args![report, n, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("report version"))?;
    let (study, signed_at) = (row.text("study")?, row.int("signed_at")?);
    let mut then: BTreeMap<String, bool> = BTreeMap::new();
    let standing = conn.all(sql::STANDING, args![&study]).await?;
    for one in &standing {
        then.insert(one.text("id")?, one.flag("current")?);
    }
    for act in conn.all(sql::PROMOTED, args![&study, signed_at]).await? {
        let before: Value = act.json("before")?;
        for shown in before.get("shown").and_then(Value::as_array).into_iter().flatten() {
            if let Some(id) = shown.get("id").and_then(Value::as_str) {
                then.insert(id.to_owned(), shown.get("current").and_then(Value::as_i64) == Some(1));
            }
        }
    }
    let mut all = Vec::new();
    for one in &standing {
        let id = one.text("id")?;
        if one.int("received_at")? <= signed_at && then.get(&id) == Some(&true) {
            all.push(Pinned {
                uid: one.text("uid")?,
                version: one.int("version")?,
                current: one.flag("current")?,
                instance: id,
            });
        }
    }
    Ok(all)
}

/// Whose pages a study, or an act on one, concerns; empty = nobody's.
///
/// # Errors
/// Storage faults.
pub async fn facility(conn: &mut Conn, study_or_act: &str) -> Result<String> {
    let found = conn.opt(sql::FACILITY, args![study_or_act]).await?;
    found.map_or(Ok(String::new()), |row| row.text("facility"))
}
