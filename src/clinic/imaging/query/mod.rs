//! Queries for patients, studies, series and instances (PS3.4 §C.4.1, PS3.18 §10.6): one engine for C-FIND, C-MOVE, C-GET and
//! QIDO-RS. An index finds the rows, `formats::dicom::matching` decides on them, and they come in pages, so that the first
//! is answered while the last is not read yet.

use std::collections::VecDeque;

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::{Tag, matching, tag};

mod instances;
mod patients;
mod plan;
mod row;
mod series;
pub mod sql;
mod studies;
mod support;
#[cfg(test)]
mod tests;

pub use support::unsupported;

/// What an answer stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Patients of the own facility.
    Patient,
    /// Studies.
    Study,
    /// Series.
    Series,
    /// Instances.
    Instance,
}

impl Level {
    /// By (0008,0052).
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Some(match text {
            "PATIENT" => Self::Patient,
            "STUDY" => Self::Study,
            "SERIES" => Self::Series,
            "IMAGE" => Self::Instance,
            _ => return None,
        })
    }

    /// As (0008,0052) says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Instance => "IMAGE",
        }
    }

    /// Its unique key (PS3.4 §C.3.1).
    #[must_use]
    pub fn unique_key(self) -> Tag {
        match self {
            Self::Patient => tag::PATIENT_ID,
            Self::Study => tag::STUDY_UID,
            Self::Series => tag::SERIES_UID,
            Self::Instance => tag::SOP_INSTANCE,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// What the answers stand for.
    pub level: Level,
    /// Keys by attribute; one without value matches everything and is answered.
    pub keys: Attributes,
    /// A name is also found inside another.
    pub fuzzy: bool,
    /// Date and time keys mean one range (PS3.4 §C.2.2.2.5.3).
    pub combined: bool,
    /// Rows that are wanted soon; the size of the first page.
    pub first: usize,
    /// The keys that are matched attribute by attribute.
    plain: Attributes,
}

impl Query {
    /// A query by the letter of the standard.
    #[must_use]
    pub fn new(level: Level, keys: Attributes) -> Self {
        Self { level, keys, fuzzy: false, combined: false, first: 50, plain: Attributes::default() }
    }

    /// Whether date and time are one range here.
    fn is_combined(&self) -> bool {
        self.combined
            && [tag::STUDY_DATE, tag::STUDY_TIME]
                .iter()
                .all(|t| !matching::is_universal(self.keys.values(*t)))
    }

    /// Sets apart the keys that are not matched one by one: the name has more forms than one, and date and time may be one.
    fn prepare(&mut self) {
        self.plain = self.keys.clone();
        self.plain.remove(tag::PATIENT_NAME);
        self.plain.remove(tag::CHARSET);
        if self.is_combined() {
            self.plain.remove(tag::STUDY_DATE);
            self.plain.remove(tag::STUDY_TIME);
        }
    }
}

/// A row that matches: its row id and everything the index holds of it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Row id of the patient, study, series or instance.
    pub id: String,
    /// Its attributes, those of the levels above included.
    pub attributes: Attributes,
}

/// A query under way. Holds no connection between its pages.
pub struct Search {
    query: Query,
    pages: Pages,
}

enum Pages {
    Patients(patients::Pages),
    Studies(studies::Pages),
    Series(series::Pages),
    Instances(instances::Pages),
}

impl Search {
    /// Begins.
    #[must_use]
    pub fn new(mut query: Query) -> Self {
        query.prepare();
        let pages = match query.level {
            Level::Patient => Pages::Patients(patients::Pages::new(&query)),
            Level::Study => Pages::Studies(studies::Pages::new(&query)),
            Level::Series => Pages::Series(series::Pages::new(&query)),
            Level::Instance => Pages::Instances(instances::Pages::new(&query)),
        };
        Self { query, pages }
    }

    /// The next rows in the scope of the permit. A page may be empty; `None` = there are no more.
    ///
    /// # Errors
    /// Storage faults.
    pub async fn next(&mut self, conn: &mut Conn, permit: &Permit) -> Result<Option<Vec<Found>>> {
        match &mut self.pages {
            Pages::Patients(pages) => pages.next(conn, permit, &self.query).await,
            Pages::Studies(pages) => pages.next(conn, permit, &self.query).await,
            Pages::Series(pages) => pages.next(conn, permit, &self.query).await,
            Pages::Instances(pages) => pages.next(conn, permit, &self.query).await,
        }
    }

    /// Up to `limit` rows behind the first `offset`.
    ///
    /// # Errors
    /// Storage faults.
    pub async fn take(
        mut self,
        conn: &mut Conn,
        permit: &Permit,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Found>> {
        let (mut passed, mut out) = (0, Vec::new());
        while out.len() < limit {
            let Some(rows) = self.next(conn, permit).await? else { break };
            for found in rows {
                if passed < offset {
                    passed += 1;
                } else if out.len() < limit {
                    out.push(found);
                }
            }
        }
        Ok(out)
    }
}

/// UIDs of a key, in sixteens: as many as one statement takes. The last one is repeated to fill it.
fn sixteens(keys: &Attributes, t: Tag) -> VecDeque<Vec<String>> {
    let values: Vec<&String> = keys.values(t).iter().filter(|v| !v.is_empty()).collect();
    values
        .chunks(16)
        .map(|chunk| {
            let mut list: Vec<String> = chunk.iter().map(|v| (*v).clone()).collect();
            if let Some(last) = list.last().cloned() {
                list.resize(16, last);
            }
            list
        })
        .collect()
}

/// Whether a row matches: every key it knows, the name by all its forms, date and time together where that was agreed.
fn matches(query: &Query, row: &row::Held) -> bool {
    if !matching::row(&query.plain, &row.attributes, query.fuzzy) {
        return false;
    }
    let name = query.keys.values(tag::PATIENT_NAME);
    if !matching::is_universal(name) {
        let forms = row.name_forms();
        if !name.iter().any(|key| matching::person(key, &forms, query.fuzzy)) {
            return false;
        }
    }
    if query.is_combined() {
        let (key, held) = (|t| query.keys.text(t), |t| row.attributes.text(t));
        let (date, time) = (tag::STUDY_DATE, tag::STUDY_TIME);
        return matching::combined(key(date), key(time), held(date), held(time));
    }
    true
}
