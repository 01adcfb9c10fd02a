//! Images: receive, settle, query, retrieve.

pub mod preview;
