//! Orders: one spine for the three pipelines. Key = (placer facility, placer number); an order placed twice is one order.

pub mod cancel;
pub mod catalogue;
pub mod change;
pub mod find;
pub mod head;
pub mod place;
pub mod progress;
pub mod schedule;
pub mod sql;
#[cfg(test)]
mod tests;

pub use cancel::{cancel, cancel_rest};
pub use catalogue::{CatalogItem, catalogue, priority_of};
pub use change::change;
pub use find::{
    SpecimenRow, by_placer, is_for_another, match_study, match_uid, match_unidentified, specimen_by_barcode,
};
pub use head::{OrderHead, OrderPage, OrderRow, head, list};
pub use place::{NewOrder, NewSpecimen, Placed, PlacedSpecimen, place, relabel};
