//! Sending studies to registered DICOM peers, and how that stands.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::access::Right;
use yigong_clinic::Centre;
use yigong_clinic::imaging::commitment;
use yigong_clinic::imaging::outbox::{self, Cause, show};

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(send_study).service(list);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(send_study, list))]
pub struct Doc;

/// Where to.
#[derive(Deserialize)]
struct To {
    /// Row of the peer.
    peer: String,
}

/// Puts a study on its way to a peer.
#[utoipa::path(post, path = "/api/studies/{id}/send", tag = "imaging", responses((status = 200, description = "batch")))]
#[post("/api/studies/{id}/send")]
async fn send_study(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<To>,
) -> Answer {
    permit.require(Right::Upload).or_else(|_| permit.require(Right::Lead))?;
    let batch = outbox::send_study(&centre.ctx, &permit, &id, &body.peer, &Cause::Person).await?;
    Ok(HttpResponse::Ok().json(json!({"batch": batch})))
}

/// The newest batches, and storage commitments that ended without an answer.
#[utoipa::path(get, path = "/api/outbox", tag = "imaging", responses((status = 200, description = "rows, and failed commitments")))]
#[get("/api/outbox")]
async fn list(centre: web::Data<Centre>, permit: Caller) -> Answer {
    permit.require(Right::Upload).or_else(|_| permit.require(Right::Administer))?;
    let mut reader = centre.ctx.db.read(&permit).await?;
    let rows = show::list(&mut reader, &permit).await?;
    let commitments = commitment::failures(&mut reader, &permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "commitments": commitments})))
}
