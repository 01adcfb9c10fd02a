//! Byte ranges (RFC 9110 §14): one range of bytes, for clients that read on.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_RANGES, CONTENT_RANGE, RANGE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::api::entity::Entity;

/// What a request asks of a body of `length` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything.
    Whole,
    /// First byte and length.
    Of(u64, u64),
    /// No such bytes.
    Beyond,
}

/// The `Range` header of a request for `entity`; what is no single byte range is passed over, as RFC 9110 §14.2 allows, and so
/// is one that goes on with other bytes than these (`If-Range`, §13.1.5).
pub(super) fn part(req: &HttpRequest, entity: &Entity, length: u64) -> Part {
    if !entity.goes_on(req) {
        return Part::Whole;
    }
    let header = req.headers().get(RANGE).and_then(|v| v.to_str().ok());
    header.map_or(Part::Whole, |text| part_of(text, length))
}

fn part_of(text: &str, length: u64) -> Part {
    let Some((from, to)) = text.trim().strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Part::Whole;
    };
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), _) if from >= length => Part::Beyond,
        (Ok(from), Ok(to)) if to < from => Part::Whole,
        (Ok(from), Ok(to)) => Part::Of(from, to.min(length - 1) - from + 1),
        (Ok(from), Err(_)) if to.trim().is_empty() => Part::Of(from, length - from),
        (Err(_), Ok(0)) if from.trim().is_empty() => Part::Beyond,
        (Err(_), Ok(last)) if from.trim().is_empty() => Part::Of(length - last.min(length), last.min(length)),
        _ => Part::Whole,
    }
}

/// 416 with the real length.
pub(super) fn beyond(length: u64) -> HttpResponse {
    HttpResponse::build(StatusCode::RANGE_NOT_SATISFIABLE)
        .insert_header((CONTENT_RANGE, format!("bytes */{length}")))
        .finish()
}

/// Bytes in memory, whole or the part that is asked for.
pub(super) fn ranged(
    req: &HttpRequest,
    entity: &Entity,
    response: &mut HttpResponseBuilder,
    mime: &str,
    bytes: Vec<u8>,
) -> HttpResponse {
    response.content_type(mime).insert_header((ACCEPT_RANGES, "bytes"));
    let length = bytes.len() as u64;
    match part(req, entity, length) {
        Part::Whole => response.body(bytes),
        Part::Beyond => beyond(length),
        Part::Of(from, count) => {
            let slice = usize::try_from(from)
                .ok()
                .zip(usize::try_from(count).ok())
                .and_then(|(f, c)| bytes.get(f..f.checked_add(c)?))
                .unwrap_or_default()
                .to_vec();
            partial(response, from, count, length).body(slice)
        }
    }
}

/// Turns a response into one of a part.
pub(super) fn partial(
    response: &mut HttpResponseBuilder,
    from: u64,
    count: u64,
    length: u64,
) -> &mut HttpResponseBuilder {
    response
        .status(StatusCode::PARTIAL_CONTENT)
        .insert_header((CONTENT_RANGE, format!("bytes {from}-{}/{length}", from + count - 1)))
}

#[cfg(test)]
mod tests {
    use super::Part::{Beyond, Of, Whole};
    use super::part_of;

    #[test]
    fn ranges() {
        for (text, expected) in [
            ("bytes=0-9", Of(0, 10)),
            ("bytes=90-", Of(90, 10)),
            ("bytes=90-500", Of(90, 10)),
            ("bytes=-5", Of(95, 5)),
            ("bytes=-500", Of(0, 100)),
            ("bytes=100-", Beyond),
            ("bytes=-0", Beyond),
            ("bytes=5-2", Whole),
            ("bytes=a-b", Whole),
            ("bytes=0-1,5-6", Whole),
            ("items=0-1", Whole),
        ] {
            assert_eq!(part_of(text, 100), expected, "{text}");
        }
        assert_eq!(part_of("bytes=0-", 0), Beyond);
    }
}
