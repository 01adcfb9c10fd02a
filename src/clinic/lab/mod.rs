//! Laboratory: specimens, results, verification.
//!
//! What the wire said is kept as it was said (`instrument_result`); what the centre makes of it (`lab_result`) carries
//! the reasons it is held for. Only a verifier releases; nothing is attached, released or converted by guess.

pub mod correct;
pub mod evaluate;
pub mod hold;
pub mod items;
mod loud;
mod matched;
pub mod messages;
pub mod queue;
pub mod receive;
pub mod rerun;
pub mod specimen;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod unmatched;
pub mod verify;

pub use hold::Hold;
pub use items::Item;
pub use receive::{Arrival, Received, Run, SampleKind, receive};
