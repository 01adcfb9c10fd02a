//! Limits of decoding, and the refusal that says in plain words what could not be read.

use std::fmt;

use super::model::{Device, Subject};

/// Limits of one decode (ECG specification 2).
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
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: 64 << 20, channels: 64, samples: 48 * 3_600 * 1_000, total: 48 << 20 }
    }
}

/// Why a file was not decoded, with whatever was read before.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// `probe`, `structure`, `waveform`, `lead`, `limit`.
    pub stage: &'static str,
    /// Plain words; no patient data.
    pub reason: String,
    /// The person as far as read.
    pub subject: Box<Subject>,
    /// The device as far as read.
    pub device: Box<Device>,
}

impl Refusal {
    /// A refusal.
    pub fn new(stage: &'static str, reason: impl Into<String>) -> Self {
        Self { stage, reason: reason.into(), subject: Box::default(), device: Box::default() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.reason)
    }
}

impl std::error::Error for Refusal {}
