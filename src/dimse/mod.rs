//! DICOM upper layer and DIMSE services: the sockets. What a message means is in `formats::dicom::{command, negotiate}`,
//! what an object means is in `clinic::imaging`.

mod admission;
mod association;
mod dialogue;
mod dispatch;
mod echo;
mod line;
pub mod listener;
mod operation;
mod quiet;
pub mod scu;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod wire;
