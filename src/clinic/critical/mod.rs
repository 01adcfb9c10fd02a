//! Critical values (危急值): one loop for the three pipelines, closed only by a doctor of the clinic.

pub mod acknowledge;
pub mod correct;
pub mod escalate;
pub mod follow;
pub mod list;
pub mod notify;
pub mod raise;
pub mod sql;
#[cfg(test)]
mod tests;

pub use raise::{Raise, Raised, raise};
