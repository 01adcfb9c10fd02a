//! Annotation sets of an aECG: values and sentences by source, the marks of the median beat.

use super::aecg::{ACT, MDC};
use super::xml::Xml;
use super::{Export, source_name};
use crate::ecg::model::Source;

/// Values: our name, MDC reference identifier.
const VALUES: &[(&str, &str)] = &[
    ("hr", "MDC_ECG_HEART_RATE"),
    ("rr", "MDC_ECG_TIME_PD_RR"),
    ("pr", "MDC_ECG_TIME_PD_PR"),
    ("qrs", "MDC_ECG_TIME_PD_QRS"),
    ("qt", "MDC_ECG_TIME_PD_QT"),
    ("qtc", "MDC_ECG_TIME_PD_QTc"),
    ("qtcb", "MDC_ECG_TIME_PD_QTcB"),
    ("qtcf", "MDC_ECG_TIME_PD_QTcF"),
    ("axis_p", "MDC_ECG_ANGLE_P_FRONT"),
    ("axis_qrs", "MDC_ECG_ANGLE_QRS_FRONT"),
    ("axis_t", "MDC_ECG_ANGLE_T_FRONT"),
];

/// Opens an annotation set of this author; the caller closes it.
fn set_of(x: &mut Xml, source: Source, when: &str) {
    x.open("subjectOf");
    x.open("annotationSet");
    x.one(&format!(r#"activityTime value="{when}""#));
    for tag in ["author", "assignedEntity"] {
        x.open(tag);
    }
    x.one(r#"id nullFlavor="NA""#);
    x.open("assignedAuthorType");
    if source == Source::Physician {
        x.open("assignedPerson");
        x.leaf("name", source_name(source));
        x.close("assignedPerson");
    } else {
        x.open("assignedDevice");
        let model = if source == Source::Server { "Yigong" } else { source_name(source) };
        x.leaf("manufacturerModelName", model);
        x.close("assignedDevice");
    }
    for tag in ["assignedAuthorType", "assignedEntity", "author"] {
        x.close(tag);
    }
}

/// Values and sentences of one source.
pub fn values(x: &mut Xml, export: &Export<'_>, source: Source, statements: &[String], start: &str) {
    let known: Vec<_> = export
        .of(source)
        .filter_map(|(v, n)| Some((VALUES.iter().find(|(what, _)| *what == v.what)?.1, n, v.unit)))
        .collect();
    let said: Vec<&String> = statements.iter().filter(|s| !s.trim().is_empty()).collect();
    if known.is_empty() && said.is_empty() {
        return;
    }
    set_of(x, source, if export.written.is_empty() { start } else { export.written });
    for (code, number, unit) in known {
        annotation(x, code, &format!(r#"value xsi:type="PQ" value="{number}" unit="{unit}""#));
    }
    if !said.is_empty() {
        x.open("component");
        x.open("annotation");
        x.one(&format!(r#"code code="MDC_ECG_INTERPRETATION" {MDC}"#));
        for text in said {
            x.open("component");
            x.open("annotation");
            x.one(&format!(r#"code code="MDC_ECG_INTERPRETATION_STATEMENT" {MDC}"#));
            x.leaf(r#"value xsi:type="ST""#, text);
            x.close("annotation");
            x.close("component");
        }
        x.close("annotation");
        x.close("component");
    }
    x.close("annotationSet");
    x.close("subjectOf");
}

fn annotation(x: &mut Xml, code: &str, value: &str) {
    x.open("component");
    x.open("annotation");
    x.one(&format!(r#"code code="{code}" {MDC}"#));
    x.one(value);
    x.close("annotation");
    x.close("component");
}

/// P, QRS and T of the median beat, seconds from its first sample.
pub fn marks(x: &mut Xml, export: &Export<'_>) {
    let Some(m) = export.measured.filter(|m| !m.median.is_empty()) else { return };
    let waves = [
        ("PWAVE", m.marks.p.map(|p| p.0), m.marks.p.map(|p| p.1)),
        ("QRSWAVE", m.marks.qrs.map(|q| q.0), m.marks.qrs.map(|q| q.1)),
        ("TWAVE", None, m.marks.t_off),
    ];
    if waves.iter().all(|w| w.1.is_none() && w.2.is_none()) {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "a sample of one beat")]
    let seconds = |i: usize| format!("{:.3}", i as f64 / f64::from(crate::ecg::measure::HZ));
    set_of(x, Source::Server, export.written);
    for (code, on, off) in waves.into_iter().filter(|w| w.1.is_some() || w.2.is_some()) {
        x.open("component");
        x.open("annotation");
        x.one(&format!(r#"code code="MDC_ECG_WAVC" {MDC}"#));
        x.one(&format!(r#"value xsi:type="CE" code="MDC_ECG_WAVC_{code}" {MDC}"#));
        x.open("support");
        x.open(r#"supportingROI classCode="ROIBND""#);
        x.one(&format!(r#"code code="ROIPS" {ACT}"#));
        x.open("component");
        x.open("boundary");
        x.one(&format!(r#"code code="TIME_RELATIVE" {ACT}"#));
        x.open(r#"value xsi:type="IVL_PQ""#);
        for (name, at) in [("low", on), ("high", off)] {
            if let Some(at) = at {
                x.one(&format!(r#"{name} value="{}" unit="s""#, seconds(at)));
            }
        }
        for tag in ["value", "boundary", "component", "supportingROI", "support", "annotation", "component"] {
            x.close(tag);
        }
    }
    x.close("annotationSet");
    x.close("subjectOf");
}
