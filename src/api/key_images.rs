//! Key images over HTTP.

use actix_web::{HttpResponse, delete, get, put, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::Centre;
use yigong_clinic::imaging::key_image::{self, Mark, View};

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list).service(mark).service(unmark);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, mark, unmark))]
pub struct Doc;

/// A frame to be marked, with the window it is seen with.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Wish {
    instance: String,
    /// From 1.
    frame: i64,
    #[serde(default)]
    note: String,
    center: Option<f64>,
    width: Option<f64>,
    #[serde(default)]
    invert: bool,
}

/// Key images of a study.
#[utoipa::path(get, path = "/api/studies/{id}/key-images", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "rows")))]
#[get("/api/studies/{id}/key-images")]
async fn list(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = key_image::list(&mut conn, &permit, &id).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Marks a frame, or changes its note and window.
#[utoipa::path(put, path = "/api/studies/{id}/key-images", tag = "imaging", params(("id" = String, Path)), request_body = Wish, responses((status = 200, description = "id of the mark")))]
#[put("/api/studies/{id}/key-images")]
async fn mark(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Wish>,
) -> Answer {
    let Wish { instance, frame, note, center, width, invert } = body.into_inner();
    let wish = Mark { instance, frame, note, view: View { center, width, invert } };
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let made = key_image::mark(&mut tx, &centre.ctx, &permit, &id, &wish).await?;
    tx.commit().await?;
    centre.ctx.live.changed("imaging", &id, permit.facility());
    Ok(HttpResponse::Ok().json(json!({"id": made})))
}

/// Takes a mark away.
#[utoipa::path(delete, path = "/api/key-images/{id}", tag = "imaging", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/key-images/{id}")]
async fn unmark(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let study = key_image::unmark(&mut tx, &centre.ctx, &permit, &id).await?;
    tx.commit().await?;
    centre.ctx.live.changed("imaging", &study, permit.facility());
    Ok(HttpResponse::NoContent().finish())
}
