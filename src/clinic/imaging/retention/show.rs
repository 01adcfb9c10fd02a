//! The keeping as its page shows it: what is on hold and why, what was hidden and when its bytes go, what is gone. Studies and
//! names are shown to those who may see them; an administrator gets numbers.

use serde::Serialize;
use yigong_base::access::Permit;
use yigong_base::access::permit::ALL_FACILITIES;
use yigong_base::args;
use yigong_base::clock::DAY_MS;
use yigong_base::config::RetentionConfig;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row};

use super::sql;

/// A study on hold.
#[derive(Debug, Clone, Serialize)]
pub struct Hold {
    /// Study row.
    pub study: String,
    /// Why.
    pub reason: String,
    /// Since when, ms.
    pub at: i64,
    /// Who: a person's name, else the account.
    pub who: String,
}

/// A study that the keeping is about.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Study row.
    pub study: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// Modality.
    pub modality: String,
    /// Facility name.
    pub facility_name: String,
    /// Patient.
    pub patient_name: String,
    /// Images.
    pub images: i64,
    /// When its bytes go or went, ms; of a hold, since when.
    pub at: i64,
    /// The hold.
    pub hold: Option<Hold>,
}

/// How many studies are on hold and given up, in scope.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Numbers {
    /// On hold.
    pub holds: i64,
    /// Given up.
    pub erased: i64,
}

fn kept(row: &Row, later_ms: i64) -> Result<Kept> {
    Ok(Kept {
        study: row.text("study")?,
        study_date: row.text("study_date")?,
        modality: row.text("modality")?,
        facility_name: row.text("facility_name")?,
        patient_name: row.text("patient_name")?,
        images: row.int("images")?,
        at: row.int("at")? + later_ms,
        hold: None,
    })
}

fn hold(row: &Row, study: &str) -> Result<Hold> {
    let who = row.opt_text("who_name")?.map_or_else(|| row.text("who"), Ok)?;
    Ok(Hold { study: study.to_owned(), reason: row.text("reason")?, at: row.int("at")?, who })
}

/// How many there are.
///
/// # Errors
/// Storage faults.
pub async fn numbers(conn: &mut Conn, permit: &Permit) -> Result<Numbers> {
    let row = conn.one(sql::NUMBERS, args![permit.scope()]).await?;
    Ok(Numbers { holds: row.int("holds")?, erased: row.int("erased")? })
}

/// What is on hold in scope, newest first.
///
/// # Errors
/// Storage faults.
pub async fn holds(conn: &mut Conn, permit: &Permit) -> Result<Vec<Kept>> {
    let rows = conn.all(sql::HOLDS, args![permit.scope()]).await?;
    rows.iter()
        .map(|row| {
            let mut one = kept(row, 0)?;
            one.hold = Some(hold(row, &one.study)?);
            Ok(one)
        })
        .collect()
}

/// The hold of a study, for its facility and for the centre that reads it: why it is kept (a complaint, a court) is nothing for
/// a facility to which the study was granted. The caller has checked the scope.
///
/// # Errors
/// Storage faults.
pub async fn of_study(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Option<Hold>> {
    let Some(row) = conn.opt(sql::HOLD_OF, args![study]).await? else { return Ok(None) };
    let theirs = row.text("facility")? == permit.facility();
    if theirs || permit.scope() == ALL_FACILITIES {
        return hold(&row, study).map(Some);
    }
    Ok(None)
}

/// What the policy hid, with the hour from which its bytes may go, the first to go first.
///
/// # Errors
/// Storage faults.
pub async fn leaving(conn: &mut Conn, permit: &Permit, config: &RetentionConfig) -> Result<Vec<Kept>> {
    let rows = conn.all(sql::LEAVING, args![permit.scope()]).await?;
    rows.iter().map(|row| kept(row, config.grace_days.max(7) * DAY_MS)).collect()
}

/// Studies whose bytes were given up, newest first.
///
/// # Errors
/// Storage faults.
pub async fn erased(conn: &mut Conn, permit: &Permit) -> Result<Vec<Kept>> {
    conn.all(sql::ERASED, args![permit.scope()]).await?.iter().map(|row| kept(row, 0)).collect()
}
