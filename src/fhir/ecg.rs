//! ECG values as Observations: LOINC and MDC codes, UCUM units, and whose value it is. Sources stand side by side.

use serde_json::{Value, json};
use yigong_clinic::ecg::codes;
use yigong_clinic::report::content::{Measurement, ReportContent};

use super::instant::date_time;
use super::report::{SYSTEM, set};

/// Id inside the report: one for each value and source.
pub(super) fn id(m: &Measurement) -> String {
    let plain =
        |t: &str| t.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    format!("m-{}-{}", plain(&m.what), plain(&m.source))
}

/// The resource.
pub(super) fn observation(c: &ReportContent, m: &Measurement, value: f64, status: &str) -> Value {
    let known = codes::of(&m.what);
    let mut coding = Vec::new();
    if let Some(k) = known {
        if !k.loinc.is_empty() {
            coding.push(json!({"system": "http://loinc.org", "code": k.loinc, "display": k.en}));
        }
        if let Some(mdc) = k.mdc_code() {
            coding.push(json!({"system": "urn:iso:std:iso:11073:10101", "code": mdc.to_string()}));
        }
    }
    coding.push(json!({"system": format!("{SYSTEM}:ecg"), "code": m.what}));
    let (source, _) = codes::source(&m.source);
    let mut out = json!({
        "resourceType": "Observation", "id": id(m), "status": status,
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "procedure"}]}],
        "code": {"coding": coding, "text": known.map_or(m.what.as_str(), |k| k.zh)},
        "subject": {"reference": "#patient"},
        "method": {"coding": [{"system": format!("{SYSTEM}:ecg-source"), "code": m.source, "display": source}], "text": source},
        "valueQuantity": {"value": value, "unit": m.unit, "system": "http://unitsofmeasure.org", "code": m.unit},
    });
    if m.doubtful {
        // R4 has no interpretation code for an uncertain measurement (`IND` speaks of the result of a test).
        let text = "起止点不确定,数值仅供参考 (uncertain boundaries: the value is approximate)";
        set(&mut out, "note", json!([{"text": text}]));
    }
    if let Some(at) = date_time(c.subject.performed_at) {
        set(&mut out, "effectiveDateTime", at.into());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_carries_loinc_and_mdc_and_its_source() {
        let m = Measurement {
            what: "pr".into(),
            number: Some(160.0),
            unit: "ms".into(),
            source: "vendor".into(),
            doubtful: false,
        };
        let made = observation(&ReportContent::default(), &m, 160.0, "final");
        assert_eq!(made["id"], "m-pr-vendor");
        assert_eq!(made["code"]["coding"][0]["code"], "8625-6");
        // Partition 2, term 15872.
        assert_eq!(made["code"]["coding"][1]["code"], "146944");
        assert_eq!((&made["method"]["text"], &made["valueQuantity"]["code"]), (&"设备".into(), &"ms".into()));
        assert!(made.get("note").is_none());
        let doubtful = Measurement { doubtful: true, ..m.clone() };
        let made = observation(&ReportContent::default(), &doubtful, 160.0, "final");
        assert!(made["note"][0]["text"].as_str().unwrap().contains("approximate"));
        let own = Measurement { what: "st_j60_V1".into(), ..m };
        assert_eq!(id(&own), "m-st-j60-V1-vendor");
        assert_eq!(
            observation(&ReportContent::default(), &own, 1.0, "final")["code"]["coding"][0]["code"],
            "st_j60_V1"
        );
    }
}
