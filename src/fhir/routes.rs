//! Routes under `/fhir/R4`.

use actix_web::{HttpRequest, HttpResponse, get, web};
use yigong_base::access::{Permit, Right};
use yigong_base::args;
use yigong_base::fault::{Fault, Result};
use yigong_clinic::report::read::withdrawn;
use yigong_clinic::{Centre, delivery, looked};

use super::outcome::{JSON, Outcome};
use super::search::{Asked, instant_of, page};
use super::{bundle, capability, sql};
use crate::api::auth::Caller;

/// Routes of the FHIR side; they stand behind the authentication of the API.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(metadata).service(search).service(read).service(vread).service(binary);
}

/// What this server can do; needs no session.
#[get("/fhir/R4/metadata")]
async fn metadata(req: HttpRequest) -> HttpResponse {
    json(&capability::statement(&base(&req), env!("CARGO_PKG_VERSION")))
}

/// Report versions of the caller's facility in commit order.
#[get("/fhir/R4/DiagnosticReport")]
async fn search(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    query: web::Query<Vec<(String, String)>>,
) -> std::result::Result<HttpResponse, Outcome> {
    may_read(&permit)?;
    let asked = Asked::of(&query)?;
    let (base, ctx) = (base(&req), &centre.ctx);
    let (hits, place, more) = {
        let mut conn = ctx.db.read(&permit).await?;
        page(&mut conn, &permit, &asked).await?
    };
    let mut entries = Vec::with_capacity(hits.len());
    let mut given = Vec::with_capacity(hits.len());
    for hit in &hits {
        given.push((hit.row.text("report")?, hit.row.int("n")?));
        entries.push(bundle::of_row(ctx, &hit.row, hit.instant, &base).await?);
    }
    for (report, _) in &given {
        looked::at(ctx, &permit, "fhir", "report", report);
    }
    pulled(&centre, &permit, &given).await?;
    let own = format!("{base}/DiagnosticReport?{}", req.query_string());
    let onward = format!("{base}/DiagnosticReport?{}", onward(&query, &place.write()));
    Ok(json(&bundle::searchset(&base, &own, entries, more.then(|| onward.clone()), onward)))
}

/// The current version.
#[get("/fhir/R4/DiagnosticReport/{id}")]
async fn read(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
) -> std::result::Result<HttpResponse, Outcome> {
    version(&req, &centre, &permit, &id, 0).await
}

/// One version.
#[get("/fhir/R4/DiagnosticReport/{id}/_history/{n}")]
async fn vread(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, i64)>,
) -> std::result::Result<HttpResponse, Outcome> {
    let (id, n) = path.into_inner();
    if n < 1 {
        return Err(Fault::not_found("DiagnosticReport version").into());
    }
    version(&req, &centre, &permit, &id, n).await
}

/// The signed PDF of a version, byte for byte.
#[get("/fhir/R4/Binary/{id}")]
async fn binary(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
) -> std::result::Result<HttpResponse, Outcome> {
    may_read(&permit)?;
    let (report, n) = id
        .rsplit_once('-')
        .and_then(|(r, n)| Some((r, n.parse::<i64>().ok()?)))
        .ok_or_else(|| Fault::not_found("Binary"))?;
    let sha256 = {
        let mut conn = centre.ctx.db.read(&permit).await?;
        let row = conn
            .opt(sql::ONE, args![report, permit.scope(), n])
            .await?
            .ok_or_else(|| Fault::not_found("Binary"))?;
        if row.text("state")? == "withdrawn" && row.text("kind")? != "withdrawn" {
            return Err(withdrawn().into());
        }
        row.text("pdf_object")?
    };
    let bytes = centre.ctx.blobs.read(&sha256).await?;
    looked::at(&centre.ctx, &permit, "fhir", "report", report);
    Ok(HttpResponse::Ok().content_type("application/pdf").body(bytes))
}

async fn version(
    req: &HttpRequest,
    centre: &Centre,
    permit: &Permit,
    id: &str,
    n: i64,
) -> std::result::Result<HttpResponse, Outcome> {
    may_read(permit)?;
    let ctx = &centre.ctx;
    let (row, instant) = {
        let mut conn = ctx.db.read(permit).await?;
        let row = conn.opt(sql::ONE, args![id, permit.scope(), n]).await?;
        let row = row.ok_or_else(|| Fault::not_found("DiagnosticReport"))?;
        let instant = instant_of(&mut conn, permit, &row).await?;
        (row, instant)
    };
    let resource = bundle::of_row(ctx, &row, instant, &base(req)).await?;
    looked::at(ctx, permit, "fhir", "report", &row.text("report")?);
    pulled(centre, permit, &[(row.text("report")?, row.int("n")?)]).await?;
    let tag = format!("W/\"{}\"", row.int("n")?);
    Ok(HttpResponse::Ok().content_type(JSON).insert_header(("ETag", tag)).body(resource.to_string()))
}

/// A machine of the facility has it now; pages leave their trace elsewhere.
async fn pulled(centre: &Centre, permit: &Permit, given: &[(String, i64)]) -> Result<()> {
    if given.is_empty() || !permit.has_scope("reports:read") {
        return Ok(());
    }
    let mut tx = centre.ctx.db.begin(permit).await?;
    for (report, n) in given {
        delivery::receipt::pulled(&mut tx, &centre.ctx, permit, report, *n).await?;
    }
    tx.commit().await
}

fn may_read(permit: &Permit) -> Result<()> {
    if permit.has_scope("reports:read") { Ok(()) } else { permit.require(Right::ViewReports) }
}

/// The same question from another place.
fn onward(query: &[(String, String)], cursor: &str) -> String {
    let mut pairs: Vec<String> = query
        .iter()
        .filter(|(name, _)| name != "_cursor")
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    pairs.push(format!("_cursor={cursor}"));
    pairs.join("&")
}

fn escape(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b':');
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn base(req: &HttpRequest) -> String {
    let info = req.connection_info();
    format!("{}://{}/fhir/R4", info.scheme(), info.host())
}

fn json(value: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok().content_type(JSON).body(value.to_string())
}
