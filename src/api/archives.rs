//! Other archives over HTTP: what they have, and what they are asked to send.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::audit;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::fetch;

use super::auth::Caller;
use super::fault::{Answer, problem};
use crate::dimse::scu::Target;
use crate::dimse::scu::query::{Keys, find};

/// Studies of one answer at most.
const MOST: usize = 200;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list).service(search).service(ask);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, search, ask))]
pub struct Doc;

/// The archives that may be asked, and what was asked for lately.
#[utoipa::path(get, path = "/api/archives", tag = "imaging", responses((status = 200, description = "archives, fetches")))]
#[get("/api/archives")]
async fn list(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let archives = fetch::archives(&mut conn, &permit).await?;
    let rows: Vec<_> =
        archives.iter().map(|a| json!({"id": a.id, "name": a.name, "facility": a.facility})).collect();
    Ok(HttpResponse::Ok().json(json!({
        "now": centre.ctx.now(), "archives": rows, "fetches": fetch::list(&mut conn, &permit).await?,
    })))
}

/// What a study must have; one of the first four is needed.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(default)]
pub struct Wanted {
    patient_id: String,
    patient_name: String,
    accession: String,
    study_uid: String,
    /// `YYYYMMDD`, or a range of two.
    study_date: String,
    modality: String,
}

/// Asks an archive which studies it has.
#[utoipa::path(post, path = "/api/archives/{id}/search", tag = "imaging", params(("id" = String, Path)), request_body = Wanted, responses((status = 200, description = "rows, more"), (status = 502, description = "the archive does not answer, or refuses")))]
#[post("/api/archives/{id}/search")]
async fn search(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Wanted>,
) -> Answer {
    let w = body.into_inner();
    let named = [&w.patient_id, &w.patient_name, &w.accession, &w.study_uid];
    if named.iter().all(|key| key.trim().trim_matches(['*', '?']).is_empty()) {
        let why = "name a patient id, a name, an accession number or a study: an archive is not listed whole";
        return Err(Fault::invalid("patient_id", why).into());
    }
    let archive = fetch::archive(&mut *centre.ctx.db.read(&permit).await?, &permit, &id).await?;
    let target = Target::of(&centre.ctx, &archive)?;
    let keys = Keys {
        patient_id: w.patient_id.trim().to_owned(),
        patient_name: w.patient_name.trim().to_owned(),
        accession: w.accession.trim().to_owned(),
        study_uid: w.study_uid.trim().to_owned(),
        study_date: w.study_date.trim().to_owned(),
        modality: w.modality.trim().to_owned(),
        gb18030: archive.policy_text("charset").is_some_and(|set| set.to_ascii_uppercase().starts_with("GB")),
    };
    let (found, more) = match find(&target, &keys, MOST).await {
        Ok(found) => found,
        Err(error) => {
            return Ok(problem(
                StatusCode::BAD_GATEWAY,
                "archive",
                "对方影像库没有应答或拒绝了请求",
                &error.to_string(),
            ));
        }
    };
    let mut conn = centre.ctx.db.read(&permit).await?;
    let mut rows = Vec::with_capacity(found.len());
    for study in found {
        let here = fetch::here(&mut conn, &archive.facility, &study.study_uid).await?;
        let mut row = json!(study);
        if let Some(map) = row.as_object_mut() {
            let here = here.map(|(id, images)| json!({"study": id, "images": images}));
            map.insert("here".into(), json!(here));
        }
        rows.push(row);
    }
    drop(conn);
    // Which kinds of keys, not whom they name.
    let kinds = ["patient_id", "patient_name", "accession", "study_uid"];
    let used: Vec<_> =
        kinds.iter().zip(named).filter(|(_, key)| !key.trim().is_empty()).map(|(kind, _)| *kind).collect();
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let detail = json!({"keys": used, "found": rows.len()});
    audit::append(&mut tx, &centre.ctx, &permit, "archive.search", "peer", &archive.id, &detail);
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "more": more})))
}

/// A study of an archive.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Study {
    study_uid: String,
}

/// Lets an archive send a study here.
#[utoipa::path(post, path = "/api/archives/{id}/fetch", tag = "imaging", params(("id" = String, Path)), request_body = Study, responses((status = 202, description = "id of the wish")))]
#[post("/api/archives/{id}/fetch")]
async fn ask(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Study>,
) -> Answer {
    let ctx = &centre.ctx;
    let archive = fetch::archive(&mut *ctx.db.read(&permit).await?, &permit, &id).await?;
    let mut tx = ctx.db.begin(&permit).await?;
    let wish = fetch::ask(&mut tx, ctx, &permit, &archive, body.study_uid.trim()).await?;
    tx.commit().await?;
    ctx.live.changed(fetch::LIVE, &wish, &archive.facility);
    Ok(HttpResponse::Accepted().json(json!({"id": wish})))
}
