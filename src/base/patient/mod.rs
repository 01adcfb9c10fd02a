//! Patients: keyed by (receiving facility, local id). The same id in two townships is two people until somebody links them.

mod key;
pub mod link;
pub mod sql;
pub mod update;

pub use key::find_by;
pub use link::{Linked, Seen, head, is_junk, link};
pub use update::update;
