//! Synthetic 12-lead ECGs: a moving dipole seen through the Dower matrix, 500 Hz, 10 s, written as DICOM 12-lead waveform.

mod dipole;
mod waveform;

pub use dipole::{Recording, Rhythm};
pub use waveform::waveform;
