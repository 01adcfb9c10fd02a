//! Specimens at the centre, messages of the connections and the item table over HTTP.

use actix_web::{HttpResponse, get, post, put, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::Centre;
use yigong_clinic::lab::{items as table, messages, specimen};

use super::auth::Caller;
use super::fault::Answer;
use super::lab::told;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list)
        .service(receive)
        .service(reject)
        .service(inbox)
        .service(message)
        .service(again)
        .service(items)
        .service(put_item);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, receive, reject, inbox, message, again, items, put_item))]
pub struct Doc;

/// Which rows.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Which {
    /// A state or empty.
    state: String,
}

/// Why a specimen is rejected.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Rejection {
    reason: String,
    #[serde(default)]
    text: String,
}

/// Specimens in scope.
#[utoipa::path(get, path = "/api/lab/specimens", tag = "lab", params(Which), responses((status = 200, description = "rows")))]
#[get("/api/lab/specimens")]
async fn list(centre: web::Data<Centre>, permit: Caller, query: web::Query<Which>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let rows = specimen::list(&mut reader, &centre.ctx, &permit, &query.state).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Receives a specimen.
#[utoipa::path(post, path = "/api/lab/specimens/{barcode}/receive", tag = "lab", responses((status = 204, description = "received")))]
#[post("/api/lab/specimens/{barcode}/receive")]
async fn receive(centre: web::Data<Centre>, permit: Caller, barcode: web::Path<String>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let changed = specimen::receive(&mut tx, ctx, &permit, &barcode).await?;
    tx.commit().await?;
    ctx.live.changed("clinic", &changed.0, &changed.1);
    told(&centre, &changed)
}

/// Rejects a specimen with a coded reason; the clinic sees it at once.
#[utoipa::path(post, path = "/api/lab/specimens/{barcode}/reject", tag = "lab", request_body = Rejection, responses((status = 204, description = "rejected")))]
#[post("/api/lab/specimens/{barcode}/reject")]
async fn reject(
    centre: web::Data<Centre>,
    permit: Caller,
    barcode: web::Path<String>,
    body: web::Json<Rejection>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let changed = specimen::reject(&mut tx, ctx, &permit, &barcode, &body.reason, &body.text).await?;
    tx.commit().await?;
    ctx.live.changed("clinic", &changed.0, &changed.1);
    told(&centre, &changed)
}

/// Messages of the HL7 connections.
#[utoipa::path(get, path = "/api/lab/messages", tag = "lab", params(Which), responses((status = 200, description = "rows")))]
#[get("/api/lab/messages")]
async fn inbox(centre: web::Data<Centre>, permit: Caller, query: web::Query<Which>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": messages::list(&mut reader, &permit, &query.state).await?})))
}

/// One message, raw and decoded. It holds a patient: opening it is a laboratory right.
#[utoipa::path(get, path = "/api/lab/messages/{id}", tag = "lab", responses((status = 200, description = "the message")))]
#[get("/api/lab/messages/{id}")]
async fn message(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(messages::one(&mut reader, &permit, &id).await?))
}

/// Takes a held or refused message again, with the present settings of its connection.
#[utoipa::path(post, path = "/api/lab/messages/{id}/again", tag = "lab", responses((status = 202, description = "will be taken again"), (status = 409, description = "it was taken already")))]
#[post("/api/lab/messages/{id}/again")]
async fn again(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    messages::again(&mut tx, ctx, &permit, &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Accepted().finish())
}

/// The item table: names, codes, units, ranges, limits.
#[utoipa::path(get, path = "/api/lab/items", tag = "lab", responses((status = 200, description = "rows")))]
#[get("/api/lab/items")]
async fn items(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": table::list(&mut reader).await?})))
}

/// Writes an item: the lead's right, audited. An item without authored critical limits is always held.
#[utoipa::path(put, path = "/api/lab/items/{code}", tag = "lab", request_body = Object, responses((status = 204, description = "written")))]
#[put("/api/lab/items/{code}")]
async fn put_item(
    centre: web::Data<Centre>,
    permit: Caller,
    code: web::Path<String>,
    body: web::Json<table::ItemText>,
) -> Answer {
    let mut item = body.into_inner();
    item.code = code.into_inner();
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    table::put(&mut tx, ctx, &permit, &item).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
