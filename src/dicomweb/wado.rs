//! WADO-RS (PS3.18 §10.4): objects, frames, metadata, bulk data, rendered frames.

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::Centre;
use yigong_clinic::imaging::retrieve::{self, Form, Stored};
use yigong_formats::dicom::uid;

use super::accept::{Wanted, wanted};
use super::stream;
use crate::api::auth::Caller;
use crate::api::fault::{Answer, ApiFault};
use crate::api::imaging::{require_images, unchanged};

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(get_frame_rendered).service(get_frames).service(get_rendered).service(get_bulkdata);
    cfg.service(get_instance).service(get_series).service(get_study);
}

const OBJECT: &str = "application/dicom";
const OCTETS: &str = "application/octet-stream";

fn boundary(centre: &Centre) -> String {
    format!("yg{}", centre.ctx.id())
}

pub(super) fn not_acceptable(why: &str) -> HttpResponse {
    HttpResponse::NotAcceptable().json(json!({"code": "not_acceptable", "detail": why}))
}

pub(super) async fn listed(
    centre: &Centre,
    permit: &Caller,
    study: &str,
    series: &str,
) -> Result<Vec<Stored>, ApiFault> {
    require_images(permit)?;
    let mut conn = centre.ctx.db.read(permit).await?;
    Ok(retrieve::of_study(&mut conn, permit, study, series).await?)
}

pub(super) async fn one(
    centre: &Centre,
    permit: &Caller,
    path: &(String, String, String),
) -> Result<Stored, ApiFault> {
    require_images(permit)?;
    let mut conn = centre.ctx.db.read(permit).await?;
    Ok(retrieve::by_uid(&mut conn, permit, &path.0, &path.1, &path.2).await?)
}

/// Objects as stored: acceptable when the client takes any transfer syntax, or every object's own.
fn objects(req: &HttpRequest, centre: &Centre, list: Vec<Stored>) -> HttpResponse {
    let fits = |w: &Wanted| {
        w.kind == OBJECT
            && (matches!(w.syntax.as_str(), "*" | "") || list.iter().all(|s| s.transfer_syntax == w.syntax))
    };
    let Some(found) = wanted(req, OBJECT).into_iter().find(|w| fits(w) && (w.multipart || list.len() == 1))
    else {
        return not_acceptable(
            "objects go out in the transfer syntax they were stored in; ask for transfer-syntax=*",
        );
    };
    let boundary = boundary(centre);
    let mime = if found.multipart {
        format!("multipart/related; type=\"application/dicom\"; boundary={boundary}")
    } else {
        OBJECT.to_owned()
    };
    let mut response = HttpResponse::Ok();
    response.content_type(mime).insert_header(("Content-Disposition", "attachment"));
    if found.multipart {
        return response.streaming(stream::files(centre.ctx.clone(), list, boundary));
    }
    response.streaming(stream::bare(centre.ctx.clone(), list))
}

#[get("/dicom-web/studies/{study}")]
async fn get_study(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
) -> Answer {
    let list = listed(&centre, &permit, &study, "").await?;
    Ok(objects(&req, &centre, list))
}

#[get("/dicom-web/studies/{study}/series/{series}")]
async fn get_series(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    let list = listed(&centre, &permit, &path.0, &path.1).await?;
    Ok(objects(&req, &centre, list))
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}")]
async fn get_instance(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let stored = one(&centre, &permit, &path).await?;
    Ok(objects(&req, &centre, vec![stored]))
}

/// Media type of a stored frame (PS3.18 §8.7.3.3).
fn media(transfer_syntax: &str) -> &'static str {
    match transfer_syntax {
        s if s.starts_with("1.2.840.10008.1.2.4.5") || s.starts_with("1.2.840.10008.1.2.4.7") => "image/jpeg",
        "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => "image/jls",
        s if s.starts_with("1.2.840.10008.1.2.4.90") || s.starts_with("1.2.840.10008.1.2.4.91") => {
            "image/jp2"
        }
        s if s.starts_with("1.2.840.10008.1.2.4.92") || s.starts_with("1.2.840.10008.1.2.4.93") => {
            "image/jpx"
        }
        s if s.starts_with("1.2.840.10008.1.2.4.20") => "image/jphc",
        s if s.starts_with("1.2.840.10008.1.2.4.10") => "video/mp4",
        "1.2.840.10008.1.2.5" => "image/dicom-rle",
        _ => OCTETS,
    }
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{list}")]
async fn get_frames(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Answer {
    let (study, series, instance, list) = path.into_inner();
    let stored = one(&centre, &permit, &(study, series, instance)).await?;
    let Some(numbers) = list
        .split(',')
        .map(|n| n.trim().parse::<usize>().ok().filter(|n| *n > 0))
        .collect::<Option<Vec<_>>>()
    else {
        return Ok(HttpResponse::BadRequest()
            .json(json!({"code": "frames", "detail": "frame numbers count from 1"})));
    };
    let own = media(&stored.transfer_syntax);
    let native = uid::is_native(&stored.transfer_syntax);
    // Stored form when the client takes its media type or anything; decoded samples when it asks for octets.
    let found = wanted(&req, OCTETS).into_iter().find_map(|w| {
        let as_stored = w.syntax == "*" || w.syntax == stored.transfer_syntax;
        if (w.kind == own && (as_stored || w.syntax.is_empty()) && !native) || (w.kind == OCTETS && as_stored)
        {
            Some((w, Form::Stored))
        } else if w.kind == OCTETS && matches!(w.syntax.as_str(), "" | uid::EXPLICIT_LE) {
            Some((w, Form::Raw))
        } else {
            None
        }
    });
    let Some((w, form)) = found else {
        return Ok(not_acceptable(
            "frames go out as stored, or as little-endian samples (application/octet-stream)",
        ));
    };
    let form = if native { Form::Raw } else { form };
    let tag = format!("\"{}-{list}-{form:?}\"", stored.object);
    if unchanged(&req, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let mut parts = Vec::new();
    for n in numbers {
        parts.push(retrieve::frame(&centre, &stored, n, form).await?);
    }
    let (kind, syntax) =
        if form == Form::Raw { (OCTETS, uid::EXPLICIT_LE) } else { (own, stored.transfer_syntax.as_str()) };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"));
    if !w.multipart {
        return match <[Vec<u8>; 1]>::try_from(parts) {
            Ok([only]) => Ok(response.content_type(kind).body(only)),
            Err(_) => Ok(not_acceptable("several frames need multipart/related")),
        };
    }
    let boundary = boundary(&centre);
    let body = stream::parts(&boundary, &format!("{kind}; transfer-syntax={syntax}"), &parts);
    Ok(response.content_type(format!("multipart/related; type=\"{kind}\"; boundary={boundary}")).body(body))
}

/// Size of a rendered frame.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Rendering {
    viewport: String,
}

async fn render(
    req: &HttpRequest,
    centre: &Centre,
    permit: &Caller,
    path: &(String, String, String),
    n: usize,
    q: &Rendering,
) -> Answer {
    let stored = one(centre, permit, path).await?;
    if !wanted(req, "image/jpeg").iter().any(|w| matches!(w.kind.as_str(), "image/jpeg" | "image/*")) {
        return Ok(not_acceptable("rendered frames are image/jpeg"));
    }
    let side = q.viewport.split(',').filter_map(|v| v.trim().parse::<u16>().ok()).max().filter(|s| *s > 0);
    let bytes = retrieve::frame(centre, &stored, n, Form::Jpeg(side)).await?;
    Ok(HttpResponse::Ok().content_type("image/jpeg").body(bytes))
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/rendered")]
async fn get_rendered(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String)>,
    q: web::Query<Rendering>,
) -> Answer {
    render(&req, &centre, &permit, &path, 1, &q).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{n}/rendered")]
async fn get_frame_rendered(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, usize)>,
    q: web::Query<Rendering>,
) -> Answer {
    let (study, series, instance, n) = path.into_inner();
    render(&req, &centre, &permit, &(study, series, instance), n, &q).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path:.*}")]
async fn get_bulkdata(
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Answer {
    let (study, series, instance, element) = path.into_inner();
    let stored = one(&centre, &permit, &(study, series, instance)).await?;
    let bytes = retrieve::bulk(&centre.ctx, &stored, &element).await?;
    let boundary = boundary(&centre);
    let body = stream::parts(&boundary, OCTETS, &[bytes]);
    Ok(HttpResponse::Ok()
        .content_type(format!("multipart/related; type=\"{OCTETS}\"; boundary={boundary}"))
        .body(body))
}
