//! ECG recordings: one model, decoders, physics checks, measurement, quality, machine raises, drawing.
//!
//! Reads DICOM waveforms so far; other formats are refused by name. Pure functions of bytes: no clock,
//! no I/O, no configuration. Nothing here signs, lowers or hides anything (invariant 10).

pub mod critical;
pub mod decode;
pub mod draw;
pub mod lead;
pub mod measure;
pub mod model;
pub mod physics;
pub mod quality;
pub mod ratio;

pub use lead::LeadId;
pub use model::{EcgDocument, Group, GroupKind, Lead, Refusal, Source, Value, Warning};
pub use ratio::Ratio;
