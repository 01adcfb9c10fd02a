//! Corrections of studies: whose they are, which order they answer, what belongs together, what is shown; history and undo.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::patient::Seen;
use yigong_clinic::Centre;
use yigong_clinic::imaging::reconcile::{self, Parts, Person};

use super::auth::Caller;
use super::fault::Answer;

use super::quarantine::Why;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(find_studies)
        .service(get_card)
        .service(get_patients)
        .service(get_orders)
        .service(assign)
        .service(link_order)
        .service(unlink);
    cfg.service(split).service(move_to).service(merge).service(hide).service(restore);
    cfg.service(get_history).service(get_notices).service(undo).service(get_pinned);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    find_studies,
    get_card,
    get_patients,
    get_orders,
    assign,
    link_order,
    unlink,
    split,
    move_to,
    merge,
    hide,
    restore,
    get_history,
    get_notices,
    undo,
    get_pinned
))]
pub struct Doc;

/// What is searched for.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Search {
    /// Name, pinyin, initials or number.
    q: String,
}

/// The patient of a study: a row, or one the facility has not had yet.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    #[serde(default)]
    patient: String,
    #[serde(default)]
    local_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    sex: String,
    #[serde(default)]
    birth_date: String,
    why: String,
}

/// The order of a study.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Linking {
    order: String,
    why: String,
}

/// Which images, and where they go.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Moving {
    #[serde(default)]
    series: Vec<String>,
    #[serde(default)]
    instances: Vec<String>,
    #[serde(default)]
    to: String,
    why: String,
}

impl Moving {
    fn parts(&self) -> Parts {
        Parts { series: self.series.clone(), instances: self.instances.clone() }
    }
}

/// Which images are hidden, by which code of PS3.16 CID 7011.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hiding {
    instances: Vec<String>,
    #[serde(default)]
    code: String,
    why: String,
}

/// Opens a unit of work, runs a correction in it, commits, tells the pages, answers the act.
macro_rules! acting {
    ($centre:ident, $permit:ident, $study:expr, |$tx:ident| $work:expr) => {{
        let mut $tx = $centre.ctx.db.begin(&$permit).await?;
        let act = $work.await?;
        $tx.commit().await?;
        told(&$centre, &$permit, $study).await?;
        Ok(HttpResponse::Ok().json(json!({"act": act})))
    }};
}

/// Tells the pages of the clinic whose study it is: images, work, and alerts that ring for somebody else now.
pub(super) async fn told(
    centre: &Centre,
    permit: &Permit,
    study_or_act: &str,
) -> yigong_base::fault::Result<()> {
    let facility = reconcile::facility(&mut *centre.ctx.db.read(permit).await?, study_or_act).await?;
    for slice in ["imaging", "worklist", "critical"] {
        centre.ctx.live.changed(slice, study_or_act, &facility);
    }
    Ok(())
}

/// Studies in scope by name, pinyin, initials or number.
#[utoipa::path(get, path = "/api/studies", tag = "imaging", params(Search), responses((status = 200, description = "rows")))]
#[get("/api/studies")]
async fn find_studies(centre: web::Data<Centre>, permit: Caller, q: web::Query<Search>) -> Answer {
    if q.q.trim().is_empty() {
        return Ok(HttpResponse::Ok().json(json!({"rows": []})));
    }
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = reconcile::find_studies(&mut conn, &permit, &q.q).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Everything that is known about a study, for corrections.
#[utoipa::path(get, path = "/api/studies/{id}/card", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "the card")))]
#[get("/api/studies/{id}/card")]
async fn get_card(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(reconcile::study_card(&centre.ctx, &permit, &id).await?))
}

/// Patients of the study's facility.
#[utoipa::path(get, path = "/api/studies/{id}/patients", tag = "imaging", params(("id" = String, Path), Search), responses((status = 200, description = "rows")))]
#[get("/api/studies/{id}/patients")]
async fn get_patients(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    q: web::Query<Search>,
) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = reconcile::candidates(&mut conn, &permit, &id, &q.q).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Orders of the study's facility.
#[utoipa::path(get, path = "/api/studies/{id}/orders", tag = "imaging", params(("id" = String, Path), Search), responses((status = 200, description = "rows")))]
#[get("/api/studies/{id}/orders")]
async fn get_orders(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    q: web::Query<Search>,
) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = reconcile::orders(&mut conn, &permit, &id, &q.q).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Gives the study a patient.
#[utoipa::path(post, path = "/api/studies/{id}/patient", tag = "imaging", params(("id" = String, Path)), request_body = Assignment, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/patient")]
async fn assign(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Assignment>,
) -> Answer {
    let b = body.into_inner();
    let person = if b.patient.is_empty() {
        Person::New(Seen {
            local_id: b.local_id,
            name: b.name,
            sex: b.sex,
            birth_date: b.birth_date,
            ..Seen::default()
        })
    } else {
        Person::Known(b.patient)
    };
    acting!(centre, permit, &id, |tx| reconcile::assign(&mut tx, &centre.ctx, &permit, &id, &person, &b.why))
}

/// Links the study to an order.
#[utoipa::path(post, path = "/api/studies/{id}/order", tag = "imaging", params(("id" = String, Path)), request_body = Linking, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/order")]
async fn link_order(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Linking>,
) -> Answer {
    acting!(centre, permit, &id, |tx| reconcile::link_order(
        &mut tx,
        &centre.ctx,
        &permit,
        &id,
        &body.order,
        &body.why
    ))
}

/// Takes the study away from its order and patient.
#[utoipa::path(post, path = "/api/studies/{id}/unlink", tag = "imaging", params(("id" = String, Path)), request_body = Why, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/unlink")]
async fn unlink(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Why>,
) -> Answer {
    acting!(centre, permit, &id, |tx| reconcile::unlink(&mut tx, &centre.ctx, &permit, &id, &body.why))
}

/// Takes images out into a study of their own.
#[utoipa::path(post, path = "/api/studies/{id}/split", tag = "imaging", params(("id" = String, Path)), request_body = Moving, responses((status = 200, description = "the act and the new study")))]
#[post("/api/studies/{id}/split")]
async fn split(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Moving>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let parts = body.parts();
    let (act, study) = reconcile::split(&mut tx, &centre.ctx, &permit, &id, &parts, &body.why).await?;
    tx.commit().await?;
    told(&centre, &permit, &id).await?;
    Ok(HttpResponse::Ok().json(json!({"act": act, "study": study})))
}

/// Moves images to another study of the facility.
#[utoipa::path(post, path = "/api/studies/{id}/move", tag = "imaging", params(("id" = String, Path)), request_body = Moving, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/move")]
async fn move_to(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Moving>,
) -> Answer {
    let parts = body.parts();
    acting!(centre, permit, &id, |tx| reconcile::move_to(
        &mut tx,
        &centre.ctx,
        &permit,
        &id,
        &body.to,
        &parts,
        &body.why
    ))
}

/// Puts the whole study under another one of the facility.
#[utoipa::path(post, path = "/api/studies/{id}/merge", tag = "imaging", params(("id" = String, Path)), request_body = Moving, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/merge")]
async fn merge(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Moving>,
) -> Answer {
    acting!(centre, permit, &id, |tx| reconcile::merge(
        &mut tx,
        &centre.ctx,
        &permit,
        &id,
        &body.to,
        &body.why
    ))
}

/// Hides images: out of viewer, queries and retrieval.
#[utoipa::path(post, path = "/api/studies/{id}/hide", tag = "imaging", params(("id" = String, Path)), request_body = Hiding, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/hide")]
async fn hide(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Hiding>,
) -> Answer {
    acting!(centre, permit, &id, |tx| reconcile::hide(
        &mut tx,
        &centre.ctx,
        &permit,
        &id,
        &body.instances,
        &body.code,
        &body.why
    ))
}

/// Shows hidden images again.
#[utoipa::path(post, path = "/api/studies/{id}/restore", tag = "imaging", params(("id" = String, Path)), request_body = Hiding, responses((status = 200, description = "the act")))]
#[post("/api/studies/{id}/restore")]
async fn restore(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Hiding>,
) -> Answer {
    acting!(centre, permit, &id, |tx| reconcile::restore(
        &mut tx,
        &centre.ctx,
        &permit,
        &id,
        &body.instances,
        &body.why
    ))
}

/// What was done to a study, newest first.
#[utoipa::path(get, path = "/api/studies/{id}/history", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "rows")))]
#[get("/api/studies/{id}/history")]
async fn get_history(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = reconcile::history(&mut conn, &permit, &id).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// What changed since the report of a study was signed.
#[utoipa::path(get, path = "/api/studies/{id}/notices", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "rows")))]
#[get("/api/studies/{id}/notices")]
async fn get_notices(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = reconcile::notices(&mut conn, &permit, &id).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Takes an act back.
#[utoipa::path(post, path = "/api/reconcile/{act}/undo", tag = "imaging", params(("act" = String, Path)), request_body = Why, responses((status = 200, description = "the new act")))]
#[post("/api/reconcile/{act}/undo")]
async fn undo(
    centre: web::Data<Centre>,
    permit: Caller,
    act: web::Path<String>,
    body: web::Json<Why>,
) -> Answer {
    acting!(centre, permit, &act, |tx| reconcile::undo(&mut tx, &centre.ctx, &permit, &act, &body.why))
}

/// The image versions a signed report was read from.
#[utoipa::path(get, path = "/api/reports/{id}/versions/{n}/images", tag = "imaging", params(("id" = String, Path), ("n" = i64, Path)), responses((status = 200, description = "rows")))]
#[get("/api/reports/{id}/versions/{n}/images")]
async fn get_pinned(centre: web::Data<Centre>, permit: Caller, path: web::Path<(String, i64)>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = reconcile::pinned(&mut conn, &permit, &path.0, path.1).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}
