//! Measuring by hand, presets, statistics and files of ECG records.

use actix_web::http::header::{CONTENT_DISPOSITION, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::clock::DAY_MS;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::ecg::{export, physician, preset, statistics};

use super::auth::Caller;

use super::ecg_upload::told;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(presets).service(choose).service(counts).service(measure).service(export_file);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(presets, choose, counts, measure, export_file))]
pub struct Doc;

/// Presets of critical thresholds with their sources, and the one in force.
#[utoipa::path(get, path = "/api/ecg/presets", tag = "ecg", responses((status = 200, description = "version, rows, active")))]
#[get("/api/ecg/presets")]
async fn presets(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(preset::list(&mut reader).await?))
}

/// A preset.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Code {
    code: String,
}

/// Puts a preset in force.
#[utoipa::path(put, path = "/api/ecg/presets/active", tag = "ecg", request_body = Code, responses((status = 200, description = "version, rows, active"), (status = 422, description = "no preset of the list")))]
#[put("/api/ecg/presets/active")]
async fn choose(centre: web::Data<Centre>, permit: Caller, body: web::Json<Code>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    preset::choose(&mut tx, ctx, &permit, &body.code).await?;
    tx.commit().await?;
    let mut reader = ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(preset::list(&mut reader).await?))
}

/// A time.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Span {
    /// ms; absent = 30 days ago.
    from: Option<i64>,
    /// ms, not included; absent = now.
    to: Option<i64>,
}

/// Verdicts by clinic and operator.
#[utoipa::path(get, path = "/api/ecg/statistics", tag = "ecg", params(Span), responses((status = 200, description = "rows")))]
#[get("/api/ecg/statistics")]
async fn counts(centre: web::Data<Centre>, permit: Caller, query: web::Query<Span>) -> Answer {
    let to = query.to.unwrap_or(centre.ctx.now() + 1);
    let from = query.from.unwrap_or(to - 30 * DAY_MS);
    let mut reader = centre.ctx.db.read(&permit).await?;
    let rows = statistics::statistics(&mut reader, &permit, from, to).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// A physician's marks and values; `If-Match` carries the tag of the record.
#[utoipa::path(put, path = "/api/ecg/{record}/measure", tag = "ecg", responses((status = 200, description = "the record"), (status = 412, description = "changed meanwhile"), (status = 422, description = "marks out of order")))]
#[put("/api/ecg/{record}/measure")]
async fn measure(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    body: web::Json<physician::Hand>,
    request: HttpRequest,
) -> Answer {
    let tag = request.headers().get(IF_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    physician::measure(&mut tx, ctx, &permit, &record, tag, &body).await?;
    tx.commit().await?;
    told(&centre, &permit, &record, None).await
}

/// Which form.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Form {
    /// `dicom`, `aecg`, `original`, `pdf`.
    format: String,
}

/// The record as a file.
#[utoipa::path(get, path = "/api/ecg/{record}/export", tag = "ecg", params(Form), responses((status = 200, description = "the file", content_type = "application/octet-stream"), (status = 409, description = "no signed page, or no waveform"), (status = 422, description = "no such form")))]
#[get("/api/ecg/{record}/export")]
async fn export_file(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    query: web::Query<Form>,
) -> Answer {
    if query.format.is_empty() {
        return Err(Fault::invalid("format", "dicom, aecg, original or pdf").into());
    }
    let file = export::export(&centre.ctx, &permit, &record, &query.format).await?;
    Ok(HttpResponse::Ok()
        .content_type(file.media)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)))
        .body(file.bytes))
}
