//! The way back for a message that was held or refused: read again with the connection's present settings.
//!
//! The answer the sender got stays what it was; effects are idempotent, so a message may be taken again at any time.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::inbox::{self, End, Frame};
use yigong_base::site::{facility, peer};
use yigong_base::{Ctx, audit};
use yigong_clinic::lab::messages;
use yigong_formats::hl7::{self, AckCode, Header, Profile};

use super::answer::Answer;
use super::intake::{Intake, dispatch};

/// Name of the job.
pub const JOB: &str = "hl7_replay";

/// Takes the inbox row `id` again. A message that still cannot be taken keeps its state with the new reason.
pub async fn replay(ctx: &Ctx, id: &str) -> Result<()> {
    let system = Permit::system("mllp.replay");
    let (kept, peer) = {
        let mut conn = ctx.db.read(&system).await?;
        let kept = messages::raw(&mut conn, &system, id).await?;
        let peer = peer::find(&mut conn, &kept.peer).await;
        (kept, peer)
    };
    if !matches!(kept.state.as_str(), "held" | "error" | "quarantined") {
        return Ok(());
    }
    let peer = peer.map_err(|_| Fault::conflict("no_peer", "the message belongs to no registered peer"))?;
    let profile = Profile::of_policy(&peer.policy).map_err(|e| Fault::invalid("policy", e))?;
    let read = hl7::receive(&kept.body, &profile.read_options());
    let permit = peer.permit();
    let mut tx = ctx.db.begin(&permit).await?;
    let mut frame = Frame {
        kind: "hl7",
        peer: peer.id.clone(),
        facility: peer.facility.clone(),
        body: Vec::new(),
        // Only how it ended is written.
        sha256: String::new(),
        charset: kept.charset.clone(),
        message_type: kept.message_type.clone(),
        control_id: kept.control_id.clone(),
    };
    let community = facility::find(&mut tx, &peer.facility).await?.kind == "lead";
    let (mut state, mut reason) = ("done", String::new());
    let mut live = Vec::new();
    match read {
        Err(error) => (state, reason) = ("error", error.to_string()),
        Ok(got) if got.decoded.ambiguous => (state, reason) = ("held", "charset_ambiguous".to_owned()),
        Ok(got) => {
            frame.charset = super::answer::setting_name(got.decoded.charset).to_owned();
            let cut = if profile.instrument {
                hl7::charset::cut_characters(&kept.body, got.decoded.charset)
            } else {
                Vec::new()
            };
            for message in got.messages {
                let message = match message {
                    Ok(message) => message,
                    Err(error) => {
                        (state, reason) = ("error", error.to_string());
                        break;
                    }
                };
                let header = Header::of(&message);
                let mut intake = Intake {
                    ctx,
                    permit: &permit,
                    peer: &peer,
                    profile: &profile,
                    community,
                    inbox: id.to_owned(),
                    cut: cut.clone(),
                    live: Vec::new(),
                };
                let answer = match dispatch(&mut intake, &mut tx, &header, &message).await {
                    Ok(answer) => answer,
                    Err(fault @ (Fault::Storage { .. } | Fault::Busy { .. })) => return Err(fault),
                    Err(fault) => Answer::of_fault(&fault),
                };
                live.append(&mut intake.live);
                if answer.code != AckCode::Accept {
                    (state, reason) = ("error", answer.reason);
                    break;
                }
                reason = answer.reason;
            }
        }
    }
    if state != "done" {
        // Nothing half done stays: only the new reason is written.
        drop(tx);
        live.clear();
        tx = ctx.db.begin(&permit).await?;
    }
    let end = End { state, reason: &reason, ack: &kept.ack };
    inbox::finish(&mut tx, ctx, id, &frame, end).await?;
    audit::append(&mut tx, ctx, &permit, "inbox.replay", "inbox", id, &json!({"state": state}));
    tx.commit().await?;
    ctx.live.changed("lab", id, &peer.facility);
    for (slice, id, facility) in live {
        ctx.live.changed(slice, &id, &facility);
    }
    Ok(())
}
