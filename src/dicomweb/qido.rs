//! QIDO-RS (PS3.18 §10.6): studies, series and instances by the common keys.

use actix_web::{HttpResponse, get, web};
use serde_json::{Value, json};
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::query::{self, Keys};
use yigong_formats::dicom::{Tag, tag};

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

/// What a level is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Study,
    Series,
    Instance,
}

#[get("/dicom-web/studies")]
async fn studies(centre: web::Data<Centre>, permit: Caller, q: Pairs) -> Answer {
    answer(&centre, &permit, Level::Study, Keys::default(), &q).await
}

#[get("/dicom-web/studies/{study}/series")]
async fn study_series(
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
    q: Pairs,
) -> Answer {
    answer(&centre, &permit, Level::Series, Keys { study: study.into_inner(), ..Keys::default() }, &q).await
}

#[get("/dicom-web/series")]
async fn all_series(centre: web::Data<Centre>, permit: Caller, q: Pairs) -> Answer {
    answer(&centre, &permit, Level::Series, Keys::default(), &q).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances")]
async fn series_instances(
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
    q: Pairs,
) -> Answer {
    let (study, series) = path.into_inner();
    answer(&centre, &permit, Level::Instance, Keys { study, series, ..Keys::default() }, &q).await
}

#[get("/dicom-web/studies/{study}/instances")]
async fn study_instances(
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
    q: Pairs,
) -> Answer {
    answer(&centre, &permit, Level::Instance, Keys { study: study.into_inner(), ..Keys::default() }, &q).await
}

#[get("/dicom-web/instances")]
async fn all_instances(centre: web::Data<Centre>, permit: Caller, q: Pairs) -> Answer {
    answer(&centre, &permit, Level::Instance, Keys::default(), &q).await
}

async fn answer(
    centre: &Centre,
    permit: &Caller,
    level: Level,
    mut keys: Keys,
    q: &[(String, String)],
) -> Answer {
    require_images(permit)?;
    let mut unknown = Vec::new();
    for (name, value) in q {
        match apply(&mut keys, level, name, value) {
            Ok(true) => {}
            Ok(false) => unknown.push(name.as_str()),
            Err(detail) => {
                return Ok(HttpResponse::BadRequest()
                    .json(json!({"code": "query", "detail": format!("{}: {detail}", printable(name))})));
            }
        }
    }
    let mut conn = centre.ctx.db.read(permit).await?;
    let mut rows = match level {
        Level::Study => query::studies(&mut conn, permit, &keys).await?,
        Level::Series => query::series(&mut conn, permit, &keys).await?,
        Level::Instance => query::instances(&mut conn, permit, &keys).await?,
    };
    for row in &mut rows {
        link(row, &centre.ctx.config.http.public_url);
    }
    let body = serde_json::to_vec(&rows).map_err(|e| Fault::internal(e.to_string()))?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/dicom+json");
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.into_iter().map(printable).collect();
        response
            .insert_header(("Warning", format!("299 yigong \"keys not supported: {}\"", names.join(", "))));
    }
    Ok(response.body(body))
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').take(64).collect()
}

/// Takes one query parameter; `false` = a key we do not match on.
fn apply(keys: &mut Keys, level: Level, name: &str, value: &str) -> Result<bool, &'static str> {
    let number = |v: &str| v.trim().parse::<i64>().map_err(|_| "not a number");
    match name {
        "limit" => keys.limit = number(value).and_then(|n| if n >= 0 { Ok(n) } else { Err("negative") })?,
        "offset" => keys.offset = number(value).and_then(|n| if n >= 0 { Ok(n) } else { Err("negative") })?,
        "fuzzymatching" => keys.fuzzy = value == "true",
        // Every attribute we keep is in every answer.
        "includefield" => {}
        _ => {
            let value = value.trim().to_owned();
            match Tag::named(name) {
                Some(tag::STUDY_UID) => keys.study = value,
                Some(tag::SERIES_UID) => keys.series = value,
                Some(tag::SOP_INSTANCE) => keys.instance = value,
                Some(tag::SOP_CLASS) => keys.sop_class = value,
                Some(tag::PATIENT_ID) => keys.patient_id = value,
                Some(tag::PATIENT_NAME) => keys.patient_name = value,
                Some(tag::BIRTH_DATE) => keys.birth_date = value,
                Some(tag::ACCESSION) => keys.accession = value,
                Some(tag::STUDY_ID) => keys.study_id = value,
                Some(tag::STUDY_DATE) => keys.study_date = date(&value)?,
                Some(tag::STUDY_DESCRIPTION) => keys.description = value,
                Some(tag::REFERRING) => keys.referring = value,
                Some(tag::MODALITIES_IN_STUDY | tag::MODALITY) => {
                    keys.modalities =
                        value.split(['\\', ',']).map(str::to_owned).filter(|m| !m.is_empty()).collect()
                }
                Some(tag::SERIES_NUMBER) if level == Level::Series => keys.number = Some(number(&value)?),
                Some(tag::INSTANCE_NUMBER) if level == Level::Instance => keys.number = Some(number(&value)?),
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}

fn date(value: &str) -> Result<String, &'static str> {
    let legal = |d: &str| d.is_empty() || (d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
    let ok = match value.split_once('-') {
        Some((a, b)) => legal(a) && legal(b),
        None => legal(value),
    };
    if ok { Ok(value.to_owned()) } else { Err("not a date or range") }
}

/// (0008,1190) Retrieve URL.
fn link(row: &mut Value, public_url: &str) {
    let of = |t: Tag| row.get(t.to_string()).and_then(|a| a["Value"][0].as_str()).map(str::to_owned);
    let mut url = format!("{public_url}/dicom-web");
    for (part, t) in
        [("studies", tag::STUDY_UID), ("series", tag::SERIES_UID), ("instances", tag::SOP_INSTANCE)]
    {
        if let Some(uid) = of(t) {
            url.push_str(&format!("/{part}/{uid}"));
        }
    }
    if let Some(map) = row.as_object_mut() {
        map.insert("00081190".into(), json!({"vr": "UR", "Value": [url]}));
    }
}
