//! DICOM data sets, character sets, UIDs, frames, DIMSE messages and negotiation.
