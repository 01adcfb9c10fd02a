//! Instants that grow strictly in commit order, so that `_lastUpdated=gt` loses nothing and repeats nothing.
//!
//! Versions can be committed in another order than they were signed. The instant of a version is the greatest
//! signing time up to it, with its number in commit order in the digits below the millisecond.

use yigong_formats::hl7::value::{Timestamp, write_timestamp};

/// A point in time: milliseconds since 1970 UTC and nanoseconds within the millisecond (0 to 999 999).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Instant {
    pub(super) millis: i64,
    pub(super) nanos: i64,
}

impl Instant {
    /// Of the version `seq` whose greatest signing time so far is `millis`.
    pub(super) fn of(millis: i64, seq: i64) -> Self {
        Self { millis, nanos: seq.rem_euclid(1_000_000) }
    }

    /// Reads a FHIR date, dateTime or instant. `None` when it is none. A date counts from its midnight UTC.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // a plus sign that was not escaped in the query arrives as a blank
        let text = text.trim().replace(' ', "+");
        let (date, time) = text.split_once('T').map_or((text.as_str(), ""), |(d, t)| (d, t));
        let date: String = date.split('-').collect();
        let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at_checked(zone_at)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        if !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let clock: String = clock.split(':').collect();
        let zone = if zone == "Z" { "+0000".to_owned() } else { zone.replace(':', "") };
        let millis = Timestamp::parse(&format!("{date}{clock}{zone}"))?.millis(0);
        let digits: String = format!("{fraction:0<9}").chars().take(9).collect();
        let below: i64 = digits.parse().ok()?;
        Some(Self { millis: millis + below / 1_000_000, nanos: below % 1_000_000 })
    }

    /// As a FHIR instant with nine digits, UTC.
    pub(super) fn write(self) -> String {
        let base = iso(self.millis);
        format!("{}.{:03}{:06}Z", base, self.millis.rem_euclid(1000), self.nanos)
    }
}

/// Milliseconds since 1970 UTC as a FHIR dateTime; `None` for 0 (unknown).
pub(super) fn date_time(millis: i64) -> Option<String> {
    (millis > 0).then(|| format!("{}.{:03}Z", iso(millis), millis.rem_euclid(1000)))
}

fn iso(millis: i64) -> String {
    let t = write_timestamp(millis, 0);
    let part = |a: usize, b: usize| t.get(a..b).unwrap_or_default();
    format!("{}-{}-{}T{}:{}:{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14))
}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn what_is_written_is_read_back_and_order_holds() {
        let a = Instant::of(1_788_220_800_123, 41);
        assert_eq!(a.write(), "2026-09-01T00:00:00.123000041Z");
        assert_eq!(Instant::parse(&a.write()), Some(a));
        assert!(Instant::of(1_788_220_800_123, 42) > a);
        assert_eq!(Instant::parse("2026-09-01T08:00:00+08:00").map(|i| i.millis), Some(1_788_220_800_000));
        assert_eq!(Instant::parse("2026-09-01T08:00:00 08:00").map(|i| i.millis), Some(1_788_220_800_000));
        assert_eq!(Instant::parse("2026-09-01").map(|i| i.millis), Some(1_788_220_800_000));
        assert_eq!(Instant::parse("2026").map(|i| i.nanos), Some(0));
        for bad in ["", "yesterday", "2026-13-01", "2026-09-01T25:00:00Z", "2026-09-01T00:00:00.xZ"] {
            assert_eq!(Instant::parse(bad), None, "{bad}");
        }
    }
}
