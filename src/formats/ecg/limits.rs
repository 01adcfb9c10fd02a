//! Limits of decoding, and the refusal that says in plain words what could not be read.

use std::fmt;

use super::model::{Device, Document, Subject};

/// Limits of one decode (ECG specification 2).
///
/// A recording is held in memory whole: Holter files above `file` are refused, not streamed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the file.
    pub file: usize,
    /// Channels of a group.
    pub channels: usize,
    /// Samples of a channel: 48 h at 1000 Hz.
    pub samples: usize,
    /// Samples of all channels of all groups together, checked before allocation.
    pub total: usize,
    /// Nested elements of an XML file.
    pub depth: usize,
    /// Bytes of one text of an XML file.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 64 << 20,
            channels: 64,
            samples: 48 * 3_600 * 1_000,
            total: 48 << 20,
            depth: 64,
            text: 32 << 20,
        }
    }
}

/// Why a file was not decoded, with whatever was read before.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// `probe`, `structure`, `waveform`, `lead`, `limit`.
    pub stage: &'static str,
    /// Plain words; no patient data.
    pub reason: String,
    /// Byte of the file where it went wrong, when one can be named.
    pub offset: Option<u64>,
    /// The person as far as read.
    pub subject: Box<Subject>,
    /// The device as far as read.
    pub device: Box<Device>,
}

impl Refusal {
    /// A refusal.
    pub fn new(stage: &'static str, reason: impl Into<String>) -> Self {
        Self { stage, reason: reason.into(), offset: None, subject: Box::default(), device: Box::default() }
    }

    /// The same, with the place in the file.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.offset = u64::try_from(offset).ok();
        self
    }

    /// The same, with who and what had been read before.
    #[must_use]
    pub fn of(mut self, document: &Document) -> Self {
        self.subject = Box::new(document.subject.clone());
        self.device = Box::new(document.device.clone());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.reason)?;
        self.offset.map_or(Ok(()), |at| write!(f, " (byte {at})"))
    }
}

impl std::error::Error for Refusal {}
