//! The DICOM carrier: a report version as Encapsulated PDF by C-STORE. A resend repeats the same object.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::fault::Fault;
use yigong_base::site::peer;
use yigong_clinic::delivery::carrier::{Attempt, Carrier, Outcome, Parcel};
use yigong_clinic::delivery::destination::archive;
use yigong_clinic::report::content::ReportContent;
use yigong_clinic::report::encapsulated;

use super::scu::{NOT_SENT, Object, Target, store, tls_of};
use super::tls::TlsCall;

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

    async fn object(&self, parcel: &Parcel) -> Result<Vec<u8>, Outcome> {
        let content: ReportContent = serde_json::from_str(&parcel.content)
            .map_err(|e| Outcome::Parked { why: format!("content: {e}") })?;
        // A disk that does not answer is no fault of the report.
        let read = self.ctx.blobs.read(&parcel.pdf_object).await;
        let pdf = read.map_err(|e| Outcome::Retry { why: e.to_string() })?;
        Ok(encapsulated::object(&content, &pdf, self.ctx.config.centre.utc_offset_minutes))
    }

    /// An archive whose title is in the register of peers is called as the register says: a report does not go out in the clear
    /// to somebody whose images only travel by TLS.
    async fn tls(&self, called: &str, facility: &str) -> Result<Option<TlsCall>, Fault> {
        let mut read = self.ctx.db.read(&Permit::system("delivery")).await?;
        match peer::known_ae(&mut read, called, facility).await? {
            Some(peer) => tls_of(&self.ctx, &peer),
            None => Ok(None),
        }
    }

    async fn attempt(&self, parcel: &Parcel) -> Attempt {
        let failed = |outcome| Attempt { body: Vec::new(), outcome };
        let Some((called, address)) = archive(&parcel.address) else {
            return failed(Outcome::Parked { why: "the address is not AE@host:port".into() });
        };
        let content: Value = serde_json::from_str(&parcel.content).unwrap_or_default();
        let facility = content.pointer("/facility/code").and_then(Value::as_str).unwrap_or_default();
        let tls = match self.tls(called, facility).await {
            Ok(tls) => tls,
            Err(fault) => return failed(Outcome::Retry { why: fault.to_string() }),
        };
        let object = match self.object(parcel).await {
            Ok(object) => object,
            Err(outcome) => return failed(outcome),
        };
        let target = Target {
            address: address.to_owned(),
            calling_ae: self.ctx.config.dicom.ae_title.clone(),
            called_ae: called.to_owned(),
            send_cap: 0,
            originator: None,
            tls,
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

impl Carrier for DicomCarrier {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Attempt> + Send + 'a>> {
        Box::pin(self.attempt(parcel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_archive_is_tried_again_and_a_refusal_waits_for_a_person() {
        assert!(matches!(outcome_of((0, "")), Outcome::Acked { .. }));
        assert!(matches!(outcome_of((0xA700, "full")), Outcome::Retry { .. }));
        assert!(matches!(outcome_of((0x0122, "")), Outcome::Parked { .. }));
        assert!(matches!(outcome_of((NOT_SENT, "no context")), Outcome::Parked { .. }));
    }
}
