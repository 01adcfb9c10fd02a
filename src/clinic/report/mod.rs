//! Reports: drafts, append-only signed versions, amendments.
