//! Which SOP classes and transfer syntaxes are taken.

use dicom_core::dictionary::{UidDictionary, UidDictionaryEntry};
use dicom_dictionary_std::StandardSopClassDictionary;

use super::PeerPolicy;
use crate::dicom::uid::{self, STUDY_ROOT_FIND, VERIFICATION};

/// What an abstract syntax asks for.
pub(super) enum Service {
    /// Verification or a query: small data sets that we decode ourselves.
    Query,
    /// Storage: kept as it comes.
    Storage,
    /// Known, but this peer may not.
    Forbidden,
    /// Not spoken here.
    None,
}

pub(super) fn service_of(sop_class: &str, policy: &PeerPolicy) -> Service {
    let allowed = |yes: bool, service: Service| if yes { service } else { Service::Forbidden };
    match sop_class {
        VERIFICATION => Service::Query,
        STUDY_ROOT_FIND => allowed(policy.find, Service::Query),
        _ if is_storage_class(sop_class) => allowed(policy.store, Service::Storage),
        _ if sop_class.starts_with("1.2.840.10008.5.1.4.1.1.") => {
            allowed(policy.store && policy.unknown_classes, Service::Storage)
        }
        _ if !sop_class.starts_with("1.2.840.10008.") && uid::is_valid(sop_class) => {
            allowed(policy.store && policy.private_classes, Service::Storage)
        }
        _ => Service::None,
    }
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
