//! One integration binary: the tree's own rules, SQL on both engines, the HTTP contract.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod conformance;
mod http;
mod statements;
mod tidy;
