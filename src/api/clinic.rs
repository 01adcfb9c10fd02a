//! The clinic's page.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use yigong_clinic::Centre;
use yigong_clinic::report::track;

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(today).service(reports);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(today, reports))]
pub struct Doc;

/// How far back.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
pub struct Days {
    /// 1 to 31.
    days: i64,
}

impl Default for Days {
    fn default() -> Self {
        Self { days: 1 }
    }
}

/// Which reports.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Search {
    q: String,
    cursor: String,
}

/// Items of the last days with the step each has reached.
#[utoipa::path(get, path = "/api/clinic/today", tag = "clinic", params(Days), responses((status = 200, description = "now, rows, inbox")))]
#[get("/api/clinic/today")]
async fn today(centre: web::Data<Centre>, permit: Caller, query: web::Query<Days>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(track::today(&mut reader, &centre.ctx, &permit, query.days).await?))
}

/// Reports of the facility, newest first.
#[utoipa::path(get, path = "/api/clinic/reports", tag = "clinic", params(Search), responses((status = 200, description = "rows, next_cursor")))]
#[get("/api/clinic/reports")]
async fn reports(centre: web::Data<Centre>, permit: Caller, query: web::Query<Search>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok()
        .json(track::reports(&mut reader, &centre.ctx, &permit, &query.q, &query.cursor).await?))
}
