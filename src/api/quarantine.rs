//! What waits for a person: the list, the card of an entry, and what answers it.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_clinic::Centre;
use yigong_clinic::imaging::{quarantine, reconcile};

use super::auth::Caller;
use super::fault::Answer;

use super::reconcile::told;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(get_held)
        .service(get_card)
        .service(release)
        .service(index_held)
        .service(promote)
        .service(fix_charset);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(get_held, get_card, release, index_held, promote, fix_charset))]
pub struct Doc;

/// Which quarantine entries.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Which {
    /// `open`, `released`, or `all`.
    state: String,
    /// One lane alone; empty = all.
    lane: String,
}

/// Why it is done; it stands in the history.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Why {
    pub(super) why: String,
}

/// Where a held object goes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Indexing {
    /// A study of the facility; absent = one of its own.
    #[serde(default)]
    study: Option<String>,
    /// Also the others that came for the same study from the same sender and are held for the same reason.
    #[serde(default)]
    alike: bool,
    why: String,
}

/// The character set of the device an entry came from.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Set {
    charset: String,
    why: String,
}

/// What waits for a person.
#[utoipa::path(get, path = "/api/quarantine", tag = "imaging", params(Which), responses((status = 200, description = "rows")))]
#[get("/api/quarantine")]
async fn get_held(centre: web::Data<Centre>, permit: Caller, query: web::Query<Which>) -> Answer {
    let state = match query.state.as_str() {
        "" => "open",
        "all" => "",
        other => other,
    };
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = quarantine::list(&mut conn, &permit, state, &query.lane).await?;
    let counted = if state.is_empty() { "open" } else { state };
    let counts = quarantine::counts(&mut conn, &permit, counted).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "counts": counts})))
}

/// Everything that is known about an entry, side by side.
#[utoipa::path(get, path = "/api/quarantine/{id}", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "the card")))]
#[get("/api/quarantine/{id}")]
async fn get_card(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(reconcile::card(&centre.ctx, &permit, &id).await?))
}

/// A person has looked: the entry is closed and the study goes on.
#[utoipa::path(post, path = "/api/quarantine/{id}/release", tag = "imaging", params(("id" = String, Path)), request_body = Why, responses((status = 204)))]
#[post("/api/quarantine/{id}/release")]
async fn release(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Why>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    quarantine::release(&mut tx, &centre.ctx, &permit, &id, &body.why).await?;
    tx.commit().await?;
    told(&centre, &permit, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An object that was kept outside the index becomes a study of its own, with a new UID, or goes into a chosen study.
#[utoipa::path(post, path = "/api/quarantine/{id}/index", tag = "imaging", params(("id" = String, Path)), request_body = Indexing, responses((status = 200, description = "act and study")))]
#[post("/api/quarantine/{id}/index")]
async fn index_held(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Indexing>,
) -> Answer {
    let (act, study) =
        reconcile::index_held(&centre.ctx, &permit, &id, body.study.as_deref(), body.alike, &body.why)
            .await?;
    told(&centre, &permit, &study).await?;
    Ok(HttpResponse::Ok().json(json!({"act": act, "study": study})))
}

/// Which versions become the current ones.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Promoting {
    /// Also those of other images of the study that wait for the same reason, of the same sender.
    #[serde(default)]
    alike: bool,
    why: String,
}

/// Makes a version of an image the current one.
#[utoipa::path(post, path = "/api/instances/{id}/promote", tag = "imaging", params(("id" = String, Path)), request_body = Promoting, responses((status = 200, description = "the act")))]
#[post("/api/instances/{id}/promote")]
async fn promote(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Promoting>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let act = reconcile::promote(&mut tx, &centre.ctx, &permit, &id, body.alike, &body.why).await?;
    tx.commit().await?;
    told(&centre, &permit, &act).await?;
    Ok(HttpResponse::Ok().json(json!({"act": act})))
}

/// Sets the character set of the device and reads its waiting images again.
#[utoipa::path(post, path = "/api/quarantine/{id}/charset", tag = "imaging", params(("id" = String, Path)), request_body = Set, responses((status = 202, description = "the peer")))]
#[post("/api/quarantine/{id}/charset")]
async fn fix_charset(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Set>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let peer = reconcile::fix_charset(&mut tx, &centre.ctx, &permit, &id, &body.charset, &body.why).await?;
    tx.commit().await?;
    Ok(HttpResponse::Accepted().json(json!({"peer": peer})))
}
