//! The frozen content as a printable document.

use super::content::{Ecg, ReportContent};
use super::pdf::{
    Body, EcgBody, Field, ImagingBody, Issuer, Kind, LabBody, LabRow, Lang, Measurement, OrderInfo,
    PatientHeader, ReportDocument, SignedBy, Tracing,
};
use crate::centre::time_of;

/// Size of the ECG drawing on paper, read from its own `width` and `height` in mm.
pub(super) fn size_mm(svg: &str) -> (f64, f64) {
    let read = |name: &str| {
        let start = svg.find(&format!("{name}=\""))? + name.len() + 2;
        let rest = svg.get(start..)?;
        rest.split("mm").next()?.trim().parse::<f64>().ok()
    };
    (read("width").unwrap_or(260.0), read("height").unwrap_or(150.0))
}

/// Values of the page, in printing order.
const NAMES: [(&str, &str); 9] = [
    ("hr", "HR"),
    ("pr", "PR"),
    ("qrs", "QRS"),
    ("qt", "QT"),
    ("qtcf", "QTcF"),
    ("qtcb", "QTcB"),
    ("axis_p", "P axis"),
    ("axis_qrs", "QRS axis"),
    ("axis_t", "T axis"),
];

/// Puts `content` into the words of the page. `svg` = drawing of an ECG; `offset` = minutes east of UTC.
#[must_use]
pub fn document_of(
    content: &ReportContent,
    svg: Option<String>,
    offset: i64,
    english: bool,
) -> ReportDocument {
    let say = |zh: &str, en: &str| if english { en.to_owned() } else { zh.to_owned() };
    let name = |p: &super::content::Place| {
        if english && !p.name_en.is_empty() { p.name_en.clone() } else { p.name.clone() }
    };
    let time = |ms: i64| shown(ms, offset);
    let order = content.order.clone().unwrap_or_default();
    let items = order.items.iter().map(|i| i.name.clone()).collect::<Vec<_>>().join("、");
    let sex = match content.patient.sex.as_str() {
        "M" => say("男", "male"),
        "F" => say("女", "female"),
        "O" => say("其他", "other"),
        _ => String::new(),
    };
    let mut signers = vec![SignedBy {
        role: if content.kind == "withdrawn" {
            say("撤回申请", "Withdrawal asked by")
        } else if content.auditor.is_some() {
            say("报告医师", "Reported by")
        } else if content.pipeline == "lab" {
            say("审核者", "Verified by")
        } else {
            say("报告签发医师", "Reported and signed by")
        },
        name: content.writer.name.clone(),
        time: time(content.signed_at),
    }];
    if let Some(auditor) = &content.auditor {
        signers.push(SignedBy {
            role: if content.kind == "withdrawn" {
                say("撤回确认", "Confirmed and signed by")
            } else {
                say("审核医师", "Audited and signed by")
            },
            name: auditor.name.clone(),
            time: time(content.signed_at),
        });
    }
    ReportDocument {
        lang: if english { Lang::En } else { Lang::ZhCn },
        kind: match content.kind.as_str() {
            "prelim" => Kind::Prelim,
            "amended" => Kind::Amended,
            "withdrawn" => Kind::Withdrawn,
            _ => Kind::Final,
        },
        version: u32::try_from(content.n).unwrap_or(u32::MAX),
        report_no: content.report.clone(),
        title: title(content, english),
        facility: Issuer {
            centre: name(&content.centre),
            clinic: name(&content.facility),
            phone: String::new(),
        },
        patient: PatientHeader {
            name: content.patient.name.clone(),
            sex,
            age: content.patient.age.clone(),
            patient_id: content.patient.local_id.clone(),
            more: vec![Field { label: say("申请单号", "Order"), value: order.placer_no.clone() }]
                .into_iter()
                .filter(|f| !f.value.is_empty())
                .collect(),
        },
        order: OrderInfo {
            accession: content.subject.accession.clone(),
            item: if items.is_empty() { content.title.clone() } else { items },
            ordered_by: order.orderer,
            clinical_info: order.history,
            examined_at: time(if content.pipeline == "lab" {
                content.subject.collected_at
            } else {
                content.subject.performed_at
            }),
            received_at: time(content.subject.received_at),
        },
        body: body(content, svg, english),
        change_reason: content.change_reason.clone(),
        recognition_mark: content.mark.as_ref().map(|m| m.text.clone()),
        signers,
        communications: content
            .critical
            .iter()
            .map(|c| format!("{}{c}", say("危急值:", "Critical: ")))
            .collect(),
        issued_at: rfc3339(content.signed_at, offset),
        verify_url: content.verify_url.clone(),
        demo_signer: content.signer_demo,
    }
}

fn body(content: &ReportContent, svg: Option<String>, english: bool) -> Body {
    let s = &content.sections;
    match content.pipeline.as_str() {
        "ecg" => {
            let ecg = content.ecg.clone().unwrap_or_default();
            Body::Ecg(EcgBody {
                doubt: doubt(&ecg, english),
                quality: quality(&ecg, english),
                measurements: measurements(&ecg, english),
                statements: s.ecg_statements.iter().map(|x| x.text.clone()).collect(),
                impression: s.impression.clone(),
                comparison: s.comparison.clone(),
                recommendation: s.recommendation.clone(),
                tracing: svg.map(|svg| {
                    let (width_mm, height_mm) = size_mm(&svg);
                    let caption = "25 mm/s  10 mm/mV".to_owned();
                    Tracing { svg, width_mm, height_mm, caption }
                }),
            })
        }
        "lab" => Body::Lab(LabBody {
            specimen: content.subject.specimen_type.clone(),
            rows: content
                .lab_rows
                .iter()
                .map(|r| LabRow {
                    item: r.name.clone(),
                    result: r.value.clone(),
                    flag: r.flag.clone(),
                    critical: r.critical,
                    unit: r.unit.clone(),
                    range: r.reference.clone(),
                    method: r.method.clone(),
                    recognised: content
                        .mark
                        .as_ref()
                        .is_some_and(|m| m.level != "consortium" && m.items.contains(&r.code)),
                })
                .collect(),
            notes: s.comment.clone(),
        }),
        _ => Body::Imaging(ImagingBody {
            technique: s.technique.clone(),
            comparison: String::new(),
            findings: s.findings.clone(),
            impression: s.impression.clone(),
            recommendation: s.recommendation.clone(),
        }),
    }
}

/// What the question mark means, when one is printed.
fn doubt(ecg: &Ecg, english: bool) -> String {
    let said = if english {
        "? = the boundaries of this value are uncertain"
    } else {
        "? = 该值的起止点不确定,请以医师测量为准"
    };
    let printed =
        ecg.measurements.iter().any(|m| m.doubtful && NAMES.iter().any(|(what, _)| *what == m.what));
    if printed { said.to_owned() } else { String::new() }
}

/// That the recording is technically poor, above everything that was read from it (AHA/ACCF/HRS 2007).
fn quality(ecg: &Ecg, english: bool) -> String {
    let poor = ecg.quality == "redo";
    if !poor && ecg.banner.is_empty() {
        return String::new();
    }
    let said = match (poor, english) {
        (true, false) => "技术质量差,不满足诊断质量",
        (true, true) => "technically poor: not diagnostic quality",
        (false, false) => "不满足诊断质量",
        (false, true) => "not diagnostic quality",
    };
    [said, ecg.banner.as_str()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// One value each, the physician's before the server's before the vendor's, with its source and what the others say.
fn measurements(ecg: &Ecg, english: bool) -> Vec<Measurement> {
    let said = |source: &str| match (source, english) {
        ("vendor", false) => "设备",
        ("physician", false) => "医师",
        (_, false) => "服务器",
        ("vendor", true) => "recorder",
        ("physician", true) => "physician",
        (_, true) => "server",
    };
    let mut list = Vec::new();
    for (what, name) in NAMES {
        let Some(best) = ecg.best(what) else { continue };
        let others: Vec<String> = ecg
            .measurements
            .iter()
            .filter(|m| m.what == what && m.source != best.source)
            .map(|m| format!("{} {}", said(&m.source), m.shown()))
            .collect();
        let note =
            std::iter::once(said(&best.source).to_owned()).chain(others).collect::<Vec<_>>().join(" · ");
        let unit = if best.unit == "deg" { "°".to_owned() } else { best.unit.clone() };
        list.push(Measurement { name: name.to_owned(), value: best.shown(), unit, note });
    }
    list
}

fn title(content: &ReportContent, english: bool) -> String {
    let (zh, en) = match (content.pipeline.as_str(), content.subject.modality.as_str()) {
        ("ecg", _) => ("心电图诊断报告", "Electrocardiogram report"),
        ("lab", _) => ("检验报告", "Laboratory report"),
        (_, "CT") => ("CT诊断报告", "CT report"),
        (_, "MR") => ("磁共振诊断报告", "MR report"),
        (_, "US") => ("超声诊断报告", "Ultrasound report"),
        (_, "CR" | "DX") => ("X线诊断报告", "Radiography report"),
        (_, "MG") => ("乳腺X线诊断报告", "Mammography report"),
        _ => ("影像诊断报告", "Imaging report"),
    };
    if english { en.into() } else { zh.into() }
}

/// `2026-09-01 10:42`; empty for 0.
fn shown(ms: i64, offset: i64) -> String {
    if ms <= 0 {
        return String::new();
    }
    let t = time_of(ms, offset);
    format!("{} {:02}:{:02}", t.date(), t.hour(), t.minute())
}

fn rfc3339(ms: i64, offset: i64) -> String {
    time_of(ms, offset).format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::content;
    use super::*;

    fn ecg(quality: &str, banner: &str, doubtful: bool) -> Ecg {
        let qt = content::Measurement {
            what: "qt".into(),
            number: Some(412.0),
            unit: "ms".into(),
            source: "server".into(),
            doubtful,
        };
        Ecg { measurements: vec![qt], quality: quality.into(), banner: banner.into(), ..Ecg::default() }
    }

    fn page(ecg: Ecg, english: bool) -> EcgBody {
        let content = ReportContent { pipeline: "ecg".into(), ecg: Some(ecg), ..ReportContent::default() };
        match document_of(&content, None, 480, english).body {
            Body::Ecg(body) => body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_value_in_doubt_carries_a_question_mark_and_the_page_says_what_it_means() {
        let body = page(ecg("good", "", true), false);
        assert_eq!(body.measurements[0].value, "412?");
        assert!(body.doubt.contains("起止点不确定"));
        let sure = page(ecg("good", "", false), true);
        assert_eq!((sure.measurements[0].value.as_str(), sure.doubt.as_str()), ("412", ""));
    }

    #[test]
    fn poor_quality_stands_on_the_page_in_words() {
        assert_eq!(page(ecg("good", "", false), false).quality, "");
        let body = page(ecg("usable", "250 Hz < 500: not diagnostic quality", false), false);
        assert_eq!(body.quality, "不满足诊断质量 · 250 Hz < 500: not diagnostic quality");
        assert!(page(ecg("redo", "", false), true).quality.contains("not diagnostic quality"));
    }

    #[test]
    fn versions_signed_before_doubt_was_known_keep_their_bytes() {
        let old = r#"{"what":"qt","number":412.0,"unit":"ms","source":"server"}"#;
        let read: content::Measurement = serde_json::from_str(old).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }
}
