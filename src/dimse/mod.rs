//! DICOM upper layer and DIMSE services: the sockets. What a message means is in `formats::dicom::{command, negotiate}`,
//! what an object means is in `clinic::imaging`.

mod admission;
mod association;
pub mod authority;
pub mod commitment;
mod dialogue;
mod dispatch;
mod door;
mod echo;
pub mod expiry;
mod identity;
mod line;
pub mod listener;
mod mpps;
mod operation;
pub mod outbox;
mod quiet;
pub mod reports;
pub mod scu;
mod status;
mod store;
#[cfg(test)]
mod tests;
pub mod tls;
mod wire;
