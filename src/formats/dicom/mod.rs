//! DICOM data sets, character sets, UIDs, frames, DIMSE messages and negotiation.
//!
//! Received bytes are only ever walked by the bounded scanner of this module (`scan`); nothing here
//! recurses over foreign input, allocates by a declared length, or changes what was received.

pub mod attributes;
pub mod availability;
pub mod build;
pub mod classes;
pub mod command;
pub mod commitment;
pub mod dataset;
pub mod defect;
pub mod detect;
pub mod diff;
pub mod document;
pub mod dump;
pub mod frames;
pub mod head;
pub mod header;
pub mod image;
pub mod inflate;
pub mod iso2022;
pub mod json;
pub mod key_objects;
pub mod layout;
pub mod level;
pub mod matching;
pub mod multipart;
pub mod name;
pub mod negotiate;
pub mod object;
pub mod output;
pub mod overlay;
pub mod part10;
pub mod plausible;
pub mod profile;
pub mod qido;
pub mod rejection;
pub mod rewrite;
pub mod scan;
pub mod source;
pub mod step;
pub mod tag;
pub mod text;
pub mod uid;
pub mod visit;
pub mod vr;

#[cfg(test)]
mod tests;

pub use defect::{Defects, Refusal, Verdict};
pub use header::{Header, Reading, header, header_with};
pub use object::{Keep, Node, Object};
pub use source::{FileSource, SliceSource, Source};
pub use tag::Tag;
pub use vr::Vr;
