//! One integration binary: the tree's own rules, SQL on both engines, the HTTP contract.

mod http;
mod statements;
mod tidy;
