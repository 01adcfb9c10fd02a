//! Series: by their UIDs, else study by study.

use std::collections::VecDeque;

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::{Arg, Conn};
use yigong_formats::dicom::tag;

use super::row::Held;
use super::{Found, Query, matches, sixteens, sql, studies};

/// Where a search for series stands.
pub(super) struct Pages {
    uids: VecDeque<Vec<String>>,
    by_uid: bool,
    studies: studies::Pages,
    waiting: VecDeque<String>,
}

impl Pages {
    pub(super) fn new(query: &Query) -> Self {
        let uids = sixteens(&query.keys, tag::SERIES_UID);
        Self { by_uid: !uids.is_empty(), uids, studies: studies::Pages::new(query), waiting: VecDeque::new() }
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
            conn.all(sql::SERIES_BY_UID, args).await?
        } else {
            let Some(study) = self.waiting.pop_front() else {
                let Some(found) = self.studies.next(conn, permit, query).await? else { return Ok(None) };
                self.waiting.extend(found.into_iter().map(|f| f.id));
                return Ok(Some(Vec::new()));
            };
            conn.all(sql::SERIES_OF_STUDY, args![permit.scope(), study]).await?
        };
        let mut out = Vec::new();
        for row in &rows {
            let held = Held::series(row)?;
            if matches(query, &held) {
                out.push(Found { id: held.id, attributes: held.attributes });
            }
        }
        Ok(Some(out))
    }
}
