//! Sending studies to registered DICOM peers, and everything that is on its way: how it stands, tried again, given up.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::outbox::show::{self, Asked, Kind};
use yigong_clinic::imaging::outbox::{self, Cause, act};

use super::auth::Caller;
use super::fault::{Answer, ApiFault};
use super::quarantine::Why;

/// Entries of one answer.
const PAGE: i64 = 100;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(send_study).service(list).service(one).service(retry).service(stop);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(send_study, list, one, retry, stop))]
pub struct Doc;

/// Where to.
#[derive(Deserialize)]
struct To {
    /// Row of the peer.
    peer: String,
}

/// Which entries.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Which {
    /// `waiting`, `failed`, `sent`, `stopped`; empty = all.
    state: String,
    /// Row of a peer or destination; empty = all.
    to: String,
    /// `next_cursor` of the answer before.
    cursor: String,
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
    let batch = outbox::send_study(&centre.ctx, &permit, &id, &body.peer, &Cause::Person).await?;
    Ok(HttpResponse::Ok().json(json!({"batch": batch})))
}

/// What is on its way or was, newest first; and the receivers for which something waits or failed.
#[utoipa::path(get, path = "/api/outbox", tag = "imaging", params(Which), responses((status = 200, description = "rows, next_cursor, receivers, now")))]
#[get("/api/outbox")]
async fn list(centre: web::Data<Centre>, permit: Caller, query: web::Query<Which>) -> Answer {
    let before = match query.cursor.as_str() {
        "" => None,
        cursor => Some(place(cursor)?),
    };
    let asked = Asked { state: query.state.clone(), to: query.to.clone(), before };
    let mut conn = centre.ctx.db.read(&permit).await?;
    let mut rows = show::list(&mut conn, &centre.ctx, &permit, &asked, PAGE + 1).await?;
    let more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let next = rows.last().filter(|_| more).map(|e| format!("{}.{}", e.at, e.id));
    let receivers = show::receivers(&mut conn, &centre.ctx, &permit).await?;
    Ok(HttpResponse::Ok()
        .json(json!({"rows": rows, "next_cursor": next, "receivers": receivers, "now": centre.ctx.now()})))
}

fn place(cursor: &str) -> Result<(i64, String), ApiFault> {
    let parts = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    parts.ok_or_else(|| Fault::invalid("cursor", "the next_cursor of an answer").into())
}

fn kind(text: &str) -> Result<Kind, ApiFault> {
    Kind::parse(text).ok_or_else(|| Fault::not_found("kind of entry").into())
}

/// One entry: its objects, those that failed first, and what was done about it.
#[utoipa::path(get, path = "/api/outbox/{kind}/{id}", tag = "imaging", params(("kind" = String, Path), ("id" = String, Path)), responses((status = 200, description = "entry, objects, history")))]
#[get("/api/outbox/{kind}/{id}")]
async fn one(centre: web::Data<Centre>, permit: Caller, path: web::Path<(String, String)>) -> Answer {
    let (kind, id) = (kind(&path.0)?, &path.1);
    let mut conn = centre.ctx.db.read(&permit).await?;
    let entry = show::one(&mut conn, &centre.ctx, &permit, kind, id).await?;
    let objects = if kind == Kind::Batch { show::objects(&mut conn, id).await? } else { Vec::new() };
    let history = show::history(&mut conn, kind.as_str(), id).await?;
    Ok(HttpResponse::Ok().json(json!({"entry": entry, "objects": objects, "history": history})))
}

/// Tries an entry again at once.
#[utoipa::path(post, path = "/api/outbox/{kind}/{id}/retry", tag = "imaging", params(("kind" = String, Path), ("id" = String, Path)), responses((status = 204)))]
#[post("/api/outbox/{kind}/{id}/retry")]
async fn retry(centre: web::Data<Centre>, permit: Caller, path: web::Path<(String, String)>) -> Answer {
    act::retry(&centre.ctx, &permit, kind(&path.0)?, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives an entry up, with the reason.
#[utoipa::path(post, path = "/api/outbox/{kind}/{id}/stop", tag = "imaging", params(("kind" = String, Path), ("id" = String, Path)), request_body = Why, responses((status = 204)))]
#[post("/api/outbox/{kind}/{id}/stop")]
async fn stop(
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<Why>,
) -> Answer {
    act::stop(&centre.ctx, &permit, kind(&path.0)?, &path.1, &body.why).await?;
    Ok(HttpResponse::NoContent().finish())
}
