//! Points in time as recorders write them: `YYYYMMDDHHMMSS[.f][+ZZZZ]` (HL7 TS, DICOM DT), to the millisecond.

use time::{Date, Month, PrimitiveDateTime, Time};

/// A point in time; the zone is kept apart because most recorders do not write one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    local_ms: i64,
    zone_minutes: Option<i64>,
}

impl Stamp {
    /// Reads year to fraction; what is not written is the first of its kind. `None` when it is no date.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let zone_at = text.rfind(['+', '-']).filter(|at| *at >= 4);
        let (stamp, zone) = zone_at.map_or((text, None), |at| {
            let (stamp, zone) = text.split_at(at);
            (stamp, Some(zone))
        });
        let (whole, fraction) = stamp.split_once('.').unwrap_or((stamp, ""));
        if whole.len() < 4 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let part = |from: usize, to: usize, absent: u8| match whole.get(from..to) {
            Some(digits) => digits.parse::<u8>().ok(),
            None => Some(absent),
        };
        let year = whole.get(..4)?.parse().ok()?;
        let month = Month::try_from(part(4, 6, 1)?).ok()?;
        let date = Date::from_calendar_date(year, month, part(6, 8, 1)?).ok()?;
        // A leap second is the last one before it.
        let second = part(12, 14, 0)?.min(59);
        let time = Time::from_hms(part(8, 10, 0)?, part(10, 12, 0)?, second).ok()?;
        let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let at = PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp();
        let zone_minutes = match zone {
            None => None,
            Some(z) => {
                let minutes = z.get(1..3)?.parse::<i64>().ok()? * 60
                    + z.get(3..5).map_or(Some(0), |m| m.parse::<i64>().ok())?;
                Some(if z.starts_with('-') { -minutes } else { minutes })
            }
        };
        Some(Self { local_ms: at.checked_mul(1_000)?.checked_add(ms)?, zone_minutes })
    }

    /// `self - other`, ms. Zones count only when both are written.
    #[must_use]
    pub fn minus_ms(&self, other: &Self) -> Option<i64> {
        let local = self.local_ms.checked_sub(other.local_ms)?;
        match (self.zone_minutes, other.zone_minutes) {
            (Some(a), Some(b)) => local.checked_sub((a - b) * 60_000),
            _ => Some(local),
        }
    }

    /// The stamp `ms` earlier, as `YYYYMMDDHHMMSS`; empty outside the calendar.
    #[must_use]
    pub fn earlier(&self, ms: i64) -> String {
        let seconds = self.local_ms.saturating_sub(ms).div_euclid(1_000);
        let Ok(at) = time::OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

/// `2011-12-01` and `07:27:34` (or `12-01-2011` with `year_last`) as `YYYYMMDDHHMMSS`; empty when it is no date.
#[must_use]
pub fn joined(date: &str, time: &str, year_last: bool) -> String {
    let numbers = |text: &str| -> Vec<u32> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|p| p.parse().ok()).collect()
    };
    let (d, t) = (numbers(date), numbers(time));
    let [a, b, c] = d.as_slice() else { return String::new() };
    let (y, m, d) = if year_last { (c, a, b) } else { (a, b, c) };
    let at = |k: usize| t.get(k).copied().unwrap_or(0);
    let text = format!("{y:04}{m:02}{d:02}{:02}{:02}{:02}", at(0), at(1), at(2));
    Stamp::read(&text).map_or_else(String::new, |_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_with_fraction_and_zone() {
        let a = Stamp::read("20021122091000.122").unwrap();
        let b = Stamp::read("20021122091000").unwrap();
        assert_eq!(a.minus_ms(&b), Some(122));
        let east = Stamp::read("20021122171000+0800").unwrap();
        assert_eq!(east.minus_ms(&Stamp::read("20021122091000+0000").unwrap()), Some(0));
        assert_eq!(Stamp::read("200211220910").unwrap().minus_ms(&b), Some(0));
        assert_eq!(b.earlier(10_000), "20021122090950");
        for bad in ["", "2002x", "20021322", "20021122251000", "+0800"] {
            assert_eq!(Stamp::read(bad), None, "{bad}");
        }
        assert_eq!(joined("2011-12-01", "07:27:34", false), "20111201072734");
        assert_eq!(joined("12-31-2011", "07:27", true), "20111231072700");
        assert_eq!(joined("", "", true), "");
    }
}
