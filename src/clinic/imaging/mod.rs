//! Images: receive, settle, query, retrieve.
