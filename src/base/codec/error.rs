//! Why a frame could not be decoded.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Why a frame could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "detail", rename_all = "snake_case")]
pub enum CodecError {
    /// The transfer syntax or sample format is stored as it is, but not decoded here.
    Unsupported(String),
    /// The attributes contradict each other or the limits, or the codestream is damaged.
    Refused(String),
    /// The codestream's dimensions are not those of the data set (`codestream-size`).
    Size(String),
    /// The worker ran out of time or memory, or crashed, twice.
    Killed(String),
    /// No worker could be started.
    Unavailable(String),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "not decoded here: {what}"),
            Self::Refused(why) => write!(f, "frame refused: {why}"),
            Self::Size(why) => write!(f, "codestream size: {why}"),
            Self::Killed(why) => write!(f, "codec worker killed: {why}"),
            Self::Unavailable(why) => write!(f, "codec worker not available: {why}"),
        }
    }
}

impl CodecError {
    /// Short name, as it stands in answers, flags and logs.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Unsupported(_) => "codec-unsupported",
            Self::Refused(_) => "codestream",
            Self::Size(_) => "codestream-size",
            Self::Killed(_) => "render-failed",
            Self::Unavailable(_) => "codec-unavailable",
        }
    }
}

impl std::error::Error for CodecError {}

impl From<CodecError> for Fault {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Unavailable(_) => Self::internal(error.to_string()),
            other => Self::invalid(other.slug(), other.to_string()),
        }
    }
}

pub(super) fn refused(why: impl Into<String>) -> CodecError {
    CodecError::Refused(why.into())
}
