//! Modality Performed Procedure Step as provider (PS3.4 §F.7): N-CREATE begins a step, N-SET ends it, and nothing follows.

use yigong_base::fault::Fault;
use yigong_base::site::Peer;
use yigong_clinic::imaging::step::{self, Message};
use yigong_clinic::{Centre, stranger};
use yigong_formats::dicom::{step as values, uid};

use super::outbox::new_uid;
use super::status::{self, Status};

/// N-CREATE; answers the UID of the step too, which is ours when the request had none.
pub(super) async fn create(
    centre: &Centre,
    peer: &Peer,
    asked: &str,
    message: Message<'_>,
) -> (String, Status) {
    let step = if asked.is_empty() { new_uid(centre) } else { asked.to_owned() };
    if !uid::is_valid(&step) {
        return (step, Status::new(status::INVALID_INSTANCE, "uid"));
    }
    let done = match values::read(message.body, message.transfer_syntax) {
        Ok(report) => step::create(&centre.ctx, peer, &step, &report, message).await,
        Err(refusal) => Err(Fault::invalid("attribute list", refusal.slug)),
    };
    (step, done.map_or_else(of, |()| Status::new(status::SUCCESS, "")))
}

/// N-SET.
pub(super) async fn set(centre: &Centre, peer: &Peer, step: &str, message: Message<'_>) -> Status {
    let done = match values::read(message.body, message.transfer_syntax) {
        Ok(report) => step::set(&centre.ctx, peer, step, &report, message).await,
        Err(refusal) => Err(Fault::invalid("attribute list", refusal.slug)),
    };
    if matches!(done, Err(Fault::NotFound { .. })) {
        stranger::noted(&centre.ctx, &peer.permit(), "N-SET", &[step.to_owned()]).await;
    }
    done.map_or_else(of, |()| Status::new(status::SUCCESS, ""))
}

/// What went wrong as a status (PS3.7 Annex C, PS3.4 table F.7.2-2).
fn of(fault: Fault) -> Status {
    match fault {
        Fault::Conflict { code, .. } if code == "duplicate" => Status::new(status::DUPLICATE_INSTANCE, code),
        Fault::Conflict { detail, .. } => Status::new(status::PROCESSING_FAILURE, detail),
        Fault::NotFound { what } => Status::new(status::NO_SUCH_INSTANCE, what),
        Fault::Invalid { what, detail, .. } if what == "missing-attribute" => {
            Status::new(status::MISSING_ATTRIBUTE, detail)
        }
        Fault::Invalid { what, detail, .. } if what == "invalid-attribute" => {
            Status::new(status::INVALID_VALUE, detail)
        }
        Fault::Invalid { detail, .. } => Status::new(status::PROCESSING_FAILURE, detail),
        fault => {
            tracing::error!(%fault, "a performed procedure step was not kept");
            Status::new(status::PROCESSING_FAILURE, fault.code())
        }
    }
}
