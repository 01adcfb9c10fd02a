//! One frame: kept raw, recognised as a repeat or read, handled, answered; all of it in one unit of work.

use std::net::IpAddr;

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::HOUR_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::inbox::{self, Frame, Kept};
use yigong_base::site::{Peer, facility, peer};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, audit};
use yigong_formats::hl7::ack::Detail;
use yigong_formats::hl7::profile::ControlId;
use yigong_formats::hl7::{self, AckCode, ErrorCode, Header, Message, Profile, ReadError};

use super::answer::{self, Answer};
use super::{orders, patient, results};

/// How often a message is tried when another connection came in between.
const ATTEMPTS: u32 = 3;

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
    let app = header.part(&header.sending_app, 1).to_owned();
    let place = header.part(&header.sending_facility, 1).to_owned();
    let found = {
        let mut conn = ctx.db.read(&permit).await?;
        peer::find_hl7(&mut conn, ip, &app, &place).await?
    };
    let Some(peer) = found else {
        refuse(ctx, ip, Some(&header), &body, "unknown_sender").await?;
        let error = ReadError::new(0, ErrorCode::Internal, "sender is not registered for this address");
        return Ok(answer::wire(ctx, &header, AckCode::Reject, &Detail::from(&error)));
    };
    let profile = Profile::of_policy(&peer.policy)
        .map_err(|e| Fault::internal(format!("policy of peer {}: {e}", peer.name)))?;
    let received = match hl7::receive(&body, &profile.read_options()) {
        Ok(received) => received,
        Err(error) => return unreadable(ctx, &peer, &header, &body, &error).await,
    };
    let cut = if profile.instrument {
        hl7::charset::cut_characters(&body, received.decoded.charset)
    } else {
        Vec::new()
    };
    let several = received.messages.len() != 1;
    let held = received.decoded.ambiguous;
    let charset = received.decoded.charset;
    let mut wire = Vec::new();
    for message in received.messages {
        let (own, bytes) = match &message {
            Ok(message) if several => {
                (Header::of(message), charset.encode(message.text()).unwrap_or_else(|| body.clone()))
            }
            Ok(message) => (Header::of(message), body.clone()),
            Err(_) => (header.clone(), body.clone()),
        };
        let answer = one(ctx, &peer, &profile, &own, &message, &bytes, &cut, held).await?;
        wire.extend(answer);
    }
    Ok(wire)
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

/// Whether another attempt can end otherwise: another connection was first with the same new row, or held the lock.
fn worth_another(fault: &Fault) -> bool {
    matches!(fault, Fault::Busy { .. })
        || matches!(fault, Fault::Conflict { code, .. } if code == "duplicate")
}

/// One message, tried up to [`ATTEMPTS`] times: two first messages of a new patient at once must both be taken.
#[expect(clippy::too_many_arguments, reason = "one message with everything known about its frame")]
async fn one(
    ctx: &Ctx,
    peer: &Peer,
    profile: &Profile,
    header: &Header,
    message: &std::result::Result<Message, ReadError>,
    body: &[u8],
    cut: &[usize],
    held: bool,
) -> Result<Vec<u8>> {
    for attempt in 1..ATTEMPTS {
        match try_one(ctx, peer, profile, header, message, body, cut, held, false).await {
            Err(fault) if worth_another(&fault) => {
                tracing::info!(peer = %peer.name, attempt, "mllp.again");
            }
            done => return done,
        }
    }
    try_one(ctx, peer, profile, header, message, body, cut, held, true).await
}

#[expect(clippy::too_many_arguments, reason = "one message with everything known about its frame")]
async fn try_one(
    ctx: &Ctx,
    peer: &Peer,
    profile: &Profile,
    header: &Header,
    message: &std::result::Result<Message, ReadError>,
    body: &[u8],
    cut: &[usize],
    held: bool,
    last: bool,
) -> Result<Vec<u8>> {
    let permit = peer.permit();
    let sha256 = sha256_hex(body);
    let kind = format!("{}^{}", header.part(&header.kind, 1), header.trigger());
    let frame = Frame {
        kind: "hl7",
        peer: peer.id.clone(),
        facility: peer.facility.clone(),
        body: body.to_vec(),
        sha256: sha256.clone(),
        charset: answer::setting_name(header.charset).to_owned(),
        message_type: kind,
        control_id: header.control_id.clone(),
    };
    let mut tx = ctx.db.begin(&permit).await?;
    let earlier = if header.control_id.is_empty() {
        Vec::new()
    } else {
        inbox::find_same_id(&mut tx, &peer.id, &header.control_id).await?
    };
    if let Some(bytes) = earlier.iter().find(|k| k.sha256 == sha256).and_then(|k: &Kept| k.ack.clone()) {
        audit::append(&mut tx, ctx, &permit, "inbox.repeat", "peer", &peer.id, &json!({"sha256": sha256}))
            .await?;
        tx.commit().await?;
        return Ok(bytes);
    }
    let id = inbox::keep(&mut tx, ctx, &frame).await?;
    let repeated_body = header.control_id.is_empty()
        && inbox::find_same_body(&mut tx, &peer.id, &sha256, ctx.now() - 24 * HOUR_MS)
            .await?
            .is_some_and(|k| k.id != id);
    let community = facility::find(&mut tx, &peer.facility).await?.kind == "lead";
    let mut intake = Intake {
        ctx,
        permit: &permit,
        peer,
        profile,
        community,
        inbox: id.clone(),
        cut: cut.to_vec(),
        live: Vec::new(),
    };
    let other_body = earlier.iter().any(|k| k.sha256 != sha256);
    let done = match message {
        Err(error) => Ok(Answer::refused(AckCode::Error, error)),
        Ok(_) if held => Ok(Answer::held("charset_ambiguous")),
        Ok(_) if other_body && profile.control_id == ControlId::Reliable => Ok(Answer::quarantined(
            &ReadError::new(0, ErrorCode::DuplicateKey, "the control id was used for another message"),
        )),
        Ok(_) if header.control_id.is_empty() && profile.control_id == ControlId::Reliable => Ok(
            Answer::refused(AckCode::Reject, &ReadError::new(1, ErrorCode::RequiredField, "MSH-10 is empty")),
        ),
        Ok(message) => dispatch(&mut intake, &mut tx, header, message).await,
    };
    let mut answer = match done {
        Ok(answer) => answer,
        Err(Fault::Storage { detail }) => return Err(Fault::storage(detail)),
        Err(Fault::Busy { detail }) => return Err(Fault::Busy { detail }),
        Err(fault) if !last && worth_another(&fault) => return Err(fault),
        // What was half done is undone; the message itself is kept with the reason.
        Err(fault) => {
            drop(tx);
            tx = ctx.db.begin(&permit).await?;
            inbox::keep(&mut tx, ctx, &frame).await.map(|new| intake.inbox = new)?;
            intake.live.clear();
            Answer::of_fault(&fault)
        }
    };
    answer.detail.vendor_extras = profile.vendor_ack;
    let wire = answer::wire_for_mode(ctx, header, &answer);
    let reason = if repeated_body { "repeated_body" } else { answer.reason.as_str() };
    inbox::finish(&mut tx, ctx, &intake.inbox, &frame, answer.state, reason, &wire).await?;
    peer::touch(&mut tx, &peer.id, ctx.now()).await?;
    tx.commit().await?;
    for (slice, id, facility) in intake.live {
        ctx.live.changed(slice, &id, &facility);
    }
    if answer.state != "done" {
        tracing::warn!(peer = %peer.name, state = answer.state, reason = %answer.reason, "mllp.not_done");
        ctx.live.changed("lab", &intake.inbox, &peer.facility);
    }
    Ok(wire)
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
        let earlier = inbox::find_same_id(&mut conn, &peer.id, &header.control_id).await?;
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
    let id = inbox::keep(&mut tx, ctx, &frame).await?;
    inbox::finish(&mut tx, ctx, &id, &frame, state, why, ack).await?;
    audit::append(&mut tx, ctx, permit, "inbox.refuse", "inbox", &id, &json!({"why": why})).await?;
    tx.commit().await
}
