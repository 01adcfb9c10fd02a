//! Who did what: append-only rows in a hash chain, written in the transaction of the change.

pub mod append;
pub mod sql;
pub mod verify;

use crate::args;
use crate::fault::Result;
use crate::storage::Conn;

pub use append::append;
pub use verify::{Verdict, verify};

/// When the last event was, ms since 1970 UTC; 0 before the first.
///
/// # Errors
/// Storage faults.
pub async fn last_at(conn: &mut Conn) -> Result<i64> {
    conn.opt(sql::LAST_AT, args![]).await?.map_or(Ok(0), |row| row.int("at"))
}
