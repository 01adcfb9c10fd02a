//! HL7 aECG (HL7 V3 Annotated ECG R1, structure of December 2003): a rhythm series, the median beat as derived series,
//! one annotation set per source.

use std::fmt::Write as _;

use super::notes::{marks, values};
use super::plane::{self, Sheet, decimal};
use super::xml::{Xml, escaped};
use super::{Export, Unwritable, bands};
use crate::ecg::model::{Document, Source};
use crate::ecg::ratio::Ratio;

/// Code system of ECG terms.
pub const MDC: &str = r#"codeSystem="2.16.840.1.113883.6.24" codeSystemName="MDC""#;
/// Code system of acts.
pub const ACT: &str = r#"codeSystem="2.16.840.1.113883.5.4" codeSystemName="ActCode""#;

/// Writes the document, UTF-8.
///
/// # Errors
/// [`Unwritable`] when the time is unknown or samples are missing: the format has no way to say so.
pub fn aecg(document: &Document, export: &Export<'_>) -> Result<Vec<u8>, Unwritable> {
    let start = export.start(document)?;
    let rhythm = plane::rhythm(document)?;
    if let Some(l) = rhythm.leads.iter().find(|l| !l.missing.is_empty()) {
        return Err(Unwritable(format!("lead {} has missing samples, which aECG cannot carry", l.id)));
    }
    let median = plane::median(document, export)?.filter(|m| m.leads.iter().all(|l| l.missing.is_empty()));
    let mut x = Xml::default();
    x.raw(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    x.open(r#"AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:voc="urn:hl7-org:v3/voc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Observation""#);
    x.one(&format!(r#"id root="{}""#, escaped(export.instance)));
    x.one(r#"code code="93000" codeSystem="2.16.840.1.113883.6.12" codeSystemName="CPT-4""#);
    if !export.original_sha256.is_empty() {
        x.leaf(
            "text",
            &format!(
                "Re-encoded without change of the samples. SHA-256 of the original: {}",
                export.original_sha256
            ),
        );
    }
    let end = after(start, &rhythm);
    effective(&mut x, start, end.as_deref());
    subject(&mut x, document, export, start);
    x.open("component");
    series(&mut x, document, export, &rhythm, (start, end.as_deref()), median.as_ref());
    x.close("component");
    x.close("AnnotatedECG");
    Ok(x.text.into_bytes())
}

fn effective(x: &mut Xml, start: &str, end: Option<&str>) {
    x.open("effectiveTime");
    x.one(&format!(r#"low value="{start}" inclusive="true""#));
    if let Some(end) = end {
        x.one(&format!(r#"high value="{end}" inclusive="false""#));
    }
    x.close("effectiveTime");
}

/// End of the recording in the notation of its start; none when it would cross midnight or the clock is not one.
fn after(start: &str, sheet: &Sheet) -> Option<String> {
    let two = |a: usize| start.get(a..a + 2)?.parse::<u64>().ok();
    let clock = (two(8)? * 60 + two(10)?) * 60 + two(12)?;
    let rest = start.get(14..)?;
    let (fraction, zone) = rest.find(['+', '-']).map_or((rest, ""), |k| rest.split_at(k));
    let milli: String = fraction.trim_start_matches('.').chars().chain("000".chars()).take(3).collect();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "milliseconds of a recording"
    )]
    let length = (sheet.samples as f64 * 1_000.0 / sheet.rate.to_f64()).round() as u64;
    let end = clock * 1_000 + milli.parse::<u64>().ok()? + length;
    let seconds = end / 1_000;
    (seconds < 86_400).then(|| {
        let day = start.get(..8).unwrap_or_default();
        let (h, m, s, f) = (seconds / 3_600, seconds / 60 % 60, seconds % 60, end % 1_000);
        format!("{day}{h:02}{m:02}{s:02}.{f:03}{zone}")
    })
}

/// The schema knows a person only as the subject of a timepoint in a trial: a clinical record fills what it has.
fn subject(x: &mut Xml, document: &Document, export: &Export<'_>, start: &str) {
    let s = export.subject.unwrap_or(&document.subject);
    for tag in ["componentOf", "timepointEvent"] {
        x.open(tag);
    }
    x.one(r#"code nullFlavor="NA""#);
    x.open("effectiveTime");
    x.one(&format!(r#"low value="{start}""#));
    x.close("effectiveTime");
    for tag in ["componentOf", "subjectAssignment", "subject", "trialSubject"] {
        x.open(tag);
    }
    // The patient id stands in the space of the document's own id.
    x.one(&format!(r#"id root="{}" extension="{}""#, escaped(export.study), escaped(&s.id)));
    x.open("subjectDemographicPerson");
    x.leaf("name", &s.name);
    let sex = match s.sex.trim().to_ascii_uppercase().as_str() {
        "M" | "MALE" | "男" => Some("M"),
        "F" | "FEMALE" | "女" => Some("F"),
        _ => None,
    };
    if let Some(sex) = sex {
        x.one(&format!(r#"administrativeGenderCode code="{sex}" codeSystem="2.16.840.1.113883.5.1""#));
    }
    if s.birth_date.len() == 8 && s.birth_date.bytes().all(|b| b.is_ascii_digit()) {
        x.one(&format!(r#"birthTime value="{}""#, s.birth_date));
    }
    for tag in ["subjectDemographicPerson", "trialSubject", "subject"] {
        x.close(tag);
    }
    for tag in ["componentOf", "clinicalTrial"] {
        x.open(tag);
    }
    x.one(&format!(r#"id root="{}""#, escaped(export.study)));
    for tag in
        ["clinicalTrial", "componentOf", "subjectAssignment", "componentOf", "timepointEvent", "componentOf"]
    {
        x.close(tag);
    }
}

/// Start and end of the recording.
type Span<'a> = (&'a str, Option<&'a str>);

fn series(
    x: &mut Xml,
    document: &Document,
    export: &Export<'_>,
    rhythm: &Sheet,
    (start, end): Span<'_>,
    median: Option<&Sheet>,
) {
    x.open("series");
    x.one(&format!(r#"id root="{}""#, escaped(export.series)));
    x.one(&format!(r#"code code="RHYTHM" {ACT} displayName="Rhythm Waveforms""#));
    effective(x, start, end);
    author(x, document);
    for (kind, limit, name, text) in [
        ("LOW_PASS", "CUTOFF_FREQ", "Low Pass Filter", bands(&document.filters).1),
        ("HIGH_PASS", "CUTOFF_FREQ", "High Pass Filter", bands(&document.filters).0),
        ("NOTCH", "NOTCH_FREQ", "Notch Filter", bands(&document.filters).2),
    ] {
        let Some(hz) = text else { continue };
        x.open("controlVariable");
        x.open("controlVariable");
        x.one(&format!(r#"code code="MDC_ECG_CTL_VBL_ATTR_FILTER_{kind}" {MDC} displayName="{name}""#));
        x.open("component");
        x.open("controlVariable");
        x.one(&format!(r#"code code="MDC_ECG_CTL_VBL_ATTR_FILTER_{limit}" {MDC}"#));
        x.one(&format!(r#"value xsi:type="PQ" value="{hz}" unit="Hz""#));
        for tag in ["controlVariable", "component", "controlVariable", "controlVariable"] {
            x.close(tag);
        }
    }
    sequences(x, rhythm, Some(start));
    for source in [Source::Server, Source::Physician, Source::Vendor] {
        let statements = match source {
            Source::Physician => export.statements,
            Source::Vendor => document.statements.as_slice(),
            Source::Server => &[],
        };
        values(x, export, source, statements, start);
    }
    if let Some(m) = median {
        x.open("derivation");
        x.open("derivedSeries");
        x.one(&format!(
            r#"code code="REPRESENTATIVE_BEAT" {ACT} displayName="Representative Beat Waveforms""#
        ));
        effective(x, start, end);
        sequences(x, m, None);
        marks(x, export);
        x.close("derivedSeries");
        x.close("derivation");
    }
    x.close("series");
}

fn author(x: &mut Xml, document: &Document) {
    let d = &document.device;
    for tag in ["author", "seriesAuthor", "manufacturedSeriesDevice"] {
        x.open(tag);
    }
    if !d.serial.is_empty() {
        x.one(&format!(r#"id extension="{}""#, escaped(&d.serial)));
    }
    if !d.model.is_empty() {
        x.leaf("manufacturerModelName", &d.model);
    }
    x.close("manufacturedSeriesDevice");
    if !d.maker.is_empty() {
        x.open("manufacturerOrganization");
        x.leaf("name", &d.maker);
        x.close("manufacturerOrganization");
    }
    x.close("seriesAuthor");
    x.close("author");
}

/// One sequence set: the time axis, then every lead. Value = origin + scale * digit.
fn sequences(x: &mut Xml, s: &Sheet, start: Option<&str>) {
    // One sample in seconds; a rate without finite decimal period is given to a femtosecond.
    let step = Ratio::new(s.rate.den(), s.rate.num())
        .and_then(decimal)
        .unwrap_or_else(|| format!("{:.15}", 1.0 / s.rate.to_f64()));
    x.open("component");
    x.open("sequenceSet");
    x.open("component");
    x.open("sequence");
    match start {
        Some(start) => {
            x.one(&format!(r#"code code="TIME_ABSOLUTE" {ACT}"#));
            x.open(r#"value xsi:type="GLIST_TS""#);
            x.one(&format!(r#"head value="{start}""#));
        }
        None => {
            x.one(&format!(r#"code code="TIME_RELATIVE" {ACT}"#));
            x.open(r#"value xsi:type="GLIST_PQ""#);
            x.one(r#"head value="0.000" unit="s""#);
        }
    }
    x.one(&format!(r#"increment value="{step}" unit="s""#));
    for tag in ["value", "sequence", "component"] {
        x.close(tag);
    }
    for l in &s.leads {
        let name = match l.id.number() {
            // Frank leads are VX, VY, VZ in this nomenclature.
            Some(16..=18) => format!("V{}", l.id),
            _ => l.id.to_string().to_ascii_uppercase(),
        };
        x.open("component");
        x.open("sequence");
        x.one(&format!(r#"code code="MDC_ECG_LEAD_{name}" {MDC}"#));
        x.open(r#"value xsi:type="SLIST_PQ""#);
        x.one(&format!(r#"origin value="{}" unit="uV""#, l.offset));
        x.one(&format!(r#"scale value="{}" unit="uV""#, l.scale));
        x.text.push_str("<digits>");
        for (i, v) in l.raw.iter().enumerate() {
            let _ = write!(x.text, "{}{v}", if i == 0 { "" } else { " " });
        }
        x.raw("</digits>");
        for tag in ["value", "sequence", "component"] {
            x.close(tag);
        }
    }
    x.close("sequenceSet");
    x.close("component");
}
