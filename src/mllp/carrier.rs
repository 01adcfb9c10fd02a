//! The HL7 carrier: a report version as ORU^R01 over MLLP. A resend repeats the same bytes under the same MSH-10.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use yigong_base::Ctx;
use yigong_clinic::delivery::carrier::{Attempt, Carrier, Outcome, Parcel};
use yigong_clinic::report::content::ReportContent;

use super::oru::{self, Style};
use super::send;

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Brings report versions to clinic systems.
pub struct Hl7Carrier {
    ctx: Ctx,
    patience: Duration,
}

impl Hl7Carrier {
    /// A carrier that reads PDFs from this platform's blobs.
    #[must_use]
    pub fn new(ctx: Ctx) -> Self {
        Self { ctx, patience: PATIENCE }
    }

    /// With another time limit for answers.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The bytes of an earlier try, or those that are built now; where nothing could be built nothing was kept.
    async fn body(&self, parcel: &Parcel) -> Result<Vec<u8>, Outcome> {
        if let Some(body) = parcel.body.as_ref().filter(|body| !body.is_empty()) {
            return Ok(body.clone());
        }
        let parked = |why: String| Outcome::Parked { why };
        let content: ReportContent =
            serde_json::from_str(&parcel.content).map_err(|e| parked(format!("content: {e}")))?;
        let style = Style::of(&parcel.settings);
        let pdf = if style.pdf {
            // A disk that does not answer is no fault of the report.
            let read = self.ctx.blobs.read(&parcel.pdf_object).await;
            let bytes = read.map_err(|e| Outcome::Retry { why: e.to_string() })?;
            Some(base64::engine::general_purpose::STANDARD.encode(bytes))
        } else {
            None
        };
        let offset = i32::try_from(self.ctx.config.centre.utc_offset_minutes).unwrap_or(480);
        let text = oru::build(&content, &style, &parcel.control_id, offset, pdf.as_deref())
            .map_err(|e| parked(e.to_string()))?;
        let lacks = || parked("the character set of the destination lacks a character".to_owned());
        style.charset.encode(&text).ok_or_else(lacks)
    }

    async fn attempt(&self, parcel: &Parcel) -> Attempt {
        let body = match self.body(parcel).await {
            Ok(body) => body,
            Err(outcome) => return Attempt { body: Vec::new(), outcome },
        };
        let outcome = match send::send(&parcel.address, &body, self.patience).await {
            Ok(ack) if matches!(ack.code.as_str(), "AA" | "CA") => Outcome::Acked { receipt: ack.code },
            Ok(ack) => Outcome::Parked { why: format!("{} {}", ack.code, ack.text) },
            Err(error) => Outcome::Retry { why: error.to_string() },
        };
        Attempt { body, outcome }
    }
}

impl Carrier for Hl7Carrier {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Attempt> + Send + 'a>> {
        Box::pin(self.attempt(parcel))
    }
}
