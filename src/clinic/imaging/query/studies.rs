//! Studies, page by page, newest first.

use yigong_base::access::Permit;
use yigong_base::access::permit::ALL_FACILITIES;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Arg, Conn, Row};
use yigong_formats::dicom::{matching, tag};

use super::plan::{Driver, NameRange, dates, modality, name_range};
use super::row::Held;
use super::{Found, Query, matches, sql};

/// Rows of a page behind the first.
const PAGE: usize = 250;
/// More patients than this with one name: the date page finds them sooner than the index of names. At 100,000 studies the
/// date page of 50 is as long a walk as the index of names at the root of 50 times 100,000.
const FREQUENT: i64 = 2_000;

/// Where a search for studies stands.
pub(super) struct Pages {
    driver: Driver,
    frequent: Option<bool>,
    behind: (String, String),
    size: usize,
    done: bool,
}

impl Pages {
    pub(super) fn new(query: &Query) -> Self {
        Self {
            driver: Driver::of(query),
            frequent: None,
            behind: first(query),
            size: query.first.clamp(16, PAGE),
            done: false,
        }
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
        let rows = self.rows(conn, permit, query).await?;
        let mut out = Vec::new();
        for row in &rows {
            let mut held = Held::study(row)?;
            if !matches(query, &held) {
                continue;
            }
            if query.keys.has(tag::SOP_CLASSES_IN_STUDY) {
                let classes = conn.all(sql::SOP_CLASSES, args![permit.scope(), &held.id]).await?;
                let classes: Vec<String> =
                    classes.iter().map(|r| r.text("sop_class")).collect::<Result<_>>()?;
                let wanted = query.keys.values(tag::SOP_CLASSES_IN_STUDY);
                if !matching::is_universal(wanted) && !wanted.iter().any(|w| classes.contains(w)) {
                    continue;
                }
                held.attributes.put_all(tag::SOP_CLASSES_IN_STUDY, classes);
            }
            out.push(Found { id: held.id, attributes: held.attributes });
        }
        Ok(Some(out))
    }

    /// The rows of the next page, and where it ends.
    async fn rows(&mut self, conn: &mut Conn, permit: &Permit, query: &Query) -> Result<Vec<Row>> {
        let (from, to) = dates(&query.keys);
        let mut args: Vec<Arg> =
            args![permit.scope(), &self.behind.0, &self.behind.1, from, to, modality(&query.keys), self.size];
        // A link sees one study, wherever it is: no facility's own index leads to it.
        let every = permit.scope() == ALL_FACILITIES || permit.study().is_some();
        let statement = match &self.driver {
            Driver::Uids(lists) => {
                let list = lists.front().cloned().unwrap_or_default();
                args.extend(list.into_iter().map(Arg::from));
                sql::STUDIES_BY_UID
            }
            Driver::Accession(exact) => {
                args.push(exact.into());
                sql::STUDIES_BY_ACCESSION
            }
            Driver::PatientId(exact) => {
                args.push(exact.into());
                sql::STUDIES_BY_PATIENT_ID
            }
            Driver::Name(NameRange::Part(pattern)) => {
                args.push(pattern.into());
                sql::STUDIES_BY_NAME_PART
            }
            Driver::Name(NameRange::Between(first, end)) => {
                args.extend([Arg::from(first), Arg::from(end)]);
                let frequent = match self.frequent {
                    Some(frequent) => frequent,
                    None => is_frequent(conn, first, end).await?,
                };
                self.frequent = Some(frequent);
                match (frequent, every) {
                    (false, _) => sql::STUDIES_BY_NAME,
                    (true, true) => sql::STUDIES_BY_FREQUENT_NAME,
                    (true, false) => sql::STUDIES_OF_FACILITY_BY_FREQUENT_NAME,
                }
            }
            Driver::Page if every => sql::STUDIES,
            Driver::Page => sql::STUDIES_OF_FACILITY,
        };
        let rows = conn.all(statement, args).await?;
        match rows.last() {
            Some(last) if rows.len() >= self.size => {
                self.behind = (last.text("study_date")?, last.text("study")?);
            }
            _ => self.turn(query),
        }
        self.size = PAGE;
        Ok(rows)
    }

    /// The driver has no more rows: the next sixteen UIDs, or the end.
    fn turn(&mut self, query: &Query) {
        self.behind = first(query);
        self.done = match &mut self.driver {
            Driver::Uids(lists) => {
                lists.pop_front();
                lists.is_empty()
            }
            _ => true,
        };
    }
}

/// Where the walk from the newest to the oldest begins: just behind the last day that is asked for (one digit more than a
/// date has), and not at the newest study of all.
fn first(query: &Query) -> (String, String) {
    (format!("{}9", dates(&query.keys).1), String::new())
}

async fn is_frequent(conn: &mut Conn, first: &str, end: &str) -> Result<bool> {
    Ok(conn.one(sql::FREQUENT, args![first, end]).await?.int("n")? > FREQUENT)
}

/// Rare names between two keys, for other searches over patients.
pub(super) async fn rare_name(conn: &mut Conn, query: &Query) -> Result<Option<(String, String)>> {
    match name_range(&query.keys, query.fuzzy) {
        Some(NameRange::Between(first, end)) => {
            Ok((!is_frequent(conn, &first, &end).await?).then_some((first, end)))
        }
        _ => Ok(None),
    }
}
