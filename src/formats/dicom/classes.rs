//! Every storage class of the standard and every transfer syntax that is taken, as lists: for the conformance statement
//! (PS3.6 Annex A).

use dicom_core::dictionary::{UidDictionary, UidDictionaryEntry};
use dicom_dictionary_std::StandardSopClassDictionary;

use super::negotiate::{is_known_syntax, is_storage_class};

/// Root of the storage classes for images, documents and waveforms.
const STORAGE_ROOT: &str = "1.2.840.10008.5.1.4.1.1";
/// Further storage classes that stand elsewhere.
const ELSEWHERE: &[&str] = &["1.2.840.10008.5.1.4.34.7", "1.2.840.10008.5.1.4.34.10"];
/// Largest components that the standard has given out below the root, with room.
const LARGEST: (u32, u32, u32) = (700, 40, 20);

/// Name and UID of every standard storage class, in the order of their UIDs.
#[must_use]
pub fn storage_classes() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut look = |uid: &str| {
        if let Some(entry) = StandardSopClassDictionary.by_uid(uid)
            && is_storage_class(uid)
        {
            found.push((entry.name(), entry.uid()));
        }
    };
    for a in 1..=LARGEST.0 {
        look(&format!("{STORAGE_ROOT}.{a}"));
        for b in 1..=LARGEST.1 {
            look(&format!("{STORAGE_ROOT}.{a}.{b}"));
            for c in 1..=LARGEST.2 {
                look(&format!("{STORAGE_ROOT}.{a}.{b}.{c}"));
            }
        }
    }
    for uid in ELSEWHERE {
        look(uid);
    }
    found
}

/// UID of every transfer syntax that is stored (PS3.5 Annex A).
#[must_use]
pub fn transfer_syntaxes() -> Vec<String> {
    let short = ["", ".1", ".1.98", ".1.99", ".2", ".5", ".8.1"].map(str::to_owned);
    let numbered = (50..=210).flat_map(|n| [format!(".4.{n}"), format!(".4.{n}.1")]);
    let mut all: Vec<String> =
        short.into_iter().chain(numbered).map(|t| format!("1.2.840.10008.1.2{t}")).collect();
    // Only the video processes have a fragmentable form, which ends in .1 (PS3.5 §A.4.5 and following).
    all.retain(|uid| {
        is_known_syntax(uid) && (!uid.ends_with(".1") || uid.len() < 23 || uid.contains(".4.10"))
    });
    all
}

#[cfg(test)]
mod tests {
    use super::{storage_classes, transfer_syntaxes};

    #[test]
    fn the_lists_hold_what_everybody_knows() {
        let classes = storage_classes();
        for uid in
            ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.104.1"]
        {
            assert!(classes.iter().any(|(_, u)| *u == uid), "{uid}");
        }
        assert!(classes.len() > 150, "{}", classes.len());
        let syntaxes = transfer_syntaxes();
        for uid in [
            "1.2.840.10008.1.2",
            "1.2.840.10008.1.2.4.80",
            "1.2.840.10008.1.2.4.100.1",
            "1.2.840.10008.1.2.4.203",
        ] {
            assert!(syntaxes.iter().any(|u| u == uid), "{uid}");
        }
        assert!(!syntaxes.iter().any(|u| u.ends_with(".80.1")));
    }
}
