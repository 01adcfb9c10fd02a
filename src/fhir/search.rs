//! Search parameters and the walk over the versions in commit order.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};

use super::instant::Instant;
use super::sql;

/// No version is committed longer than this after it was signed.
const SIGN_TO_COMMIT_MS: i64 = 30 * MINUTE_MS;
/// Rows read at a time while looking for a page.
const STEP: i64 = 200;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) bounds: Vec<(Bound, Instant)>,
    pub(super) count: usize,
    pub(super) cursor: Option<Cursor>,
    pub(super) patient: String,
    pub(super) order: String,
}

/// Prefix of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Gt,
    Ge,
    Lt,
    Le,
}

/// A place in commit order: the last version that was given, and the greatest signing time up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cursor {
    pub(super) seq: i64,
    pub(super) millis: i64,
}

impl Cursor {
    pub(super) fn write(self) -> String {
        format!("{:x}-{:x}", self.seq, self.millis)
    }

    fn parse(text: &str) -> Option<Self> {
        let (seq, millis) = text.split_once('-')?;
        Some(Self { seq: i64::from_str_radix(seq, 16).ok()?, millis: i64::from_str_radix(millis, 16).ok()? })
    }
}

impl Asked {
    /// Reads the parameters; one that is not supported is refused, so that nobody takes an unfiltered answer for a filtered one.
    pub(super) fn of(pairs: &[(String, String)]) -> Result<Self> {
        let mut asked = Self { count: 20, ..Self::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "_lastUpdated" => asked.bounds.push(bound(value)?),
                "_count" => {
                    let count: usize =
                        value.parse().map_err(|_| Fault::invalid("_count", "a number from 1 to 100"))?;
                    asked.count = count.clamp(1, 100);
                }
                "_cursor" => {
                    let cursor = Cursor::parse(value)
                        .ok_or_else(|| Fault::invalid("_cursor", "not a cursor of this server"))?;
                    asked.cursor = Some(cursor);
                }
                "patient.identifier" | "subject.identifier" => value_of(value).clone_into(&mut asked.patient),
                "identifier" | "based-on.identifier" => value_of(value).clone_into(&mut asked.order),
                "_format" => {}
                other => return Err(Fault::invalid(other, "this search parameter is not supported")),
            }
        }
        Ok(asked)
    }

    fn admits(&self, at: Instant) -> bool {
        self.bounds.iter().all(|(bound, limit)| match bound {
            Bound::Gt => at > *limit,
            Bound::Ge => at >= *limit,
            Bound::Lt => at < *limit,
            Bound::Le => at <= *limit,
        })
    }
}

fn bound(value: &str) -> Result<(Bound, Instant)> {
    let (bound, rest) = match value.get(..2) {
        Some("gt") => (Bound::Gt, value.get(2..)),
        Some("ge") => (Bound::Ge, value.get(2..)),
        Some("lt") => (Bound::Lt, value.get(2..)),
        Some("le") => (Bound::Le, value.get(2..)),
        _ => return Err(Fault::invalid("_lastUpdated", "needs one of the prefixes gt, ge, lt, le")),
    };
    let at = rest
        .and_then(Instant::parse)
        .ok_or_else(|| Fault::invalid("_lastUpdated", "not a date or instant"))?;
    Ok((bound, at))
}

/// `system|value` or `value`.
fn value_of(token: &str) -> &str {
    token.rsplit_once('|').map_or(token, |(_, value)| value)
}

/// A version that fits.
pub(super) struct Hit {
    pub(super) row: Row,
    pub(super) instant: Instant,
}

/// One page: the versions, where to go on, and whether more wait.
pub(super) async fn page(
    conn: &mut Conn,
    permit: &Permit,
    asked: &Asked,
) -> Result<(Vec<Hit>, Cursor, bool)> {
    let mut place = match asked.cursor {
        Some(cursor) => cursor,
        None => start(conn, asked).await?,
    };
    let mut hits: Vec<Hit> = Vec::new();
    loop {
        let rows = conn
            .all(sql::AFTER, args![permit.scope(), place.seq, &asked.patient, &asked.order, STEP])
            .await?;
        let last = i64::try_from(rows.len()).unwrap_or(STEP) < STEP;
        for row in rows {
            let seq = row.int("seq")?;
            let millis = place.millis.max(row.int("signed_at")?);
            let instant = Instant::of(millis, seq);
            if asked.admits(instant) {
                if hits.len() == asked.count {
                    return Ok((hits, place, true));
                }
                hits.push(Hit { row, instant });
            }
            place = Cursor { seq, millis };
        }
        if last {
            return Ok((hits, place, false));
        }
    }
}

/// A safe place before everything a lower bound admits.
async fn start(conn: &mut Conn, asked: &Asked) -> Result<Cursor> {
    let lower = asked
        .bounds
        .iter()
        .filter(|(b, _)| matches!(b, Bound::Gt | Bound::Ge))
        .map(|(_, at)| at.millis)
        .max();
    let Some(lower) = lower else { return Ok(Cursor::default()) };
    Ok(Cursor { seq: settled_before(conn, lower).await?, millis: 0 })
}

/// The last place in commit order that nothing signed at `millis` can stand in front of.
async fn settled_before(conn: &mut Conn, millis: i64) -> Result<i64> {
    let row = conn.opt(sql::LAST_BEFORE, args![millis.saturating_sub(SIGN_TO_COMMIT_MS)]).await?;
    row.map_or(Ok(0), |r| r.int("seq"))
}

/// The instant of one version, the same that a search gives it.
pub(super) async fn instant_of(conn: &mut Conn, row: &Row) -> Result<Instant> {
    let (signed, seq) = (row.int("signed_at")?, row.int("seq")?);
    let from = settled_before(conn, signed).await?;
    let greatest = conn.one(sql::GREATEST, args![from, seq]).await?.opt_int("millis")?;
    Ok(Instant::of(greatest.unwrap_or(signed), seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parameters_are_refused() {
        let pair = |a: &str, b: &str| vec![(a.to_owned(), b.to_owned())];
        assert!(Asked::of(&pair("status", "final")).is_err());
        assert!(Asked::of(&pair("_lastUpdated", "2026")).is_err());
        assert!(Asked::of(&pair("_cursor", "zz")).is_err());
        let asked = Asked::of(&pair("identifier", "urn:x|A1")).unwrap();
        assert_eq!((asked.order.as_str(), asked.count), ("A1", 20));
        let cursor = Cursor { seq: 77, millis: 1_788_220_800_123 };
        assert_eq!(Cursor::parse(&cursor.write()), Some(cursor));
    }
}
