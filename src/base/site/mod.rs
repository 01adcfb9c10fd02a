//! Facilities, their peers (AE titles, MLLP senders) and devices.

pub mod device_clock;
pub mod facility;
pub mod peer;
pub mod senders;
pub mod sql;

pub use facility::Facility;
pub use peer::Peer;
pub use senders::Senders;
