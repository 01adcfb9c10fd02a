//! Faults as OperationOutcome.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use yigong_base::fault::Fault;

use crate::api::fault::status_of;

/// Media type of every answer.
pub(super) const JSON: &str = "application/fhir+json; charset=utf-8";

/// A fault on its way to a FHIR client.
#[derive(Debug)]
pub(super) struct Outcome(Fault);

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Outcome {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            // A wrong search parameter is a bad request in FHIR (R4 §3.1.0.4.2).
            Fault::Invalid { .. } => StatusCode::BAD_REQUEST,
            other => status_of(other),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let (code, text) = match &self.0 {
            Fault::NotFound { .. } => ("not-found", self.0.to_string()),
            Fault::Denied { .. } => ("forbidden", self.0.to_string()),
            Fault::Invalid { .. } => ("invalid", self.0.to_string()),
            Fault::Busy { .. } => ("transient", "try again later".to_owned()),
            _ => ("exception", "the failure was logged".to_owned()),
        };
        if status.is_server_error() {
            tracing::error!(error = %self.0, "fhir.fault");
        }
        let body = json!({
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": code, "diagnostics": text}],
        });
        HttpResponse::build(status).content_type(JSON).body(body.to_string())
    }
}
