//! The work engine: one item per (subject, tier, round); the server chooses what is next; a claim raises the epoch,
//! and a stale reader cannot write (invariants 6 and 12).

pub mod admit;
pub mod again;
pub mod claim;
pub mod deadline;
pub mod list;
pub mod next;
pub mod recheck;
pub mod row;
pub mod send_back;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod ups;

pub use admit::{NewItem, admit, raise_priority};
pub use claim::{break_lease, claim, expire, fence, heartbeat, release};
pub use list::{Counts, Filter, Page, page};
pub use next::{next, skip};
pub use row::{ItemRow, Tab, WorkRow};
pub use send_back::{answer_return, return_to_clinic};
