//! ECG recordings: one model, decoders, physics checks, measurement, quality, critical rules, drawing.
//!
//! Input is bytes, output is values: the document is always recomputable from the stored original.
//! Content decides the format, never a file name; what is not understood is refused with a reason, never guessed.

pub mod analyse;
pub mod critical;
pub mod decode;
pub mod draw;
pub mod format;
pub mod lead;
pub mod leadswap;
pub mod limits;
pub mod measure;
pub mod model;
pub mod physics;
pub mod quality;
pub mod ratio;
mod same;
pub mod serial;
pub mod statements;
pub mod write;

#[cfg(test)]
mod tests;

pub use analyse::{Analysis, analyse};
pub use format::Format;
pub use lead::LeadId;
pub use limits::{Limits, Refusal};
pub use model::{Document, Group, GroupKind, Lead, Source, Value, Warning};
pub use ratio::Ratio;
