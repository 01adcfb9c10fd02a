//! Background jobs in the same database: enqueued in the transaction of the change that causes them, run at least once.

pub mod enqueue;
pub mod orphans;
pub mod runner;
pub mod sql;

pub use enqueue::{Job, enqueue};
pub use runner::{JobRow, Runner};
