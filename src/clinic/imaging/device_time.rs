//! What an object says of when it was made, held against when it came.

use yigong_base::Ctx;
use yigong_formats::dicom::{Header, Tag, tag};
use yigong_formats::hl7::value::Timestamp;

/// Pairs of date and time that say when an object, or its pixels, came to be.
const MADE: [(Tag, Tag); 4] = [
    (tag::CREATION_DATE, tag::CREATION_TIME),
    (tag::CONTENT_DATE, tag::CONTENT_TIME),
    (tag::ACQUISITION_DATE, tag::ACQUISITION_TIME),
    (tag::STUDY_DATE, tag::STUDY_TIME),
];

/// How far in the future of this moment the latest of them is, ms; `None` when none can be read. An object that waited is in the past:
/// that says nothing of a clock.
pub(super) fn ahead_ms(ctx: &Ctx, h: &Header) -> Option<i64> {
    let zone = h.text(tag::TIMEZONE);
    let latest =
        MADE.iter().filter_map(|(date, time)| moment(ctx, &h.text(*date), &h.text(*time), &zone)).max()?;
    Some(latest - ctx.now())
}

/// A DICOM date and time (PS3.5 §6.2: `YYYYMMDD`, `HHMMSS.FFFFFF`) in ms, in the zone of the object (0008,0201) or of the centre.
pub(super) fn moment(ctx: &Ctx, date: &str, time: &str, zone: &str) -> Option<i64> {
    let time = time.split('.').next().unwrap_or_default().trim();
    if date.trim().len() != 8 || time.len() < 4 {
        return None;
    }
    let read = Timestamp::parse(&format!("{}{time}{}", date.trim(), zone.trim()))?;
    let offset = i32::try_from(ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    Some(read.millis(offset))
}
