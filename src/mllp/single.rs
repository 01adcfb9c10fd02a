//! One message of a frame: recognised as a repeat or handled, kept with its answer; all of it in one unit of work.

use serde_json::json;
use yigong_base::clock::HOUR_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::inbox::{self, End, Frame, Kept};
use yigong_base::site::{Peer, Senders, facility, peer};
use yigong_base::storage::Conn;
use yigong_base::{Ctx, audit};
use yigong_formats::hl7::profile::ControlId;
use yigong_formats::hl7::{AckCode, ErrorCode, Header, Message, Profile, ReadError};

use super::answer::{self, Answer};
use super::intake::{Intake, dispatch};

/// How often a message is tried when another connection came in between.
const ATTEMPTS: u32 = 3;
/// Code of the conflict that ends an attempt under a sender that was changed meanwhile.
pub(super) const PEER_CHANGED: &str = "peer_changed";

/// One message with everything known about its frame.
pub(super) struct Single<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) peer: &'a Peer,
    pub(super) profile: &'a Profile,
    /// The senders among which the peer was found; absent when that is settled.
    pub(super) senders: Option<&'a Senders>,
    pub(super) header: &'a Header,
    pub(super) message: &'a std::result::Result<Message, ReadError>,
    pub(super) body: &'a [u8],
    /// Lines where a character may have been cut.
    pub(super) cut: &'a [usize],
    /// Two character sets fit: nothing is taken from it unseen.
    pub(super) held: bool,
}

/// Refuses what was begun under senders that changed meanwhile.
pub(super) async fn standing(senders: &Senders, conn: &mut Conn) -> Result<()> {
    if senders.stand(conn).await? {
        return Ok(());
    }
    Err(Fault::conflict(PEER_CHANGED, "the sender was changed meanwhile"))
}

/// Whether another attempt can end otherwise: another connection was first with the same new row, or held the lock.
fn worth_another(fault: &Fault) -> bool {
    matches!(fault, Fault::Busy { .. })
        || matches!(fault, Fault::Conflict { code, .. } if code == "duplicate")
}

impl Single<'_> {
    /// Tried up to [`ATTEMPTS`] times: two first messages of a new patient at once must both be taken. Answers the bytes for
    /// the wire.
    ///
    /// # Errors
    /// Nothing was kept. The conflict [`PEER_CHANGED`]: the frame must be begun again.
    pub(super) async fn take(&self) -> Result<Vec<u8>> {
        for attempt in 1..ATTEMPTS {
            match self.attempt(false).await {
                Err(fault) if worth_another(&fault) => {
                    tracing::info!(peer = %self.peer.name, attempt, "mllp.again");
                }
                done => return done,
            }
        }
        self.attempt(true).await
    }

    fn frame(&self) -> Frame {
        let header = self.header;
        Frame {
            kind: "hl7",
            peer: self.peer.id.clone(),
            facility: self.peer.facility.clone(),
            body: self.body.to_vec(),
            sha256: sha256_hex(self.body),
            charset: answer::setting_name(header.charset).to_owned(),
            message_type: format!("{}^{}", header.part(&header.kind, 1), header.trigger()),
            control_id: header.control_id.clone(),
        }
    }

    async fn attempt(&self, last: bool) -> Result<Vec<u8>> {
        let (ctx, peer, header) = (self.ctx, self.peer, self.header);
        let permit = peer.permit();
        let frame = self.frame();
        let mut tx = ctx.db.begin(&permit).await?;
        if let Some(senders) = self.senders {
            standing(senders, &mut tx).await?;
        }
        let earlier = if header.control_id.is_empty() {
            Vec::new()
        } else {
            inbox::find_same_id(&mut tx, ctx, &peer.id, &header.control_id).await?
        };
        let repeat = earlier.iter().find(|k| k.sha256 == frame.sha256);
        if let Some(bytes) = repeat.and_then(|k: &Kept| k.ack.clone()) {
            let detail = json!({"sha256": frame.sha256});
            audit::append(&mut tx, ctx, &permit, "inbox.repeat", "peer", &peer.id, &detail);
            tx.commit().await?;
            return Ok(bytes);
        }
        let since = ctx.now() - 24 * HOUR_MS;
        let repeated_body = header.control_id.is_empty()
            && inbox::find_same_body(&mut tx, &peer.id, &frame.sha256, since).await?.is_some();
        let mut intake = Intake {
            ctx,
            permit: &permit,
            peer,
            profile: self.profile,
            community: facility::find(&mut tx, &peer.facility).await?.kind == "lead",
            inbox: ctx.id(),
            cut: self.cut.to_vec(),
            live: Vec::new(),
        };
        let reused = earlier.iter().any(|k| k.sha256 != frame.sha256);
        let done = match self.barred(reused) {
            Some(answer) => Ok(answer),
            None => match self.message {
                Err(error) => Ok(Answer::refused(AckCode::Error, error)),
                Ok(message) => dispatch(&mut intake, &mut tx, header, message).await,
            },
        };
        let mut answer = match done {
            Ok(answer) if answer.code == AckCode::Accept => answer,
            Err(Fault::Storage { detail }) => return Err(Fault::storage(detail)),
            Err(Fault::Busy { detail }) => return Err(Fault::Busy { detail }),
            Err(fault) if !last && worth_another(&fault) => return Err(fault),
            // What was half done is undone, of several orders the first ones too: who is told no sends all of it again. The message
            // itself is kept with the reason.
            refused => {
                drop(tx);
                tx = ctx.db.begin(&permit).await?;
                intake.live.clear();
                refused.unwrap_or_else(|fault| Answer::of_fault(&fault))
            }
        };
        answer.detail.vendor_extras = self.profile.vendor_ack;
        let wire = answer::wire_for_mode(ctx, header, &answer);
        // Why it could not be taken is worth more to a person than that it came before.
        let reason = match answer.reason.as_str() {
            "" if repeated_body => "repeated_body",
            reason => reason,
        };
        let end = End { state: answer.state, reason, ack: &wire };
        inbox::keep(&mut tx, ctx, &intake.inbox, &frame, end).await?;
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

    /// What keeps a message from being handled whatever it says. `reused`: another message came under its control id.
    fn barred(&self, reused: bool) -> Option<Answer> {
        let reliable = self.profile.control_id == ControlId::Reliable;
        match self.message {
            Err(_) => None,
            Ok(_) if self.held => Some(Answer::held("charset_ambiguous")),
            Ok(_) if reused && reliable => Some(Answer::quarantined(&ReadError::new(
                0,
                ErrorCode::DuplicateKey,
                "the control id was used for another message",
            ))),
            Ok(_) if self.header.control_id.is_empty() && reliable => Some(Answer::refused(
                AckCode::Reject,
                &ReadError::new(1, ErrorCode::RequiredField, "MSH-10 is empty"),
            )),
            Ok(_) => None,
        }
    }
}
