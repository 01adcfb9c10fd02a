//! Units of work: begun with a permit, undone when dropped, durable when `commit` returns.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::sync::Notify;

use super::conn::{Conn, Link};
use crate::audit;
use crate::fault::{Fault, Result};

/// One unit of work. Everything in it becomes durable together, or nothing does.
///
/// On SQLite it holds the single writer: no network, no disk and no second `begin` inside a unit.
pub struct Tx {
    conn: Option<Conn>,
    bell: Option<Arc<Notify>>,
    events: Vec<audit::Event>,
}

/// A read connection.
pub struct Reader {
    pub(super) conn: Conn,
}

impl Tx {
    pub(super) fn new(conn: Conn) -> Self {
        Self { conn: Some(conn), bell: None, events: Vec::new() }
    }

    /// Rings when the unit is durable: who is woken then sees its rows.
    pub fn ring(&mut self, bell: &Arc<Notify>) {
        self.bell = Some(Arc::clone(bell));
    }

    /// What the audit chain is to say of this unit.
    pub(crate) fn note(&mut self, event: audit::Event) {
        self.events.push(event);
    }

    /// Makes the unit durable; what the audit chain says of it is written last. On SQLite this waits for the batch the unit joined to be synced.
    pub async fn commit(mut self) -> Result<()> {
        let events = std::mem::take(&mut self.events);
        audit::write(&mut self, events).await?;
        let Some(conn) = self.conn.take() else { return Err(Fault::internal("unit already closed")) };
        let committed = match conn.link {
            Link::SqliteWrite(mut writer) => {
                let closed = writer.close_unit();
                drop(writer);
                match closed?.await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(why)) => Err(Fault::storage(why)),
                    Err(_) => Err(Fault::storage("the writer stopped before the commit")),
                }
            }
            Link::PgWrite(tx) => tx.commit().await.map_err(|e| super::conn::fault_of("COMMIT", &e)),
            Link::SqliteRead(_) | Link::PgRead(_) => Err(Fault::internal("a reader cannot commit")),
        };
        if let (Ok(()), Some(bell)) = (&committed, &self.bell) {
            bell.notify_one();
        }
        committed
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(Conn { link: Link::SqliteWrite(writer) }) = &mut self.conn {
            writer.abandon();
        }
    }
}

impl Deref for Tx {
    type Target = Conn;
    #[expect(clippy::expect_used, reason = "the connection leaves only in commit, which consumes the unit")]
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("unit is open")
    }
}

impl DerefMut for Tx {
    #[expect(clippy::expect_used, reason = "the connection leaves only in commit, which consumes the unit")]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("unit is open")
    }
}

impl Deref for Reader {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
