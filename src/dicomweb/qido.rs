//! QIDO-RS (PS3.18 §10.6): patients' studies, series and instances by any attribute the index holds.

use actix_web::{HttpResponse, get, web};
use serde_json::json;
use yigong_base::fault::Fault;
use yigong_clinic::imaging::query::{Level, Query, Search};
use yigong_clinic::{Centre, stranger};
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::qido::{Asked, Malformed, read};
use yigong_formats::dicom::{Tag, tag};

use super::accept::TakesJson;
use crate::api::auth::Caller;
use crate::api::fault::Answer;
use crate::api::imaging::require_images;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(studies)
        .service(study_series)
        .service(all_series)
        .service(series_instances)
        .service(study_instances)
        .service(all_instances);
}

type Pairs = web::Query<Vec<(String, String)>>;

#[get("/dicom-web/studies")]
async fn studies(centre: web::Data<Centre>, permit: Caller, _json: TakesJson, q: Pairs) -> Answer {
    answer(&centre, &permit, Level::Study, &[], &q).await
}

#[get("/dicom-web/studies/{study}/series")]
async fn study_series(
    centre: web::Data<Centre>,
    permit: Caller,
    _json: TakesJson,
    study: web::Path<String>,
    q: Pairs,
) -> Answer {
    answer(&centre, &permit, Level::Series, &[(tag::STUDY_UID, study.into_inner())], &q).await
}

#[get("/dicom-web/series")]
async fn all_series(centre: web::Data<Centre>, permit: Caller, _json: TakesJson, q: Pairs) -> Answer {
    answer(&centre, &permit, Level::Series, &[], &q).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances")]
async fn series_instances(
    centre: web::Data<Centre>,
    permit: Caller,
    _json: TakesJson,
    path: web::Path<(String, String)>,
    q: Pairs,
) -> Answer {
    let (study, series) = path.into_inner();
    let fixed = [(tag::STUDY_UID, study), (tag::SERIES_UID, series)];
    answer(&centre, &permit, Level::Instance, &fixed, &q).await
}

#[get("/dicom-web/studies/{study}/instances")]
async fn study_instances(
    centre: web::Data<Centre>,
    permit: Caller,
    _json: TakesJson,
    study: web::Path<String>,
    q: Pairs,
) -> Answer {
    answer(&centre, &permit, Level::Instance, &[(tag::STUDY_UID, study.into_inner())], &q).await
}

#[get("/dicom-web/instances")]
async fn all_instances(centre: web::Data<Centre>, permit: Caller, _json: TakesJson, q: Pairs) -> Answer {
    answer(&centre, &permit, Level::Instance, &[], &q).await
}

async fn answer(
    centre: &Centre,
    permit: &Caller,
    level: Level,
    fixed: &[(Tag, String)],
    pairs: &[(String, String)],
) -> Answer {
    require_images(permit)?;
    let asked = match read(level, fixed, pairs) {
        Ok(asked) => asked,
        Err(Malformed { key, detail }) => {
            return Ok(HttpResponse::BadRequest()
                .json(json!({"code": "query", "detail": format!("{key}: {detail}")})));
        }
    };
    let Asked { keys, fuzzy, limit, offset, mut warnings } = asked;
    let named: Vec<String> = [tag::SOP_INSTANCE, tag::SERIES_UID, tag::STUDY_UID]
        .iter()
        .flat_map(|t| keys.values(*t).iter().cloned())
        .collect();
    let mut query = Query::new(level, keys);
    query.fuzzy = fuzzy;
    // HTTP negotiates nothing: a date range with a time range of the same form is always one range.
    query.combined = true;
    query.first = limit.saturating_add(offset).saturating_add(1);
    let mut conn = centre.ctx.db.read(permit).await?;
    let mut found = Search::new(query).take(&mut conn, permit, offset, limit.saturating_add(1)).await?;
    drop(conn);
    if found.len() > limit {
        // Said, so that nobody takes a page for the whole (PS3.18 §8.3.4.4).
        found.truncate(limit);
        warnings
            .push("the number of results exceeds the limit; additional results can be requested".to_owned());
    }
    if found.is_empty() {
        stranger::noted(&centre.ctx, permit, "QIDO", &named).await;
    }
    let base = format!("{}/dicom-web", centre.ctx.config.http.public_url);
    let rows: Vec<Attributes> = found.into_iter().map(|f| row(f.attributes, &base)).collect();
    let body = serde_json::to_vec(&rows).map_err(|e| Fault::internal(e.to_string()))?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/dicom+json").insert_header(("X-Content-Type-Options", "nosniff"));
    for warning in warnings {
        response.append_header(("Warning", format!("299 yigong \"{warning}\"")));
    }
    Ok(response.body(body))
}

/// An answer: every attribute the index holds, where to retrieve it, and that its text is UTF-8.
fn row(mut held: Attributes, base: &str) -> Attributes {
    let mut url = base.to_owned();
    for (part, t) in
        [("studies", tag::STUDY_UID), ("series", tag::SERIES_UID), ("instances", tag::SOP_INSTANCE)]
    {
        if !held.text(t).is_empty() {
            url.extend(["/", part, "/", held.text(t)]);
        }
    }
    held.put(tag::RETRIEVE_URL, url).put(tag::AVAILABILITY, "ONLINE").put(tag::CHARSET, "ISO_IR 192");
    held
}
