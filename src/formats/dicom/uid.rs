//! UIDs (PS3.5 §9). They are values, never names of files or parts of addresses.

use super::{Defects, Refusal};

/// Largest UID in characters.
pub const MAX: usize = 64;
/// Implicit VR Little Endian.
pub const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
/// Explicit VR Big Endian.
pub const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
/// Deflated Explicit VR Little Endian.
pub const DEFLATED_LE: &str = "1.2.840.10008.1.2.1.99";
/// RLE Lossless.
pub const RLE: &str = "1.2.840.10008.1.2.5";
/// JPEG Baseline (process 1).
pub const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
/// JPEG-LS Lossless.
pub const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
/// Verification SOP class.
pub const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Patient Root Query/Retrieve FIND.
pub const PATIENT_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.1.1";
/// Patient Root Query/Retrieve MOVE.
pub const PATIENT_ROOT_MOVE: &str = "1.2.840.10008.5.1.4.1.2.1.2";
/// Patient Root Query/Retrieve GET.
pub const PATIENT_ROOT_GET: &str = "1.2.840.10008.5.1.4.1.2.1.3";
/// Study Root Query/Retrieve FIND.
pub const STUDY_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
/// Study Root Query/Retrieve MOVE.
pub const STUDY_ROOT_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
/// Study Root Query/Retrieve GET.
pub const STUDY_ROOT_GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
/// Modality Worklist Information Model FIND.
pub const WORKLIST_FIND: &str = "1.2.840.10008.5.1.4.31";
/// Modality Performed Procedure Step.
pub const MPPS: &str = "1.2.840.10008.3.1.2.3.3";
/// Storage Commitment Push Model.
pub const COMMITMENT_PUSH: &str = "1.2.840.10008.1.20.1";
/// The well-known instance of the Storage Commitment Push Model (PS3.4 §J.3.5).
pub const COMMITMENT_PUSH_INSTANCE: &str = "1.2.840.10008.1.20.1.1";
/// Instance Availability Notification.
pub const AVAILABILITY: &str = "1.2.840.10008.5.1.4.33";
/// Key Object Selection Document Storage.
pub const KEY_OBJECT_SELECTION: &str = "1.2.840.10008.5.1.4.1.1.88.59";

/// Checks a UID value as received: padding is trimmed (`uid-padding` when it is not a single NUL), the rest must follow the grammar.
///
/// # Errors
/// `uid` when the value is not `[0-9]+(\.[0-9]+)*` of at most 64 characters.
pub fn check(raw: &[u8], what: &str, defects: &mut Defects) -> Result<String, Refusal> {
    let kept = raw.iter().rposition(|b| !matches!(b, 0 | b' ')).map_or(0, |p| p + 1);
    let value = raw.get(..kept).unwrap_or_default();
    let start = value.iter().position(|b| *b != b' ').unwrap_or(0);
    let value = value.get(start..).unwrap_or_default();
    let padding = raw.get(kept..).unwrap_or_default();
    if start > 0 || padding.len() > 1 || padding == b" " {
        defects.note("uid-padding");
    }
    if value.is_empty() {
        return Err(Refusal::new("uid", format!("{what} is missing")));
    }
    if value.len() > MAX {
        return Err(Refusal::new("uid", format!("{what} has {} characters", value.len())));
    }
    let grammar =
        value.split(|b| *b == b'.').all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    match std::str::from_utf8(value) {
        Ok(text) if grammar => {
            if value.split(|b| *b == b'.').any(|part| part.len() > 1 && part.first() == Some(&b'0')) {
                defects.note("uid-padding");
            }
            Ok(text.to_owned())
        }
        _ => Err(Refusal::new("uid", format!("{what} is not a uid"))),
    }
}

/// A UID value as text without its padding, its grammar not checked.
#[must_use]
pub fn trimmed(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).trim_end_matches(['\0', ' ']).trim_start_matches(' ').to_owned()
}

/// True when the text is a UID.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    text.len() <= MAX
        && !text.is_empty()
        && text.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

/// A UID under `2.25` from 128 bits (PS3.5 §B.2).
#[must_use]
pub fn from_u128(value: u128) -> String {
    format!("2.25.{value}")
}

/// True for the SOP classes whose objects are ECG or other waveforms (PS3.4 §B.5, class root …9.).
#[must_use]
pub fn is_waveform(sop_class: &str) -> bool {
    sop_class.starts_with("1.2.840.10008.5.1.4.1.1.9.")
}

/// True for the query/retrieve classes that send objects on the requestor's own association.
#[must_use]
pub fn is_get(sop_class: &str) -> bool {
    matches!(sop_class, PATIENT_ROOT_GET | STUDY_ROOT_GET)
}

/// True for storage SOP classes: the standard root and what devices add beside it.
#[must_use]
pub fn is_storage(sop_class: &str) -> bool {
    sop_class.starts_with("1.2.840.10008.5.1.4.1.1.")
        || sop_class.starts_with("1.2.840.10008.5.1.4.34.7")
        || sop_class.starts_with("1.2.840.10008.5.1.4.43.")
        || sop_class.starts_with("1.2.840.10008.5.1.4.44.")
        || sop_class.starts_with("1.2.840.10008.5.1.4.45.")
}

/// True for transfer syntaxes whose pixel data is one stream of moving pictures, however many frames it shows and in how
/// many fragments it is cut (PS3.5 §8.2.5 to §8.2.12): MPEG-2, MPEG-4, HEVC, and their fragmentable forms.
#[must_use]
pub fn is_video(transfer_syntax: &str) -> bool {
    let Some(own) = transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.") else { return false };
    own.strip_suffix(".1").unwrap_or(own).parse().is_ok_and(|n| (100..=108).contains(&n))
}

/// True for transfer syntaxes whose pixel data is a plain array (PS3.5 Annex A.1-A.3, A.5).
#[must_use]
pub fn is_native(transfer_syntax: &str) -> bool {
    matches!(transfer_syntax, IMPLICIT_LE | EXPLICIT_LE | EXPLICIT_BE | DEFLATED_LE)
}
