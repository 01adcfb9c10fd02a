//! The HL7 senders, remembered between messages: each message must find its own before a byte of it is understood.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Peer, peer, sql};
use crate::access::Permit;
use crate::args;
use crate::ctx::Ctx;
use crate::fault::Result;
use crate::setting;
use crate::storage::{Conn, Tx};

/// Revision of the peers in `setting`: a new one whenever a peer is written.
const REVISION: &str = "peer.revision";

/// The enabled HL7 peers at one revision.
pub struct Senders {
    revision: String,
    peers: Vec<Peer>,
}

impl Senders {
    /// As remembered, else as they are. Whoever acts on them asks [`Senders::stand`] in the unit of work.
    pub async fn kept(ctx: &Ctx, permit: &Permit) -> Result<Arc<Self>> {
        match ctx.kept.get::<Self>() {
            Some(kept) => Ok(kept),
            None => Self::fresh(ctx, permit).await,
        }
    }

    /// As they are; remembered from now on.
    pub async fn fresh(ctx: &Ctx, permit: &Permit) -> Result<Arc<Self>> {
        let mut conn = ctx.db.read(permit).await?;
        // The revision first: a change in between makes the list newer than it says, and it is read once more.
        let revision = revision(&mut conn).await?;
        let rows = conn.all(sql::LIST_HL7, args![]).await?;
        let peers = rows.iter().map(peer::of_row).collect::<Result<_>>()?;
        let read = Arc::new(Self { revision, peers });
        ctx.kept.put(&read);
        Ok(read)
    }

    /// Whether nothing changed since.
    pub async fn stand(&self, conn: &mut Conn) -> Result<bool> {
        Ok(self.revision == revision(conn).await?)
    }

    /// The sender that may come from `address` and names itself `app` and `app_facility` (MSH-3, MSH-4).
    #[must_use]
    pub fn find(&self, address: IpAddr, app: &str, app_facility: &str) -> Option<&Peer> {
        let fits =
            |want: &Option<String>, got: &str| want.as_deref().is_none_or(|w| w.is_empty() || w == got);
        self.peers.iter().find(|peer| {
            peer.admits(address) && fits(&peer.app, app) && fits(&peer.app_facility, app_facility)
        })
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Peer] {
        &self.peers
    }

    /// Whether any of them may come from `address`: asked before a byte of a frame is read.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        self.peers.iter().any(|peer| peer.admits(address))
    }
}

async fn revision(conn: &mut Conn) -> Result<String> {
    Ok(setting::get(conn, REVISION).await?.unwrap_or_default())
}

/// A peer was written.
pub(super) async fn changed(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    setting::put(tx, ctx, REVISION, &ctx.id()).await
}
