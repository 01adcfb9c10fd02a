//! Thumbnails (PS3.18 §10.4.1.1.4): of a study and a series the prepared file, of an instance or frame a small rendering.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use yigong_clinic::Centre;
use yigong_clinic::imaging::prepared;
use yigong_clinic::imaging::render::Rendering;
use yigong_clinic::imaging::retrieve::Stored;

use super::{Asked, as_it_is, listed, not_acceptable, one, picture, representative};
use crate::api::auth::Caller;
use crate::api::entity::Entity;
use crate::api::fault::Answer;
use crate::api::imaging::require_images;
use crate::dicomweb::accept::{parameter, wanted};
use crate::dicomweb::refuse::refuse;

/// Longest side, pixels, and at most.
const SIDE: u16 = 160;
const LARGEST: u16 = 1024;

#[get("/dicom-web/studies/{study}/thumbnail")]
pub(super) async fn of_study(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
) -> Answer {
    ready(&req, &centre, &permit, &study, "").await
}

#[get("/dicom-web/studies/{study}/series/{series}/thumbnail")]
pub(super) async fn of_series(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    ready(&req, &centre, &permit, &path.0, &path.1).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/thumbnail")]
pub(super) async fn of_instance(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let stored = one(&centre, &permit, &path.0, &path.1, &path.2).await?;
    small(&req, &centre, &stored, 1).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{n}/thumbnail")]
pub(super) async fn of_frame(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, usize)>,
) -> Answer {
    let stored = one(&centre, &permit, &path.0, &path.1, &path.2).await?;
    small(&req, &centre, &stored, path.3).await
}

fn takes_jpeg(req: &HttpRequest) -> bool {
    wanted(req, "image/jpeg").iter().any(|w| matches!(w.kind.as_str(), "image/jpeg" | "image/*"))
}

/// `viewport=w,h`; both sides at most 1024.
fn side(req: &HttpRequest) -> Result<Option<u16>, HttpResponse> {
    let Some(text) = parameter(req, "viewport") else { return Ok(None) };
    let sides: Vec<u16> = text.split(',').filter_map(|t| t.trim().parse().ok()).filter(|n| *n > 0).collect();
    match (sides.as_slice(), text.split(',').count()) {
        ([w, h], 2) => Ok(Some((*w).min(*h).min(LARGEST))),
        _ => Err(refuse(StatusCode::BAD_REQUEST, "viewport", "width,height in pixels")),
    }
}

/// The prepared thumbnail; 404 while there is none. Another size is rendered from the image that stands for the whole.
async fn ready(req: &HttpRequest, centre: &Centre, permit: &Caller, study: &str, series: &str) -> Answer {
    require_images(permit)?;
    if !takes_jpeg(req) {
        return Ok(not_acceptable("thumbnails are image/jpeg"));
    }
    match side(req) {
        Err(response) => return Ok(response),
        Ok(Some(_)) => {
            let list = listed(centre, permit, study, series).await?;
            return match representative(&list) {
                Some(stored) => small(req, centre, stored, 1).await,
                None => Ok(not_acceptable("there is no image among these instances")),
            };
        }
        Ok(None) => {}
    }
    let address = {
        let mut conn = centre.ctx.db.read(permit).await?;
        prepared::thumbnail(&mut conn, permit, study, series).await?
    };
    let entity = Entity::of(&address);
    if let Some(answer) = entity.held(req) {
        return Ok(answer);
    }
    let bytes = centre.ctx.blobs.read(&address).await?;
    let mut response = entity.ok();
    response.content_type("image/jpeg");
    Ok(as_it_is(&mut response).body(bytes))
}

async fn small(req: &HttpRequest, centre: &Centre, stored: &Stored, n: usize) -> Answer {
    if !takes_jpeg(req) {
        return Ok(not_acceptable("thumbnails are image/jpeg"));
    }
    let side = match side(req) {
        Ok(side) => side.unwrap_or(SIDE),
        Err(response) => return Ok(response),
    };
    let asked = Asked { rendering: Rendering::within(side), name: format!("thumbnail{side}") };
    picture(req, centre, stored, n, &asked).await
}
