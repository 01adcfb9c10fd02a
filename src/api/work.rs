//! What is done with a claimed item beside its report: heartbeat, release, skip, return, break.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::Centre;
use yigong_clinic::worklist;

use super::auth::Caller;
use super::fault::Answer;
use super::worklist::told;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(heartbeat)
        .service(release)
        .service(skip)
        .service(send_back)
        .service(break_lease)
        .service(recheck)
        .service(answer_return);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(heartbeat, release, skip, send_back, break_lease, recheck, answer_return))]
pub struct Doc;

/// Epoch of the claim.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Epoch {
    epoch: i64,
}

/// A reason.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Reason {
    reason: String,
}

/// Not now, and why.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Skipping {
    epoch: i64,
    reason: String,
}

/// A text.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(default)]
pub struct Text {
    text: String,
}

/// A return to the clinic.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Return {
    epoch: i64,
    reason: String,
    #[serde(default)]
    text: String,
}

/// Extends the lease.
#[utoipa::path(post, path = "/api/work/{id}/heartbeat", tag = "work", request_body = Epoch, responses((status = 200, description = "lease_until"), (status = 412, description = "the lease has ended")))]
#[post("/api/work/{id}/heartbeat")]
async fn heartbeat(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Epoch>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let until = worklist::heartbeat(&mut tx, &centre.ctx, &permit, &id, body.epoch).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(json!({ "lease_until": until })))
}

/// Gives the item back.
#[utoipa::path(post, path = "/api/work/{id}/release", tag = "work", request_body = Epoch, responses((status = 204, description = "back in the queue")))]
#[post("/api/work/{id}/release")]
async fn release(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Epoch>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item = worklist::release(&mut tx, &centre.ctx, &permit, &id, body.epoch).await?;
    tx.commit().await?;
    told(&centre, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// Hides the item from the caller for a while.
#[utoipa::path(post, path = "/api/work/{id}/skip", tag = "work", request_body = Skipping, responses((status = 204, description = "skipped")))]
#[post("/api/work/{id}/skip")]
async fn skip(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Skipping>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item = worklist::skip(&mut tx, &centre.ctx, &permit, &id, body.epoch, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// Returns the item to the clinic.
#[utoipa::path(post, path = "/api/work/{id}/return", tag = "work", request_body = Return, responses((status = 204, description = "with the clinic")))]
#[post("/api/work/{id}/return")]
async fn send_back(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Return>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item =
        worklist::return_to_clinic(&mut tx, &centre.ctx, &permit, &id, body.epoch, &body.reason, &body.text)
            .await?;
    tx.commit().await?;
    told(&centre, &item);
    centre.ctx.live.changed("clinic", &item.id, &item.facility);
    Ok(HttpResponse::NoContent().finish())
}

/// A lead takes the item from its holder.
#[utoipa::path(post, path = "/api/work/{id}/break", tag = "work", request_body = Reason, responses((status = 204, description = "back in the queue")))]
#[post("/api/work/{id}/break")]
async fn break_lease(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Reason>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item = worklist::break_lease(&mut tx, &centre.ctx, &permit, &id, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// What an auditor saw in images that came after publication.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Looked {
    epoch: i64,
    note: String,
    /// Images of the study that the page showed.
    images: i64,
}

/// Images that came after publication were looked at: the report stands as it is.
#[utoipa::path(post, path = "/api/work/{id}/recheck", tag = "work", request_body = Looked, responses((status = 204, description = "closed")))]
#[post("/api/work/{id}/recheck")]
async fn recheck(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Looked>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item =
        worklist::recheck::no_change(&mut tx, &centre.ctx, &permit, &id, body.epoch, &body.note, body.images)
            .await?;
    tx.commit().await?;
    told(&centre, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// The clinic answers a return.
#[utoipa::path(post, path = "/api/clinic/returned/{item}/answer", tag = "clinic", request_body = Text, responses((status = 204, description = "back in the queue")))]
#[post("/api/clinic/returned/{item}/answer")]
async fn answer_return(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Text>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item = worklist::answer_return(&mut tx, &centre.ctx, &permit, &id, &body.text).await?;
    tx.commit().await?;
    told(&centre, &item);
    centre.ctx.live.changed("clinic", &item.id, &item.facility);
    Ok(HttpResponse::NoContent().finish())
}
