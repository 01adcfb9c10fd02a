//! WADO-URI (PS3.18 §9): one object or one picture by a query, for old viewers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use yigong_base::codec::Format;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::render::Rendering;
use yigong_clinic::imaging::retrieve::Stored;
use yigong_formats::dicom::uid;

use super::accept::parameter;
use super::refuse::refuse;
use super::wado::{Asked, bare_object, document_answer, not_acceptable, object_form, one, picture};
use crate::api::auth::Caller;
use crate::api::fault::{Answer, ApiFault};

/// Quality of a JPEG when none is asked for.
const QUALITY: u8 = 90;
/// Longest side, pixels.
const SIDE: u32 = 4096;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(wado);
}

#[get("/wado")]
async fn wado(req: HttpRequest, centre: web::Data<Centre>, permit: Caller) -> Answer {
    let asked = |name: &str| parameter(&req, name).unwrap_or_default();
    if asked("requesttype") != "WADO" {
        return Ok(wrong("requestType", "must be WADO"));
    }
    let (study, series, object) = (asked("studyuid"), asked("seriesuid"), asked("objectuid"));
    for (name, value) in [("studyUID", &study), ("seriesUID", &series), ("objectUID", &object)] {
        if !uid::is_valid(value) {
            return Ok(wrong(name, "a UID is required"));
        }
    }
    if !asked("anonymize").is_empty() {
        return Ok(not_acceptable("anonymize: objects are not de-identified on the way out"));
    }
    let stored = one(&centre, &permit, &study, &series, &object).await?;
    match kind(&asked("contenttype"), &stored) {
        Some("application/dicom") => dicom(&req, &centre, &stored, &asked("transfersyntax")).await,
        Some("application/pdf") => document_answer(&req, &centre, &stored).await,
        Some(kind) => {
            let frame = match asked("framenumber").as_str() {
                "" => 1,
                text => match text.parse::<usize>() {
                    Ok(n) => n,
                    Err(_) => return Ok(wrong("frameNumber", "a number, from 1")),
                },
            };
            match rendering(&req, kind == "image/png") {
                Ok(rendering) => {
                    let name = yigong_base::digest::sha256_hex(format!("{rendering:?}").as_bytes());
                    picture(&req, &centre, &stored, frame, &Asked { rendering, name }).await
                }
                Err((what, detail)) => Ok(wrong(what, detail)),
            }
        }
        None => {
            Ok(not_acceptable("contentType: application/dicom, image/jpeg, image/png or application/pdf"))
        }
    }
}

fn wrong(what: &str, detail: &str) -> HttpResponse {
    refuse(StatusCode::BAD_REQUEST, what, detail)
}

/// The first content type we have; without one a picture for images, else the object (PS3.18 §9.1.2.2.1).
fn kind(asked: &str, stored: &Stored) -> Option<&'static str> {
    if asked.trim().is_empty() {
        return Some(if stored.stack.get("rows").is_some() { "image/jpeg" } else { "application/dicom" });
    }
    asked.split(',').find_map(|one| match one.split(';').next().unwrap_or_default().trim() {
        "application/dicom" => Some("application/dicom"),
        "application/pdf" => Some("application/pdf"),
        "image/png" => Some("image/png"),
        "image/jpeg" | "image/jpg" | "image/*" | "*/*" => Some("image/jpeg"),
        _ => None,
    })
}

/// The object in the named transfer syntax, in Explicit VR Little Endian when none is named (PS3.18 §9.1.2.2).
async fn dicom(req: &HttpRequest, centre: &Centre, stored: &Stored, syntax: &str) -> Answer {
    let Some(form) = object_form(stored, syntax) else {
        let to = if syntax.is_empty() { uid::EXPLICIT_LE } else { syntax };
        return Ok(not_acceptable(&format!(
            "transferSyntax: stored in {}, not to be had in {to}",
            stored.transfer_syntax
        )));
    };
    match bare_object(req, centre, stored, &form).await {
        Err(ApiFault(Fault::Invalid { what, detail, .. })) => {
            Ok(not_acceptable(&format!("{what}: {detail}")))
        }
        answer => answer,
    }
}

/// `rows`, `columns`, `windowCenter`, `windowWidth`, `region`, `imageQuality` (PS3.18 §9.1.2.2).
fn rendering(req: &HttpRequest, png: bool) -> Result<Rendering, (&'static str, &'static str)> {
    let asked = |name: &str| parameter(req, name).filter(|v| !v.is_empty());
    let side = |name: &str, what: &'static str| match asked(name) {
        None => Ok(SIDE),
        Some(text) => text
            .parse::<u32>()
            .ok()
            .filter(|n| *n > 0)
            .map(|n| n.min(SIDE))
            .ok_or((what, "pixels, at least 1")),
    };
    let mut out =
        Rendering { fit: Some((side("columns", "columns")?, side("rows", "rows")?)), ..Rendering::default() };
    out.enlarge = asked("rows").is_some() || asked("columns").is_some();
    let quality = match asked("imagequality") {
        None => QUALITY,
        Some(text) => {
            text.parse::<u8>().ok().filter(|q| (1..=100).contains(q)).ok_or(("imageQuality", "1 to 100"))?
        }
    };
    out.format = if png { Format::Png } else { Format::Jpeg(quality) };
    let number = |text: Option<String>| text.and_then(|t| t.parse::<f64>().ok()).filter(|n| n.is_finite());
    out.window = match (asked("windowcenter"), asked("windowwidth")) {
        (None, None) => None,
        (centre, width) => match (number(centre), number(width).filter(|w| *w >= 1.0)) {
            (Some(centre), Some(width)) => Some((centre, width, "LINEAR".to_owned())),
            _ => return Err(("windowCenter", "windowCenter and windowWidth go together, width at least 1")),
        },
    };
    if asked("region").is_some() {
        return Err(("region", "parts of an image are served by WADO-RS (viewport)"));
    }
    Ok(out)
}
