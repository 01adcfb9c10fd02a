//! ECG records over HTTP: values, samples, drawings.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::ecg::{compare, detail, show};
use yigong_clinic::looked;
use yigong_formats::ecg::draw::{Paper, Part};
use yigong_formats::ecg::leadswap::Exchange;

use super::auth::Caller;
use super::entity::Entity;
use super::fault::Answer;

/// The version of what is computed from an original: a change of the drawing changes the tag.
const DRAWN: &str = env!("CARGO_PKG_VERSION");

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(get_compare).service(get_record).service(get_wave).service(get_svg);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(get_record, get_wave, get_svg, get_compare))]
pub struct Doc;

/// A record: patient, verdict, values of device and server, earlier records.
#[utoipa::path(get, path = "/api/ecg/{record}", tag = "ecg", responses((status = 200, description = "the record"), (status = 404, description = "not in the caller's scope")))]
#[get("/api/ecg/{record}")]
async fn get_record(centre: web::Data<Centre>, permit: Caller, record: web::Path<String>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let shown = detail::detail(&mut reader, &centre.ctx, &permit, &record).await?;
    looked::at(&centre.ctx, &permit, "page", "ecg_record", &record);
    Ok(HttpResponse::Ok().json(shown))
}

/// Two records of a person side by side.
#[utoipa::path(get, path = "/api/ecg/{record}/compare/{other}", tag = "ecg", responses((status = 200, description = "deltas, st, correlation, median"), (status = 409, description = "two persons")))]
#[get("/api/ecg/{record}/compare/{other}")]
async fn get_compare(centre: web::Data<Centre>, permit: Caller, path: web::Path<(String, String)>) -> Answer {
    let (record, other) = path.into_inner();
    Ok(HttpResponse::Ok().json(compare::compare(&centre.ctx, &permit, &record, &other).await?))
}

/// Which samples.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct WaveQuery {
    /// `rhythm`, `median`; empty = both.
    group: String,
}

/// Samples: u32 LE length, JSON header, planar i16 LE.
#[utoipa::path(get, path = "/api/ecg/{record}/wave", tag = "ecg", params(WaveQuery), responses((status = 200, description = "samples", content_type = "application/octet-stream"), (status = 304, description = "unchanged")))]
#[get("/api/ecg/{record}/wave")]
async fn get_wave(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    query: web::Query<WaveQuery>,
    request: HttpRequest,
) -> Answer {
    let part = match query.group.as_str() {
        "" => Part::Whole,
        other => Part::of(other).ok_or_else(|| Fault::invalid("group", "rhythm or median"))?,
    };
    let what = format!("wave{}", query.group);
    let entity = entity(&show::version(&centre.ctx, &permit, &record).await?, &what);
    if let Some(answer) = entity.held(&request) {
        return Ok(answer);
    }
    let blob = show::wave(&centre.ctx, &permit, &record, part).await?;
    Ok(entity.ok().content_type("application/octet-stream").body(blob))
}

/// How the drawing is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
pub struct DrawingQuery {
    /// `3x4+1`, `6x2`, `12x1`, `cabrera`.
    layout: String,
    /// `12.5`, `25`, `50` mm/s.
    speed: String,
    /// `5`, `10`, `20` mm/mV.
    gain: String,
    /// Electrodes to show exchanged, such as `ra_la`; empty = as recorded.
    swap: String,
}

impl Default for DrawingQuery {
    fn default() -> Self {
        Self { layout: "3x4+1".into(), speed: "25".into(), gain: "10".into(), swap: String::new() }
    }
}

/// The drawing in true millimetres.
#[utoipa::path(get, path = "/api/ecg/{record}/svg", tag = "ecg", params(DrawingQuery), responses((status = 200, description = "drawing", content_type = "image/svg+xml"), (status = 422, description = "no such paper")))]
#[get("/api/ecg/{record}/svg")]
async fn get_svg(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    query: web::Query<DrawingQuery>,
    request: HttpRequest,
) -> Answer {
    let q = query.into_inner();
    let paper = Paper::of(&q.layout, &q.speed, &q.gain).ok_or_else(|| {
        Fault::invalid("layout", "3x4+1, 6x2, 12x1 or cabrera; speed 12.5, 25 or 50; gain 5, 10 or 20")
    })?;
    let swap = match q.swap.as_str() {
        "" => None,
        code => Some(Exchange::of(code).ok_or_else(|| Fault::invalid("swap", "such as ra_la"))?),
    };
    let entity = entity(
        &show::version(&centre.ctx, &permit, &record).await?,
        &format!("{:?} {} {} {}", paper.format, paper.speed, paper.gain, q.swap),
    );
    if let Some(answer) = entity.held(&request) {
        return Ok(answer);
    }
    let svg = show::svg(&centre.ctx, &permit, &record, paper, swap).await?;
    Ok(entity.ok().content_type("image/svg+xml").body(svg))
}

fn entity(object: &str, what: &str) -> Entity {
    Entity::of(format_args!("{object}-{what}-{DRAWN}"))
}
