//! DICOMweb: QIDO-RS, WADO-RS, STOW-RS.
//!
//! Base `/dicom-web`. Stored bytes go out as they came, only the preamble is zero; nothing is transcoded here.

mod accept;
mod elsewhere;
mod metadata;
pub mod qido;
mod qido_keys;
mod refuse;
pub mod stow;
mod stream;
#[cfg(test)]
mod tests;
mod thumbnail;
pub mod ups;
pub mod wado;
mod xml;

use actix_web::web;

/// Every DICOMweb route.
pub fn routes(cfg: &mut web::ServiceConfig) {
    qido::routes(cfg);
    stow::routes(cfg);
    ups::routes(cfg);
    metadata::routes(cfg);
    thumbnail::routes(cfg);
    wado::routes(cfg);
    elsewhere::routes(cfg);
}
