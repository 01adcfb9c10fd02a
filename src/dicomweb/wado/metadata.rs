//! Metadata (PS3.18 §10.4.1.1.2): DICOM JSON, prepared and compressed, named by an entity tag.

use std::io::Read;

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use actix_web::{HttpRequest, get, web};
use flate2::read::GzDecoder;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::prepared::{self, Document};
use yigong_clinic::imaging::retrieve::{self, Name, Stored};

use super::objects::incomplete;
use super::{not_acceptable, one};
use crate::api::auth::Caller;
use crate::api::entity::Entity;
use crate::api::fault::Answer;
use crate::api::link::root_of;
use crate::dicomweb::accept::{JSON, takes_json};

#[get("/dicom-web/studies/{study}/metadata")]
pub(super) async fn get_study(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
) -> Answer {
    several(&req, &centre, &permit, &study, "").await
}

#[get("/dicom-web/studies/{study}/series/{series}/metadata")]
pub(super) async fn get_series(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    several(&req, &centre, &permit, &path.0, &path.1).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/metadata")]
pub(super) async fn get_instance(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let stored = one(&centre, &permit, &path.0, &path.1, &path.2).await?;
    answer(&req, &centre, &permit, &path.0, &path.1, Which::One(&stored)).await
}

/// A study, or one of its series: named by what is in it, read only when it is not prepared.
async fn several(req: &HttpRequest, centre: &Centre, permit: &Caller, study: &str, series: &str) -> Answer {
    let names = {
        let mut conn = centre.ctx.db.read(permit).await?;
        retrieve::names(&mut conn, permit, study, series).await?
    };
    answer(req, centre, permit, study, series, Which::Several(&names)).await
}

/// What is asked for.
enum Which<'a> {
    One(&'a Stored),
    Several(&'a [Name]),
}

async fn answer(
    req: &HttpRequest,
    centre: &Centre,
    permit: &Caller,
    study: &str,
    series: &str,
    which: Which<'_>,
) -> Answer {
    if !takes_json(req) {
        return Ok(not_acceptable("metadata is application/dicom+json"));
    }
    let root = format!("{}/dicom-web", centre.ctx.config.http.public_url);
    let own_root = root_of(req, &centre.ctx.config.http.public_url);
    let entity = Entity::of(match &which {
        Which::One(stored) => prepared::metadata_tag(&[Name::of(stored)], &own_root),
        Which::Several(names) => prepared::metadata_tag(names, &own_root),
    });
    if let Some(answer) = entity.held(req) {
        return Ok(answer);
    }
    let Document { body: packed, left_out } = match which {
        Which::One(stored) => prepared::metadata_of(&centre.ctx, study, series, stored, &root).await?,
        Which::Several(names) => prepared::metadata(&centre.ctx, permit, study, series, names, &root).await?,
    };
    let mut response = if left_out > 0 { incomplete(left_out) } else { entity.ok() };
    response.content_type(JSON).insert_header((VARY, "accept-encoding"));
    if own_root == root && takes_gzip(req) {
        return Ok(response.insert_header((CONTENT_ENCODING, "gzip")).body(packed));
    }
    let text = web::block(move || unpack(&packed))
        .await
        .map_err(|_| Fault::internal("unpacking metadata stopped"))??;
    if own_root == root {
        return Ok(response.body(text));
    }
    // A linked client reaches bulk data only under its own secret.
    let from = format!("\"BulkDataURI\":\"{root}/");
    Ok(response.body(text.replace(&from, &format!("\"BulkDataURI\":\"{own_root}/"))))
}

/// The documents are our own: their size is bounded by what was kept.
fn unpack(packed: &[u8]) -> Result<String, Fault> {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).map_err(|e| Fault::io("unpack metadata", &e))?;
    Ok(text)
}

fn takes_gzip(req: &HttpRequest) -> bool {
    let header = req.headers().get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    header.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}
