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
#[cfg(test)]
mod tests;

pub use yigong_formats::dicom::level::{Level, unsupported};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// What the answers stand for.
    pub level: Level,
    /// Keys by attribute; one without value matches everything and is answered.
    pub keys: Attributes,
    /// A name is also found inside another.
    pub fuzzy: bool,
    /// Date and time keys of the same form of range mean one range (PS3.4 §C.2.2.2.5.4).
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

    /// The pairs of date and time that are one range here.
    fn one_range(&self) -> impl Iterator<Item = (Tag, Tag)> {
        let one = |(date, time): &(Tag, Tag)| {
            let (dates, times) = (self.keys.values(*date), self.keys.values(*time));
            matches!((dates, times), ([d], [t]) if matching::is_combined(d, t))
        };
        PAIRS.into_iter().filter(move |pair| self.combined && one(pair))
    }

    /// Sets apart the keys that are not matched one by one: the name has more forms than one, and date and time may be one.
    fn prepare(&mut self) {
        let mut plain = self.keys.clone();
        plain.remove(tag::PATIENT_NAME);
        plain.remove(tag::CHARSET);
        for (date, time) in self.one_range() {
            plain.remove(date);
            plain.remove(time);
        }
        self.plain = plain;
    }
}

/// Dates and the times beside them.
const PAIRS: [(Tag, Tag); 3] = [
    (tag::STUDY_DATE, tag::STUDY_TIME),
    (tag::SERIES_DATE, tag::SERIES_TIME),
    (tag::CONTENT_DATE, tag::CONTENT_TIME),
];

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
    query.one_range().all(|(date, time)| {
        let (key, held) = (|t| query.keys.text(t), |t| row.attributes.text(t));
        // A row that does not know the date at this level is not matched on it.
        row.attributes.get(date).is_none() || matching::combined(key(date), key(time), held(date), held(time))
    })
}
