//! ECG recordings: receive, show, draw.
//!
//! A recording is understood once, when it arrives: quality, measurements and triage are kept beside the untouched
//! original. The machine only raises; nothing here signs, lowers or hides.

pub mod detail;
mod place;
pub mod receive;
pub mod show;
pub mod sql;

#[cfg(test)]
mod tests;

pub use receive::{Received, receive};
