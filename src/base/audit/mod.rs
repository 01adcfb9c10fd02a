//! Who did what: append-only rows in a hash chain, written in the transaction of the change, as its last step.

pub mod append;
pub mod sql;
pub mod verify;

use crate::args;
use crate::fault::Result;
use crate::storage::Conn;

pub use append::append;
pub(crate) use append::{Event, write};
pub use verify::{Verdict, verify};

/// Number and hash of the last event; 0 and nothing before the first.
///
/// # Errors
/// Storage faults.
pub async fn head(conn: &mut Conn) -> Result<(i64, String)> {
    match conn.opt(sql::LAST, args![]).await? {
        Some(row) => Ok((row.int("seq")?, row.text("hash")?)),
        None => Ok((0, String::new())),
    }
}

/// The hash of an event.
///
/// # Errors
/// Storage faults.
pub async fn head_at(conn: &mut Conn, seq: i64) -> Result<Option<String>> {
    conn.opt(sql::HASH_AT, args![seq]).await?.map(|row| row.text("prev")).transpose()
}

/// When the last event was, ms since 1970 UTC; 0 before the first.
///
/// # Errors
/// Storage faults.
pub async fn last_at(conn: &mut Conn) -> Result<i64> {
    conn.opt(sql::LAST, args![]).await?.map_or(Ok(0), |row| row.int("at"))
}
