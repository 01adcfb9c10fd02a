//! Appending events.

use serde_json::Value;

use super::sql;
use crate::access::Permit;
use crate::args;
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::{Fault, Result};
use crate::storage::{Engine, Tx};

/// First `prev` of the chain.
pub(super) const GENESIS: &str = "yigong";

/// The text whose SHA-256 is the row's hash: every column, separated by a character that none of them contains unescaped.
pub(super) fn link(prev: &str, seq: i64, at: i64, columns: [&str; 7]) -> String {
    let list = serde_json::json!([prev, seq, at, columns]);
    sha256_hex(list.to_string().as_bytes())
}

/// What is to be said in the chain: its columns as [`link`] takes them.
#[derive(Debug)]
pub(crate) struct Event {
    at: i64,
    columns: [String; 7],
}

/// Appends `action` on an object to the chain: written as the last step of the caller's unit of work, and not before, for whoever has
/// written to the chain keeps every other unit from it until the commit. `detail` names ids and codes, never free patient text.
pub fn append(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    action: &str,
    object_kind: &str,
    object_id: &str,
    detail: &Value,
) {
    let detail = detail.to_string();
    let columns =
        [permit.who(), permit.role(), permit.facility(), action, object_kind, object_id, detail.as_str()];
    tx.note(Event { at: ctx.now(), columns: columns.map(str::to_owned) });
}

/// Number of the first of `count` next rows and hash of the one before it.
async fn next(tx: &mut Tx, count: i64) -> Result<(i64, String)> {
    let (row, first) = match tx.engine() {
        Engine::Sqlite => {
            let row = tx.one(sql::NEXT_SQLITE, args![count]).await?;
            let first = row.int("value")? - count + 1;
            (Some(row), first)
        }
        Engine::Postgres => {
            let first = tx.one(sql::NEXT_POSTGRES, args![count]).await?.int("value")? - count + 1;
            (tx.opt(sql::HASH_AT, args![first - 1]).await?, first)
        }
    };
    let prev = row.map(|r| r.opt_text("prev")).transpose()?.flatten();
    Ok((first, prev.unwrap_or_else(|| GENESIS.to_owned())))
}

/// Writes what a unit of work says.
pub(crate) async fn write(tx: &mut Tx, events: Vec<Event>) -> Result<()> {
    let count = i64::try_from(events.len()).map_err(|_| Fault::internal("too many audit events"))?;
    if count == 0 {
        return Ok(());
    }
    let (first, mut prev) = next(tx, count).await?;
    for (seq, Event { at, columns }) in (first..).zip(events) {
        let hash = link(&prev, seq, at, columns.each_ref().map(String::as_str));
        let [who, role, facility, action, object_kind, object_id, detail] = columns;
        tx.exec(
            sql::INSERT,
            args![seq, at, who, role, facility, action, object_kind, object_id, detail, prev, hash.clone()],
        )
        .await?;
        prev = hash;
    }
    Ok(())
}
