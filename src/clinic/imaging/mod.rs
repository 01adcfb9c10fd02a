//! Images: receive, settle, query, retrieve.

pub mod check;
pub mod detail;
pub mod key_image;
pub mod open;
pub mod preview;
pub mod quarantine;
pub mod query;
pub mod receive;
mod record;
pub mod render;
pub mod retrieve;
pub mod settle;
pub mod sql;
mod stack;
pub mod transcode;

#[cfg(test)]
mod tests;

pub use receive::{Arrival, Outcome, Received, receive};
