//! Search parameters and the walk over the versions in commit order.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};

use yigong_clinic::timekeeping;

use super::instant::Instant;
use super::report::SYSTEM;
use super::sql;

/// No version is committed behind one that was signed later than this after it: half an hour passes at most between signing
/// and commit, and a clock that is set back is followed so far.
const SIGN_TO_COMMIT_MS: i64 = 30 * MINUTE_MS + timekeeping::FAR_MS;
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
    /// Of this facility alone; empty = of all in scope.
    pub(super) facility: String,
    /// Asked by a system of identifiers that nothing here has.
    pub(super) nothing: bool,
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
                "patient.identifier" | "subject.identifier" => {
                    asked.patient = asked.token(name, value, &["patient:"])?;
                }
                "identifier" | "based-on.identifier" => {
                    asked.order = asked.token(name, value, &["placer:", "accession"])?;
                }
                "_format" => {}
                other => return Err(Fault::invalid(other, "this search parameter is not supported")),
            }
        }
        Ok(asked)
    }

    /// The value of `system|value` or `value` (FHIR R4 §3.1.1.5.8). A system that names a facility binds the answer to it; one that
    /// this server does not have matches nothing.
    fn token(&mut self, name: &str, token: &str, systems: &[&str]) -> Result<String> {
        let (system, value) = token.rsplit_once('|').unwrap_or_default();
        let value = if token.contains('|') { value } else { token };
        if value.trim().is_empty() {
            // An empty value must not be answered with everybody's reports.
            return Err(Fault::invalid(name, "needs a value"));
        }
        if !system.is_empty() {
            let ours = system.strip_prefix(SYSTEM).and_then(|s| s.strip_prefix(':'));
            match ours.and_then(|s| systems.iter().find_map(|kind| s.strip_prefix(kind))) {
                Some("") => {}
                Some(facility) if self.facility.is_empty() || self.facility == facility => {
                    facility.clone_into(&mut self.facility);
                }
                _ => self.nothing = true,
            }
        }
        Ok(value.to_owned())
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
    if asked.nothing {
        return Ok((hits, place, false));
    }
    loop {
        let rows = conn
            .all(
                sql::AFTER,
                args![permit.scope(), place.seq, &asked.patient, &asked.order, STEP, &asked.facility],
            )
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
pub(super) async fn instant_of(conn: &mut Conn, permit: &Permit, row: &Row) -> Result<Instant> {
    let (signed, seq) = (row.int("signed_at")?, row.int("seq")?);
    let from = settled_before(conn, signed).await?;
    let greatest = conn.one(sql::GREATEST, args![from, seq, permit.scope()]).await?.opt_int("millis")?;
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
        let asked = Asked::of(&pair("identifier", "A1")).unwrap();
        assert_eq!((asked.order.as_str(), asked.count, asked.nothing), ("A1", 20, false));
        let of = |name: &str, value: &str| {
            Asked::of(&pair(name, value)).map(|a| (a.patient + &a.order, a.facility, a.nothing))
        };
        let found = |value: &str, facility: &str, nothing| (value.to_owned(), facility.to_owned(), nothing);
        assert_eq!(of("patient.identifier", "urn:yigong:patient:C02|P1").unwrap(), found("P1", "C02", false));
        assert_eq!(of("patient.identifier", "|P1").unwrap(), found("P1", "", false));
        assert_eq!(of("patient.identifier", "urn:else|P1").unwrap(), found("P1", "", true));
        assert_eq!(of("patient.identifier", "urn:yigong:placer:C02|P1").unwrap(), found("P1", "", true));
        assert_eq!(of("based-on.identifier", "urn:yigong:placer:C02|L1").unwrap(), found("L1", "C02", false));
        assert_eq!(of("identifier", "urn:yigong:accession|L1").unwrap(), found("L1", "", false));
        for empty in ["", "urn:yigong:patient:C02|", "  "] {
            assert!(
                of("patient.identifier", empty).is_err(),
                "{empty}: everybody's reports would be the answer"
            );
            assert!(of("identifier", empty).is_err());
        }
        let cursor = Cursor { seq: 77, millis: 1_788_220_800_123 };
        assert_eq!(Cursor::parse(&cursor.write()), Some(cursor));
    }
}
