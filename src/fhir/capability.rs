//! The capability statement: exactly what is there.

use serde_json::{Value, json};

/// `GET /fhir/R4/metadata`.
pub(super) fn statement(base: &str, version: &str) -> Value {
    let parameter =
        |name: &str, kind: &str, text: &str| json!({"name": name, "type": kind, "documentation": text});
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-09-01",
        "kind": "instance",
        "software": {"name": "Yigong", "version": version},
        "implementation": {"description": "Signed reports of the shared centre, scoped to the facility of the token", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": {"description": "Authorization: Bearer token bound to one facility, scope reports:read"},
            "resource": [
                {
                    "type": "DiagnosticReport",
                    "interaction": [{"code": "read"}, {"code": "vread"}, {"code": "search-type"}],
                    "versioning": "versioned",
                    "readHistory": true,
                    "searchParam": [
                        parameter("_lastUpdated", "date", "gt, ge, lt, le; instants grow strictly in commit order"),
                        parameter("_count", "number", "1 to 100, default 20"),
                        parameter("_cursor", "special", "opaque place in commit order, from the link `next` or `poll`"),
                        parameter("identifier", "token", "placer or filler number of the order"),
                        parameter("patient.identifier", "token", "patient id at the facility")
                    ],
                    "documentation": "Each version of a report is one entry, oldest first; observations and the patient are contained, the signed PDF is in presentedForm."
                },
                {"type": "Binary", "interaction": [{"code": "read"}], "documentation": "The signed PDF of a version, id = <report>-<version>"}
            ]
        }]
    })
}
