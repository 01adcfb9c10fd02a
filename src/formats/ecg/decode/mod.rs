//! Bytes to [`EcgDocument`](super::EcgDocument). The format is recognised by content, never by file name.

mod annotation;
mod channel;
mod dicom;

use super::{EcgDocument, Refusal};

/// Limits of a recording (defaults of the specification).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Channels of a group.
    pub channels: usize,
    /// Samples of a channel: 48 h at 1000 Hz.
    pub samples: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, channels: 64, samples: 48 * 3600 * 1000 }
    }
}

/// SOP classes of waveforms that may carry ECG leads (PS3.4 §B.5).
pub const WAVEFORM_CLASSES: &[(&str, &str)] = &[
    ("1.2.840.10008.5.1.4.1.1.9.1.1", "DICOM 12-lead ECG"),
    ("1.2.840.10008.5.1.4.1.1.9.1.2", "DICOM General ECG"),
    ("1.2.840.10008.5.1.4.1.1.9.1.3", "DICOM Ambulatory ECG"),
    ("1.2.840.10008.5.1.4.1.1.9.1.4", "DICOM General 32-bit ECG"),
    ("1.2.840.10008.5.1.4.1.1.9.2.1", "DICOM Hemodynamic"),
    ("1.2.840.10008.5.1.4.1.1.9.3.1", "DICOM Cardiac Electrophysiology"),
];

/// True when objects of this SOP class go to the ECG pipeline.
pub fn is_waveform(sop_class: &str) -> bool {
    WAVEFORM_CLASSES.iter().any(|(uid, _)| *uid == sop_class)
}

/// Decodes a recording, derives missing limb leads and runs the physics checks.
///
/// # Errors
/// [`Refusal`] in plain words when the bytes are no recording this program reads.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<EcgDocument, Refusal> {
    if bytes.len() > limits.bytes {
        return Err(Refusal { stage: "probe", reason: format!("{} bytes exceed the limit of {}", bytes.len(), limits.bytes) });
    }
    if let Some(format) = foreign(bytes) {
        return Err(Refusal { stage: "probe", reason: format!("{format} is not read yet") });
    }
    let mut document = dicom::decode(bytes, limits)?;
    super::physics::check(&mut document);
    for group in &mut document.groups {
        group.derive_limb_leads();
    }
    Ok(document)
}

/// Formats recognised but not decoded, so that the refusal names them.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let head = bytes.get(..512.min(bytes.len()))?;
    let has = |needle: &str| head.windows(needle.len()).any(|w| w == needle.as_bytes());
    match head {
        h if h.starts_with(b"%PDF-") => Some("PDF"),
        h if h.starts_with(b"ISHNE1.0") => Some("ISHNE"),
        h if h.starts_with(b"0       ") => Some("EDF"),
        h if h.get(16..22) == Some(b"SCPECG") => Some("SCP-ECG"),
        _ if has("AnnotatedECG") => Some("HL7 aECG"),
        _ if has("restingecgdata") => Some("Philips XML"),
        _ if has("RestingECG") => Some("GE MUSE XML"),
        _ => None,
    }
}
