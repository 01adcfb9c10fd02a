//! A frozen report version as a DiagnosticReport with its observations contained.

use serde_json::{Map, Value, json};
use yigong_clinic::report::content::{LabRow, ReportContent};
use yigong_formats::hl7::value::number;

use super::instant::{Instant, date_time};

/// Own identifiers.
pub(super) const SYSTEM: &str = "urn:yigong";

/// What is said beside the content.
pub(super) struct Version<'a> {
    /// Frozen content.
    pub(super) content: &'a ReportContent,
    /// Instant of the version.
    pub(super) instant: Instant,
    /// A newer version exists.
    pub(super) replaced: bool,
    /// Base address of this server's FHIR side.
    pub(super) base: &'a str,
    /// The signed PDF, base64, and its length in bytes; none where it is no longer handed out.
    pub(super) pdf: Option<(&'a str, i64)>,
}

/// Status of a version (workflow specification 7).
pub(super) fn status(kind: &str, change_class: i64) -> &'static str {
    match (kind, change_class) {
        ("prelim", _) => "preliminary",
        ("final", _) => "final",
        ("withdrawn", _) => "entered-in-error",
        ("amended", 2) => "corrected",
        ("amended", _) => "amended",
        _ => "unknown",
    }
}

/// The resource.
pub(super) fn resource(v: &Version<'_>) -> Value {
    let c = v.content;
    let status = status(&c.kind, c.change_class);
    let mut contained = vec![patient(c)];
    let mut results = Vec::new();
    for (i, row) in c.lab_rows.iter().enumerate() {
        let id = format!("o{}", i + 1);
        results.push(json!({"reference": format!("#{id}")}));
        contained.push(observation(&id, row, status));
    }
    for m in c.ecg.iter().flat_map(|e| &e.measurements) {
        if let Some(value) = m.number {
            let made = super::ecg::observation(c, m, value, observation_status(status));
            results.push(json!({"reference": format!("#{}", super::ecg::id(m))}));
            contained.push(made);
        }
    }
    let mut meta = json!({"versionId": c.n.to_string(), "lastUpdated": v.instant.write()});
    if v.replaced {
        set(
            &mut meta,
            "tag",
            json!([{"system": format!("{SYSTEM}:version"), "code": "replaced", "display": "已被替代"}]),
        );
    }
    let mut out = json!({
        "resourceType": "DiagnosticReport",
        "id": c.report,
        "meta": meta,
        "contained": contained,
        "identifier": identifiers(c),
        "status": status,
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": category(c)}]}],
        "code": code(c),
        "subject": {"reference": "#patient"},
        "issued": date_time(c.signed_at),
        "performer": [{"display": c.centre.name}],
    });
    if c.kind != "withdrawn" {
        // Who withdraws has interpreted nothing.
        set(
            &mut out,
            "resultsInterpreter",
            json!([{"display": c.auditor.as_ref().unwrap_or(&c.writer).name}]),
        );
    }
    if let Some((data, size)) = v.pdf {
        let url = format!("{}/Binary/{}-{}", v.base, c.report, c.n);
        let form = json!({"contentType": "application/pdf", "language": "zh-CN", "data": data, "size": size, "url": url, "title": c.title});
        set(&mut out, "presentedForm", json!([form]));
    }
    if let Some(at) = date_time(c.subject.performed_at) {
        set(&mut out, "effectiveDateTime", at.into());
    }
    if !results.is_empty() {
        set(&mut out, "result", results.into());
    }
    if let Some(order) = &c.order {
        set(
            &mut out,
            "basedOn",
            json!([{"type": "ServiceRequest", "identifier": {"system": format!("{SYSTEM}:placer:{}", c.facility.code), "value": order.placer_no}}]),
        );
    }
    if !c.subject.uid.is_empty() {
        set(
            &mut out,
            "imagingStudy",
            json!([{"type": "ImagingStudy", "identifier": {"system": "urn:dicom:uid", "value": format!("urn:oid:{}", c.subject.uid)}}]),
        );
    }
    let conclusion = conclusion(c);
    if !conclusion.is_empty() {
        set(&mut out, "conclusion", conclusion.into());
    }
    set(&mut out, "extension", extensions(c));
    out
}

pub(super) fn set(target: &mut Value, key: &str, value: Value) {
    if let Some(map) = target.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn patient(c: &ReportContent) -> Value {
    let p = &c.patient;
    let gender = match p.sex.as_str() {
        "M" => "male",
        "F" => "female",
        "O" => "other",
        _ => "unknown",
    };
    let mut out = json!({
        "resourceType": "Patient", "id": "patient",
        "identifier": [{"system": format!("{SYSTEM}:patient:{}", c.facility.code), "value": p.local_id}],
        "name": [{"text": p.name}], "gender": gender,
    });
    if let (Some(y), Some(m), Some(d)) =
        (p.birth_date.get(..4), p.birth_date.get(4..6), p.birth_date.get(6..8))
    {
        set(&mut out, "birthDate", format!("{y}-{m}-{d}").into());
    }
    out
}

fn observation_status(report: &str) -> &str {
    match report {
        "preliminary" | "final" | "amended" | "corrected" | "entered-in-error" => report,
        _ => "unknown",
    }
}

fn observation(id: &str, row: &LabRow, status: &str) -> Value {
    let mut coding = Vec::new();
    if !row.loinc.is_empty() {
        coding.push(json!({"system": "http://loinc.org", "code": row.loinc, "display": row.name_en}));
    }
    coding.push(json!({"system": format!("{SYSTEM}:lab-item"), "code": row.code, "display": row.name}));
    let status = if status == "corrected" && row.corrected_from.is_empty() {
        "final"
    } else {
        observation_status(status)
    };
    let mut out = json!({
        "resourceType": "Observation", "id": id, "status": status,
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
        "code": {"coding": coding, "text": row.name},
        "subject": {"reference": "#patient"},
    });
    match number(&row.value, false) {
        Some(n) => {
            let mut quantity = Map::new();
            quantity.insert("value".into(), json!(n.value));
            if !n.comparator.is_empty() {
                quantity.insert("comparator".into(), n.comparator.into());
            }
            quantity.insert("unit".into(), row.unit.clone().into());
            if !row.unit.is_empty() {
                quantity.insert("system".into(), "http://unitsofmeasure.org".into());
                quantity.insert("code".into(), row.unit.clone().into());
            }
            set(&mut out, "valueQuantity", Value::Object(quantity));
        }
        None => set(&mut out, "valueString", row.value.clone().into()),
    }
    if !row.flag.is_empty() {
        let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
        set(&mut out, "interpretation", json!([{"coding": [{"system": system, "code": row.flag}]}]));
    }
    if !row.reference.is_empty() {
        set(&mut out, "referenceRange", json!([{"text": row.reference}]));
    }
    if let Some(at) = date_time(row.performed_at) {
        set(&mut out, "effectiveDateTime", at.into());
    }
    if !row.method.is_empty() {
        set(&mut out, "device", json!({"display": row.method}));
    }
    if !row.corrected_from.is_empty() {
        set(&mut out, "note", json!([{"text": format!("更正前: {}", row.corrected_from)}]));
    }
    out
}

fn identifiers(c: &ReportContent) -> Value {
    let mut all = vec![json!({"system": format!("{SYSTEM}:report"), "value": c.report})];
    if let Some(order) = &c.order {
        all.push(json!({"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "FILL"}]}, "system": format!("{SYSTEM}:accession"), "value": order.filler_no}));
    }
    if !c.subject.accession.is_empty() {
        all.push(json!({"system": format!("{SYSTEM}:subject"), "value": c.subject.accession}));
    }
    Value::Array(all)
}

fn category(c: &ReportContent) -> &'static str {
    match (c.pipeline.as_str(), c.subject.modality.as_str()) {
        ("lab", _) => "LAB",
        ("ecg", _) => "EC",
        (_, "CT") => "CT",
        (_, "MR") => "NMR",
        (_, "US") => "RUS",
        _ => "RAD",
    }
}

fn code(c: &ReportContent) -> Value {
    let items: Vec<Value> = c
        .order
        .iter()
        .flat_map(|o| &o.items)
        .map(|i| json!({"system": format!("{SYSTEM}:catalogue"), "code": i.code, "display": i.name}))
        .collect();
    if items.is_empty() { json!({"text": c.title}) } else { json!({"coding": items, "text": c.title}) }
}

fn conclusion(c: &ReportContent) -> String {
    if c.kind == "withdrawn" {
        return format!("【撤回】{}", c.change_reason);
    }
    let s = &c.sections;
    let statements: Vec<&str> = s.ecg_statements.iter().map(|s| s.text.as_str()).collect();
    let statements = statements.join("\n");
    let parts = [s.impression.as_str(), statements.as_str(), s.comment.as_str()];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n")
}

fn extensions(c: &ReportContent) -> Value {
    let mut all = vec![
        json!({"url": format!("{SYSTEM}:verify"), "valueUrl": c.verify_url}),
        json!({"url": format!("{SYSTEM}:change-class"), "valueInteger": c.change_class}),
    ];
    if !c.change_reason.is_empty() {
        all.push(json!({"url": format!("{SYSTEM}:change-reason"), "valueString": c.change_reason}));
    }
    if let Some(mark) = &c.mark {
        all.push(json!({"url": format!("{SYSTEM}:recognition-mark"), "valueString": mark.text}));
    }
    if !c.sections.findings.is_empty() && c.kind != "withdrawn" {
        all.push(json!({"url": format!("{SYSTEM}:findings"), "valueString": c.sections.findings}));
    }
    all.extend(c.critical.iter().map(|t| json!({"url": format!("{SYSTEM}:critical"), "valueString": t})));
    Value::Array(all)
}
