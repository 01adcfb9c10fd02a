//! Links for outside viewers: made, listed and revoked by people; used on DICOMweb and WADO-URI by `Authorization: Bearer`
//! or as the path `/dicom-web/t/{secret}/…`.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, delete, get, post, web};
use serde::Deserialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_clinic::Centre;
use yigong_clinic::imaging::link;

use super::auth::Caller;
use super::fault::Answer;
use super::imaging::require_images;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(make).service(list).service(revoke);
}

/// The one address among the images.
pub fn viewer(cfg: &mut web::ServiceConfig) {
    cfg.service(viewer_settings);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(make, list, revoke))]
pub struct Doc;

/// Path under which a secret stands in the address.
const PREFIX: &str = "/dicom-web/t/";

/// Which link is wanted.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewLink {
    /// `ohif`, `weasis` or `other`.
    viewer: String,
    /// Minutes it lives; 60 when not given, at most 480.
    minutes: Option<i64>,
}

/// Makes a link to one study. `url` opens the viewer; it is null for `other` and for a viewer that is not configured.
#[utoipa::path(post, path = "/api/studies/{id}/links", tag = "imaging", params(("id" = String, Path)), request_body = NewLink, responses((status = 201, description = "the link; its secret is shown once")))]
#[post("/api/studies/{id}/links")]
async fn make(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<NewLink>,
) -> Answer {
    let minutes = body.minutes.unwrap_or(link::DEFAULT_MINUTES);
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let made = link::create(&mut tx, &centre.ctx, &permit, &id, &body.viewer, minutes).await?;
    tx.commit().await?;
    let root = format!("{}/dicom-web", centre.ctx.config.http.public_url);
    let by_path = format!("{}{PREFIX}{}", centre.ctx.config.http.public_url, made.secret);
    let ohif = &centre.ctx.config.imaging.ohif_url;
    let url = match body.viewer.as_str() {
        "ohif" if !ohif.is_empty() => Some(format!(
            "{ohif}/viewer/dicomwebproxy?StudyInstanceUIDs={}&url={}",
            made.study_uid,
            escaped(&format!("{by_path}/ohif.json"))
        )),
        "weasis" if centre.ctx.config.imaging.weasis => Some(weasis(&root, &made)),
        _ => None,
    };
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
        "id": made.id, "expires_at": made.expires_at, "secret": made.secret, "study_uid": made.study_uid,
        "dicomweb": root, "dicomweb_by_path": by_path, "url": url,
    })))
}

/// The command of Weasis' own protocol handler: DICOMweb root, study, and the secret as a header.
fn weasis(root: &str, made: &link::Made) -> String {
    let command = format!(
        "$dicom:rs --url \"{root}\" -r \"studyUID={}\" -H \"Authorization: Bearer {}\"",
        made.study_uid, made.secret
    );
    format!("weasis://{}", escaped(&command))
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

/// The viewers outside: whether this centre has them, and the setting that says so.
fn offered(centre: &Centre) -> [(&'static str, bool, &'static str); 2] {
    let set = &centre.ctx.config.imaging;
    [("ohif", !set.ohif_url.is_empty(), "imaging.ohif_url"), ("weasis", set.weasis, "imaging.weasis")]
}

/// Links of a study, which viewers this centre offers, and the settings of those it does not.
#[utoipa::path(get, path = "/api/studies/{id}/links", tag = "imaging", params(("id" = String, Path)), responses((status = 200, description = "viewers and links")))]
#[get("/api/studies/{id}/links")]
async fn list(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = link::list(&mut conn, &permit, &id).await?;
    let (mut viewers, mut missing) = (Vec::new(), serde_json::Map::new());
    for (viewer, there, setting) in offered(&centre) {
        if there {
            viewers.push(viewer);
        } else {
            missing.insert(viewer.to_owned(), setting.into());
        }
    }
    Ok(HttpResponse::Ok().json(json!({"viewers": viewers, "missing": missing, "rows": rows})))
}

/// Ends a link now.
#[utoipa::path(delete, path = "/api/links/{id}", tag = "imaging", params(("id" = String, Path)), responses((status = 204, description = "ended")))]
#[delete("/api/links/{id}")]
async fn revoke(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    link::revoke(&mut tx, &centre.ctx, &permit, &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What OHIF's data source `dicomwebproxy` asks for: where it finds the images of the link it was opened with.
#[get("/dicom-web/ohif.json")]
async fn viewer_settings(req: HttpRequest, centre: web::Data<Centre>, permit: Caller) -> Answer {
    require_images(&permit)?;
    let root = root_of(&req, &centre.ctx.config.http.public_url);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
        "servers": {"dicomWeb": [{
            "name": centre.ctx.config.centre.name, "qidoRoot": root, "wadoRoot": root, "imageRendering": "wadors",
            "thumbnailRendering": "wadors", "enableStudyLazyLoad": true, "supportsFuzzyMatching": true, "supportsWildcard": true,
            "qidoSupportsIncludeField": true, "supportsReject": false, "dicomUploadEnabled": false, "bulkDataURI": {"enabled": true},
        }]}
    })))
}

/// The secret that stood in the path.
pub(super) struct Secret(pub(super) String);

/// Takes the secret out of the path: behind the guard the address is the plain one. True for a linked address.
pub(super) fn unwrap(req: &mut ServiceRequest) -> bool {
    let Some(rest) = req.uri().path_and_query().and_then(|p| p.as_str().strip_prefix(PREFIX)) else {
        return false;
    };
    let (secret, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let Ok(uri) = format!("/dicom-web/{rest}").parse::<Uri>() else { return false };
    let secret = Secret(secret.to_owned());
    req.match_info_mut().get_mut().update(&uri);
    req.head_mut().uri = uri;
    req.extensions_mut().insert(secret);
    true
}

/// The path prefix under which the caller's own addresses work: what he is sent must lead back through his secret.
pub(crate) fn root_of(req: &HttpRequest, public_url: &str) -> String {
    match req.extensions().get::<Secret>() {
        Some(secret) => format!("{public_url}{PREFIX}{}", secret.0),
        None => format!("{public_url}/dicom-web"),
    }
}

/// The permit of a link, for reading images only.
pub(super) async fn permit(centre: &Centre, req: &ServiceRequest, secret: &str) -> Result<Option<Permit>> {
    let reads = matches!(*req.method(), Method::GET | Method::HEAD);
    let images = req.path().starts_with("/dicom-web/") || req.path() == "/wado";
    if !reads || !images {
        return Ok(None);
    }
    link::find(&centre.ctx, secret).await
}

/// A viewer on another origin asks before it reads (Fetch, CORS). The answer tells nothing: it is the same for any secret.
pub(super) fn preflight(req: &ServiceRequest, linked: bool) -> Option<HttpResponse> {
    if !linked || req.method() != Method::OPTIONS {
        return None;
    }
    let mut response = HttpResponse::NoContent().finish();
    let_others_read(response.headers_mut());
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "accept, if-none-match, range"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// No cookie counts on a linked address, so any origin may read what the secret opens.
pub(super) fn let_others_read(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("content-range, etag, warning"),
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn escaping() {
        assert_eq!(super::escaped("$dicom:rs \"a\"-_.~"), "%24dicom%3Ars%20%22a%22-_.~");
    }
}
