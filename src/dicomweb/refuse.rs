//! Refusals of DICOMweb: a status, a stable word for what is wrong, and a sentence that says where.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde_json::json;

/// A refusal as `application/problem+json` (RFC 9457).
pub(super) fn refuse(status: StatusCode, what: &str, detail: &str) -> HttpResponse {
    refuse_with(status, what, detail, serde_json::Map::new())
}

/// The same with further members.
pub(super) fn refuse_with(
    status: StatusCode,
    what: &str,
    detail: &str,
    more: serde_json::Map<String, serde_json::Value>,
) -> HttpResponse {
    let code = status.canonical_reason().unwrap_or_default().to_ascii_lowercase().replace(' ', "_");
    let mut body =
        json!({"status": status.as_u16(), "code": code, "title": code, "what": what, "detail": detail});
    if let Some(map) = body.as_object_mut() {
        map.extend(more);
    }
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "application/problem+json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body.to_string())
}
