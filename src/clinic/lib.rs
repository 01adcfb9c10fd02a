//! What the centre does. Knows no protocol.
//!
//! Order (a module uses only what stands to its left; inside braces they do not call each other, they enqueue jobs):
//! `order -> {imaging ecg lab} -> worklist -> report -> {critical recognition quality ledger} -> delivery`.

pub mod centre;
pub mod critical;
pub mod delivery;
pub mod ecg;
pub mod elsewhere;
pub mod imaging;
pub mod lab;
pub mod looked;
pub mod order;
pub mod recognition;
pub mod report;
pub mod stranger;
pub mod timekeeping;
pub mod withdrawal;
pub mod worklist;

pub use centre::Centre;
