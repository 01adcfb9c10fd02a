//! Corrections a person makes after images have come (specification §7.4): each is one act with a reason, an overlay that is
//! applied on the way out, a place in the history both organisations see, and an undo. Stored files are never touched.

mod assign;
mod chain;
mod charset;
mod compare;
pub mod held;
mod hide;
mod history;
pub mod note;
mod order;
mod part;
mod place;
mod promote;
mod propose;
pub mod sql;
mod undo;
mod unheld;
mod words;

#[cfg(test)]
mod tests;

pub use assign::{Person, assign, candidates};
pub use charset::{fix_charset, reindex};
pub use compare::{Card, card, find_studies, study_card};
pub use hide::{CODES, hide, reject, restore};
pub use history::{Past, facility, history, notices, pinned};
pub use order::{link_order, orders, take_away, unlink};
pub use part::{Parts, merge, move_to, split};
pub(super) use place::{as_found, hold_back, recount};
pub use promote::promote;
pub use undo::undo;
pub use unheld::index_held;
