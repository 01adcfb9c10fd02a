//! Decoders: content decides, never a file name.

pub mod annotation;
pub mod channel;
pub mod dicom;
pub mod samples;

use super::format::Format;
use super::limits::{Limits, Refusal};
use super::model::Document;
use super::physics;

/// Decodes a recording and checks it.
///
/// # Errors
/// [`Refusal`] in plain words; whatever was read of person and device travels with it.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    if bytes.len() > limits.file {
        return Err(Refusal::new("limit", format!("file of {} bytes, at most {}", bytes.len(), limits.file)));
    }
    let mut document = dicom::decode(bytes, limits)?;
    physics::check(&mut document);
    Ok(document)
}

/// The format; `None` when nothing is recognised.
#[must_use]
pub fn probe(bytes: &[u8]) -> Option<Format> {
    (bytes.get(128..132) == Some(b"DICM")).then_some(Format::Dicom)
}
