//! A report version as a DICOM Encapsulated PDF object (PS3.3 §A.45.1), for archives and for the disk.

use yigong_base::digest;
use yigong_formats::dicom::document::Document;
use yigong_formats::dicom::uid;

use super::content::ReportContent;
use crate::centre::time_of;

/// The object of a version. UIDs come from the report and its version, so every try names the same instance.
#[must_use]
pub fn object(content: &ReportContent, pdf: &[u8], offset_minutes: i64) -> Vec<u8> {
    let derived = |what: &str| {
        let hash = digest::sha256(format!("yigong report {} {what}", content.report).as_bytes());
        let mut half = [0_u8; 16];
        for (to, from) in half.iter_mut().zip(hash) {
            *to = from;
        }
        uid::from_u128(u128::from_be_bytes(half))
    };
    let study = if content.subject.uid.is_empty() { derived("study") } else { content.subject.uid.clone() };
    let (study_date, study_time) = date_and_time(content.subject.performed_at, offset_minutes);
    let (content_date, content_time) = date_and_time(content.signed_at, offset_minutes);
    let order = content.order.as_ref();
    let document = Document {
        study: &study,
        series: &derived("series"),
        instance: &derived(&format!("version {}", content.n)),
        number: content.n,
        patient_name: &content.patient.name,
        patient_id: &content.patient.local_id,
        sex: &content.patient.sex,
        birth_date: &content.patient.birth_date,
        accession: &content.subject.accession,
        study_date: &study_date,
        study_time: &study_time,
        content_date: &content_date,
        content_time: &content_time,
        referring: order.map_or("", |o| o.orderer.as_str()),
        institution: &content.centre.name,
        title: &content.title,
        concept: match content.pipeline.as_str() {
            "ecg" => ("11524-6", "EKG study"),
            "lab" => ("11502-2", "Laboratory report"),
            _ => ("18748-4", "Diagnostic imaging study"),
        },
        software: env!("CARGO_PKG_VERSION"),
    };
    document.part10(pdf)
}

/// DA and TM of an instant at the centre; empty when unknown.
fn date_and_time(ms: i64, offset_minutes: i64) -> (String, String) {
    if ms <= 0 {
        return (String::new(), String::new());
    }
    let at = time_of(ms, offset_minutes);
    let date = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
    (date, format!("{:02}{:02}{:02}", at.hour(), at.minute(), at.second()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use yigong_formats::dicom::{SliceSource, header, tag};

    #[test]
    fn every_try_names_the_same_instance_and_every_version_its_own() {
        let of = |n| {
            let content = ReportContent {
                report: "r1".into(),
                n,
                signed_at: 1_700_000_000_000,
                ..ReportContent::default()
            };
            header(&mut SliceSource(&object(&content, b"%PDF-", 480)), None).unwrap()
        };
        assert_eq!(of(1).sop_instance, of(1).sop_instance);
        assert_ne!(of(1).sop_instance, of(2).sop_instance);
        assert_eq!(of(1).series, of(2).series);
        assert_eq!(of(1).text(tag::MODALITY), "DOC");
    }
}
