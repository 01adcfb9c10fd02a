//! What became of an object, as a C-STORE status (PS3.4 §B.2.3, PS3.7 Annex C).

use yigong_base::fault::{Fault, Result};
use yigong_clinic::imaging::receive::{Outcome, Received};
use yigong_formats::dicom::command::Command;

/// Stored durably.
pub(super) const SUCCESS: u16 = 0x0000;
/// Stored, with a remark; only for peers whose policy asks for warnings.
pub(super) const COERCED: u16 = 0xB000;
/// Stored, and something is wrong with it; only for peers whose policy asks for warnings (PS3.4 §B.2.3).
pub(super) const DEFECTIVE: u16 = 0xB007;
/// Disk, quota or database: nothing kept, the sender may retry.
pub(super) const OUT_OF_RESOURCES: u16 = 0xA700;
/// Command, context and data set name different classes or instances.
pub(super) const MISMATCH: u16 = 0xA900;
/// Refused by the scanner; the comment is the slug.
pub(super) const CANNOT_UNDERSTAND: u16 = 0xC000;
/// An attribute has a value that is not allowed here (PS3.7 Annex C, N-services).
pub(super) const INVALID_VALUE: u16 = 0x0106;
/// The request cannot be carried out.
pub(super) const PROCESSING_FAILURE: u16 = 0x0110;
/// An instance of this UID exists.
pub(super) const DUPLICATE_INSTANCE: u16 = 0x0111;
/// There is no instance of this UID.
pub(super) const NO_SUCH_INSTANCE: u16 = 0x0112;
/// The class has no such event.
pub(super) const NO_SUCH_EVENT: u16 = 0x0113;
/// The instance UID is none.
pub(super) const INVALID_INSTANCE: u16 = 0x0117;
/// A required attribute is absent.
pub(super) const MISSING_ATTRIBUTE: u16 = 0x0120;
/// The class has no such action.
pub(super) const NO_SUCH_ACTION: u16 = 0x0123;
/// The class of the command is not the context's.
pub(super) const CLASS_NOT_SUPPORTED: u16 = 0x0122;
/// The peer may not.
pub(super) const NOT_AUTHORISED: u16 = 0x0124;
/// A request with the message id of one that is at work (PS3.7 Annex C.4.3).
pub(super) const DUPLICATE_INVOCATION: u16 = 0x0210;
/// Matches go on; every key was understood.
pub(super) const PENDING: u16 = 0xFF00;
/// Matches go on; an optional key was not.
pub(super) const PENDING_UNSUPPORTED: u16 = 0xFF01;
/// The command field is unknown.
pub(super) const UNRECOGNISED: u16 = 0x0211;

/// A status and its Error Comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) comment: String,
}

impl Status {
    pub(super) fn new(code: u16, comment: impl Into<String>) -> Self {
        Self { code, comment: comment.into() }
    }
}

/// The identifier is not one of its information model (PS3.4 §C.4.1.1.4).
pub(super) const IDENTIFIER: u16 = 0xA900;
/// The peer said stop.
pub(super) const CANCELLED: u16 = 0xFE00;
/// The number of matches cannot be told (PS3.4 §C.4.2.1.5).
pub(super) const OUT_OF_RESOURCES_MATCHES: u16 = 0xA701;
/// No sub-operation can be performed.
pub(super) const CANNOT_SEND: u16 = 0xA702;
/// Nobody of that title may have it (PS3.4 §C.4.2.1.5).
pub(super) const UNKNOWN_DESTINATION: u16 = 0xA801;
/// Some sub-operations failed.
pub(super) const SOME_FAILED: u16 = 0xB000;
/// The request cannot be processed; the fault is ours.
pub(super) const UNABLE: u16 = 0xC001;

/// The answer to a request whose data set is larger than any (PS3.4 §C.4, PS3.7 annex C): each service has its own words for it.
pub(super) fn too_large(command: &Command) -> u16 {
    match command {
        Command::Find(_) => OUT_OF_RESOURCES,
        Command::Move(_) | Command::Get(_) => OUT_OF_RESOURCES_MATCHES,
        _ => PROCESSING_FAILURE,
    }
}

/// Whether further responses follow one of this status.
pub(super) fn is_pending(status: u16) -> bool {
    matches!(status, PENDING | PENDING_UNSUPPORTED)
}

/// The answer to a C-STORE. 0000 only for what the imaging slice reports as durable (invariant 1).
pub(super) fn of(result: &Result<Received>, warn: bool) -> Status {
    match result {
        Ok(received) => match received.outcome {
            Outcome::Version | Outcome::Quarantined if warn => Status::new(COERCED, received.reason),
            _ if warn && !received.defect.is_empty() => Status::new(DEFECTIVE, received.defect),
            _ => Status::new(SUCCESS, ""),
        },
        Err(Fault::Invalid { what, .. }) if what == "sop-mismatch" => Status::new(MISMATCH, what.as_str()),
        Err(Fault::Invalid { what, .. }) => Status::new(CANNOT_UNDERSTAND, what.as_str()),
        Err(Fault::Denied { what }) => Status::new(NOT_AUTHORISED, what.as_str()),
        Err(fault) => Status::new(OUT_OF_RESOURCES, fault.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_means_safe() {
        let received =
            |outcome| Ok(Received { instance: "i".into(), outcome, reason: "identity", defect: "" });
        for outcome in [Outcome::New, Outcome::Same, Outcome::Version, Outcome::Quarantined] {
            assert_eq!(of(&received(outcome), false).code, SUCCESS);
        }
        assert_eq!(of(&received(Outcome::Quarantined), true), Status::new(COERCED, "identity"));
        let cut = received(Outcome::New).map(|r| Received { defect: "truncated", ..r });
        assert_eq!(of(&cut, true), Status::new(DEFECTIVE, "truncated"));
        assert_eq!(of(&cut, false).code, SUCCESS);
        for fault in [
            Fault::storage("fsync"),
            Fault::internal("x"),
            Fault::Busy { detail: String::new() },
            Fault::conflict("a", "b"),
        ] {
            assert_eq!(of(&Err(fault), true).code, OUT_OF_RESOURCES);
        }
        assert_eq!(of(&Err(Fault::invalid("sop-mismatch", "")), false).code, MISMATCH);
        assert_eq!(of(&Err(Fault::invalid("depth", "64")), false), Status::new(CANNOT_UNDERSTAND, "depth"));
        assert_eq!(of(&Err(Fault::denied("upload")), false).code, NOT_AUTHORISED);
    }
}
