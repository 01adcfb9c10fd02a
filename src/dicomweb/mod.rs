//! DICOMweb: QIDO-RS, WADO-RS, STOW-RS below `/dicom-web`, and WADO-URI at `/wado`.
//!
//! What is asked for as stored goes out as it is stored, only the preamble is zero; another transfer syntax is made by the codec
//! workers on the way out and never kept.

mod accept;
mod elsewhere;
pub mod qido;
mod range;
mod refuse;
pub mod stow;
mod stream;
#[cfg(test)]
mod tests;
pub mod ups;
pub mod wado;
pub mod wado_uri;
mod xml;

use actix_web::web;

/// Every DICOMweb route.
pub fn routes(cfg: &mut web::ServiceConfig) {
    qido::routes(cfg);
    stow::routes(cfg);
    ups::routes(cfg);
    wado::routes(cfg);
    wado_uri::routes(cfg);
    elsewhere::routes(cfg);
}
