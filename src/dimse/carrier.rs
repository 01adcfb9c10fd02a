//! The DICOM carrier: a report version as Encapsulated PDF by C-STORE. A resend repeats the same object.

use std::future::Future;
use std::pin::Pin;

use yigong_base::{Ctx, digest};
use yigong_clinic::delivery::carrier::{Attempt, Carrier, Outcome, Parcel};
use yigong_clinic::delivery::destination::archive;
use yigong_clinic::report::content::ReportContent;
use yigong_formats::dicom::document::Document;
use yigong_formats::dicom::uid;

use super::scu::{NOT_SENT, Object, Target, store};

/// Brings report versions to archives of clinics.
pub struct DicomCarrier {
    ctx: Ctx,
}

impl DicomCarrier {
    /// A carrier that reads PDFs from this platform's blobs.
    #[must_use]
    pub fn new(ctx: Ctx) -> Self {
        Self { ctx }
    }

    async fn object(&self, parcel: &Parcel) -> Result<Vec<u8>, String> {
        let content: ReportContent =
            serde_json::from_str(&parcel.content).map_err(|e| format!("content: {e}"))?;
        let pdf = self.ctx.blobs.read(&parcel.pdf_sha256).await.map_err(|e| e.to_string())?;
        Ok(object_of(&content, &pdf, self.ctx.config.centre.utc_offset_minutes))
    }

    async fn attempt(&self, parcel: &Parcel) -> Attempt {
        let failed = |outcome| Attempt { body: Vec::new(), outcome };
        let object = match self.object(parcel).await {
            Ok(object) => object,
            Err(why) => return failed(Outcome::Parked { why }),
        };
        let Some((called, address)) = archive(&parcel.address) else {
            return failed(Outcome::Parked { why: "the address is not AE@host:port".into() });
        };
        let target = Target {
            address: address.to_owned(),
            calling_ae: self.ctx.config.dicom.ae_title.clone(),
            called_ae: called.to_owned(),
            send_cap: 0,
            originator: None,
            tls: None,
        };
        // The object is made again for every try: the same content gives the same bytes, and a copy of the PDF in every
        // delivery row would only make the database large.
        failed(match store(&target, &[Object::Bytes(object)]).await {
            Err(error) => Outcome::Retry { why: error.to_string() },
            Ok(sent) => outcome_of(sent.first().map_or((NOT_SENT, ""), |s| (s.status, s.comment.as_str()))),
        })
    }
}

/// What a C-STORE status means for the parcel (PS3.4 §B.2.3): success and warnings are proof, "out of resources" is tried
/// again, everything else needs a person.
fn outcome_of((status, comment): (u16, &str)) -> Outcome {
    match status {
        0x0000 | 0xB000 | 0xB006 | 0xB007 => Outcome::Acked { receipt: format!("{status:04X}") },
        0xA700..=0xA7FF => Outcome::Retry { why: format!("{status:04X} {comment}") },
        NOT_SENT => Outcome::Parked { why: comment.to_owned() },
        _ => Outcome::Parked { why: format!("{status:04X} {comment}") },
    }
}

/// The object of a version. UIDs come from the report and its version, so every try names the same instance.
fn object_of(content: &ReportContent, pdf: &[u8], offset_minutes: i64) -> Vec<u8> {
    let derived = |what: &str| {
        let hash = digest::sha256(format!("yigong report {} {what}", content.report).as_bytes());
        let mut half = [0_u8; 16];
        half.copy_from_slice(&hash[..16]);
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
    let at = yigong_clinic::centre::time_of(ms, offset_minutes);
    let date = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
    (date, format!("{:02}{:02}{:02}", at.hour(), at.minute(), at.second()))
}

impl Carrier for DicomCarrier {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Attempt> + Send + 'a>> {
        Box::pin(self.attempt(parcel))
    }
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
            header(&mut SliceSource(&object_of(&content, b"%PDF-", 480)), None).unwrap()
        };
        assert_eq!(of(1).sop_instance, of(1).sop_instance);
        assert_ne!(of(1).sop_instance, of(2).sop_instance);
        assert_eq!(of(1).series, of(2).series);
        assert_eq!(of(1).text(tag::MODALITY), "DOC");
    }

    #[test]
    fn a_full_archive_is_tried_again_and_a_refusal_waits_for_a_person() {
        assert!(matches!(outcome_of((0, "")), Outcome::Acked { .. }));
        assert!(matches!(outcome_of((0xA700, "full")), Outcome::Retry { .. }));
        assert!(matches!(outcome_of((0x0122, "")), Outcome::Parked { .. }));
        assert!(matches!(outcome_of((NOT_SENT, "no context")), Outcome::Parked { .. }));
    }
}
