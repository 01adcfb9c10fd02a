//! Reports: drafts, append-only signed versions, amendments.

pub mod content;
