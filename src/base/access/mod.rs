//! Users, roles, sessions, machine tokens, and the permit without which nothing is read or written.

pub mod account;
pub mod password;
pub mod permit;
pub mod right;
pub mod session;
pub mod sql;
pub mod token;

pub use permit::{Grant, Permit};
pub use right::{Right, Role};
