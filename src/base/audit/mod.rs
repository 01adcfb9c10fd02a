//! Who did what: append-only rows in a hash chain, written in the transaction of the change.

pub mod append;
pub mod sql;
pub mod verify;

pub use append::append;
pub use verify::{Verdict, verify};
