//! Encapsulated documents (PS3.3 §A.45): the PDF itself where an image would be rendered.

use actix_web::HttpRequest;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::retrieve::{self, Stored};

use super::{as_it_is, not_acceptable};
use crate::api::entity::Entity;
use crate::api::fault::Answer;
use crate::dicomweb::accept::wanted;
use crate::dicomweb::range::ranged;

/// Encapsulated PDF Storage.
const ENCAPSULATED_PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
/// (0042,0011) Encapsulated Document.
const DOCUMENT: &str = "00420011";
/// Documents are sent from memory up to this size, bytes.
const LARGEST: u64 = 256 << 20;
const PDF: &str = "application/pdf";

/// True when the instance is a document and no image.
pub(super) fn is_document(stored: &Stored) -> bool {
    stored.sop_class == ENCAPSULATED_PDF
}

/// The document.
pub(in crate::dicomweb) async fn answer(req: &HttpRequest, centre: &Centre, stored: &Stored) -> Answer {
    if !is_document(stored) {
        return Ok(not_acceptable("this instance holds no PDF"));
    }
    if !wanted(req, PDF).iter().any(|w| w.any || w.kind == PDF) {
        return Ok(not_acceptable("this instance is a document: application/pdf"));
    }
    let entity = Entity::of(format_args!("{}-pdf", stored.etag()));
    if let Some(answer) = entity.held(req) {
        return Ok(answer);
    }
    let bulk = retrieve::bulk(&centre.ctx, stored, DOCUMENT).await?;
    let bulk = bulk.filter(|b| b.length <= LARGEST).ok_or_else(|| Fault::not_found("document"))?;
    let length = bulk.length;
    let mut bytes = retrieve::bulk_bytes(&centre.ctx, stored, &bulk, 0, length).await?;
    // A value of odd length is padded with a zero, which is no part of the document (PS3.5 §7.1).
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    // A page that shows the object inline must not run what a foreign PDF may hold.
    let mut response = entity.ok();
    response
        .insert_header(("Content-Disposition", "attachment; filename=\"document.pdf\""))
        .insert_header(("Content-Security-Policy", "sandbox; default-src 'none'"));
    Ok(ranged(req, &entity, as_it_is(&mut response), PDF, bytes))
}
