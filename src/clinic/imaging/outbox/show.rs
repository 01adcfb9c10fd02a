//! The outbox as its page shows it.

use serde::Serialize;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;

use super::sql;

/// A batch as the page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct BatchHead {
    /// Batch.
    pub batch: String,
    /// Peer row.
    pub peer: String,
    /// Peer name.
    pub peer_name: String,
    /// Study row.
    pub study: String,
    /// `person`, `forward`, `move`.
    pub cause: String,
    /// When it was put, ms.
    pub at: i64,
    /// Objects.
    pub objects: i64,
    /// Taken.
    pub sent: i64,
    /// Given up.
    pub failed: i64,
    /// One of its errors, or empty.
    pub error: String,
}

/// The newest batches in scope.
///
/// # Errors
/// Storage faults.
pub async fn list(conn: &mut Conn, permit: &Permit) -> Result<Vec<BatchHead>> {
    let rows = conn.all(sql::LIST, args![permit.scope()]).await?;
    rows.iter()
        .map(|row| {
            Ok(BatchHead {
                batch: row.text("batch")?,
                peer: row.text("peer")?,
                peer_name: row.text("peer_name")?,
                study: row.text("study")?,
                cause: row.text("cause")?,
                at: row.int("at")?,
                objects: row.int("objects")?,
                sent: row.int("sent")?,
                failed: row.int("failed")?,
                error: row.text("error")?,
            })
        })
        .collect()
}
