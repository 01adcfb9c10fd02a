//! Images: receive, settle, query, retrieve.

pub mod check;
pub mod commitment;
pub mod detail;
pub mod outbox;
pub mod preview;
pub mod quarantine;
pub mod query;
pub mod receive;
mod record;
pub mod retrieve;
pub mod settle;
pub mod sql;
mod stack;
pub mod step;

#[cfg(test)]
mod tests;

pub use receive::{Arrival, Outcome, Received, receive};
