//! The sentences of ECG reports over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use yigong_clinic::Centre;
use yigong_clinic::ecg::sentences;

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(sentences_list).service(sentences_check);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(sentences_list, sentences_check))]
pub struct Doc;

/// Sentences with their codes; read once by a page.
#[utoipa::path(get, path = "/api/ecg/statements", tag = "ecg", responses((status = 200, description = "version, source, rows")))]
#[get("/api/ecg/statements")]
async fn sentences_list() -> Answer {
    Ok(HttpResponse::Ok().json(sentences::list()))
}

/// Chosen sentences.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Codes {
    codes: Vec<String>,
}

/// What contradicts the recording or another sentence.
#[utoipa::path(post, path = "/api/ecg/{record}/statements/check", tag = "ecg", request_body = Codes, responses((status = 200, description = "contradictions"), (status = 422, description = "a code that is not in the list")))]
#[post("/api/ecg/{record}/statements/check")]
async fn sentences_check(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    body: web::Json<Codes>,
) -> Answer {
    Ok(HttpResponse::Ok()
        .json(sentences::check(&centre.ctx, &permit, &record, body.into_inner().codes).await?))
}
