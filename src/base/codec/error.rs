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
    /// The attributes contradict each other, the codestream, or the limits.
    Refused(String),
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
            Self::Killed(why) => write!(f, "codec worker killed: {why}"),
            Self::Unavailable(why) => write!(f, "codec worker not available: {why}"),
        }
    }
}

impl std::error::Error for CodecError {}

impl From<CodecError> for Fault {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Unsupported(_) | CodecError::Refused(_) | CodecError::Killed(_) => {
                Self::invalid("frame", error.to_string())
            }
            CodecError::Unavailable(_) => Self::internal(error.to_string()),
        }
    }
}

pub(super) fn refused(why: impl Into<String>) -> CodecError {
    CodecError::Refused(why.into())
}
