//! Accepting connections: caps first, then the address, only then a byte is read.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::site::Senders;

use super::connection;

/// Serves until `shutdown` resolves; then no connection is accepted, and each open one ends after its message.
///
/// # Errors
/// The listener itself fails.
pub async fn run(listener: TcpListener, ctx: Ctx, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
    let limit = |n: i64, default: usize| usize::try_from(n).unwrap_or(default).max(1);
    let all = Arc::new(Semaphore::new(limit(ctx.config.mllp.connections, 200)));
    let per_peer = limit(ctx.config.mllp.connections_per_peer, 8);
    let open: Open = Arc::default();
    let (stop, stopped) = watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        // A permit before accept: past the global cap peers wait in the backlog instead of being cut.
        let permit = tokio::select! {
            () = &mut shutdown => break,
            permit = Arc::clone(&all).acquire_owned() => permit.map_err(std::io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        while tasks.try_join_next().is_some() {}
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of file handles and the like pass; the listener stays.
                tracing::warn!(error = %e, "mllp.accept_failed");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let ip = address.ip().to_canonical();
        let Some(slot) = Slot::take(&open, ip, per_peer) else {
            tracing::warn!(%ip, "mllp.too_many_connections");
            continue;
        };
        let (ctx, stopped) = (ctx.clone(), stopped.clone());
        tasks.spawn(async move {
            if admitted(&ctx, ip).await {
                connection::serve(stream, ip, &ctx, stopped).await;
            } else {
                tracing::warn!(%ip, "mllp.unknown_address");
            }
            drop((slot, permit));
        });
    }
    drop(listener);
    // Receivers see the change even when nobody listens any more.
    let _ = stop.send(true);
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.is_err() {
        tasks.abort_all();
    }
    Ok(())
}

async fn admitted(ctx: &Ctx, ip: IpAddr) -> bool {
    let permit = Permit::system("mllp.admit");
    match Senders::fresh(ctx, &permit).await {
        Ok(senders) => senders.admit(ip),
        Err(error) => {
            tracing::error!(%ip, %error, "mllp.admit");
            false
        }
    }
}

type Open = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// One connection of an address, counted while it lives.
struct Slot {
    open: Open,
    ip: IpAddr,
}

impl Slot {
    fn take(open: &Open, ip: IpAddr, limit: usize) -> Option<Self> {
        let mut map = open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = map.entry(ip).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Self { open: Arc::clone(open), ip })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut map = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = map.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                map.remove(&self.ip);
            }
        }
    }
}
