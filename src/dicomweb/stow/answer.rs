//! The answer of STOW-RS (PS3.18 §10.5.3): a status that never hides a failure, and the list of what became of each part.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde_json::{Map, Value, json};
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::receive::{Names, Outcome, Received};
use yigong_formats::dicom::json::put;
use yigong_formats::dicom::{Tag, Vr};

use super::body::{Broken, Part, Read};
use super::{Asked, RETRY_AFTER};
use crate::dicomweb::refuse::refuse_with;
use crate::dicomweb::xml;

const ERROR_COMMENT: Tag = Tag(0x0000_0902);
const REFERENCED_CLASS: Tag = Tag(0x0008_1150);
const REFERENCED_INSTANCE: Tag = Tag(0x0008_1155);
const RETRIEVE_URL: Tag = Tag(0x0008_1190);
const WARNING_REASON: Tag = Tag(0x0008_1196);
const FAILURE_REASON: Tag = Tag(0x0008_1197);
const FAILED: Tag = Tag(0x0008_1198);
const STORED: Tag = Tag(0x0008_1199);

/// Out of resources: nothing was kept, the sender may try again (PS3.4 §B.2.3).
const OUT_OF_RESOURCES: u16 = 0xA700;
/// The object is not of the study, class or instance it was sent as.
const MISMATCH: u16 = 0xA900;
/// Refused by the scanner.
const CANNOT_UNDERSTAND: u16 = 0xC000;
/// Not authorised (PS3.7 §C.5.6).
const NOT_AUTHORISED: u16 = 0x0124;
/// Processing failure (PS3.7 §C.5.13).
const PROCESSING: u16 = 0x0110;
/// Stored, and held until a person has looked (PS3.4 §B.2.3, coercion).
const HELD: u16 = 0xB000;

/// The response.
pub(super) fn of(centre: &Centre, asked: &Asked, read: Read) -> HttpResponse {
    let base = format!("{}/dicom-web", centre.ctx.config.http.public_url);
    if let Some(broken) = read.broken {
        return interrupted(&broken, &read.parts);
    }
    let (mut stored, mut failed) = (Vec::new(), Vec::new());
    for part in &read.parts {
        match &part.result {
            Ok(received) => stored.push(stored_item(&base, &part.names, received)),
            Err(fault) => failed.push(failed_item(&part.names, fault)),
        }
    }
    let status = status_of(&read.parts);
    let mut set = Map::new();
    let study = asked.study.clone().or_else(|| only_study(&read.parts)).filter(|_| !stored.is_empty());
    if let Some(study) = study {
        put(&mut set, RETRIEVE_URL, Vr::UR, vec![json!(format!("{base}/studies/{study}"))]);
    }
    if !failed.is_empty() {
        put(&mut set, FAILED, Vr::SQ, failed);
    }
    if !stored.is_empty() {
        put(&mut set, STORED, Vr::SQ, stored);
    }
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
    }
    if asked.xml {
        return response.content_type("application/dicom+xml").body(xml::document(&set));
    }
    response.content_type("application/dicom+json").body(Value::Object(set).to_string())
}

/// The status: 200 all, 202 some, else why nothing was stored.
fn status_of(parts: &[Part]) -> StatusCode {
    let failures: Vec<&Fault> = parts.iter().filter_map(|p| p.result.as_ref().err()).collect();
    if failures.is_empty() {
        return StatusCode::OK;
    }
    if failures.len() < parts.len() {
        return StatusCode::ACCEPTED;
    }
    let any = |wanted: fn(&Fault) -> bool| failures.iter().any(|f| wanted(f));
    if any(|f| matches!(f, Fault::Busy { .. })) {
        StatusCode::SERVICE_UNAVAILABLE
    } else if any(|f| matches!(f, Fault::Storage { .. })) {
        StatusCode::INSUFFICIENT_STORAGE
    } else if any(too_large) {
        StatusCode::PAYLOAD_TOO_LARGE
    } else if any(|f| matches!(f, Fault::Denied { .. })) {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::CONFLICT
    }
}

fn too_large(fault: &Fault) -> bool {
    matches!(fault, Fault::Invalid { what, .. } if what == "object")
}

fn reason_of(fault: &Fault) -> u16 {
    match fault {
        Fault::Invalid { what, .. } if what == "sop-mismatch" || what == "study-mismatch" => MISMATCH,
        Fault::Denied { .. } => NOT_AUTHORISED,
        Fault::Internal { .. } => PROCESSING,
        fault if too_large(fault) => OUT_OF_RESOURCES,
        Fault::Invalid { .. } => CANNOT_UNDERSTAND,
        _ => OUT_OF_RESOURCES,
    }
}

/// What the sender may know: slug and detail of a refusal, of an inner failure only its kind.
fn comment_of(fault: &Fault) -> String {
    let text = match fault {
        Fault::Invalid { what, detail, .. } => format!("{what}: {detail}"),
        other => other.code().to_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn referenced(names: &Names) -> Map<String, Value> {
    let mut item = Map::new();
    put(&mut item, REFERENCED_CLASS, Vr::UI, vec![json!(names.sop_class)]);
    put(&mut item, REFERENCED_INSTANCE, Vr::UI, vec![json!(names.sop_instance)]);
    item
}

fn stored_item(base: &str, names: &Names, received: &Received) -> Value {
    let mut item = referenced(names);
    let held =
        matches!(received.outcome, Outcome::Version | Outcome::Quarantined) || !received.reason.is_empty();
    // What waits for a person is kept but cannot be retrieved yet: no address is promised.
    if held {
        put(&mut item, WARNING_REASON, Vr::US, vec![json!(HELD)]);
    } else {
        let url = format!(
            "{base}/studies/{}/series/{}/instances/{}",
            names.study, names.series, names.sop_instance
        );
        put(&mut item, RETRIEVE_URL, Vr::UR, vec![json!(url)]);
    }
    Value::Object(item)
}

fn failed_item(names: &Names, fault: &Fault) -> Value {
    tracing::warn!(%fault, "a part of an upload was refused");
    let mut item = referenced(names);
    put(&mut item, FAILURE_REASON, Vr::US, vec![json!(reason_of(fault))]);
    put(&mut item, ERROR_COMMENT, Vr::LO, vec![json!(comment_of(fault))]);
    Value::Object(item)
}

/// The study when every stored object belongs to the same one.
fn only_study(parts: &[Part]) -> Option<String> {
    let mut stored = parts.iter().filter(|p| p.result.is_ok()).map(|p| &p.names.study);
    let first = stored.next()?;
    stored.all(|s| s == first).then(|| first.clone())
}

/// The body broke off: what was complete before is stored and named, so that the sender need not guess.
fn interrupted(broken: &Broken, parts: &[Part]) -> HttpResponse {
    let stored: Vec<&str> =
        parts.iter().filter(|p| p.result.is_ok()).map(|p| p.names.sop_instance.as_str()).collect();
    let mut more = Map::new();
    more.insert("part".into(), json!(broken.part));
    more.insert("stored".into(), json!(stored));
    refuse_with(broken.status, broken.what, &broken.detail, more)
}
