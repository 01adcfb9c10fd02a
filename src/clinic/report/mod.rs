//! Reports: drafts, append-only signed versions, amendments.

pub mod pdf;
pub mod sign;
