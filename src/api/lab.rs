//! The laboratory over HTTP: queue, release, re-run, correction, unmatched results.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::Centre;
use yigong_clinic::lab::{correct, queue, rerun, unmatched, verify};

use super::auth::{Caller, Person};
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show)
        .service(release)
        .service(release_ready)
        .service(run_again)
        .service(correction)
        .service(open)
        .service(attach);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show, release, release_ready, run_again, correction, open, attach))]
pub struct Doc;

/// Which lane.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Lane {
    /// `ready`, `look`, `critical`, `qc_hold` or empty.
    lane: String,
}

/// Rows to release.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Release {
    #[schema(value_type = Vec<Object>)]
    rows: Vec<verify::Pick>,
    #[serde(default)]
    comment: String,
}

/// A reason.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Reason {
    reason: String,
}

/// Another value.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Correction {
    value: String,
    reason: String,
}

/// Where an unmatched result belongs.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Attach {
    barcode: String,
    reason: String,
}

/// Specimens with results that wait.
#[utoipa::path(get, path = "/api/lab/queue", tag = "lab", params(Lane), responses((status = 200, description = "now, counts, specimens")))]
#[get("/api/lab/queue")]
async fn show(centre: web::Data<Centre>, permit: Caller, query: web::Query<Lane>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(queue::queue(&mut reader, &centre.ctx, &permit, &query.lane).await?))
}

/// Releases rows as they were seen; a report version per specimen comes out.
#[utoipa::path(post, path = "/api/lab/release", tag = "lab", request_body = Release, responses((status = 200, description = "released, refused, reports"), (status = 401, description = "confirm the password first")))]
#[post("/api/lab/release")]
async fn release(
    centre: web::Data<Centre>,
    permit: Caller,
    person: Person,
    body: web::Json<Release>,
) -> Answer {
    person.require_fresh(&centre)?;
    let outcome = verify::release(&centre, &permit, &body.rows, &body.comment, false).await?;
    Ok(HttpResponse::Ok().json(outcome))
}

/// Releases lane 1: rows without any reason to hold them.
#[utoipa::path(post, path = "/api/lab/release_ready", tag = "lab", responses((status = 200, description = "released, refused, reports"), (status = 401, description = "confirm the password first")))]
#[post("/api/lab/release_ready")]
async fn release_ready(centre: web::Data<Centre>, permit: Caller, person: Person) -> Answer {
    person.require_fresh(&centre)?;
    Ok(HttpResponse::Ok().json(verify::release_ready(&centre, &permit).await?))
}

/// Sets a result aside for another run.
#[utoipa::path(post, path = "/api/lab/results/{id}/rerun", tag = "lab", request_body = Reason, responses((status = 204, description = "waits for the next run")))]
#[post("/api/lab/results/{id}/rerun")]
async fn run_again(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Reason>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let changed = rerun::rerun(&mut tx, ctx, &permit, &id, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &changed)
}

/// Enters another value; somebody else verifies it.
#[utoipa::path(post, path = "/api/lab/results/{id}/correct", tag = "lab", request_body = Correction, responses((status = 204, description = "waits for a verifier")))]
#[post("/api/lab/results/{id}/correct")]
async fn correction(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Correction>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let changed = correct::correct(&mut tx, ctx, &permit, &id, &body.value, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &changed)
}

/// Results that match nothing.
#[utoipa::path(get, path = "/api/lab/unmatched", tag = "lab", responses((status = 200, description = "rows")))]
#[get("/api/lab/unmatched")]
async fn open(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": unmatched::list(&mut reader, &permit).await?})))
}

/// Attaches one to a specimen.
#[utoipa::path(post, path = "/api/lab/unmatched/{id}/attach", tag = "lab", request_body = Attach, responses((status = 204, description = "attached, held for a verifier")))]
#[post("/api/lab/unmatched/{id}/attach")]
async fn attach(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Attach>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let changed = unmatched::attach(&mut tx, ctx, &permit, &id, &body.barcode, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &changed)
}

/// Tells open pages about a specimen: id and facility.
pub(super) fn told(centre: &Centre, changed: &(String, String)) -> Answer {
    for slice in ["lab", "worklist"] {
        centre.ctx.live.changed(slice, &changed.0, &changed.1);
    }
    Ok(HttpResponse::NoContent().finish())
}
