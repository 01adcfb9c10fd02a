//! Withdrawing a report: asked for by one person, confirmed or refused by another; who at the clinic knows of it.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::{Centre, withdrawal};

use super::auth::{Caller, Person};
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(ask).service(confirm).service(refuse).service(tell).service(list);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(ask, confirm, refuse, tell, list))]
pub struct Doc;

/// Asks for a withdrawal.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Withdraw {
    /// `wrong_patient`, `wrong_exam`, `other`.
    cause: String,
    reason: String,
}

/// Refuses a withdrawal.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Refuse {
    reason: String,
}

/// Who answered the telephone.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Told {
    to: String,
}

/// Asks for a report to be withdrawn; it stands until a second person confirms.
#[utoipa::path(post, path = "/api/reports/{report}/withdraw", tag = "report", request_body = Withdraw, responses((status = 204, description = "a second person must confirm"), (status = 409, description = "nothing to withdraw, or asked already")))]
#[post("/api/reports/{report}/withdraw")]
async fn ask(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Withdraw>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = withdrawal::ask(&mut tx, &centre.ctx, &permit, &report, &body.cause, &body.reason).await?;
    tx.commit().await?;
    centre.ctx.live.changed("report", &report, &facility);
    Ok(HttpResponse::NoContent().finish())
}

/// The second person confirms a withdrawal: the next version says so, and is delivered.
#[utoipa::path(post, path = "/api/reports/{report}/withdraw/confirm", tag = "report", responses((status = 200, description = "the version that says so"), (status = 401, description = "confirm the password first"), (status = 409, description = "nobody asks for it")))]
#[post("/api/reports/{report}/withdraw/confirm")]
async fn confirm(
    centre: web::Data<Centre>,
    permit: Caller,
    person: Person,
    report: web::Path<String>,
) -> Answer {
    person.require_fresh(&centre)?;
    let (n, facility) = withdrawal::confirm(&centre, &permit, &report).await?;
    for topic in ["report", "clinic", "worklist", "imaging", "critical"] {
        centre.ctx.live.changed(topic, &report, &facility);
    }
    Ok(HttpResponse::Ok().json(json!({"state": "withdrawn", "n": n})))
}

/// The second person refuses a withdrawal, or the first takes it back.
#[utoipa::path(post, path = "/api/reports/{report}/withdraw/refuse", tag = "report", request_body = Refuse, responses((status = 204, description = "the report stands")))]
#[post("/api/reports/{report}/withdraw/refuse")]
async fn refuse(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Refuse>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = withdrawal::refuse(&mut tx, &centre.ctx, &permit, &report, &body.reason).await?;
    tx.commit().await?;
    centre.ctx.live.changed("report", &report, &facility);
    Ok(HttpResponse::NoContent().finish())
}

/// The clinic was told of a withdrawal by telephone.
#[utoipa::path(post, path = "/api/reports/{report}/withdraw/told", tag = "report", request_body = Told, responses((status = 204, description = "written down"), (status = 409, description = "written down before")))]
#[post("/api/reports/{report}/withdraw/told")]
async fn tell(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Told>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = withdrawal::told::tell(&mut tx, &centre.ctx, &permit, &report, &body.to).await?;
    tx.commit().await?;
    centre.ctx.live.changed("report", &report, &facility);
    Ok(HttpResponse::NoContent().finish())
}

/// Withdrawals that wait for a second person, and those of which the clinic does not know for certain.
#[utoipa::path(get, path = "/api/withdrawals", tag = "report", responses((status = 200, description = "oldest first")))]
#[get("/api/withdrawals")]
async fn list(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let rows = withdrawal::list(&mut reader, &centre.ctx, &permit).await?;
    let untold = withdrawal::told::untold(&mut reader, &centre.ctx, &permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "untold": untold, "now": centre.ctx.now()})))
}
