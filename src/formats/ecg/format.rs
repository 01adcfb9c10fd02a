//! The formats recordings come in.

use serde::Serialize;

/// A file format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// DICOM waveform object (PS3.3 §A.34).
    #[default]
    Dicom,
    /// SCP-ECG (EN 1064, ISO 41064).
    Scp,
    /// What Healforce recorders write below the name of SCP-ECG.
    Healforce,
    /// HL7 annotated ECG ("FDA-XML").
    Aecg,
    /// GE MUSE XML.
    Muse,
    /// Philips (Sierra) XML.
    Philips,
    /// EDF and EDF+.
    Edf,
    /// ISHNE Holter.
    Ishne,
    /// WFDB header with signal files.
    Wfdb,
    /// A drawing without samples.
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 10] = [
        Self::Dicom,
        Self::Scp,
        Self::Healforce,
        Self::Aecg,
        Self::Muse,
        Self::Philips,
        Self::Edf,
        Self::Ishne,
        Self::Wfdb,
        Self::Pdf,
    ];

    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dicom => "dicom",
            Self::Scp => "scp",
            Self::Healforce => "healforce",
            Self::Aecg => "aecg",
            Self::Muse => "muse",
            Self::Philips => "philips",
            Self::Edf => "edf",
            Self::Ishne => "ishne",
            Self::Wfdb => "wfdb",
            Self::Pdf => "pdf",
        }
    }

    /// The format of this code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.code() == code)
    }
}
