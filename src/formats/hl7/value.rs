//! Values of the data types TS/DTM and NM (HL7 2.5.1 §2.A.22, §2.A.47).

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// A point in time as the sender wrote it: real calendar date, precision and zone kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// Date; month and day are 1 where the precision is coarser.
    pub date: Date,
    /// Time; zero where the precision is coarser.
    pub time: Time,
    /// How much was written.
    pub precision: Precision,
    /// Zone, when one was written; otherwise the centre's zone applies and the value is flagged.
    pub offset: Option<UtcOffset>,
}

/// How exact a timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `YYYY`
    Year,
    /// `YYYYMM`
    Month,
    /// `YYYYMMDD`
    Day,
    /// `YYYYMMDDHH`
    Hour,
    /// `YYYYMMDDHHMM`
    Minute,
    /// `YYYYMMDDHHMMSS`, with or without fraction
    Second,
}

impl Timestamp {
    /// Reads `YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ]`. `None` for anything that is no calendar time:
    /// month 13, 30 February and 24:61 are refused. Fraction digits beyond milliseconds are cut.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (main, zone) = match text.find(['+', '-']) {
            Some(at) => (text.get(..at)?, Some(zone(text.get(at..)?)?)),
            None => (text, None),
        };
        let (digits, fraction) = main.split_once('.').map_or((main, None), |(a, b)| (a, Some(b)));
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let precision = match digits.len() {
            4 => Precision::Year,
            6 => Precision::Month,
            8 => Precision::Day,
            10 => Precision::Hour,
            12 => Precision::Minute,
            14 => Precision::Second,
            _ => return None,
        };
        let part = |from: usize, to: usize, missing: u8| -> Option<u8> {
            if digits.len() < to { Some(missing) } else { digits.get(from..to)?.parse().ok() }
        };
        let millis = match fraction {
            None => 0,
            Some(f)
                if precision == Precision::Second
                    && !f.is_empty()
                    && f.bytes().all(|b| b.is_ascii_digit()) =>
            {
                format!("{:0<3}", f.get(..f.len().min(3))?).parse().ok()?
            }
            Some(_) => return None,
        };
        let month = Month::try_from(part(4, 6, 1)?).ok()?;
        let date = Date::from_calendar_date(digits.get(..4)?.parse().ok()?, month, part(6, 8, 1)?).ok()?;
        let time = Time::from_hms_milli(part(8, 10, 0)?, part(10, 12, 0)?, part(12, 14, 0)?, millis).ok()?;
        Some(Self { date, time, precision, offset: zone })
    }

    /// Milliseconds since 1970 UTC; `local_minutes` is the centre's offset, used when none was written.
    pub fn millis(&self, local_minutes: i32) -> i64 {
        let local = UtcOffset::from_whole_seconds(local_minutes.saturating_mul(60)).unwrap_or(UtcOffset::UTC);
        let at = PrimitiveDateTime::new(self.date, self.time).assume_offset(self.offset.unwrap_or(local));
        i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    /// The date as `YYYYMMDD`, when the precision reaches the day.
    pub fn day(&self) -> Option<String> {
        (self.precision >= Precision::Day).then(|| {
            format!("{:04}{:02}{:02}", self.date.year(), u8::from(self.date.month()), self.date.day())
        })
    }
}

/// Milliseconds since 1970 UTC as `YYYYMMDDHHMMSS+ZZZZ` in the centre's zone.
pub fn write_timestamp(millis: i64, local_minutes: i32) -> String {
    let offset = UtcOffset::from_whole_seconds(local_minutes.saturating_mul(60)).unwrap_or(UtcOffset::UTC);
    let at = time::OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000))
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset);
    let (hours, minutes, _) = offset.as_hms();
    let sign = if local_minutes < 0 { '-' } else { '+' };
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{sign}{:02}{:02}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        hours.unsigned_abs(),
        minutes.unsigned_abs()
    )
}

fn zone(text: &str) -> Option<UtcOffset> {
    let (sign, digits) = text.split_at_checked(1)?;
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i8 = digits.get(..2)?.parse().ok()?;
    let minutes: i8 = digits.get(2..)?.parse().ok()?;
    if minutes > 59 {
        return None;
    }
    let (hours, minutes) = if sign == "-" { (-hours, -minutes) } else { (hours, minutes) };
    UtcOffset::from_hms(hours, minutes, 0).ok()
}

/// A number with what stood in front of it. The raw text stays with the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// `<`, `>`, `<=`, `>=` or empty.
    pub comparator: &'static str,
    /// The value; always finite.
    pub value: f64,
    /// Digits written after the decimal point.
    pub decimals: usize,
}

/// Reads a number. A decimal comma is a number only where the profile says so.
pub fn number(text: &str, comma_decimal: bool) -> Option<Number> {
    let text = text.trim();
    let (comparator, rest) = ["<=", ">=", "<", ">"]
        .into_iter()
        .find_map(|c| text.strip_prefix(c).map(|rest| (c, rest.trim_start())))
        .unwrap_or(("", text));
    let plain =
        if comma_decimal && !rest.contains('.') { rest.replacen(',', ".", 1) } else { rest.to_owned() };
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let shape_ok = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.len() <= 30;
    let value: f64 = shape_ok.then(|| plain.parse().ok()).flatten()?;
    let decimals = plain.split_once('.').map_or(0, |(_, d)| d.len());
    value.is_finite().then_some(Number { comparator, value, decimals })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_times_are_refused() {
        for bad in [
            "20261301",
            "20260230",
            "20260101246161",
            "2026010",
            "abc",
            "",
            "20260101+9",
            "2026.5",
            "20260101+0860",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn precision_and_zone_are_kept() {
        let t = Timestamp::parse("20260901145257.12345+0800").unwrap();
        assert_eq!((t.precision, t.time.millisecond()), (Precision::Second, 123));
        assert_eq!(t.millis(0), 1_788_245_577_123);
        assert_eq!(Timestamp::parse("20260901145257").unwrap().millis(480), 1_788_245_577_000);
        assert_eq!(write_timestamp(1_788_245_577_123, 480), "20260901145257+0800");
        assert_eq!(Timestamp::parse("1987").unwrap().precision, Precision::Year);
        assert_eq!(Timestamp::parse("19870302").unwrap().day().unwrap(), "19870302");
        assert_eq!(Timestamp::parse("198703").unwrap().day(), None);
    }

    #[test]
    fn numbers_keep_comparator_and_refuse_guesses() {
        assert_eq!(number("7.1", false).unwrap(), Number { comparator: "", value: 7.1, decimals: 1 });
        assert_eq!(number("<0.05", false).unwrap().comparator, "<");
        assert_eq!(number(">= 10", false).unwrap().value, 10.0);
        assert_eq!(number("7,1", false), None);
        assert_eq!(number("7,1", true).unwrap().value, 7.1);
        for text in ["", "阳性", "1.2.3", "1e5", "nan", "inf", "-", "+", ".", "1 2"] {
            assert_eq!(number(text, true), None, "{text}");
        }
    }
}
