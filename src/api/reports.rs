//! Reports: draft, submit, sign, preliminary, send back, recall, amend, read, PDF, receipts.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::fault::Fault;
use yigong_clinic::report::content::Sections;
use yigong_clinic::report::submit::Act;
use yigong_clinic::report::{amend, draft, publish, read, submit};
use yigong_clinic::worklist::ItemRow;
use yigong_clinic::{Centre, delivery, looked, withdrawal};

use super::auth::{Caller, Person};
use super::fault::Answer;
use super::worklist::{answer, told};

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(save).service(send).service(sign).service(preliminary).service(send_back).service(recall);
    cfg.service(start_amend)
        .service(cancel_amend)
        .service(show)
        .service(pdf)
        .service(seen)
        .service(acknowledge);
    cfg.service(templates).service(phrases);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    save,
    send,
    sign,
    preliminary,
    send_back,
    recall,
    start_amend,
    cancel_amend,
    show,
    pdf,
    seen,
    acknowledge,
    templates,
    phrases
))]
pub struct Doc;

/// Text under a claim.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Write {
    item: String,
    epoch: i64,
    #[serde(default)]
    #[schema(value_type = Object)]
    sections: Sections,
    #[serde(default)]
    confirm: bool,
}

/// A comment under a claim.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Comment {
    item: String,
    epoch: i64,
    #[serde(default)]
    comment: String,
}

/// Opens an amendment.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Amend {
    change_class: i64,
    reason: String,
}

fn act<'a>(report: &'a str, body: &'a Write) -> Act<'a> {
    Act { report, item: &body.item, epoch: body.epoch, sections: &body.sections, confirm: body.confirm }
}

fn tell(centre: &Centre, report: &str, item: &ItemRow) {
    told(centre, item);
    centre.ctx.live.changed("report", report, &item.facility);
    centre.ctx.live.changed("clinic", &item.id, &item.facility);
    // A version may have corrected what an alert said.
    centre.ctx.live.changed("critical", &item.id, &item.facility);
}

/// Saves the draft; `If-Match` carries the version last seen.
#[utoipa::path(put, path = "/api/reports/{report}/draft", tag = "report", request_body = Write, responses((status = 200, description = "version, saved_at"), (status = 412, description = "lease lost or draft newer; the text is kept")))]
#[put("/api/reports/{report}/draft")]
async fn save(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Write>,
) -> Answer {
    let given = req.headers().get(header::IF_MATCH).and_then(|v| v.to_str().ok()).unwrap_or("0");
    let version: i64 = given
        .trim()
        .trim_matches('"')
        .parse()
        .map_err(|_| Fault::invalid("If-Match", "the version last seen, for example \"3\""))?;
    let save = draft::Save {
        report: &report,
        item: &body.item,
        epoch: body.epoch,
        version,
        sections: &body.sections,
    };
    let (version, saved_at) = draft::save(&centre.ctx, &permit, &save).await?;
    Ok(HttpResponse::Ok().json(json!({ "version": version, "saved_at": saved_at })))
}

/// Submits to the auditor.
#[utoipa::path(post, path = "/api/reports/{report}/submit", tag = "report", request_body = Write, responses((status = 200, description = "state, checks"), (status = 422, description = "findings of the checks")))]
#[post("/api/reports/{report}/submit")]
async fn send(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Write>,
) -> Answer {
    let (item, checks) = submit::submit(&centre.ctx, &permit, &act(&report, &body)).await?;
    tell(&centre, &report, &item);
    Ok(HttpResponse::Ok().json(json!({"state": "written", "checks": checks})))
}

/// Signs the final version.
#[utoipa::path(post, path = "/api/reports/{report}/sign", tag = "report", request_body = Write, responses((status = 200, description = "published"), (status = 401, description = "confirm the password first"), (status = 412, description = "lease lost")))]
#[post("/api/reports/{report}/sign")]
async fn sign(
    centre: web::Data<Centre>,
    permit: Caller,
    person: Person,
    report: web::Path<String>,
    body: web::Json<Write>,
) -> Answer {
    person.require_fresh(&centre)?;
    let done = publish::sign(&centre, &permit, &act(&report, &body)).await?;
    tell(&centre, &report, &done.item);
    Ok(HttpResponse::Ok().json(json!({"state": "published", "n": done.n})))
}

/// Publishes a preliminary version of an emergency.
#[utoipa::path(post, path = "/api/reports/{report}/preliminary", tag = "report", request_body = Write, responses((status = 200, description = "published"), (status = 401, description = "confirm the password first")))]
#[post("/api/reports/{report}/preliminary")]
async fn preliminary(
    centre: web::Data<Centre>,
    permit: Caller,
    person: Person,
    report: web::Path<String>,
    body: web::Json<Write>,
) -> Answer {
    person.require_fresh(&centre)?;
    let done = publish::preliminary(&centre, &permit, &act(&report, &body)).await?;
    tell(&centre, &report, &done.item);
    Ok(HttpResponse::Ok().json(json!({ "n": done.n })))
}

/// The auditor sends the report back.
#[utoipa::path(post, path = "/api/reports/{report}/send_back", tag = "report", request_body = Comment, responses((status = 204, description = "with the writer")))]
#[post("/api/reports/{report}/send_back")]
async fn send_back(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Comment>,
) -> Answer {
    let item =
        submit::send_back(&centre.ctx, &permit, &report, &body.item, body.epoch, &body.comment).await?;
    tell(&centre, &report, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// The writer takes the report back.
#[utoipa::path(post, path = "/api/reports/{report}/recall", tag = "report", responses((status = 204, description = "with the writer")))]
#[post("/api/reports/{report}/recall")]
async fn recall(centre: web::Data<Centre>, permit: Caller, report: web::Path<String>) -> Answer {
    let item = submit::recall(&centre.ctx, &permit, &report).await?;
    tell(&centre, &report, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// Opens an amendment.
#[utoipa::path(post, path = "/api/reports/{report}/amend", tag = "report", request_body = Amend, responses((status = 200, description = "the claimed item"), (status = 409, description = "nothing to amend")))]
#[post("/api/reports/{report}/amend")]
async fn start_amend(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Amend>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item = amend::amend(&mut tx, &centre.ctx, &permit, &report, body.change_class, &body.reason).await?;
    tx.commit().await?;
    tell(&centre, &report, &item);
    answer(&centre, &permit, &item.id).await
}

/// Gives an amendment up.
#[utoipa::path(post, path = "/api/reports/{report}/amend/cancel", tag = "report", request_body = Comment, responses((status = 204, description = "the current version stays")))]
#[post("/api/reports/{report}/amend/cancel")]
async fn cancel_amend(
    centre: web::Data<Centre>,
    permit: Caller,
    report: web::Path<String>,
    body: web::Json<Comment>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let item = amend::cancel(&mut tx, &centre.ctx, &permit, &report, &body.item, body.epoch).await?;
    tx.commit().await?;
    tell(&centre, &report, &item);
    Ok(HttpResponse::NoContent().finish())
}

/// A report with its versions and deliveries.
#[utoipa::path(get, path = "/api/reports/{report}", tag = "report", responses((status = 200, description = "the report")))]
#[get("/api/reports/{report}")]
async fn show(centre: web::Data<Centre>, permit: Caller, report: web::Path<String>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let mut value = read::report(&mut reader, &centre.ctx, &permit, &report).await?;
    looked::at(&centre.ctx, &permit, "page", "report", &report);
    let asked = withdrawal::asked(&mut reader, &permit, &report).await?;
    if let Some(map) = value.as_object_mut() {
        let pipeline = map.get("pipeline").and_then(|p| p.as_str()).unwrap_or_default().to_owned();
        map.insert("withdrawal".into(), json!(asked));
        map.insert("may_withdraw".into(), withdrawal::entitled(&permit, &pipeline).into());
    }
    Ok(HttpResponse::Ok().json(value))
}

/// The signed PDF of a version.
#[utoipa::path(get, path = "/api/reports/{report}/versions/{n}/pdf", tag = "report", responses((status = 200, description = "application/pdf")))]
#[get("/api/reports/{report}/versions/{n}/pdf")]
async fn pdf(centre: web::Data<Centre>, permit: Caller, path: web::Path<(String, i64)>) -> Answer {
    let (report, n) = path.into_inner();
    let sha = {
        let mut reader = centre.ctx.db.read(&permit).await?;
        read::pdf(&mut reader, &permit, &report, n).await?
    };
    looked::at(&centre.ctx, &permit, "pdf", "report", &report);
    let bytes = centre.ctx.blobs.read(&sha).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"report-{n}.pdf\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
        ))
        .body(bytes))
}

/// A person of the clinic opened the version.
#[utoipa::path(post, path = "/api/reports/{report}/versions/{n}/seen", tag = "report", responses((status = 204, description = "recorded")))]
#[post("/api/reports/{report}/versions/{n}/seen")]
async fn seen(
    centre: web::Data<Centre>,
    permit: Caller,
    _person: Person,
    path: web::Path<(String, i64)>,
) -> Answer {
    let (report, n) = path.into_inner();
    let mut tx = centre.ctx.db.begin(&permit).await?;
    if delivery::receipt::seen(&mut tx, &centre.ctx, &permit, &report, n).await? {
        tx.commit().await?;
        centre.ctx.live.changed("delivery", &report, permit.facility());
    }
    Ok(HttpResponse::NoContent().finish())
}

/// A doctor of the clinic acknowledges a changed version.
#[utoipa::path(post, path = "/api/reports/{report}/versions/{n}/acknowledge", tag = "report", responses((status = 204, description = "acknowledged")))]
#[post("/api/reports/{report}/versions/{n}/acknowledge")]
async fn acknowledge(centre: web::Data<Centre>, permit: Caller, path: web::Path<(String, i64)>) -> Answer {
    let (report, n) = path.into_inner();
    let mut tx = centre.ctx.db.begin(&permit).await?;
    delivery::receipt::acknowledge(&mut tx, &centre.ctx, &permit, &report, n).await?;
    tx.commit().await?;
    centre.ctx.live.changed("delivery", &report, permit.facility());
    Ok(HttpResponse::NoContent().finish())
}

/// Which templates and phrases.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct For {
    pipeline: String,
    modality: String,
    body_part: String,
}

/// Report templates.
#[utoipa::path(get, path = "/api/templates", tag = "report", params(For), responses((status = 200, description = "templates")))]
#[get("/api/templates")]
async fn templates(centre: web::Data<Centre>, permit: Caller, query: web::Query<For>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok()
        .json(read::templates(&mut reader, &query.pipeline, &query.modality, &query.body_part).await?))
}

/// Quick phrases.
#[utoipa::path(get, path = "/api/phrases", tag = "report", params(For), responses((status = 200, description = "phrases")))]
#[get("/api/phrases")]
async fn phrases(centre: web::Data<Centre>, permit: Caller, query: web::Query<For>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(read::phrases(&mut reader, &query.pipeline).await?))
}
