//! Delivery: one parcel per destination and version, proven to the last step:
//! `pending -> sent -> acked -> seen -> clinically_acked`; `retry`, `parked`, `dead`, `superseded` beside it.

pub mod carrier;
pub mod destination;
pub mod list;
pub mod plan;
pub mod receipt;
pub mod run;
pub mod sql;
#[cfg(test)]
mod tests;

pub use carrier::{Attempt, Carrier, Outcome, Parcel};
pub use plan::plan;
pub use run::{Carriers, run};
