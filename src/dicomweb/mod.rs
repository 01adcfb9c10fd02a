//! DICOMweb: QIDO-RS, WADO-RS.
//!
//! Base `/dicom-web`. Stored bytes go out as they came, only the preamble is zero; nothing is transcoded here.

mod accept;
pub mod qido;
mod qido_keys;
mod stream;
pub mod wado;

use actix_web::web;

/// Every DICOMweb route.
pub fn routes(cfg: &mut web::ServiceConfig) {
    qido::routes(cfg);
    wado::routes(cfg);
}
