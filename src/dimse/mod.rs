//! DICOM upper layer and DIMSE services: the sockets. What a message means is in `formats::dicom::{command, negotiate}`,
//! what an object means is in `clinic::imaging`.

mod admission;
mod association;
pub mod authority;
mod carrier;
pub mod commitment;
mod dialogue;
mod dispatch;
mod door;
mod echo;
pub mod expiry;
pub mod fetch;
mod find;
mod get;
mod identifier;
mod identity;
mod leaving;
mod line;
pub mod listener;
mod move_;
mod mpps;
mod operation;
pub mod outbox;
mod quiet;
pub mod reports;
mod retrieve;
pub mod scu;
mod status;
mod store;
#[cfg(test)]
mod tests;
pub mod tls;
mod wire;
mod worklist;

pub use carrier::DicomCarrier;
