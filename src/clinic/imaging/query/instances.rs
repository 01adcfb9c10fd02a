//! Instances: by their UIDs, else series by series.

use std::collections::VecDeque;

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Arg, Conn};
use yigong_formats::dicom::tag;

use super::row::Held;
use super::{Found, Query, matches, series, sixteens, sql};

/// Rows of a page.
const PAGE: usize = 500;

/// Where a search for instances stands.
pub(super) struct Pages {
    uids: VecDeque<Vec<String>>,
    by_uid: bool,
    series: series::Pages,
    waiting: VecDeque<String>,
    passed: usize,
}

impl Pages {
    pub(super) fn new(query: &Query) -> Self {
        let uids = sixteens(&query.keys, tag::SOP_INSTANCE);
        let series = series::Pages::new(query);
        Self { by_uid: !uids.is_empty(), uids, series, waiting: VecDeque::new(), passed: 0 }
    }

    pub(super) async fn next(
        &mut self,
        conn: &mut Conn,
        permit: &Permit,
        query: &Query,
    ) -> Result<Option<Vec<Found>>> {
        let rows = if self.by_uid {
            let Some(list) = self.uids.pop_front() else { return Ok(None) };
            let mut args: Vec<Arg> = args![permit.scope()];
            args.extend(list.into_iter().map(Arg::from));
            conn.all(sql::INSTANCES_BY_UID, args).await?
        } else {
            let Some(series) = self.waiting.front().cloned() else {
                let Some(found) = self.series.next(conn, permit, query).await? else { return Ok(None) };
                self.waiting.extend(found.into_iter().map(|f| f.id));
                return Ok(Some(Vec::new()));
            };
            let rows =
                conn.all(sql::INSTANCES_OF_SERIES, args![permit.scope(), series, PAGE, self.passed]).await?;
            if rows.len() < PAGE {
                self.waiting.pop_front();
                self.passed = 0;
            } else {
                self.passed += PAGE;
            }
            rows
        };
        let mut out = Vec::new();
        for row in &rows {
            let held = Held::instance(row)?;
            if matches(query, &held) {
                out.push(Found { id: held.id, attributes: held.attributes });
            }
        }
        Ok(Some(out))
    }
}
