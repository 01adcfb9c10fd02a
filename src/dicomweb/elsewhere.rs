//! What no resource answers: a known address with a method it does not have is 405, everything else 404.

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::refuse::refuse;

/// Routes of this file; they come last.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/dicom-web").to(answer));
    cfg.service(web::resource("/dicom-web/{tail:.*}").to(answer));
}

async fn answer(req: HttpRequest) -> HttpResponse {
    let allowed = allowed(req.path());
    if allowed.is_empty() || allowed.split(", ").any(|m| req.method() == m) {
        return refuse(StatusCode::NOT_FOUND, "address", "no such DICOMweb resource (PS3.18)");
    }
    let detail = if req.method() == Method::DELETE {
        "deletion is a governed workflow, not a protocol verb"
    } else {
        "this resource does not have this method"
    };
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "method", detail);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allowed));
    response
}

/// Methods of a resource; empty when there is no such resource.
fn allowed(path: &str) -> &'static str {
    let steps: Vec<&str> =
        path.trim_start_matches("/dicom-web").split('/').filter(|s| !s.is_empty()).collect();
    match steps.as_slice() {
        ["studies" | "workitems"] | ["studies" | "workitems", _] => "GET, POST",
        ["workitems", _, "state"] => "PUT",
        ["workitems", _, "cancelrequest"] => "POST",
        ["series" | "instances"] | ["studies", ..] => "GET",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn methods_of_resources() {
        assert_eq!(allowed("/dicom-web/studies/1.2"), "GET, POST");
        assert_eq!(allowed("/dicom-web/studies/1.2/series/3"), "GET");
        assert_eq!(allowed("/dicom-web/nothing"), "");
    }
}
