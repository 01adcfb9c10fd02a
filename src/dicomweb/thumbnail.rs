//! Thumbnails of studies and series (PS3.18 §10.4.1.1.4): the prepared files; 404 while there is none.

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpRequest, HttpResponse, get, web};
use yigong_clinic::Centre;
use yigong_clinic::imaging::prepared;

use super::accept::wanted;
use super::wado::not_acceptable;
use crate::api::auth::Caller;
use crate::api::fault::Answer;
use crate::api::imaging::{require_images, unchanged};

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(of_series).service(of_study);
}

#[get("/dicom-web/studies/{study}/thumbnail")]
async fn of_study(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
) -> Answer {
    ready(&req, &centre, &permit, &study, "").await
}

#[get("/dicom-web/studies/{study}/series/{series}/thumbnail")]
async fn of_series(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    ready(&req, &centre, &permit, &path.0, &path.1).await
}

async fn ready(req: &HttpRequest, centre: &Centre, permit: &Caller, study: &str, series: &str) -> Answer {
    require_images(permit)?;
    if !wanted(req, "image/jpeg").iter().any(|w| matches!(w.kind.as_str(), "image/jpeg" | "image/*")) {
        return Ok(not_acceptable("thumbnails are image/jpeg"));
    }
    let address = {
        let mut conn = centre.ctx.db.read(permit).await?;
        prepared::thumbnail(&mut conn, permit, study, series).await?
    };
    let tag = format!("\"{address}\"");
    if unchanged(req, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let bytes = centre.ctx.blobs.read(&address).await?;
    Ok(HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, max-age=60"))
        .body(bytes))
}
