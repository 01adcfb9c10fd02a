//! Critical values over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::critical::{Raise, acknowledge, list, notify, raise};
use yigong_clinic::{Centre, worklist};

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show).service(ringing).service(open).service(call).service(ack).service(treat).service(close);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show, ringing, open, call, ack, treat, close))]
pub struct Doc;

/// Which alerts.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Which {
    /// `open` or `all`.
    state: String,
}

/// A reader raises an alert.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Open {
    item: String,
    level: String,
    finding: String,
    #[serde(default)]
    value: String,
}

/// Read-back.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ReadBack {
    read_back: String,
}

/// Treatment note.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Note {
    note: String,
}

/// Alerts in scope.
#[utoipa::path(get, path = "/api/critical", tag = "critical", params(Which), responses((status = 200, description = "now, rows")))]
#[get("/api/critical")]
async fn show(centre: web::Data<Centre>, permit: Caller, query: web::Query<Which>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let rows = list::list(&mut reader, &centre.ctx, &permit, query.state == "all").await?;
    Ok(HttpResponse::Ok().json(json!({"now": centre.ctx.now(), "rows": rows})))
}

/// How many red alerts of the own facility ring, without naming anybody: a locked page goes on ringing.
#[utoipa::path(get, path = "/api/critical/ringing", tag = "critical", responses((status = 200, description = "n, last")))]
#[get("/api/critical/ringing")]
async fn ringing(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let (n, last) = list::ringing(&mut *centre.ctx.db.read(&permit).await?, &permit).await?;
    Ok(HttpResponse::Ok().json(json!({"n": n, "last": last})))
}

/// A reader raises an alert about an item.
#[utoipa::path(post, path = "/api/critical", tag = "critical", request_body = Open, responses((status = 200, description = "the alert")))]
#[post("/api/critical")]
async fn open(centre: web::Data<Centre>, permit: Caller, body: web::Json<Open>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let item = worklist::claim::find(&mut tx, &permit, &body.item).await?;
    let new = Raise {
        pipeline: item.pipeline.clone(),
        subject_kind: item.subject_kind.clone(),
        subject: item.subject.clone(),
        dedupe: format!("{}:{}:{}", item.pipeline, item.subject, body.finding.trim()),
        patient: item.patient.clone(),
        facility: item.facility.clone(),
        level: body.level.clone(),
        finding: body.finding.clone(),
        value: body.value.clone(),
        rule: "reader".into(),
        provisional: false,
        report: item.report.clone(),
    };
    let raised = raise(&mut tx, ctx, &permit, &new).await?;
    tx.commit().await?;
    answer(&centre, &permit, &raised.alert, &item.facility).await
}

/// Records a call.
#[utoipa::path(post, path = "/api/critical/{id}/call", tag = "critical", responses((status = 200, description = "the alert")))]
#[post("/api/critical/{id}/call")]
async fn call(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<notify::Call>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = notify::call(&mut tx, &centre.ctx, &permit, &id, &body).await?;
    tx.commit().await?;
    answer(&centre, &permit, &id, &facility).await
}

/// A clinic doctor acknowledges.
#[utoipa::path(post, path = "/api/critical/{id}/acknowledge", tag = "critical", request_body = ReadBack, responses((status = 200, description = "the alert")))]
#[post("/api/critical/{id}/acknowledge")]
async fn ack(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<ReadBack>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = acknowledge::acknowledge(&mut tx, &centre.ctx, &permit, &id, &body.read_back).await?;
    tx.commit().await?;
    answer(&centre, &permit, &id, &facility).await
}

/// A clinic doctor writes the treatment note.
#[utoipa::path(post, path = "/api/critical/{id}/treat", tag = "critical", request_body = Note, responses((status = 200, description = "the alert")))]
#[post("/api/critical/{id}/treat")]
async fn treat(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Note>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = acknowledge::treat(&mut tx, &centre.ctx, &permit, &id, &body.note).await?;
    tx.commit().await?;
    answer(&centre, &permit, &id, &facility).await
}

/// A clinic doctor closes the loop.
#[utoipa::path(post, path = "/api/critical/{id}/close", tag = "critical", responses((status = 200, description = "the alert")))]
#[post("/api/critical/{id}/close")]
async fn close(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let facility = acknowledge::close(&mut tx, &centre.ctx, &permit, &id).await?;
    tx.commit().await?;
    answer(&centre, &permit, &id, &facility).await
}

async fn answer(centre: &Centre, permit: &Caller, id: &str, facility: &str) -> Answer {
    centre.ctx.live.changed("critical", id, facility);
    let mut reader = centre.ctx.db.read(permit).await?;
    Ok(HttpResponse::Ok().json(list::one(&mut reader, &centre.ctx, permit, id).await?))
}
