//! One association from its first byte to its end (PS3.8 §9.2).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dicom_ul::pdu::{AssociationRJ, AssociationRQ, Pdu, write_pdu};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use yigong_base::fault::Result;
use yigong_base::site::Peer;
use yigong_clinic::Centre;
use yigong_formats::dicom::negotiate::{self, Admission, Decision};

use super::admission::{Place, Places, look_up, record_spoof, still_admitted, touch};
use super::dialogue::{Break, Dialogue, INVALID_PARAMETER, UNEXPECTED_PDU};
use super::door::{Connection, Out, Read};
use super::identity::{Attempts, accepts};
use super::listener::Waiting;
use super::quiet::Quiet;
use super::reports::Reports;
use super::tls::TlsDoor;
use super::wire::{
    self, DATA, End, Incoming, Pdvs, RELEASE, RELEASED, REQUEST, abort, body_limit, release, send,
};

/// From the connection to the first byte of the request (ARTIM, PS3.8 §9.1.5).
const CONNECT: Duration = Duration::from_secs(30);
/// From the first byte of the request to its last.
const ASSOCIATE: Duration = Duration::from_secs(5);
/// Inside a message: the next PDU begins, and is complete, in this time each.
const IN_MESSAGE: Duration = Duration::from_secs(30);
/// After this much waiting inside one message the sender must have kept the least rate.
const RATE_AFTER: Duration = Duration::from_secs(30);
/// Bytes a second a sender must keep inside a message.
const LEAST_RATE: u64 = 8_000;
/// While we are at work on a request the peer has nothing to say.
const WHILE_BUSY: Duration = Duration::from_secs(24 * 3600);
/// An association may live for weeks: whether its peer is still admitted is looked up again this often.
const LOOK_AGAIN: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(30) };
/// After an abort or rejection: time for the peer to close first, so that our last PDU is not lost by a reset.
const LINGER: Duration = Duration::from_secs(2);

/// What every association shares.
pub(super) struct Shared {
    pub(super) centre: Centre,
    pub(super) places: Places,
    pub(super) quiet: Quiet,
    pub(super) attempts: Attempts,
    pub(super) reports: Reports,
    pub(super) stop: CancellationToken,
}

/// Serves one connection, behind its TLS handshake when it came by that door.
pub(super) async fn serve(
    shared: Arc<Shared>,
    (stream, from, waiting): (TcpStream, SocketAddr, Waiting),
    door: Option<TlsDoor>,
) {
    // One write a message: waiting for an acknowledgement of a part would cost 40 ms an object.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let line = match door {
        None => Ok(Connection::plain(stream)),
        Some(door) => tokio::select! {
            () = shared.stop.cancelled() => return,
            line = door.open(stream) => line,
        },
    };
    let Connection { read, mut out, certificate } = match line {
        Ok(line) => line,
        Err(why) => {
            if let Some(times) = shared.quiet.count(format!("tls {}", from.ip())) {
                tracing::warn!(address = %from.ip(), %why, times, "connection without association");
            }
            return;
        }
    };
    let mut incoming = Incoming::new(read);
    let Some(rq) = request(&shared, &mut incoming, &mut out, from).await else { return };
    let admitted = admit(&shared, &rq, &mut out, from, certificate.as_deref()).await;
    let Some((peer, place, decision)) = admitted else {
        linger(&mut incoming, &mut out).await;
        return;
    };
    drop(waiting);
    let Decision::Accept { answer, contexts, peer_max_pdu } = decision else { return };
    if !send_pdu(&mut out, &Pdu::AssociationAC(answer)).await {
        return;
    }
    if let Err(fault) = touch(&shared.centre, &peer).await {
        tracing::warn!(peer = %peer.name, %fault, "the last contact of a peer was not written");
    }
    let listening = shared.reports.listen(shared.centre.ctx.id());
    let limit = body_limit(peer_max_pdu);
    let mut dialogue = Dialogue::new(shared.centre.clone(), peer, contexts, limit, out, listening);
    let caller = (from.ip(), certificate.as_deref());
    let end = converse(&shared, &mut incoming, &mut dialogue, caller).await;
    let line = dialogue.close().await;
    if let Some(bytes) = end.last_pdu() {
        let mut out = line.socket().await;
        send(&mut *out, &bytes).await;
        linger(&mut incoming, &mut out).await;
    }
    let Dialogue { peer, stored, refused, .. } = dialogue;
    drop(place);
    let (received, end) = (incoming.received, end.words());
    match shared.quiet.count(format!("end {} {}", peer.name, end)) {
        Some(times) if refused > 0 || end != "released" => {
            tracing::warn!(peer = %peer.name, address = %from.ip(), stored, refused, received, end, times, "association ended");
        }
        Some(times) => tracing::info!(peer = %peer.name, stored, received, times, "association ended"),
        None => tracing::debug!(peer = %peer.name, stored, refused, received, end, "association ended"),
    }
}

/// Reads the A-ASSOCIATE-RQ, or ends the connection.
async fn request(
    shared: &Shared,
    incoming: &mut Incoming<Read>,
    out: &mut Out,
    from: SocketAddr,
) -> Option<AssociationRQ> {
    let first = tokio::select! {
        () = shared.stop.cancelled() => return None,
        first = incoming.next(CONNECT, ASSOCIATE) => first,
    };
    let (why, reason) = match first {
        Ok((REQUEST, body)) => match negotiate::read_request(body) {
            Ok(rq) => return Some(rq),
            Err(e) => (e.to_string(), Some(INVALID_PARAMETER)),
        },
        Ok(_) => ("a pdu before the association request".to_owned(), Some(UNEXPECTED_PDU)),
        // A connection opened and closed again is a port check, not an event.
        Err(End::Closed) => return None,
        Err(end @ End::NotDicom(_)) => (end.to_string(), Some(1)),
        Err(end @ End::TooLong(_)) => (end.to_string(), Some(INVALID_PARAMETER)),
        Err(end) => (end.to_string(), None),
    };
    if let Some(times) = shared.quiet.count(format!("early {}", from.ip())) {
        tracing::warn!(address = %from.ip(), %why, times, "connection without association");
    }
    if let Some(reason) = reason {
        send(out, &abort(2, reason)).await;
        linger(incoming, out).await;
    }
    None
}

/// Looks the peer up and decides; sends the rejection itself.
async fn admit(
    shared: &Shared,
    rq: &AssociationRQ,
    out: &mut Out,
    from: SocketAddr,
    certificate: Option<&str>,
) -> Option<(Peer, Place, Decision)> {
    let title = rq.calling_ae_title.trim_matches([' ', '\0']);
    let reply = match judge(shared, rq, title, from, certificate).await {
        Ok(Ok(admitted)) => return Some(admitted),
        Ok(Err(reply)) => reply,
        Err(fault) => {
            tracing::error!(%fault, "the register of peers cannot be read");
            negotiate::congestion()
        }
    };
    send_pdu(out, &Pdu::AssociationRJ(reply)).await;
    None
}

/// The order of the acceptance rules: what the request says, title, address, certificate, identity, and a free place.
async fn judge(
    shared: &Shared,
    rq: &AssociationRQ,
    title: &str,
    from: SocketAddr,
    certificate: Option<&str>,
) -> Result<std::result::Result<(Peer, Place, Decision), AssociationRJ>> {
    let (admission, peer) = look_up(&shared.centre, title, from.ip(), certificate).await?;
    let config = &shared.centre.ctx.config.dicom;
    let called = rq.called_ae_title.trim_matches([' ', '\0']);
    // A server that took the place of another answers to its title, too, so that no device has to be touched.
    let alias =
        config.ae_aliases.split(',').map(str::trim).find(|alias| !alias.is_empty() && *alias == called);
    let decision = negotiate::decide(rq, alias.unwrap_or(&config.ae_title), &admission);
    let peer = match (&decision, peer) {
        (Decision::Reject(reply), peer) => {
            let what = match admission {
                Admission::ForeignAddress => Some("foreign_address"),
                Admission::ForeignCertificate => Some("foreign_certificate"),
                _ => None,
            };
            note_rejection(shared, peer.as_ref(), what, reply, from).await;
            return Ok(Err(reply.clone()));
        }
        (Decision::Accept { .. }, Some(peer)) => peer,
        (Decision::Accept { .. }, None) => return Ok(Err(negotiate::congestion())),
    };
    let said = negotiate::identity(rq);
    if !accepts(&shared.centre, &shared.attempts, &peer, said.as_ref(), from.ip()).await? {
        let reply = negotiate::identity_refused();
        note_rejection(shared, Some(&peer), Some("identity"), &reply, from).await;
        return Ok(Err(reply));
    }
    match shared.places.take(&peer.id) {
        Some(place) => Ok(Ok((peer, place, decision))),
        None => {
            if let Some(times) = shared.quiet.count(format!("limit {}", peer.name)) {
                tracing::warn!(peer = %peer.name, times, "too many associations at once");
            }
            Ok(Err(negotiate::local_limit()))
        }
    }
}

/// One counted line; with `what`, somebody used a peer's title without being the peer, and it is audited too.
async fn note_rejection(
    shared: &Shared,
    peer: Option<&Peer>,
    what: Option<&str>,
    reply: &AssociationRJ,
    from: SocketAddr,
) {
    // Each reason is counted for itself: a harmless one must not cover an attack.
    let about = peer.map_or("", |p| p.id.as_str());
    let counted = shared.quiet.count(format!("reject {} {} {about}", from.ip(), what.unwrap_or_default()));
    let Some(times) = counted else { return };
    // The titles are the sender's words: they are not written into the log.
    tracing::warn!(address = %from.ip(), why = %reply.source, what, times, "association rejected");
    if let (Some(what), Some(peer)) = (what, peer)
        && let Err(fault) = record_spoof(&shared.centre, peer, what, from.ip(), times).await
    {
        tracing::error!(peer = %peer.name, %fault, "a spoofed title was not audited");
    }
}

/// How an association ended.
enum Ended {
    Released,
    AbortedByPeer,
    Stopping,
    Broken(String),
    Protocol(u8, String),
}

impl From<Break> for Ended {
    fn from(broken: Break) -> Self {
        match broken {
            Break::Abort(reason, why) => Self::Protocol(reason, why.into()),
            Break::Gone => Self::Broken("nobody reads the answer".into()),
        }
    }
}

impl Ended {
    fn last_pdu(&self) -> Option<[u8; 10]> {
        match self {
            Self::Released => Some(release(RELEASED)),
            Self::Stopping => Some(abort(2, 0)),
            Self::Protocol(reason, _) => Some(abort(2, *reason)),
            Self::AbortedByPeer | Self::Broken(_) => None,
        }
    }

    fn words(&self) -> &str {
        match self {
            Self::Released => "released",
            Self::AbortedByPeer => "aborted by the peer",
            Self::Stopping => "the server stops",
            Self::Broken(why) | Self::Protocol(_, why) => why,
        }
    }
}

/// Reads PDUs until the association ends.
async fn converse(
    shared: &Shared,
    incoming: &mut Incoming<Read>,
    dialogue: &mut Dialogue,
    (address, certificate): (IpAddr, Option<&str>),
) -> Ended {
    let mut looked = Instant::now();
    let idle =
        Duration::from_secs(u64::try_from(shared.centre.ctx.config.dicom.idle_seconds.max(1)).unwrap_or(60));
    let mut message_start = (Duration::ZERO, 0);
    loop {
        let next = if dialogue.in_message() {
            let (waited, received) =
                (incoming.waited.saturating_sub(message_start.0), incoming.received - message_start.1);
            if waited > RATE_AFTER && received < waited.as_secs() * LEAST_RATE {
                return Ended::Protocol(0, format!("fewer than {LEAST_RATE} bytes a second"));
            }
            incoming.next(IN_MESSAGE, IN_MESSAGE).await
        } else {
            message_start = (incoming.waited, incoming.received);
            let silence = if dialogue.is_busy() { WHILE_BUSY } else { idle };
            tokio::select! {
                () = shared.stop.cancelled() => return Ended::Stopping,
                done = dialogue.operation_end() => match done {
                    Ok(()) => continue,
                    Err(broken) => return broken.into(),
                },
                next = incoming.next(silence, IN_MESSAGE) => next,
            }
        };
        match next {
            Ok((DATA, body)) => {
                if !dialogue.in_message() && looked.elapsed() > LOOK_AGAIN {
                    if !still_admitted(&shared.centre, &dialogue.peer, address, certificate).await {
                        return Ended::Protocol(0, "the register no longer admits this peer".into());
                    }
                    looked = Instant::now();
                }
                for pdv in Pdvs(body) {
                    let Ok(pdv) = pdv else {
                        return Ended::Protocol(
                            INVALID_PARAMETER,
                            "a fragment past the end of its pdu".into(),
                        );
                    };
                    if let Err(broken) = dialogue.take(pdv).await {
                        return broken.into();
                    }
                }
            }
            Ok((RELEASE, _)) if !dialogue.in_message() => return Ended::Released,
            Ok((wire::ABORT, _)) => return Ended::AbortedByPeer,
            Ok((kind, _)) => {
                return Ended::Protocol(UNEXPECTED_PDU, format!("pdu type {kind} at the wrong time"));
            }
            Err(end @ (End::Closed | End::Broken(_))) => return Ended::Broken(end.to_string()),
            Err(end @ End::NotDicom(_)) => return Ended::Protocol(1, end.to_string()),
            Err(end @ End::TooLong(_)) => return Ended::Protocol(INVALID_PARAMETER, end.to_string()),
            Err(end @ End::Silent) => return Ended::Protocol(0, end.to_string()),
        }
    }
}

async fn send_pdu(out: &mut Out, pdu: &Pdu) -> bool {
    let mut bytes = Vec::with_capacity(1024);
    if let Err(error) = write_pdu(&mut bytes, pdu) {
        tracing::error!(%error, "an association answer cannot be written");
        return false;
    }
    send(out, &bytes).await
}

/// Says that nothing more comes and waits for the peer to close, throwing away what it still sends.
async fn linger(incoming: &mut Incoming<Read>, out: &mut Out) {
    // A peer that has gone already needs neither.
    if out.shutdown().await.is_ok() {
        let _ = tokio::time::timeout(LINGER, incoming.drain()).await;
    }
}
