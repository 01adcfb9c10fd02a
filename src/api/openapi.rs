//! The OpenAPI document, merged from the handlers' own annotations.

use actix_web::{HttpResponse, get, web};
use utoipa::OpenApi;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show);
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Yigong",
    description = "Shared imaging, ECG and laboratory centre of a county medical community"
))]
struct Base;

/// The whole document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut doc = Base::openapi();
    doc.merge(super::session::Doc::openapi());
    doc.merge(super::worklist::Doc::openapi());
    doc.merge(super::work::Doc::openapi());
    doc.merge(super::reports::Doc::openapi());
    doc.merge(super::critical::Doc::openapi());
    doc.merge(super::clinic::Doc::openapi());
    doc.merge(super::imaging::Doc::openapi());
    doc.merge(super::key_images::Doc::openapi());
    doc.merge(super::link::Doc::openapi());
    doc.merge(super::quarantine::Doc::openapi());
    doc.merge(super::reconcile::Doc::openapi());
    doc.merge(super::grants::Doc::openapi());
    doc.merge(super::outbox::Doc::openapi());
    doc.merge(super::archives::Doc::openapi());
    doc.merge(super::storage::Doc::openapi());
    doc.merge(super::ecg::Doc::openapi());
    doc.merge(super::ecg_upload::Doc::openapi());
    doc.merge(super::ecg_work::Doc::openapi());
    doc.merge(super::ecg_sentences::Doc::openapi());
    doc.merge(super::events::Doc::openapi());
    doc.merge(super::admin::Doc::openapi());
    doc.merge(super::admin_people::Doc::openapi());
    doc.merge(super::public::Doc::openapi());
    doc.merge(super::orders::Doc::openapi());
    doc.merge(super::withdrawals::Doc::openapi());
    doc.merge(super::lab::Doc::openapi());
    doc.merge(super::specimens::Doc::openapi());
    doc
}

/// The document as JSON.
#[get("/api/openapi.json")]
async fn show() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
