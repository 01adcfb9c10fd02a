//! One frame: its sender found, its messages read and handled one by one. What cannot be is kept with the reason.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::inbox::{self, End, Frame};
use yigong_base::site::{Peer, Senders, peer};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, audit};
use yigong_formats::hl7::ack::Detail;
use yigong_formats::hl7::{self, AckCode, ErrorCode, Header, Message, Profile, ReadError};

use super::answer::{self, Answer};
use super::single::{self, Single};
use super::{orders, patient, profiles, results};

/// What goes back on the wire.
pub(super) enum Reply {
    /// These bytes, framed; may be empty.
    Send(Vec<u8>),
    /// No answer: close, the sender tries again.
    Close,
}

/// Everything a message handler needs.
pub(super) struct Intake<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) permit: &'a Permit,
    pub(super) peer: &'a Peer,
    pub(super) profile: &'a Profile,
    /// The peer serves the whole community.
    pub(super) community: bool,
    /// Inbox row.
    pub(super) inbox: String,
    /// Lines where a character may have been cut.
    pub(super) cut: Vec<usize>,
    /// Events for open pages, told after the commit: slice, id, facility.
    pub(super) live: Vec<(&'static str, String, String)>,
}

/// Handles a complete frame.
pub(super) async fn message(ctx: &Ctx, ip: IpAddr, body: Vec<u8>) -> Reply {
    if body.iter().all(u8::is_ascii_whitespace) {
        tracing::info!(%ip, "mllp.empty_frame");
        return Reply::Send(Vec::new());
    }
    match frame(ctx, ip, body).await {
        Ok(bytes) => Reply::Send(bytes),
        // Nothing was committed: no answer, so that the sender keeps the message.
        Err(fault) => {
            tracing::error!(%ip, error = %fault, "mllp.not_kept");
            Reply::Close
        }
    }
}

/// Keeps a frame that ended wrongly. Only where MSH can be read and the frame ends the connection is AR sent.
pub(super) async fn broken(ctx: &Ctx, ip: IpAddr, body: Vec<u8>, why: &'static str) -> Reply {
    tracing::warn!(%ip, bytes = body.len(), why, "mllp.broken_frame");
    let header = Header::sniff(&body);
    let kept = refuse(ctx, ip, header.as_ref(), &body, why).await;
    match (header, why, kept) {
        (_, "aborted_frame", Ok(())) => Reply::Send(Vec::new()),
        (Some(header), _, Ok(())) => {
            let error = ReadError::new(0, ErrorCode::Internal, why);
            Reply::Send(answer::wire(ctx, &header, AckCode::Reject, &Detail::from(&error)))
        }
        _ => Reply::Close,
    }
}

async fn frame(ctx: &Ctx, ip: IpAddr, body: Vec<u8>) -> Result<Vec<u8>> {
    let permit = Permit::system("mllp.intake");
    let body = unbatched(body);
    let Some(header) = Header::sniff(&body) else {
        refuse(ctx, ip, None, &body, "no_msh").await?;
        let error = ReadError::new(1, ErrorCode::SegmentSequence, "first segment is not MSH");
        return Ok(answer::wire(ctx, &answer::anonymous(), AckCode::Reject, &Detail::from(&error)));
    };
    let app = header.part(&header.sending_app, 1);
    let place = header.part(&header.sending_facility, 1);
    let mut senders = Senders::kept(ctx, &permit).await?;
    loop {
        // Nobody is turned away by what was remembered.
        if senders.find(ip, app, place).is_none() {
            senders = Senders::fresh(ctx, &permit).await?;
        }
        let Some(peer) = senders.find(ip, app, place) else {
            refuse(ctx, ip, Some(&header), &body, "unknown_sender").await?;
            let error = ReadError::new(0, ErrorCode::Internal, "sender is not registered for this address");
            return Ok(answer::wire(ctx, &header, AckCode::Reject, &Detail::from(&error)));
        };
        match of_peer(ctx, &senders, peer, &header, &body).await {
            Err(Fault::Conflict { code, .. }) if code == single::PEER_CHANGED => {
                senders = Senders::fresh(ctx, &permit).await?;
            }
            done => return done,
        }
    }
}

/// A frame of a known sender; nothing is done when the sender was changed meanwhile.
async fn of_peer(
    ctx: &Ctx,
    senders: &Arc<Senders>,
    peer: &Peer,
    header: &Header,
    body: &[u8],
) -> Result<Vec<u8>> {
    let profile = match profiles::profile(ctx, senders, peer) {
        Ok(profile) => profile,
        Err(e) => {
            sure(ctx, senders, peer).await?;
            return Err(Fault::internal(format!("policy of peer {}: {e}", peer.name)));
        }
    };
    let received = match hl7::receive(body, &profile.read_options()) {
        Ok(received) => received,
        Err(error) => {
            sure(ctx, senders, peer).await?;
            return unreadable(ctx, peer, header, body, &error).await;
        }
    };
    let cut = if profile.instrument {
        hl7::charset::cut_characters(body, received.decoded.charset)
    } else {
        Vec::new()
    };
    let several = received.messages.len() != 1;
    let held = received.decoded.ambiguous;
    let charset = received.decoded.charset;
    let mut wire = Vec::new();
    for (n, message) in received.messages.iter().enumerate() {
        let own = message.as_ref().map_or_else(|_| header.clone(), Header::of);
        let part = match message {
            Ok(message) if several => charset.encode(message.text()),
            _ => None,
        };
        let single = Single {
            ctx,
            peer,
            profile: &profile,
            // A frame is finished under the sender it was begun with.
            senders: (n == 0).then_some(senders),
            header: &own,
            message,
            body: part.as_deref().unwrap_or(body),
            cut: &cut,
            held,
        };
        wire.extend(single.take().await?);
    }
    Ok(wire)
}

/// Before anything is refused: the sender is still the one that was remembered.
async fn sure(ctx: &Ctx, senders: &Senders, peer: &Peer) -> Result<()> {
    single::standing(senders, &mut *ctx.db.read(&peer.permit()).await?).await
}

/// The messages of an FHS/BHS batch without their wrapper; each is answered by itself. Anything else stays as it is.
fn unbatched(body: Vec<u8>) -> Vec<u8> {
    if !(body.starts_with(b"FHS") || body.starts_with(b"BHS")) {
        return body;
    }
    let wrapper = |line: &&[u8]| [&b"FHS"[..], b"BHS", b"BTS", b"FTS"].iter().any(|n| line.starts_with(n));
    let lines: Vec<&[u8]> =
        body.split(|b| matches!(b, b'\r' | b'\n')).filter(|l| !l.is_empty() && !wrapper(l)).collect();
    let inner = lines.join(&b'\r');
    if inner.starts_with(b"MSH") { inner } else { body }
}

pub(super) async fn dispatch(
    intake: &mut Intake<'_>,
    tx: &mut Tx,
    header: &Header,
    message: &Message,
) -> Result<Answer> {
    if let Err(error) = acceptable(header) {
        return Ok(Answer::refused(AckCode::Reject, &error));
    }
    let (kind, event, _) = message.kind();
    match (kind.as_str(), event.as_str()) {
        ("ADT", "A04" | "A08" | "A28" | "A31") => patient::adt(intake, tx, message, &event).await,
        ("ORM", "O01") | ("OML", "O21") => orders::take(intake, tx, header, message, &kind).await,
        ("ORU", "R01") => results::take(intake, tx, header, message).await,
        ("ADT" | "ORM" | "OML" | "ORU", _) => Ok(Answer::refused(
            AckCode::Reject,
            &ReadError::new(1, ErrorCode::EventCode, "event is not supported"),
        )),
        _ => Ok(Answer::refused(
            AckCode::Reject,
            &ReadError::new(1, ErrorCode::MessageType, "message type is not supported"),
        )),
    }
}

/// Version and processing id. An empty one passes: instruments leave them out.
fn acceptable(header: &Header) -> std::result::Result<(), ReadError> {
    let version = header.part(&header.version, 1);
    let known = matches!(
        version,
        "" | "2.1"
            | "2.2"
            | "2.3"
            | "2.3.1"
            | "2.4"
            | "2.5"
            | "2.5.1"
            | "2.6"
            | "2.7"
            | "2.7.1"
            | "2.8"
            | "2.8.1"
            | "2.8.2"
    );
    if !known {
        return Err(ReadError::new(1, ErrorCode::Version, "version is not supported"));
    }
    match header.part(&header.processing, 1) {
        "" | "P" => Ok(()),
        _ => Err(ReadError::new(1, ErrorCode::ProcessingId, "only processing id P is taken here")),
    }
}

async fn unreadable(
    ctx: &Ctx,
    peer: &Peer,
    header: &Header,
    body: &[u8],
    error: &ReadError,
) -> Result<Vec<u8>> {
    if !header.control_id.is_empty() {
        let mut conn = ctx.db.read(&peer.permit()).await?;
        let earlier = inbox::find_same_id(&mut conn, ctx, &peer.id, &header.control_id).await?;
        let sha256 = sha256_hex(body);
        if let Some(bytes) = earlier.into_iter().find(|k| k.sha256 == sha256).and_then(|k| k.ack) {
            return Ok(bytes);
        }
    }
    let answer = Answer::refused(AckCode::Error, error);
    let wire = answer::wire_for_mode(ctx, header, &answer);
    keep(
        ctx,
        &peer.permit(),
        &peer.id,
        &peer.facility,
        Some(header),
        body,
        "error",
        &error.to_string(),
        &wire,
    )
    .await?;
    ctx.live.changed("lab", &peer.id, &peer.facility);
    Ok(wire)
}

/// Keeps bytes that belong to no peer or are no message, under whoever is registered for the address.
async fn refuse(ctx: &Ctx, ip: IpAddr, header: Option<&Header>, body: &[u8], why: &str) -> Result<()> {
    let permit = Permit::system("mllp.refuse");
    let near = {
        let mut conn = ctx.db.read(&permit).await?;
        peer::list(&mut conn).await?.into_iter().find(|p| p.kind == "hl7" && p.enabled && p.admits(ip))
    };
    let facility = near.as_ref().map(|p| p.facility.clone()).unwrap_or_default();
    tracing::warn!(%ip, why, "mllp.refused");
    keep(ctx, &permit, &format!("address:{ip}"), &facility, header, body, "quarantined", why, &[]).await
}

#[expect(clippy::too_many_arguments, reason = "the columns of one inbox row")]
async fn keep(
    ctx: &Ctx,
    permit: &Permit,
    peer: &str,
    facility: &str,
    header: Option<&Header>,
    body: &[u8],
    state: &str,
    why: &str,
    ack: &[u8],
) -> Result<()> {
    let frame = Frame {
        kind: "hl7",
        peer: peer.to_owned(),
        facility: facility.to_owned(),
        body: body.to_vec(),
        sha256: sha256_hex(body),
        charset: String::new(),
        message_type: header.map(|h| h.kind.chars().take(20).collect()).unwrap_or_default(),
        control_id: header.map(|h| h.control_id.chars().take(200).collect()).unwrap_or_default(),
    };
    let mut tx = ctx.db.begin(permit).await?;
    let id = ctx.id();
    inbox::keep(&mut tx, ctx, &id, &frame, End { state, reason: why, ack }).await?;
    audit::append(&mut tx, ctx, permit, "inbox.refuse", "inbox", &id, &json!({"why": why}));
    tx.commit().await
}
