//! Patients of the own facility that have a study in scope.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;
use yigong_formats::dicom::tag;

use super::plan::Driver;
use super::row::Held;
use super::{Found, Query, matches, sql, studies};

/// Rows of a page.
const PAGE: usize = 250;

/// Where a search for patients stands.
pub(super) struct Pages {
    driver: Driver,
    name: Option<Option<(String, String)>>,
    behind: String,
    done: bool,
}

impl Pages {
    pub(super) fn new(query: &Query) -> Self {
        Self { driver: Driver::of(query), name: None, behind: String::new(), done: false }
    }

    pub(super) async fn next(
        &mut self,
        conn: &mut Conn,
        permit: &Permit,
        query: &Query,
    ) -> Result<Option<Vec<Found>>> {
        if self.done {
            return Ok(None);
        }
        if self.name.is_none() {
            self.name = Some(studies::rare_name(conn, query).await?);
        }
        let (scope, behind) = (permit.scope(), self.behind.as_str());
        let rows = match (&self.driver, self.name.as_ref().and_then(Option::as_ref)) {
            (Driver::PatientId(exact), _) => {
                conn.all(sql::PATIENTS_BY_ID, args![scope, behind, exact, PAGE]).await?
            }
            (_, Some((first, end))) => {
                conn.all(sql::PATIENTS_BY_NAME, args![scope, behind, first, end, PAGE]).await?
            }
            _ => conn.all(sql::PATIENTS, args![scope, behind, PAGE]).await?,
        };
        match rows.last() {
            Some(last) if rows.len() == PAGE => self.behind = last.text("patient")?,
            _ => self.done = true,
        }
        let counted = [tag::PATIENT_STUDIES, tag::PATIENT_SERIES, tag::PATIENT_INSTANCES];
        let mut out = Vec::new();
        for row in &rows {
            let mut held = Held::patient(row)?;
            if !matches(query, &held) {
                continue;
            }
            if counted.iter().any(|t| query.keys.has(*t)) {
                let row = conn.one(sql::PATIENT_COUNTS, args![scope, &held.id]).await?;
                for (t, column) in counted.iter().zip(["studies", "series", "instances"]) {
                    held.attributes.put(*t, row.int(column)?.to_string());
                }
            }
            out.push(Found { id: held.id, attributes: held.attributes });
        }
        Ok(Some(out))
    }
}
