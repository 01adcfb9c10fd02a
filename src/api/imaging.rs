//! Studies, stacks, frames and quarantine over HTTP.

use actix_web::body::SizedStream;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream;
use serde::Deserialize;
use yigong_base::access::{Permit, Right};
use yigong_base::codec::Format;
use yigong_base::codec::MADE_BY;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::detail::{self, Picture};
use yigong_clinic::imaging::egress;
use yigong_clinic::imaging::render::Rendering;
use yigong_clinic::imaging::retrieve::{self, Form};
use yigong_clinic::looked;

use super::auth::Caller;
use super::entity::Entity;
use super::fault::{Answer, ApiFault};

/// Bytes of a file in memory at most while it goes out.
const PIECE: usize = 256 << 10;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(get_study)
        .service(get_stack)
        .service(get_frame)
        .service(series_picture)
        .service(study_picture)
        .service(get_file);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(get_study, get_stack, get_frame, series_picture, study_picture, get_file))]
pub struct Doc;

/// Images are for those who read, examine or receive reports, and for machines with `images:read`.
pub(crate) fn require_images(permit: &Permit) -> Result<(), ApiFault> {
    let rights = [Right::ViewReports, Right::Upload, Right::Write, Right::Audit, Right::GradeImages];
    if permit.has_scope("images:read") || rights.into_iter().any(|r| permit.may(r)) {
        Ok(())
    } else {
        Err(ApiFault(Fault::denied("images:read")))
    }
}

/// How a frame is wanted.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct FrameQuery {
    /// `raw` (little-endian samples, the default), `stored`, `jpeg`, `png` (as the object means to be shown, nothing lost).
    f: String,
    /// Longest side of a picture, pixels; a PNG has every pixel without it.
    w: Option<u16>,
    /// Window centre of a PNG instead of the object's own, in output units of the modality transformation; with `ww`.
    wc: Option<f64>,
    /// Window width.
    ww: Option<f64>,
    /// `made_by` of the stack document: with it the address of raw samples names bytes that never change.
    by: String,
}

impl FrameQuery {
    /// The PNG that is asked for. The object's own VOI LUT function goes with a window, too.
    fn png(&self) -> Result<Rendering, Fault> {
        let side = self.w.map_or(u32::from(u16::MAX), u32::from);
        let window = match (self.wc, self.ww) {
            (None, None) => None,
            (Some(c), Some(w)) if c.is_finite() && w.is_finite() && w > 0.0 => Some((c, w)),
            _ => return Err(Fault::invalid("window", "wc and ww are numbers, ww above 0")),
        };
        Ok(Rendering {
            format: Format::Png,
            fit: Some((side, side)),
            window: window.map(|(c, w)| (c, w, String::new())),
            ..Rendering::default()
        })
    }
}

/// A study with its series and priors.
#[utoipa::path(get, path = "/api/studies/{id}", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "the study")))]
#[get("/api/studies/{id}")]
async fn get_study(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let study = detail::study(&mut conn, &centre.ctx, &permit, &id).await?;
    looked::at(&centre.ctx, &permit, "page", "study", &id);
    Ok(HttpResponse::Ok().json(study))
}

/// The stack document of a series.
#[utoipa::path(get, path = "/api/series/{id}/stack", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "instances in reading order")))]
#[get("/api/series/{id}/stack")]
async fn get_stack(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(detail::renewed_stack(&centre.ctx, &permit, &id).await?))
}

/// One frame of an instance, number from 1.
#[utoipa::path(get, path = "/api/frames/{instance}/{n}", tag = "imaging", params(("instance" = String, Path), ("n" = usize, Path), FrameQuery), responses((status = 200, description = "the frame")))]
#[get("/api/frames/{instance}/{n}")]
async fn get_frame(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, usize)>,
    query: web::Query<FrameQuery>,
) -> Answer {
    let (id, n) = path.into_inner();
    let (form, mime, name) = match query.f.as_str() {
        "" | "raw" => (Form::Raw, "application/octet-stream", "raw".to_owned()),
        "stored" => (Form::Stored, "application/octet-stream", "stored".to_owned()),
        "jpeg" => (Form::Jpeg(query.w), "image/jpeg", format!("jpeg{}", query.w.unwrap_or(0))),
        "png" => {
            let [c, w] = [query.wc, query.ww].map(|n| n.map(|n| n.to_string()).unwrap_or_default());
            let name = format!("png{}w{c}w{w}", query.w.unwrap_or(0));
            (Form::Picture(query.png()?), "image/png", name)
        }
        _ => return Err(Fault::invalid("f", "raw, stored, jpeg or png").into()),
    };
    let stored = {
        let mut conn = centre.ctx.db.read(&permit).await?;
        retrieve::instance(&mut conn, &permit, &id).await?
    };
    let entity = match form {
        // The row is one version, and no correction reaches its samples. Those that are decoded are this build's; those as stored
        // may be stored otherwise one day.
        Form::Stored => Entity::of(format_args!("{}-{n}-{name}", stored.object)),
        Form::Raw if query.by == MADE_BY => {
            Entity::fixed(format_args!("{}-{n}-{name}-{MADE_BY}", stored.object))
        }
        Form::Raw => Entity::of(format_args!("{}-{n}-{name}-{MADE_BY}", stored.object)),
        Form::Jpeg(_) | Form::Picture(_) => {
            Entity::of(format_args!("{}-{n}-{name}-{MADE_BY}", stored.etag()))
        }
    };
    if let Some(answer) = entity.held(&req) {
        return Ok(answer);
    }
    let bytes = retrieve::frame(&centre, &stored, n, &form).await?;
    Ok(entity.ok().content_type(mime).body(bytes))
}

async fn picture(
    req: &HttpRequest,
    centre: &Centre,
    permit: &Permit,
    kind: &str,
    id: &str,
    name: &str,
) -> Answer {
    require_images(permit)?;
    let which = match name {
        "preview" => Picture::Preview,
        "thumbnail" => Picture::Thumbnail,
        _ => return Err(Fault::not_found("picture").into()),
    };
    let address = {
        let mut conn = centre.ctx.db.read(permit).await?;
        detail::picture(&mut conn, permit, kind, id, which).await?
    };
    // What stands for a study changes with its images.
    let entity = Entity::of(&address);
    if let Some(answer) = entity.held(req) {
        return Ok(answer);
    }
    let bytes = centre.ctx.blobs.read(&address).await?;
    Ok(entity.ok().content_type("image/jpeg").body(bytes))
}

/// `preview` or `thumbnail` of a series; 404 until it is made.
#[utoipa::path(get, path = "/api/series/{id}/{picture}", tag = "imaging", params(("id" = String, Path), ("picture" = String, Path)), responses((status = 200, description = "JPEG")))]
#[get("/api/series/{id}/{picture:preview|thumbnail}")]
async fn series_picture(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    picture(&req, &centre, &permit, "series", &path.0, &path.1).await
}

/// `preview` or `thumbnail` of a study; 404 until it is made.
#[utoipa::path(get, path = "/api/studies/{id}/{picture}", tag = "imaging", params(("id" = String, Path), ("picture" = String, Path)), responses((status = 200, description = "JPEG")))]
#[get("/api/studies/{id}/{picture:preview|thumbnail}")]
async fn study_picture(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    picture(&req, &centre, &permit, "study", &path.0, &path.1).await
}

/// The stored file with its corrections; its preamble is zero, every other byte as stored.
#[utoipa::path(get, path = "/api/instances/{id}/file", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "DICOM Part 10")))]
#[get("/api/instances/{id}/file")]
async fn get_file(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let stored = {
        let mut conn = centre.ctx.db.read(&permit).await?;
        retrieve::instance(&mut conn, &permit, &id).await?
    };
    looked::at(&centre.ctx, &permit, "page", "instance", &id);
    let outgoing = egress::open(&centre.ctx, &stored).await?;
    let length = outgoing.length();
    let body = stream::try_unfold(outgoing, |mut outgoing| async move {
        let part = outgoing.next(PIECE).await?;
        Ok::<_, Fault>(part.map(|bytes| (Bytes::from(bytes), outgoing)))
    });
    let name = format!("attachment; filename=\"{}.dcm\"", stored.id);
    Ok(HttpResponse::Ok()
        .content_type("application/dicom")
        .insert_header(("Content-Disposition", name))
        .body(SizedStream::new(length, body)))
}
