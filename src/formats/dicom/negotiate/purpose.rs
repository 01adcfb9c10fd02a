//! What an abstract syntax is for, who may have it, and which transfer syntaxes are taken.

use dicom_core::dictionary::{UidDictionary, UidDictionaryEntry};
use dicom_dictionary_std::StandardSopClassDictionary;

use super::{Options, PeerPolicy};
use crate::dicom::uid;

/// Bytes of application information that any class defines.
const MOST_EXTENDED: usize = 8;

/// The use of a presentation context (PS3.4, one annex each).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// C-ECHO (Annex A).
    Verification,
    /// C-STORE (Annex B): kept as it comes.
    Storage,
    /// C-FIND, study root or patient root (Annex C).
    Find,
    /// C-MOVE.
    Move,
    /// C-GET.
    Get,
    /// C-FIND on the modality worklist (Annex K).
    Worklist,
    /// Modality performed procedure step (Annex F).
    Mpps,
    /// Storage commitment, push model (Annex J).
    Commitment,
}

impl Purpose {
    /// The answer to a SOP class extended negotiation (PS3.7 §D.3.3.5): each proposed byte that we do is echoed, the others
    /// are 0. Empty = not answered.
    #[must_use]
    pub fn extended(self, asked: &[u8]) -> Vec<u8> {
        let echo = |ours: &[usize]| -> Vec<u8> {
            let bytes = asked.iter().take(MOST_EXTENDED).enumerate();
            bytes.map(|(n, a)| u8::from(*a == 1 && ours.contains(&n))).collect()
        };
        match self {
            // PS3.4 §C.5.1.1.1: relational queries, combined date and time, fuzzy names; not the timezone, not multi-frame views
            Self::Find => echo(&[0, 1, 2]),
            // PS3.4 §C.5.2.1: relational retrieval
            Self::Move | Self::Get => echo(&[0]),
            // PS3.4 §K.4.1.1.3.1: fuzzy names, then the timezone
            Self::Worklist => echo(&[0]),
            // PS3.4 §B.3.1: level 2 (full), signatures kept bit by bit, nothing coerced
            Self::Storage => vec![2, 0, 3, 0, 0, 0],
            Self::Verification | Self::Mpps | Self::Commitment => Vec::new(),
        }
    }
}

impl Purpose {
    /// What the application information of a request asks for and gets: the bytes that [`Self::extended`] echoes.
    pub(super) fn options(self, asked: &[u8]) -> Options {
        let answer = self.extended(asked);
        let agreed = |n: usize| answer.get(n) == Some(&1);
        match self {
            Self::Find => Options { relational: agreed(0), combined: agreed(1), fuzzy: agreed(2) },
            Self::Move | Self::Get => Options { relational: agreed(0), ..Options::default() },
            Self::Worklist => Options { fuzzy: agreed(0), ..Options::default() },
            _ => Options::default(),
        }
    }
}

/// What a policy says about an abstract syntax.
pub(super) enum Verdict {
    /// Spoken, and this peer may.
    Granted(Purpose),
    /// Spoken, but this peer may not.
    Forbidden(Purpose),
    /// Not spoken here.
    Unknown,
}

/// The purpose of a SOP class whose name alone decides.
pub(super) fn named(sop_class: &str) -> Option<Purpose> {
    Some(match sop_class {
        uid::VERIFICATION => Purpose::Verification,
        uid::STUDY_ROOT_FIND | uid::PATIENT_ROOT_FIND => Purpose::Find,
        uid::STUDY_ROOT_MOVE | uid::PATIENT_ROOT_MOVE => Purpose::Move,
        uid::STUDY_ROOT_GET | uid::PATIENT_ROOT_GET => Purpose::Get,
        uid::WORKLIST_FIND => Purpose::Worklist,
        uid::MPPS => Purpose::Mpps,
        uid::COMMITMENT_PUSH => Purpose::Commitment,
        _ => return None,
    })
}

pub(super) fn judge(sop_class: &str, policy: &PeerPolicy) -> Verdict {
    let (purpose, may) = match named(sop_class) {
        Some(purpose) => (
            purpose,
            match purpose {
                Purpose::Verification => true,
                Purpose::Storage => policy.store,
                Purpose::Find => policy.find,
                Purpose::Move => policy.move_,
                Purpose::Get => policy.get,
                Purpose::Worklist => policy.worklist,
                Purpose::Mpps => policy.mpps,
                Purpose::Commitment => policy.commitment,
            },
        ),
        None if is_storage_class(sop_class) => (Purpose::Storage, policy.store),
        None if sop_class.starts_with("1.2.840.10008.5.1.4.1.1.") => {
            (Purpose::Storage, policy.store && policy.unknown_classes)
        }
        None if !sop_class.starts_with("1.2.840.10008.") && uid::is_valid(sop_class) => {
            (Purpose::Storage, policy.store && policy.private_classes)
        }
        None => return Verdict::Unknown,
    };
    if may { Verdict::Granted(purpose) } else { Verdict::Forbidden(purpose) }
}

/// Whether the DICOM dictionary names this class a storage class (PS3.6 Annex A; the media directory and commitment are not).
#[must_use]
pub fn is_storage_class(sop_class: &str) -> bool {
    StandardSopClassDictionary.by_uid(sop_class).is_some_and(|entry| {
        let name = entry.alias();
        name.contains("Storage")
            && !name.starts_with("StorageCommitment")
            && !name.starts_with("MediaStorage")
    })
}

/// Transfer syntaxes whose data sets are whole when they arrive: native, deflated, encapsulated. Not JPIP (pixels elsewhere),
/// not MIME or XML, not live video (PS3.5 Annex A).
#[must_use]
pub fn is_known_syntax(syntax: &str) -> bool {
    let Some(tail) = syntax.strip_prefix("1.2.840.10008.1.2") else { return false };
    if matches!(tail, "" | ".1" | ".1.98" | ".1.99" | ".2" | ".5" | ".8.1") {
        return true;
    }
    let Some(number) = tail.strip_prefix(".4.") else { return false };
    let number = number.strip_suffix(".1").unwrap_or(number);
    uid::is_valid(number)
        && number
            .parse::<u16>()
            .is_ok_and(|n| matches!(n, 50..=66 | 70 | 80 | 81 | 90..=93 | 100..=108 | 110..=112 | 201..=203))
}
