//! STOW-RS (PS3.18 §10.5): `POST /studies[/{study}]`, each part streamed to the spool and received like a C-STORE.
//!
//! Who asks, whether they may, and what the head of the request says is settled before the first byte of the body is
//! read. Parts are received while the next ones arrive; the answer waits for all of them (invariant 1).

mod answer;
mod body;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, post, web};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_formats::dicom::multipart::{Media, split_outside_quotes};
use yigong_formats::dicom::uid;

use super::refuse::refuse;
use crate::api::auth::{Caller, unread};
use crate::api::fault::{Answer, ApiFault};
use crate::api::turns::Turns;

/// Bodies that are read at the same time, of all and of one facility; further ones are asked to come again.
static TURNS: Turns = Turns::new(64, 16);
/// Seconds after which a refused sender may come again.
const RETRY_AFTER: &str = "5";

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(store).service(store_into);
}

/// Stores objects of any study.
#[post("/dicom-web/studies")]
async fn store(req: HttpRequest, centre: web::Data<Centre>, permit: Caller, payload: web::Payload) -> Answer {
    receive(&req, &centre, &permit, None, payload).await
}

/// Stores objects of one study; an object of another one is a failure of its part.
#[post("/dicom-web/studies/{study}")]
async fn store_into(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
    payload: web::Payload,
) -> Answer {
    receive(&req, &centre, &permit, Some(study.into_inner()), payload).await
}

async fn receive(
    req: &HttpRequest,
    centre: &Centre,
    permit: &Permit,
    study: Option<String>,
    payload: web::Payload,
) -> Answer {
    if let Err(fault) = require_upload(permit) {
        return Ok(unread(req, fault.error_response()));
    }
    let asked = match head(req, centre, study) {
        Ok(asked) => asked,
        Err(response) => return Ok(unread(req, response)),
    };
    let Some(_turn) = TURNS.take(permit.facility()) else { return Ok(unread(req, busy())) };
    let read = body::read(centre, permit, &asked, payload).await;
    Ok(answer::of(centre, &asked, read))
}

/// Objects are brought by whoever examines, and by machines with `images:write`.
fn require_upload(permit: &Permit) -> Result<(), ApiFault> {
    if permit.facility().is_empty() || !(permit.has_scope("images:write") || permit.may(Right::Upload)) {
        return Err(ApiFault(Fault::denied("images:write")));
    }
    Ok(())
}

/// What the head of the request asks for.
struct Asked {
    boundary: String,
    study: Option<String>,
    xml: bool,
    max_bytes: u64,
}

/// Everything that can be refused without a byte of the body.
fn head(req: &HttpRequest, centre: &Centre, study: Option<String>) -> Result<Asked, HttpResponse> {
    if study.as_deref().is_some_and(|s| !uid::is_valid(s)) {
        return Err(refuse(StatusCode::BAD_REQUEST, "study", "the study in the address is no UID"));
    }
    let text = |name: header::HeaderName| {
        req.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    };
    let xml = answer_form(&text(header::ACCEPT))?;
    let encoding = text(header::CONTENT_ENCODING);
    if !matches!(encoding.trim().to_ascii_lowercase().as_str(), "" | "identity") {
        return Err(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-encoding",
            "send the body as it is, without Content-Encoding",
        ));
    }
    let media = Media::parse(&text(header::CONTENT_TYPE));
    if media.kind != "multipart/related" {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            "content-type",
            "send multipart/related; type=\"application/dicom\" (PS3.18 §10.5.1)",
        ));
    }
    let part = media.parameter("type").unwrap_or("application/dicom").to_ascii_lowercase();
    if part != "application/dicom" {
        return Err(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type",
            "parts are application/dicom; metadata with separate bulk data is not taken",
        ));
    }
    let boundary =
        media.boundary().map_err(|r| refuse(StatusCode::BAD_REQUEST, r.slug, &r.detail))?.to_owned();
    let max_bytes = u64::try_from(centre.ctx.config.http.stow_max_bytes).unwrap_or(0);
    let declared = text(header::CONTENT_LENGTH).parse::<u64>().unwrap_or(0);
    if declared > max_bytes {
        return Err(refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body",
            &format!("{declared} bytes; at most {max_bytes} in one request (http.stow_max_bytes)"),
        ));
    }
    Ok(Asked { boundary, study, xml, max_bytes })
}

/// JSON unless only XML is asked for; anything else is not acceptable.
fn answer_form(accept: &str) -> Result<bool, HttpResponse> {
    if accept.trim().is_empty() {
        return Ok(false);
    }
    let kinds: Vec<String> =
        split_outside_quotes(accept, ',').iter().map(|one| Media::parse(one).kind).collect();
    let json = ["application/dicom+json", "application/json", "application/*", "*/*"];
    let has = |wanted: &[&str]| kinds.iter().any(|k| wanted.contains(&k.as_str()));
    if has(&json) {
        return Ok(false);
    }
    if has(&["application/dicom+xml", "application/xml", "text/xml"]) {
        return Ok(true);
    }
    Err(refuse(
        StatusCode::NOT_ACCEPTABLE,
        "accept",
        "the answer is application/dicom+json or application/dicom+xml",
    ))
}

fn busy() -> HttpResponse {
    let mut response =
        refuse(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many uploads are being read; come again");
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER));
    response
}
