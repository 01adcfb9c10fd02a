//! How far the clocks of devices are from ours. Queues and deadlines go by when things came; what a device says of the time is kept as it
//! says it, and whoever reads it is told when it cannot be right.

use serde::Serialize;

use super::sql;
use crate::args;
use crate::clock::{DAY_MS, MINUTE_MS};
use crate::fault::Result;
use crate::storage::{Conn, Tx};

/// More than this is told.
pub const OFF_MS: i64 = 5 * MINUTE_MS;
/// What was seen so long ago says nothing of today.
const FORGOTTEN_MS: i64 = 30 * DAY_MS;

/// A clock that is off.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct DeviceClock {
    /// Peer row.
    pub peer: String,
    /// ms; positive when it is ahead of ours.
    pub ahead_ms: i64,
    /// When that was last seen, ms.
    pub seen_at: i64,
}

/// Notes what a device says of this moment. `exact`: it spoke of now (a procedure step begins), and not of something that may have
/// waited (an image): only then a clock can be behind, or be right again.
pub async fn note(tx: &mut Tx, peer: &str, ahead_ms: i64, exact: bool, now: i64) -> Result<()> {
    if ahead_ms > OFF_MS || (exact && ahead_ms < -OFF_MS) {
        tx.exec(sql::NOTE_CLOCK, args![peer, ahead_ms, now]).await?;
    } else if exact {
        tx.exec(sql::FORGET_CLOCK, args![peer]).await?;
    }
    Ok(())
}

/// The clocks that are off.
pub async fn off(conn: &mut Conn, now: i64) -> Result<Vec<DeviceClock>> {
    conn.all(sql::CLOCKS, args![now - FORGOTTEN_MS])
        .await?
        .iter()
        .map(|row| {
            Ok(DeviceClock {
                peer: row.text("peer")?,
                ahead_ms: row.int("ahead_ms")?,
                seen_at: row.int("seen_at")?,
            })
        })
        .collect()
}
