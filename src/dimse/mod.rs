//! DICOM upper layer and DIMSE services.
