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
mod whole;
mod xml;

use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web;
use percent_encoding::percent_decode_str;

/// Steps of an address that names an instance: `/dicom-web/studies/{}/series/{}/instances/{}`.
const TO_INSTANCE: usize = 7;

/// Every DICOMweb route. Addresses below an instance have their own, so that none of the others is tried for them.
pub fn routes(cfg: &mut web::ServiceConfig) {
    let deep = |c: &GuardContext<'_>| {
        let path = c.head().uri.path();
        // Compared as the router does: decoded, but for slashes.
        path.matches('/').count() >= TO_INSTANCE
            && percent_decode_str(path).decode_utf8_lossy().starts_with("/dicom-web/studies/")
    };
    let below = |cfg: &mut web::ServiceConfig| {
        wado::of_instance(cfg);
        elsewhere::routes(cfg);
    };
    cfg.service(web::scope("").guard(fn_guard(deep)).configure(below));
    qido::routes(cfg);
    wado::above(cfg);
    stow::routes(cfg);
    ups::routes(cfg);
    wado_uri::routes(cfg);
    elsewhere::routes(cfg);
}
