//! HL7 v2 over MLLP: a listener that answers after the commit, and a sender with one message in flight.
//!
//! The facility of a message comes from the connection's peer record, never from the message.

mod answer;
pub mod carrier;
mod connection;
mod intake;
#[cfg(test)]
mod limit_tests;
pub mod listener;
mod orders;
mod oru;
mod oru_ecg;
mod patient;
mod profiles;
pub mod replay;
mod results;
pub mod send;
#[cfg(test)]
mod send_tests;
mod single;
#[cfg(test)]
mod tests;

pub use carrier::Hl7Carrier;
pub use listener::run;
pub use send::{Connection, SendError, send};
