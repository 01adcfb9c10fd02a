//! Reports: drafts, append-only signed versions, amendments.

pub mod content;
pub mod pdf;
pub mod sign;
