//! A recording written anew for other systems (ECG specification 17): DICOM waveform and HL7 aECG.
//!
//! Samples are never resampled, filtered or rounded: read back, the waveform has the same hash. Every value names its
//! source, and the file names the hash of the original it was made from.

pub mod aecg;
pub mod dicom;
mod notes;
mod plane;
mod xml;

use std::fmt;

use super::measure::Measured;
use super::model::{Source, Subject, Value};

pub use aecg::aecg;
pub use dicom::dicom;

/// What the caller adds to the samples. Identifiers and times are arguments: nothing is made up here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Export<'a> {
    /// Study Instance UID.
    pub study: &'a str,
    /// Series Instance UID.
    pub series: &'a str,
    /// SOP Instance UID; also the id of the aECG document.
    pub instance: &'a str,
    /// Accession number.
    pub accession: &'a str,
    /// Time of writing, `YYYYMMDDHHMMSS`.
    pub written: &'a str,
    /// Start of the recording when the file does not say it, `YYYYMMDDHHMMSS`.
    pub acquired: &'a str,
    /// SHA-256 of the original file, hexadecimal.
    pub original_sha256: &'a str,
    /// Institution that holds the record.
    pub institution: &'a str,
    /// The person as the order names them; the file's own words otherwise.
    pub subject: Option<&'a Subject>,
    /// Measurement of this program: median beat, marks, R peaks.
    pub measured: Option<&'a Measured>,
    /// Values of every source.
    pub values: &'a [Value],
    /// Sentences of the signed report.
    pub statements: &'a [String],
}

impl<'a> Export<'a> {
    /// Start of the recording: what the file says, else what the caller knows.
    fn start(&self, document: &'a super::model::Document) -> Result<&'a str, Unwritable> {
        [document.acquired.as_str(), self.acquired]
            .into_iter()
            .find(|t| t.len() >= 14 && t.bytes().take(14).all(|b| b.is_ascii_digit()))
            .ok_or_else(|| Unwritable("the time of the recording is not known".into()))
    }

    /// The values of one source.
    fn of(&self, source: Source) -> impl Iterator<Item = (&'a Value, f64)> {
        self.values.iter().filter(move |v| v.source == source).filter_map(|v| Some((v, v.number?)))
    }
}

/// Why a recording cannot be written in the wanted form, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable(pub String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

/// Name of a source in a file.
const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Server => "server",
        Source::Physician => "physician",
        Source::Vendor => "recorder",
    }
}

/// Low and high limit and mains filter, read back from the caption the decoders make: `0.05-150 Hz AC50`.
fn bands(filters: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
    let number = |t: &'_ str| t.parse::<f64>().is_ok_and(|n| n > 0.0);
    let words: Vec<&str> = filters.split_whitespace().collect();
    let notch = words.iter().find_map(|w| w.strip_prefix("AC")).filter(|t| number(t));
    let before_unit = |k: usize| words.get(k + 1).is_some_and(|u| *u == "Hz");
    for (k, word) in words.iter().enumerate().filter(|(k, _)| before_unit(*k)) {
        let sign = k.checked_sub(1).and_then(|j| words.get(j)).copied();
        return match (sign, word.split_once('-')) {
            (_, Some((low, high))) if number(low) && number(high) => (Some(low), Some(high), notch),
            (Some(">"), _) if number(word) => (Some(word), None, notch),
            (Some("<"), _) if number(word) => (None, Some(word), notch),
            _ => continue,
        };
    }
    (None, None, notch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caption_gives_its_bands_back() {
        assert_eq!(bands("0.05-300 Hz"), (Some("0.05"), Some("300"), None));
        assert_eq!(bands("< 150 Hz AC60"), (None, Some("150"), Some("60")));
        assert_eq!(bands("> 0.5 Hz"), (Some("0.5"), None, None));
        assert_eq!(bands("AC50"), (None, None, Some("50")));
        assert_eq!(bands("muscle filter on"), (None, None, None));
    }
}
