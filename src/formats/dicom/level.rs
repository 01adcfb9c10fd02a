//! The levels of a query, and which attributes are matched and answered at each (PS3.4 §C.6.1.1, §C.6.2.1).

use super::attributes::Attributes;
use super::{Tag, tag};

/// What an answer stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Patients of the own facility.
    Patient,
    /// Studies.
    Study,
    /// Series.
    Series,
    /// Instances.
    Instance,
}

impl Level {
    /// By (0008,0052).
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Some(match text {
            "PATIENT" => Self::Patient,
            "STUDY" => Self::Study,
            "SERIES" => Self::Series,
            "IMAGE" => Self::Instance,
            _ => return None,
        })
    }

    /// As (0008,0052) says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Instance => "IMAGE",
        }
    }

    /// Its unique key (PS3.4 §C.3.1).
    #[must_use]
    pub fn unique_key(self) -> Tag {
        match self {
            Self::Patient => tag::PATIENT_ID,
            Self::Study => tag::STUDY_UID,
            Self::Series => tag::SERIES_UID,
            Self::Instance => tag::SOP_INSTANCE,
        }
    }
}

const PATIENT: &[Tag] = &[tag::PATIENT_NAME, tag::PATIENT_ID, tag::BIRTH_DATE, tag::SEX];
const PATIENT_ONLY: &[Tag] = &[tag::PATIENT_STUDIES, tag::PATIENT_SERIES, tag::PATIENT_INSTANCES];
const STUDY: &[Tag] = &[
    tag::STUDY_DATE,
    tag::STUDY_TIME,
    tag::ACCESSION,
    tag::MODALITIES_IN_STUDY,
    tag::SOP_CLASSES_IN_STUDY,
    tag::REFERRING,
    tag::STUDY_DESCRIPTION,
    tag::READERS,
    tag::INSTITUTION,
    tag::PATIENT_COMMENTS,
    tag::STUDY_UID,
    tag::STUDY_ID,
    tag::STUDY_SERIES,
    tag::STUDY_INSTANCES,
];
const SERIES: &[Tag] = &[
    tag::MODALITY,
    tag::SERIES_NUMBER,
    tag::SERIES_UID,
    tag::SERIES_DESCRIPTION,
    tag::BODY_PART,
    tag::LATERALITY,
    tag::SERIES_DATE,
    tag::SERIES_TIME,
    tag::PROTOCOL,
    tag::STATION,
    tag::MANUFACTURER,
    tag::MODEL,
    tag::SERIES_INSTANCES,
];
const INSTANCE: &[Tag] = &[
    tag::SOP_CLASS,
    tag::SOP_INSTANCE,
    tag::INSTANCE_NUMBER,
    tag::FRAMES,
    tag::ROWS,
    tag::COLS,
    tag::BITS_ALLOCATED,
    tag::CONTENT_DATE,
    tag::CONTENT_TIME,
    tag::AVAILABLE_SYNTAX,
];
/// What every answer carries, or what is no key but says how to read the identifier.
const FRAME: &[Tag] =
    &[tag::CHARSET, tag::TIMEZONE, tag::QUERY_LEVEL, tag::RETRIEVE_AE, tag::AVAILABILITY, tag::RETRIEVE_URL];

/// The attributes of an identifier that are neither matched nor answered at a level.
#[must_use]
pub fn unsupported(level: Level, keys: &Attributes) -> Vec<Tag> {
    let known = |t: &Tag| match level {
        Level::Patient => PATIENT.contains(t) || PATIENT_ONLY.contains(t),
        Level::Study => PATIENT.contains(t) || STUDY.contains(t),
        Level::Series => PATIENT.contains(t) || STUDY.contains(t) || SERIES.contains(t),
        Level::Instance => [PATIENT, STUDY, SERIES, INSTANCE].iter().any(|list| list.contains(t)),
    };
    keys.iter().map(|(t, ..)| t).filter(|t| !FRAME.contains(t) && !known(t)).collect()
}
