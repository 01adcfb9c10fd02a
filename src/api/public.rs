//! What answers without a session: the greeting of the pages and the verification page behind the QR code.

use std::sync::OnceLock;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, web};
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::centre::time_of;
use yigong_clinic::report::read;

use super::fault::Answer;

/// Accounts that a demonstration prints on its login page.
static DEMO: OnceLock<Value> = OnceLock::new();

/// Marks this process as a demonstration.
pub fn set_demo(accounts: Value) {
    // The first call wins: a process is a demonstration from its start or never.
    let _ = DEMO.set(accounts);
}

/// Whether this process is a demonstration.
#[must_use]
pub fn is_demo() -> bool {
    DEMO.get().is_some()
}

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(greeting).service(verify);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(greeting, verify))]
pub struct Doc;

/// Product, version, and the demonstration's accounts if it is one.
#[utoipa::path(get, path = "/api/public", tag = "public", responses((status = 200, description = "product, version, build, demo, demo_accounts")))]
#[get("/api/public")]
async fn greeting(centre: web::Data<Centre>) -> HttpResponse {
    let mut body = json!({
        "product": "Yigong", "version": env!("CARGO_PKG_VERSION"), "build": super::assets::build(), "demo": is_demo(),
        "lang": centre.ctx.config.centre.lang, "centre": {"name": centre.ctx.config.centre.name, "name_en": centre.ctx.config.centre.name_en},
    });
    if let (Value::Object(map), Some(accounts)) = (&mut body, DEMO.get()) {
        map.insert("demo_accounts".into(), accounts.clone());
    }
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// Says whether a printed report is valid, replaced or withdrawn. No clinical text, no name, no script.
#[utoipa::path(get, path = "/v/{code}", tag = "public", responses((status = 200, description = "text/html"), (status = 404, description = "no such report")))]
#[get("/v/{code}")]
async fn verify(centre: web::Data<Centre>, code: web::Path<String>) -> Answer {
    let permit = Permit::system("verify");
    let mut reader = centre.ctx.db.read(&permit).await?;
    let found = match read::verify(&mut reader, &code).await {
        Ok(found) => Some(found),
        Err(Fault::NotFound { .. }) => None,
        Err(other) => return Err(other.into()),
    };
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let offset = centre.ctx.config.centre.utc_offset_minutes;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'sha256-VERIFY'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                .replace("sha256-VERIFY", &style_hash()),
        ))
        .body(page(found.as_ref(), offset)))
}

const STYLE: &str = "body{font-family:'Microsoft YaHei','PingFang SC','Noto Sans CJK SC',system-ui,sans-serif;background:#f3f5f7;color:#1b2733;margin:0}\
main{max-width:38rem;margin:6vh auto;background:#fff;border:1px solid #d5dce3;border-radius:8px;padding:2rem}\
h1{font-size:1.25rem;margin:0 0 1rem}.s{font-size:1.1rem;border-left:.4rem solid;padding:.6rem 1rem;margin:1rem 0;background:#f7f9fa}\
.ok{border-color:#1b7f4b}.old{border-color:#b26a00}.bad{border-color:#b3261e}table{border-collapse:collapse;width:100%;font-size:.9rem}\
td,th{text-align:left;padding:.35rem .5rem;border-bottom:1px solid #e3e8ed}code{font-size:.75rem;word-break:break-all}small{color:#54616e}";

fn style_hash() -> String {
    use base64::Engine;
    let digest = yigong_base::digest::sha256(STYLE.as_bytes());
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(digest))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(found: Option<&Value>, offset: i64) -> String {
    let body = match found {
        None => "<div class=\"s bad\">✕ 未找到该报告,请核对二维码。<br><small>No such report. Please check the code.</small></div>".to_owned(),
        Some(report) => describe(report, offset),
    };
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>报告验证 · Report verification</title><style>{STYLE}</style></head><body><main><h1>报告验证 · Report verification</h1>{body}\
         <p><small>本页不显示患者信息与报告内容。 This page shows no patient data and no findings.</small></p></main></body></html>"
    )
}

fn describe(report: &Value, offset: i64) -> String {
    let text = |v: &Value, key: &str| escape(v.get(key).and_then(Value::as_str).unwrap_or_default());
    let current = report.get("current_version").and_then(Value::as_i64).unwrap_or(0);
    let versions = report.get("versions").and_then(Value::as_array).cloned().unwrap_or_default();
    let state = if text(report, "state") == "withdrawn" {
        "<div class=\"s bad\">✕ 该报告已撤回,请勿使用。<br><small>This report was withdrawn. Do not use it.</small></div>".to_owned()
    } else {
        let more = if current > 1 {
            format!(
                "<br>第 1 至 {} 版已被替代。 <small>Versions 1 to {} were replaced.</small>",
                current - 1,
                current - 1
            )
        } else {
            String::new()
        };
        let kind = versions.last().map(|v| text(v, "kind")).unwrap_or_default();
        if kind == "prelim" {
            format!(
                "<div class=\"s old\">△ 有效的急诊报告(第 {current} 版),以正式报告为准。<br><small>Valid preliminary report, version {current}; a final one follows.</small></div>"
            )
        } else {
            format!(
                "<div class=\"s ok\">✓ 有效报告,当前为第 {current} 版。<br><small>Valid report; the current version is {current}.</small>{more}</div>"
            )
        }
    };
    let mut rows = String::new();
    for v in &versions {
        let n = v.get("n").and_then(Value::as_i64).unwrap_or(0);
        let at = time_of(v.get("signed_at").and_then(Value::as_i64).unwrap_or(0), offset);
        let standing = match (n == current, text(v, "kind").as_str()) {
            (true, "withdrawn") => "撤回声明 withdrawal",
            (true, _) => "有效 valid",
            _ => "已被替代 replaced",
        };
        let demo = if v.get("signer_demo").and_then(Value::as_bool).unwrap_or(false) {
            "<br>演示签名 demo signature"
        } else {
            ""
        };
        rows.push_str(&format!(
            "<tr><td>{n}</td><td>{standing}</td><td>{} {:02}:{:02}{demo}</td><td><code>{}</code></td></tr>",
            at.date(),
            at.hour(),
            at.minute(),
            text(v, "pdf_sha256")
        ));
    }
    format!(
        "{state}<p>{} <small>{}</small></p><table><thead><tr><th>版本 n</th><th>状态 state</th><th>签发时间 signed</th><th>PDF SHA-256</th></tr></thead><tbody>{rows}</tbody></table>",
        text(report, "facility_name"),
        text(report, "facility_name_en")
    )
}
