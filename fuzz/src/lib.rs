//! What is fuzzed: one entry function a target, each with oracles beyond "does not crash". The same functions run over the
//! committed corpus in `cargo test` (`src/formats/tests/corpus.rs` includes `entry.rs`).

mod cap;
mod entry;

pub use entry::*;

/// No input may make the program hold more than this.
#[global_allocator]
static CAP: cap::Cap = cap::Cap::new(256 << 20);
