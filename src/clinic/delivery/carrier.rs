//! The carrier of a parcel: what an edge implements to bring a signed version to a destination.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

/// Something to be delivered once: one report version to one destination.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Delivery row id.
    pub delivery: String,
    /// Destination row id.
    pub destination: String,
    /// `host:port`, or `AE@host:port`.
    pub address: String,
    /// Settings of the destination (character set, accepted codes, application names).
    pub settings: Value,
    /// Report id.
    pub report: String,
    /// Version number.
    pub n: i64,
    /// Frozen content of the version (`ReportContent`), JSON text.
    pub content: String,
    /// Blob address of the signed PDF.
    pub pdf_object: String,
    /// Identifier of the message; the same for every try (MSH-10).
    pub control_id: String,
    /// Bytes of an earlier try: a resend repeats them.
    pub body: Option<Vec<u8>>,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver proved that it has it.
    Acked {
        /// What it said.
        receipt: String,
    },
    /// No proof: try again later.
    Retry {
        /// Why.
        why: String,
    },
    /// The receiver refused: a person must look.
    Parked {
        /// Why.
        why: String,
    },
}

/// A try: the bytes that were sent (kept for the next try) and how it ended.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Bytes as sent.
    pub body: Vec<u8>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Brings parcels of one kind of destination (`hl7`, `dicom`) to it. Implementations: HL7 over MLLP, C-STORE, and the tests' recorder.
pub trait Carrier: Send + Sync {
    /// Tries once. One parcel of a destination is in flight at a time.
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Attempt> + Send + 'a>>;
}
