//! Images: receive, settle, query, retrieve.

pub mod check;
pub mod commitment;
pub mod detail;
mod device_time;
pub mod egress;
mod enter;
mod equal;
pub mod fetch;
pub mod grant;
pub mod key_image;
pub mod key_note;
pub mod leaving;
pub mod link;
pub mod open;
mod others;
pub mod outbox;
mod pixels;
mod plain;
pub mod prepared;
pub mod preview;
pub mod quarantine;
pub mod query;
pub mod receive;
pub mod recompress;
pub mod reconcile;
mod record;
pub mod render;
mod restack;
pub mod retention;
pub mod retrieve;
pub mod room;
pub mod scrub;
pub mod settle;
pub mod sql;
mod stack;
pub mod step;
pub mod transcode;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use receive::{Arrival, Outcome, Received, receive};
