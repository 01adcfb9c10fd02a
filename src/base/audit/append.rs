//! Appending one event.

use serde_json::Value;

use super::sql;
use crate::access::Permit;
use crate::args;
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::Result;
use crate::storage::{Engine, Tx};

/// First `prev` of the chain.
pub(super) const GENESIS: &str = "yigong";

/// The text whose SHA-256 is the row's hash: every column, separated by a character that none of them contains unescaped.
pub(super) fn link(prev: &str, seq: i64, at: i64, columns: [&str; 7]) -> String {
    let list = serde_json::json!([prev, seq, at, columns]);
    sha256_hex(list.to_string().as_bytes())
}

/// Number of the next row and hash of the one before it.
async fn next(tx: &mut Tx) -> Result<(i64, String)> {
    let (row, seq) = match tx.engine() {
        Engine::Sqlite => {
            let row = tx.one(sql::NEXT_SQLITE, args![]).await?;
            let seq = row.int("value")?;
            (Some(row), seq)
        }
        Engine::Postgres => {
            let seq = tx.one(sql::NEXT_POSTGRES, args![]).await?.int("value")?;
            (tx.opt(sql::HASH_AT, args![seq - 1]).await?, seq)
        }
    };
    let prev = row.map(|r| r.opt_text("prev")).transpose()?.flatten();
    Ok((seq, prev.unwrap_or_else(|| GENESIS.to_owned())))
}

/// Appends `action` on an object to the chain, in the caller's unit of work. `detail` names ids and codes, never free patient text.
pub async fn append(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    action: &str,
    object_kind: &str,
    object_id: &str,
    detail: &Value,
) -> Result<()> {
    let (seq, prev) = next(tx).await?;
    let now = ctx.now();
    let detail = detail.to_string();
    let columns =
        [permit.who(), permit.role(), permit.facility(), action, object_kind, object_id, detail.as_str()];
    let hash = link(&prev, seq, now, columns);
    let [who, role, facility, action, object_kind, object_id, detail] = columns;
    tx.exec(
        sql::INSERT,
        args![seq, now, who, role, facility, action, object_kind, object_id, detail, prev, hash],
    )
    .await?;
    Ok(())
}
