//! A signed report version as ORU^R01 (HL7 2.5.1 §7.3.1), per destination: character set, accepted codes, PDF or not.

use serde_json::Value;
use yigong_clinic::report::content::{LabRow, ReportContent};
use yigong_formats::hl7::Charset;
use yigong_formats::hl7::escape::NotEncodable;
use yigong_formats::hl7::value::{number, write_timestamp};
use yigong_formats::hl7::write::{Field, Msh, Writer};

/// How a destination wants its messages.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// MSH-5.
    pub(super) app: String,
    /// MSH-6; empty = the facility's code.
    pub(super) facility: String,
    /// MSH-12.
    pub(super) version: String,
    /// Character set on the wire.
    pub(super) charset: Charset,
    /// PDF as the last OBX.
    pub(super) pdf: bool,
    /// OBR-25 of a withdrawn report: `X`, or `C` with 【撤回】 where the receiver knows no X.
    pub(super) withdrawn: String,
}

impl Style {
    /// From the settings of the destination; unknown values fall back to the defaults.
    pub(super) fn of(settings: &Value) -> Self {
        let text = |key: &str, default: &str| {
            settings.get(key).and_then(Value::as_str).unwrap_or(default).to_owned()
        };
        Self {
            app: text("app", "HIS"),
            facility: text("app_facility", ""),
            version: text("version", "2.5.1"),
            charset: Charset::of_setting(&text("charset", "utf-8")).unwrap_or(Charset::Utf8),
            pdf: settings.get("pdf").and_then(Value::as_bool).unwrap_or(false),
            withdrawn: text("withdrawn", "X"),
        }
    }
}

/// OBR-25 (table 0123) of a version.
pub(super) fn status(kind: &str, style: &Style) -> &'static str {
    match kind {
        "prelim" => "P",
        "final" => "F",
        "withdrawn" if style.withdrawn == "X" => "X",
        _ => "C",
    }
}

/// The message text. `pdf` is the signed PDF in base64, when it is to go along.
///
/// # Errors
/// A value holds a control character.
pub(super) fn build(
    content: &ReportContent,
    style: &Style,
    control_id: &str,
    offset: i32,
    pdf: Option<&str>,
) -> Result<String, NotEncodable> {
    let time = |ms: i64| if ms > 0 { write_timestamp(ms, offset) } else { String::new() };
    let signed = time(content.signed_at);
    let facility = if style.facility.is_empty() { &content.facility.code } else { &style.facility };
    let label = style.charset.label();
    let kind: &[&str] =
        if style.version.starts_with("2.3") { &["ORU", "R01"] } else { &["ORU", "R01", "ORU_R01"] };
    let mut w = Writer::new(&Msh {
        app: "YIGONG",
        facility: &content.centre.code,
        to_app: &style.app,
        to_facility: facility,
        at: &signed,
        kind,
        control_id,
        version: &style.version,
        charset: &label,
    });
    let p = &content.patient;
    w.segment(
        "PID",
        &[
            Field::Text("1"),
            Field::None,
            Field::Parts(&[&p.local_id, "", "", &content.facility.code, "MR"]),
            Field::None,
            Field::Parts(&[&p.name]),
            Field::None,
            Field::Text(&p.birth_date),
            Field::Text(&p.sex),
        ],
    );
    let order = content.order.clone().unwrap_or_default();
    let filler = if order.filler_no.is_empty() { &content.report } else { &order.filler_no };
    w.segment("ORC", &[Field::Text("RE"), Field::Text(&order.placer_no), Field::Text(filler)]);
    let (code, name) = match order.items.as_slice() {
        [only] if !only.code.is_empty() => (only.code.as_str(), only.name.as_str()),
        // One report of several: the code is of the first, the words are of all that it covers.
        [first, ..] if !first.code.is_empty() => (first.code.as_str(), content.title.as_str()),
        _ => (content.pipeline.as_str(), content.title.as_str()),
    };
    let performed = time(content.subject.performed_at);
    let received = time(content.subject.received_at);
    let obr_status = status(&content.kind, style);
    let reader = content.auditor.as_ref().unwrap_or(&content.writer);
    let service: [&str; 2] = [code, name];
    let orderer: [&str; 2] = ["", &order.orderer];
    let signer: [&str; 2] = [&reader.id, &reader.name];
    // Who withdraws a report has interpreted nothing.
    let interpreter = if content.kind == "withdrawn" { Field::None } else { Field::Parts(&signer) };
    let mut obr = vec![Field::None; 32];
    for (at, field) in [
        (1, Field::Text("1")),
        (2, Field::Text(&order.placer_no)),
        (3, Field::Text(filler)),
        (4, Field::Parts(&service)),
        (7, Field::Text(&performed)),
        (14, Field::Text(&received)),
        (16, Field::Parts(&orderer)),
        (22, Field::Text(&signed)),
        (24, Field::Text(section(content))),
        (25, Field::Text(obr_status)),
        (32, interpreter),
    ] {
        if let Some(slot) = obr.get_mut(at - 1) {
            *slot = field;
        }
    }
    w.segment("OBR", &obr);
    let mut set = 0;
    if content.kind == "withdrawn" {
        text_row(
            &mut w,
            &mut set,
            "IMPRESSION",
            "诊断意见",
            &format!("【撤回】{}", content.change_reason),
            if obr_status == "X" { "X" } else { "C" },
        );
    } else {
        rows(&mut w, &mut set, content, obr_status, &time);
    }
    if let Some(pdf) = pdf {
        set += 1;
        let number = set.to_string();
        w.segment(
            "OBX",
            &[
                Field::Text(&number),
                Field::Text("ED"),
                Field::Parts(&["PDF", "报告"]),
                Field::None,
                Field::Parts(&["YIGONG", "AP", "PDF", "Base64", pdf]),
                Field::None,
                Field::None,
                Field::None,
                Field::None,
                Field::None,
                Field::Text(obr_status),
            ],
        );
    }
    for (i, note) in notes(content).iter().enumerate() {
        let number = (i + 1).to_string();
        w.segment("NTE", &[Field::Text(&number), Field::Text("L"), Field::Text(note)]);
    }
    w.finish()
}

fn rows(
    w: &mut Writer,
    set: &mut usize,
    content: &ReportContent,
    obr_status: &str,
    time: &dyn Fn(i64) -> String,
) {
    for row in &content.lab_rows {
        lab_row(w, set, row, obr_status, time);
    }
    if let Some(ecg) = &content.ecg {
        super::oru_ecg::rows(w, set, ecg, obr_status);
    }
    let s = &content.sections;
    let statements: Vec<&str> = s.ecg_statements.iter().map(|s| s.text.as_str()).collect();
    let statements = statements.join("\n");
    for (code, name, text) in [
        ("TECHNIQUE", "检查方法", &s.technique),
        ("FINDINGS", "检查所见", &s.findings),
        ("STATEMENTS", "心电图诊断", &statements),
        ("IMPRESSION", "诊断意见", &s.impression),
        ("RECOMMENDATION", "建议", &s.recommendation),
        ("COMMENT", "备注", &s.comment),
    ] {
        if !text.is_empty() {
            text_row(w, set, code, name, text, obr_status);
        }
    }
}

fn lab_row(w: &mut Writer, set: &mut usize, row: &LabRow, obr_status: &str, time: &dyn Fn(i64) -> String) {
    *set += 1;
    let set_id = set.to_string();
    let at = time(row.performed_at);
    let kind = if number(&row.value, false).is_some_and(|n| n.comparator.is_empty()) { "NM" } else { "ST" };
    let status = match obr_status {
        "C" if row.corrected_from.is_empty() => "F",
        other => other,
    };
    let code: &[&str] = if row.loinc.is_empty() {
        &[&row.code, &row.name, "99YG"]
    } else {
        &[&row.code, &row.name, "99YG", &row.loinc, &row.name_en, "LN"]
    };
    w.segment(
        "OBX",
        &[
            Field::Text(&set_id),
            Field::Text(kind),
            Field::Parts(code),
            Field::None,
            Field::Text(&row.value),
            Field::Text(&row.unit),
            Field::Text(&row.reference),
            Field::Text(&row.flag),
            Field::None,
            Field::None,
            Field::Text(status),
            Field::None,
            Field::None,
            Field::Text(&at),
            Field::None,
            Field::None,
            Field::Text(&row.method),
        ],
    );
}

fn text_row(w: &mut Writer, set: &mut usize, code: &str, name: &str, text: &str, status: &str) {
    *set += 1;
    let number = set.to_string();
    w.segment(
        "OBX",
        &[
            Field::Text(&number),
            Field::Text("TX"),
            Field::Parts(&[code, name]),
            Field::None,
            Field::Text(text),
            Field::None,
            Field::None,
            Field::None,
            Field::None,
            Field::None,
            Field::Text(status),
        ],
    );
}

/// Diagnostic service section (table 0074).
fn section(content: &ReportContent) -> &'static str {
    match (content.pipeline.as_str(), content.subject.modality.as_str()) {
        ("lab", _) => "LAB",
        ("ecg", _) => "EC",
        (_, "CT") => "CT",
        (_, "MR") => "NMR",
        (_, "US") => "RUS",
        _ => "RAD",
    }
}

fn notes(content: &ReportContent) -> Vec<String> {
    let mut notes = vec![format!("版本 {}", content.n)];
    if !content.change_reason.is_empty() {
        notes.push(format!("更正说明: {}", content.change_reason));
    }
    if let Some(mark) = &content.mark {
        notes.push(format!("互认标识: {}", mark.text));
    }
    notes.extend(content.critical.iter().map(|c| format!("危急值: {c}")));
    notes.push(format!("验证: {}", content.verify_url));
    notes
}
