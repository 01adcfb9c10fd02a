//! WADO-RS (PS3.18 §10.4): objects, metadata, bulk data, frames, rendered frames, thumbnails.
//!
//! Every answer is made from the stored bytes, in the scope of the permit; what the client does not take is 406 with the
//! reason. Long answers are streams: one chunk of one object or one frame in memory at a time.

mod bulkdata;
mod document;
mod frames;
mod metadata;
mod objects;
mod rendered;
mod thumbnail;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use yigong_clinic::Centre;
use yigong_clinic::imaging::retrieve::{self, Stored};
use yigong_clinic::looked;

use super::refuse::refuse;
use crate::api::auth::Caller;
use crate::api::fault::ApiFault;
use crate::api::imaging::require_images;

pub(super) use document::answer as document_answer;
pub(super) use objects::{bare as bare_object, form as object_form};
pub(super) use rendered::{Asked, picture};

/// What one instance is asked for, what is asked for most often first: the router tries one pattern after the other.
pub fn of_instance(cfg: &mut web::ServiceConfig) {
    cfg.service(frames::get_frames)
        .service(rendered::instance_rendered)
        .service(objects::get_instance)
        .service(rendered::frame_rendered)
        .service(thumbnail::of_instance)
        .service(metadata::get_instance)
        .service(thumbnail::of_frame)
        .service(bulkdata::get_bulkdata);
}

/// What a study or a series is asked for.
pub fn above(cfg: &mut web::ServiceConfig) {
    cfg.service(metadata::get_study)
        .service(metadata::get_series)
        .service(objects::get_study)
        .service(objects::get_series)
        .service(thumbnail::of_study)
        .service(thumbnail::of_series)
        .service(rendered::study_rendered)
        .service(rendered::series_rendered);
}

const OBJECT: &str = "application/dicom";
const OCTETS: &str = "application/octet-stream";

fn boundary(centre: &Centre) -> String {
    format!("yg{}", centre.ctx.id())
}

/// What an entity tag says of parts, which one address has beside bare bytes.
fn framing(multipart: bool) -> &'static str {
    if multipart { "-parts" } else { "" }
}

pub(super) fn not_acceptable(why: &str) -> HttpResponse {
    refuse(StatusCode::NOT_ACCEPTABLE, "accept", why)
}

async fn listed(
    centre: &Centre,
    permit: &Caller,
    study: &str,
    series: &str,
) -> Result<Vec<Stored>, ApiFault> {
    require_images(permit)?;
    let mut conn = centre.ctx.db.read(permit).await?;
    let found = retrieve::of_study(&mut conn, permit, study, series).await?;
    looked::at(&centre.ctx, permit, "dicomweb", "study_uid", study);
    Ok(found)
}

pub(super) async fn one(
    centre: &Centre,
    permit: &Caller,
    study: &str,
    series: &str,
    instance: &str,
) -> Result<Stored, ApiFault> {
    require_images(permit)?;
    let mut conn = centre.ctx.db.read(permit).await?;
    let found = retrieve::by_uid(&mut conn, permit, study, series, instance).await?;
    looked::at(&centre.ctx, permit, "dicomweb", "study_uid", study);
    Ok(found)
}

/// Pixels are as small as they get: compressing them again only costs time on both sides. One address has several forms, and
/// a cache must keep them apart.
fn as_it_is(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((VARY, HeaderValue::from_static("accept")))
        .insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")))
}

/// The image that stands for a series or study: the middle of a stack of slices, else the first.
fn representative(list: &[Stored]) -> Option<&Stored> {
    let images: Vec<&Stored> = list.iter().filter(|s| s.stack.get("rows").is_some()).collect();
    let stack = images.first().and_then(|s| s.stack.get("position")).is_some_and(|p| p.is_array());
    images.get(if stack { images.len() / 2 } else { 0 }).copied()
}
