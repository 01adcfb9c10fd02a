//! Delivery: one parcel per destination and version, proven to the last step.

pub mod carrier;
