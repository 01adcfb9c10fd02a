//! ECG recordings: receive, show, draw.
//!
//! A recording is understood once, when it arrives: quality, measurements and triage are kept beside the untouched
//! original. The machine only raises; nothing here signs, lowers or hides.

mod arrived;
pub mod assign;
pub mod codes;
pub mod compare;
pub mod detail;
pub mod export;
pub mod gate;
pub mod lists;
pub mod physician;
mod place;
pub mod preset;
mod previous;
mod raise;
pub mod receive;
mod rendition;
mod repeat;
pub mod sentences;
pub mod show;
pub mod sql;
pub mod statistics;
pub mod stray;
mod understand;
pub mod upload;
pub mod values;
mod whose;

#[cfg(test)]
mod tests;

pub use arrived::Asked;
pub use receive::{Received, receive};
