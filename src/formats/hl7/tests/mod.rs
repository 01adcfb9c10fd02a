//! Byte-level cases, third-party samples and derived Chinese messages.

mod ack_cases;
mod agree;
mod frames;
mod samples;
