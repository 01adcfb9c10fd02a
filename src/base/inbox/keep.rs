//! Keeping frames and finding repeats.

use super::sql;
use crate::args;
use crate::clock::DAY_MS;
use crate::ctx::Ctx;
use crate::fault::Result;
use crate::storage::{Conn, Row, Tx};

/// A received frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// `hl7`, `astm`, …
    pub kind: &'static str,
    /// Peer id.
    pub peer: String,
    /// Facility of the peer.
    pub facility: String,
    /// Bytes as received.
    pub body: Vec<u8>,
    /// SHA-256 of them, made before the unit of work begins.
    pub sha256: String,
    /// Character set that was used to read it, empty if none yet.
    pub charset: String,
    /// `ORU^R01` and the like.
    pub message_type: String,
    /// MSH-10.
    pub control_id: String,
}

/// An earlier frame.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Row id.
    pub id: String,
    /// SHA-256 of the body.
    pub sha256: String,
    /// `received`, `done`, `error`, `quarantined`.
    pub state: String,
    /// Answer that was given.
    pub ack: Option<Vec<u8>>,
}

/// How a frame ended.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// `done`, `error`, `held` or `quarantined`.
    pub state: &'a str,
    /// Why, or empty.
    pub reason: &'a str,
    /// The answer that is given.
    pub ack: &'a [u8],
}

/// Keeps a frame verbatim under `id`, with the answer that goes out when this is durable.
pub async fn keep(tx: &mut Tx, ctx: &Ctx, id: &str, frame: &Frame, end: End<'_>) -> Result<()> {
    let now = ctx.now();
    tx.exec(
        sql::KEEP,
        args![
            id,
            frame.kind,
            &frame.peer,
            &frame.facility,
            now,
            &frame.sha256,
            frame.body.as_slice(),
            &frame.charset,
            &frame.message_type,
            &frame.control_id,
            end.state,
            end.reason,
            end.ack
        ],
    )
    .await?;
    Ok(())
}

/// A system that counts anew uses a control id again after this long, ms; whoever repeats a message does it sooner.
const SAME_ID_MS: i64 = 30 * DAY_MS;

/// Earlier frames of the peer with this control id, of the last thirty days, newest first.
pub async fn find_same_id(conn: &mut Conn, ctx: &Ctx, peer: &str, control_id: &str) -> Result<Vec<Kept>> {
    conn.all(sql::SAME_ID, args![peer, control_id, ctx.now() - SAME_ID_MS])
        .await?
        .iter()
        .map(kept_of)
        .collect()
}

/// An earlier frame of the peer with the same bytes, received at or after `since` (ms).
pub async fn find_same_body(conn: &mut Conn, peer: &str, sha256: &str, since: i64) -> Result<Option<Kept>> {
    conn.opt(sql::SAME_BODY, args![peer, sha256, since]).await?.as_ref().map(kept_of).transpose()
}

/// Records how a kept frame ended when it was taken again.
pub async fn finish(tx: &mut Tx, ctx: &Ctx, id: &str, frame: &Frame, end: End<'_>) -> Result<()> {
    let named = args![
        id,
        end.state,
        end.reason,
        end.ack,
        ctx.now(),
        &frame.charset,
        &frame.message_type,
        &frame.control_id
    ];
    tx.exec(sql::FINISH, named).await?;
    Ok(())
}

fn kept_of(row: &Row) -> Result<Kept> {
    Ok(Kept {
        id: row.text("id")?,
        sha256: row.text("sha256")?,
        state: row.text("state")?,
        ack: row.opt_bytes("ack")?,
    })
}
