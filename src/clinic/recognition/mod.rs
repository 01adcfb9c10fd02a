//! Mutual recognition (互认): the mark is computed from the catalogue and evidence at publishing and frozen in the version.

pub mod evidence;
pub mod mark;
pub mod sql;
#[cfg(test)]
mod tests;

pub use mark::{Asked, Computed, mark};
