//! Reports: drafts, append-only signed versions, amendments.

pub mod amend;
pub mod check;
pub mod commit;
pub mod content;
pub mod detail;
pub mod document;
pub mod draft;
pub mod encapsulated;
pub mod gather;
mod grade;
pub mod lab;
pub mod open;
pub mod pdf;
pub mod prepare;
pub mod publish;
pub mod read;
pub mod sign;
pub mod sql;
pub mod submit;
#[cfg(test)]
pub(crate) mod tests;
pub mod track;

pub use commit::commit_version;
pub use lab::{LabReport, prepare_lab};
pub use prepare::{Ready, prepare};
