//! The HTTP API of the pages.
