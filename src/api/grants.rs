//! Who else may see a study.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::access::Right;
use yigong_base::site::facility;
use yigong_clinic::Centre;
use yigong_clinic::imaging::grant;

use super::auth::Caller;
use super::fault::Answer;

use super::quarantine::Why;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(get_grants).service(give).service(revoke);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(get_grants, give, revoke))]
pub struct Doc;

/// A consult grant.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Giving {
    facility: String,
    reason: String,
    /// Until when, ms.
    until: i64,
}

/// Facilities that may see the study beside its own.
#[utoipa::path(get, path = "/api/studies/{id}/grants", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "rows")))]
#[get("/api/studies/{id}/grants")]
async fn get_grants(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = grant::list(&mut conn, &permit, &id).await?;
    let places: Vec<_> = facility::list(&mut conn)
        .await?
        .into_iter()
        .filter(|f| f.active)
        .map(|f| json!({"code": f.code, "name": f.name, "name_en": f.name_en}))
        .collect();
    Ok(HttpResponse::Ok()
        .json(json!({"rows": rows, "may_give": permit.may(Right::PrintShare), "places": places})))
}

/// Lets a facility see the study until an hour.
#[utoipa::path(post, path = "/api/studies/{id}/grants", tag = "imaging", params(("id" = String, Path)), request_body = Giving, responses((status = 204)))]
#[post("/api/studies/{id}/grants")]
async fn give(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Giving>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    grant::give(&mut tx, &centre.ctx, &permit, &id, &body.facility, &body.reason, body.until).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a grant away before its hour.
#[utoipa::path(delete, path = "/api/studies/{id}/grants/{facility}", tag = "imaging", params(("id" = String, Path), ("facility" = String, Path)), request_body = Why, responses((status = 204)))]
#[delete("/api/studies/{id}/grants/{facility}")]
async fn revoke(
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<Why>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    grant::revoke(&mut tx, &centre.ctx, &permit, &path.0, &path.1, &body.why).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
