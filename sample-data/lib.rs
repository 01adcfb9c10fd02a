//! Generators for synthetic DICOM, ECG and HL7 with provenance: what `yigong demo` feeds.
