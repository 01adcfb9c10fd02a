//! What is fuzzed: one entry function a target, each with oracles beyond "does not crash". The same functions run over the
//! committed corpus in `cargo test` (`src/formats/tests/corpus.rs` includes `entry.rs` and `message.rs`).

mod cap;
mod entry;
mod message;

pub use entry::*;
pub use message::hl7;

/// No input may make the program hold more than this.
#[global_allocator]
static CAP: cap::Cap = cap::Cap::new(256 << 20);
