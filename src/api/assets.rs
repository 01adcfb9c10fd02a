//! The pages, embedded in the binary: compressed at build time, served by their digest.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use yigong_clinic::Centre;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One embedded file.
pub struct Asset {
    path: &'static str,
    mime: &'static str,
    sha256: &'static str,
    immutable: bool,
    br: &'static [u8],
    gz: &'static [u8],
}

/// Build id of the pages; empty when this binary was built without them.
#[must_use]
pub fn build() -> &'static str {
    BUILD
}

const NO_PAGES: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>Yigong</title><body><h1>医共 Yigong</h1>\
<p>此程序构建时未包含网页。请先执行 <code>make web</code> 再重新构建。</p><p>This binary was built without the pages. Run <code>make web</code>, then build again.</p></body></html>";

/// Everything that is no API: a file of the pages, or the single page itself.
pub async fn serve(req: HttpRequest, centre: web::Data<Centre>) -> HttpResponse {
    let path = req.path();
    if let Some(asset) = ASSETS.iter().find(|a| a.path == path && a.path != "/index.html") {
        return file(&req, asset);
    }
    if path.starts_with("/assets/") || path.starts_with("/api/") {
        return HttpResponse::NotFound().finish();
    }
    let Some(index) = ASSETS.iter().find(|a| a.path == "/index.html") else {
        return HttpResponse::Ok().content_type("text/html; charset=utf-8").body(NO_PAGES);
    };
    let nonce = base64::engine::general_purpose::STANDARD
        .encode(centre.ctx.ids.secret_bytes().get(..16).unwrap_or_default());
    let html = inflate(index.gz).replace("__CSP_NONCE__", &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; img-src 'self' blob: data:; font-src 'self'; \
         connect-src 'self'; worker-src 'self'; frame-src 'self' blob:; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("Content-Security-Policy", policy))
        .body(html)
}

fn file(req: &HttpRequest, asset: &'static Asset) -> HttpResponse {
    let etag = format!("\"{}\"", asset.sha256);
    if req
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.contains(&etag))
    {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    let accepts =
        req.headers().get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(asset.mime)
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::ETAG, etag))
        .insert_header((header::VARY, "Accept-Encoding"));
    if accepts.contains("br") {
        answer.insert_header((header::CONTENT_ENCODING, "br")).body(asset.br)
    } else if accepts.contains("gzip") {
        answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(asset.gz)
    } else {
        answer.insert_header((header::CONTENT_ENCODING, "identity")).body(inflate_bytes(asset.gz))
    }
}

fn inflate(gz: &[u8]) -> String {
    String::from_utf8(inflate_bytes(gz)).unwrap_or_default()
}

fn inflate_bytes(gz: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    // Our own build made these bytes; a damaged binary serves an empty file.
    let _ = flate2::read::GzDecoder::new(gz).read_to_end(&mut out);
    out
}
