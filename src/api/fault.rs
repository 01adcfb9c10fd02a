//! Faults as `application/problem+json` (RFC 9457) with a stable code and sentences in Chinese and English.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use yigong_base::fault::Fault;

/// A fault on its way to an HTTP client.
#[derive(Debug)]
pub struct ApiFault(pub Fault);

impl From<Fault> for ApiFault {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl std::fmt::Display for ApiFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Result of a handler.
pub type Answer<T = HttpResponse> = Result<T, ApiFault>;

/// HTTP status of a fault.
#[must_use]
pub fn status_of(fault: &Fault) -> StatusCode {
    match fault {
        Fault::NotFound { .. } => StatusCode::NOT_FOUND,
        Fault::Denied { .. } => StatusCode::FORBIDDEN,
        Fault::Conflict { .. } => StatusCode::CONFLICT,
        Fault::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        Fault::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::Reauth => StatusCode::UNAUTHORIZED,
        Fault::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Storage { .. } => StatusCode::INSUFFICIENT_STORAGE,
        Fault::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title_zh(fault: &Fault) -> &'static str {
    match fault {
        Fault::NotFound { .. } => "没有找到,或不在您的机构范围内",
        Fault::Denied { .. } => "您没有此项权限",
        Fault::Conflict { .. } => "当前状态不允许此操作",
        Fault::Stale { .. } => "内容已被他人更新或租约已失效,您的文字已保留",
        Fault::Invalid { .. } => "输入有误",
        Fault::Reauth => "请重新输入密码确认身份",
        Fault::Busy { .. } => "系统繁忙,请稍后再试",
        Fault::Storage { .. } => "存储故障,未保存",
        Fault::Internal { .. } => "程序内部错误,已记录",
    }
}

impl ResponseError for ApiFault {
    fn status_code(&self) -> StatusCode {
        status_of(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if status.is_server_error() {
            tracing::error!(error = %self.0, "http.fault");
        }
        let (what, current) = match &self.0 {
            Fault::Conflict { current, .. } | Fault::Stale { current, .. } => (None, current.clone()),
            Fault::Invalid { what, current, .. } => (Some(what.clone()), current.clone()),
            Fault::NotFound { what } | Fault::Denied { what } => (Some(what.clone()), Value::Null),
            _ => (None, Value::Null),
        };
        // The checks have a code of their own: the page shows their list.
        let code = if what.as_deref() == Some("checks") { "checks" } else { self.0.code() };
        let detail = match &self.0 {
            // What failed inside is for the log, not for a client.
            Fault::Storage { .. } | Fault::Internal { .. } => "the failure was logged".to_owned(),
            other => other.to_string(),
        };
        let mut body = json!({
            "status": status.as_u16(), "code": code, "title": self.0.code(), "title_zh": title_zh(&self.0), "detail": detail,
        });
        if let Value::Object(map) = &mut body {
            if let Some(what) = what {
                map.insert("what".into(), what.into());
            }
            if !current.is_null() {
                map.insert("current".into(), current);
            }
        }
        HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(body.to_string())
    }
}

/// 401 for a request without a session.
#[must_use]
pub fn unauthenticated() -> HttpResponse {
    problem(StatusCode::UNAUTHORIZED, "unauthenticated", "请先登录", "sign in first")
}

/// Any other problem that is not a fault of a slice.
#[must_use]
pub fn problem(status: StatusCode, code: &str, title_zh: &str, detail: &str) -> HttpResponse {
    let body = json!({"status": status.as_u16(), "code": code, "title": code, "title_zh": title_zh, "detail": detail});
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "application/problem+json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body.to_string())
}
