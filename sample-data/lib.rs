//! Generators for synthetic DICOM, ECG and HL7 with provenance: what `yigong demo` feeds.
//!
//! Everything is computed from seeds; nothing in it comes from a patient.

pub mod cases;
pub mod county;
pub mod ct;
pub mod ecg;
pub mod film;
pub mod geometry;
pub mod hl7;
pub mod mammogram;
pub mod object;
pub mod random;
pub mod ultrasound;
pub mod vascular;
