//! Small named values in the database.

pub mod pairing;
pub mod sql;

use crate::args;
use crate::ctx::Ctx;
use crate::fault::Result;
use crate::storage::{Conn, Tx};

/// The value of a setting.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    conn.opt(sql::GET, args![name]).await?.map(|r| r.text("value")).transpose()
}

/// Sets a value.
pub async fn put(tx: &mut Tx, ctx: &Ctx, name: &str, value: &str) -> Result<()> {
    tx.exec(sql::PUT, args![name, value, ctx.now()]).await?;
    Ok(())
}

/// The next number of a counter, in commit order: writers of the same counter wait for each other.
pub async fn next_number(tx: &mut Tx, counter: &str) -> Result<i64> {
    tx.one(sql::NEXT_NUMBER, args![counter]).await?.int("value")
}
