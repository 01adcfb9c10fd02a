//! Why a message was refused: the code of table 0357 and the line, never the content.

use std::fmt;

/// HL7 table 0357, message error condition codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// 100: segments in the wrong order, or a required segment missing.
    SegmentSequence,
    /// 101: a required field is missing.
    RequiredField,
    /// 102: wrong data type; here also an undecodable character set.
    DataType,
    /// 103: a value is not in its table.
    TableValue,
    /// 200: message type not supported.
    MessageType,
    /// 201: event not supported.
    EventCode,
    /// 202: processing id not supported.
    ProcessingId,
    /// 203: version not supported.
    Version,
    /// 204: unknown key identifier.
    UnknownKey,
    /// 205: duplicate key identifier.
    DuplicateKey,
    /// 207: application internal error.
    Internal,
}

impl ErrorCode {
    /// The number on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::SegmentSequence => "100",
            Self::RequiredField => "101",
            Self::DataType => "102",
            Self::TableValue => "103",
            Self::MessageType => "200",
            Self::EventCode => "201",
            Self::ProcessingId => "202",
            Self::Version => "203",
            Self::UnknownKey => "204",
            Self::DuplicateKey => "205",
            Self::Internal => "207",
        }
    }

    /// The text of table 0357.
    pub fn text(self) -> &'static str {
        match self {
            Self::SegmentSequence => "Segment sequence error",
            Self::RequiredField => "Required field missing",
            Self::DataType => "Data type error",
            Self::TableValue => "Table value not found",
            Self::MessageType => "Unsupported message type",
            Self::EventCode => "Unsupported event code",
            Self::ProcessingId => "Unsupported processing id",
            Self::Version => "Unsupported version id",
            Self::UnknownKey => "Unknown key identifier",
            Self::DuplicateKey => "Duplicate key identifier",
            Self::Internal => "Application internal error",
        }
    }
}

/// A message that was not read. `line` counts from 1; 0 means the message as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Line of the message as it arrived, from 1; 0 = the whole message.
    pub line: usize,
    /// What the sender is told.
    pub code: ErrorCode,
    /// Short reason, without any content of the message.
    pub reason: &'static str,
}

impl ReadError {
    /// A refusal at `line` (from 1; 0 = the whole message).
    pub fn new(line: usize, code: ErrorCode, reason: &'static str) -> Self {
        Self { line, code, reason }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}", self.reason)
        } else {
            write!(f, "line {}: {}", self.line, self.reason)
        }
    }
}

impl std::error::Error for ReadError {}

/// Something that was repaired while reading, with the line it stood on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// Line of the message as it arrived, from 1; 0 = the whole message.
    pub line: usize,
    /// Stable name: `lf_segments`, `blank_line`, `name_only`, `lone_lf`, `label_wrong`, `two_msh` ...
    pub kind: &'static str,
}
