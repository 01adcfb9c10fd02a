//! Accepts connections of the DICOM ports until it is told to stop.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use yigong_clinic::Centre;

use super::admission::{Places, Share, Shares, source};
use super::association::{Shared, serve};
use super::expiry;
use super::identity::Attempts;
use super::quiet::Quiet;
use super::reports::Reports;
use super::tls::TlsDoor;

/// Connections that have not associated yet. They have a limit of their own: slow and silent ones must not take the places
/// of associations. Each lives for at most 35 s.
const WAITING: usize = 600;
/// Of those, for one source: a single host that connects and says nothing must not keep the others out.
const WAITING_EACH: usize = 200;
/// Associations in the middle of a message get this long when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause when the system has no more file handles.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// The ports that associations come by.
pub struct Doors {
    /// Plain, for the network of the institution.
    pub plain: TcpListener,
    /// TLS with mutual authentication, when it is configured.
    pub tls: Option<(TcpListener, TlsDoor)>,
}

/// Serves both doors until `stop`; returns when every association has ended. Must run on a multi-thread runtime of its own.
pub async fn run(centre: Centre, doors: Doors, reports: Reports, stop: CancellationToken) {
    if doors.tls.is_some() {
        tokio::spawn(expiry::watch(centre.ctx.clone(), stop.clone()));
    }
    let limits = &centre.ctx.config.dicom;
    let places = Places::new(limits.associations, limits.associations_per_peer);
    let shared = Arc::new(Shared {
        centre,
        places,
        quiet: Quiet::default(),
        attempts: Attempts::default(),
        reports,
        stop: stop.clone(),
    });
    let waiting = Arc::new(Semaphore::new(WAITING));
    let shares = Shares::new(WAITING_EACH);
    let mut open = JoinSet::new();
    loop {
        // The place is taken before the connection is: what cannot be served waits in the system's queue.
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = open.join_next(), if !open.is_empty() => {
                report(ended);
                continue;
            }
            accepted = accept(&doors.plain, &waiting) => accepted.map(|a| (a, None)),
            accepted = accept_tls(doors.tls.as_ref(), &waiting) => accepted,
        };
        match accepted {
            Some(((stream, from, place), door)) => match shares.take(&source(from.ip())) {
                Some(share) => {
                    let waiting = Waiting { _place: place, _share: share };
                    open.spawn(serve(Arc::clone(&shared), (stream, from, waiting), door));
                }
                None => crowded(&shared, from),
            },
            None => tokio::time::sleep(EXHAUSTED).await,
        }
    }
    drop(doors);
    let drained = tokio::time::timeout(DRAIN, async {
        while let Some(ended) = open.join_next().await {
            report(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(open = open.len(), "associations were cut off at the end");
        open.shutdown().await;
    }
}

/// A place among the connections that have not associated yet, in all and of its source.
pub(super) struct Waiting {
    _place: OwnedSemaphorePermit,
    _share: Share<IpAddr>,
}

/// Closed at once; said once a minute.
fn crowded(shared: &Shared, from: SocketAddr) {
    if let Some(times) = shared.quiet.count(format!("crowd {}", source(from.ip()))) {
        tracing::warn!(address = %from.ip(), times, most = WAITING_EACH, "too many connections without association");
    }
}

/// A connection, where from, and its place in all.
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

async fn accept_tls(
    door: Option<&(TcpListener, TlsDoor)>,
    waiting: &Arc<Semaphore>,
) -> Option<(Accepted, Option<TlsDoor>)> {
    match door {
        Some((listener, tls)) => accept(listener, waiting).await.map(|a| (a, Some(tls.clone()))),
        None => std::future::pending().await,
    }
}

async fn accept(listener: &TcpListener, waiting: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(waiting).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, from)) => Some((stream, from, place)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            None
        }
    }
}

/// A panic ends one association, never the listener.
fn report(ended: Result<(), JoinError>) {
    if ended.is_err_and(|e| e.is_panic()) {
        tracing::error!("an association ended by a defect of this program");
    }
}
