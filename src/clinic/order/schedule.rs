//! What a facility has still to examine: the items of its open imaging and ECG orders by their day, the view a modality
//! worklist gives (PS3.4 Annex K). Read by an index, page by page.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row};

use super::sql;

/// Rows of a page.
const PAGE: usize = 200;

/// One examination to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Order row, 32 hexadecimal digits.
    pub order: String,
    /// Order item row.
    pub item: String,
    /// The row that names its study: the order's for the examinations of its first modality, and for each other modality the first
    /// item's, so that another device makes a study of its own, with a task and a report of its own.
    pub study: String,
    /// Placer number.
    pub placer_no: String,
    /// Filler number: the accession number.
    pub filler_no: String,
    /// Patient id as the facility knows it.
    pub patient_id: String,
    /// Name.
    pub name: String,
    /// `M`, `F`, `O` or empty.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// Ordering doctor.
    pub orderer: String,
    /// Ordering department.
    pub department: String,
    /// Clinical history.
    pub history: String,
    /// `stat`, `emergency`, `urgent`, `routine`.
    pub priority: String,
    /// Day, `YYYYMMDD`.
    pub date: String,
    /// Time, `HHMMSS`.
    pub time: String,
    /// AE title of the station; empty = any of the facility.
    pub station: String,
    /// Examination code.
    pub code: String,
    /// Its name.
    pub examination: String,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// Name of the facility.
    pub facility_name: String,
}

/// What narrows the search; empty = any.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Accession number.
    pub accession: String,
    /// Patient id.
    pub patient_id: String,
    /// Modality.
    pub modality: String,
}

/// A search under way. Holds no connection between its pages.
#[derive(Debug, Default)]
pub struct Steps {
    wanted: Wanted,
    behind: (String, String, String),
    done: bool,
}

impl Steps {
    /// Begins.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        // The walk begins at the first day that is asked for, not at the oldest order.
        let behind = (wanted.from.clone(), String::new(), String::new());
        Self { wanted, behind, done: false }
    }

    /// The next page, earliest first; `None` = there are no more. Only the own facility's.
    ///
    /// # Errors
    /// Storage faults.
    pub async fn next(&mut self, conn: &mut Conn, permit: &Permit) -> Result<Option<Vec<Step>>> {
        if self.done {
            return Ok(None);
        }
        let w = &self.wanted;
        let to = if w.to.is_empty() { "99999999" } else { w.to.as_str() };
        let behind = &self.behind;
        let mut args =
            args![permit.facility(), &w.from, to, &w.modality, &behind.0, &behind.1, &behind.2, PAGE];
        let statement = if !w.accession.is_empty() {
            args.push(w.accession.as_str().into());
            sql::STEPS_BY_ACCESSION
        } else if !w.patient_id.is_empty() {
            args.push(w.patient_id.as_str().into());
            sql::STEPS_BY_PATIENT
        } else {
            sql::STEPS
        };
        let rows = conn.all(statement, args).await?;
        match rows.last() {
            Some(last) if rows.len() == PAGE => {
                self.behind = (last.text("scheduled_date")?, last.text("order_id")?, last.text("item")?);
            }
            _ => self.done = true,
        }
        rows.iter().map(of_row).collect::<Result<Vec<_>>>().map(Some)
    }
}

fn of_row(row: &Row) -> Result<Step> {
    let of = |column: &str| row.text(column);
    let study = if of("leader")? == of("first")? { of("order_id")? } else { of("leader")? };
    Ok(Step {
        study,
        order: of("order_id")?,
        item: of("item")?,
        placer_no: of("placer_no")?,
        filler_no: of("filler_no")?,
        patient_id: of("local_id")?,
        name: of("name")?,
        sex: of("sex")?,
        birth_date: of("birth_date")?,
        orderer: of("orderer")?,
        department: of("department")?,
        history: of("history")?,
        priority: of("priority")?,
        date: of("scheduled_date")?,
        time: of("scheduled_time")?,
        station: of("station_ae")?,
        code: of("code")?,
        examination: of("examination")?,
        modality: of("modality")?,
        body_part: of("body_part")?,
        facility_name: of("facility_name")?,
    })
}
