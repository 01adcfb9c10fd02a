//! Finding the order that evidence belongs to. Only exact keys match; nothing is guessed.

use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row};

use super::place::placer_reused;
use super::sql;

/// The open order of a facility with this accession (filler) or placer number, for this patient.
pub async fn match_study(
    conn: &mut Conn,
    facility: &str,
    accession: &str,
    patient: &str,
) -> Result<Option<String>> {
    if accession.trim().is_empty() {
        return Ok(None);
    }
    conn.opt(sql::MATCH, args![facility, accession.trim(), patient]).await?.map(|r| r.text("id")).transpose()
}

/// The open order of a facility whose worklist gave this Study Instance UID (`dimse::worklist`: the id of an order or of an item of it
/// under 2.25), for this patient: a device may take the UID and leave the accession number out of its images.
pub async fn match_uid(
    conn: &mut Conn,
    facility: &str,
    study_uid: &str,
    patient: &str,
) -> Result<Option<String>> {
    let Some(id) = named_by(study_uid) else { return Ok(None) };
    let found = match conn.opt(sql::MATCH_ID, args![facility, &id, patient]).await? {
        Some(row) => Some(row),
        None => conn.opt(sql::MATCH_ITEM, args![facility, &id, patient]).await?,
    };
    found.map(|r| r.text("id")).transpose()
}

/// The row id that a Study Instance UID of the worklist says.
fn named_by(study_uid: &str) -> Option<String> {
    let n = study_uid.strip_prefix("2.25.").and_then(|n| n.parse::<u128>().ok())?;
    Some(format!("{n:032x}"))
}

/// Whether this accession number, or this Study Instance UID of the worklist, stands for an order of the facility for another person.
/// The same person may be known by several numbers, and an order for somebody unidentified is no other person's.
pub async fn is_for_another(
    conn: &mut Conn,
    facility: &str,
    accession: &str,
    study_uid: &str,
    patient: &str,
) -> Result<bool> {
    let id = named_by(study_uid).unwrap_or_default();
    Ok(conn.opt(sql::OF_ANOTHER, args![facility, accession.trim(), id, patient]).await?.is_some())
}

/// The open order, and its patient, of a facility with this accession number or whose worklist gave this Study Instance UID, where
/// it was placed for somebody nobody knows yet: the worklist gives no patient number then, and the images bring none.
pub async fn match_unidentified(
    conn: &mut Conn,
    facility: &str,
    accession: &str,
    study_uid: &str,
) -> Result<Option<(String, String)>> {
    let id = named_by(study_uid).unwrap_or_default();
    let row = conn.opt(sql::MATCH_UNIDENTIFIED, args![facility, accession.trim(), id]).await?;
    row.map(|r| Ok((r.text("id")?, r.text("patient")?))).transpose()
}

/// The same when only the facility's own patient number is known, as in a performed procedure step.
pub async fn match_step(
    conn: &mut Conn,
    facility: &str,
    accession: &str,
    local_id: &str,
) -> Result<Option<String>> {
    if accession.trim().is_empty() || local_id.trim().is_empty() {
        return Ok(None);
    }
    let found = conn.opt(sql::MATCH_LOCAL, args![facility, accession.trim(), local_id.trim()]).await?;
    found.map(|r| r.text("id")).transpose()
}

/// The order of a placer number, for this patient.
///
/// # Errors
/// `Conflict` `placer_reused` when the number stands for another patient's order.
pub async fn by_placer(
    conn: &mut Conn,
    facility: &str,
    placer_no: &str,
    patient: &str,
) -> Result<Option<String>> {
    let Some(row) = conn.opt(sql::BY_PLACER, args![facility, placer_no]).await? else { return Ok(None) };
    if row.text("patient")? != patient {
        return Err(placer_reused());
    }
    row.text("id").map(Some)
}

/// A specimen with its order.
#[derive(Debug, Clone)]
pub struct SpecimenRow {
    /// Row id.
    pub id: String,
    /// Barcode.
    pub barcode: String,
    /// Facility that collected it.
    pub facility: String,
    /// Patient row.
    pub patient: String,
    /// Order row.
    pub order: String,
    /// Type as written.
    pub kind: String,
    /// `ordered collected in_transit received rejected cancelled`.
    pub state: String,
    /// When it was collected, ms.
    pub collected_at: Option<i64>,
    /// When it was received, ms.
    pub received_at: Option<i64>,
    /// Priority of the order.
    pub priority: String,
    /// State of the order.
    pub order_state: String,
}

/// The specimen of a barcode; one barcode space for the county.
pub async fn specimen_by_barcode(conn: &mut Conn, barcode: &str) -> Result<Option<SpecimenRow>> {
    if barcode.is_empty() {
        return Ok(None);
    }
    conn.opt(sql::BY_BARCODE, args![barcode]).await?.as_ref().map(specimen).transpose()
}

fn specimen(row: &Row) -> Result<SpecimenRow> {
    Ok(SpecimenRow {
        id: row.text("id")?,
        barcode: row.text("barcode")?,
        facility: row.text("facility")?,
        patient: row.text("patient")?,
        order: row.text("order_id")?,
        kind: row.text("type")?,
        state: row.text("state")?,
        collected_at: row.opt_int("collected_at")?,
        received_at: row.opt_int("received_at")?,
        priority: row.text("priority")?,
        order_state: row.text("order_state")?,
    })
}
