//! DICOM data sets, character sets, UIDs, frames, DIMSE messages and negotiation.

pub mod build;
