//! C-STORE (PS3.4 Annex B): fragments stream into the spool behind a Part-10 head; the imaging slice does the rest.

use serde_json::Value;
use yigong_base::site::Peer;
use yigong_base::storage::spool::Spool;
use yigong_clinic::Centre;
use yigong_clinic::imaging::receive::{Arrival, receive};
use yigong_formats::dicom::command::{C_STORE, Response, StoreRequest};
use yigong_formats::dicom::negotiate::{Context, Purpose};
use yigong_formats::dicom::{part10, uid};

use super::status::{self, Status};

/// An object on its way in. When it is refused early, its bytes are still read, and dropped, so that the answer can be heard.
pub(super) struct Receiving {
    request: StoreRequest,
    state: State,
}

enum State {
    Spooling(Box<Spool>),
    Refused(Status),
}

/// Begins: checks what the command alone shows, opens the spool, writes the head.
pub(super) async fn on_c_store(centre: &Centre, context: &Context, request: StoreRequest) -> Receiving {
    let state = match open(centre, context, &request).await {
        Ok(spool) => State::Spooling(Box::new(spool)),
        Err(status) => State::Refused(status),
    };
    Receiving { request, state }
}

async fn open(centre: &Centre, context: &Context, request: &StoreRequest) -> Result<Spool, Status> {
    if context.purpose != Purpose::Storage {
        return Err(Status::new(status::CLASS_NOT_SUPPORTED, "not a storage context"));
    }
    if !context.roles.scu {
        // Proposed only to receive objects by C-GET.
        return Err(Status::new(status::NOT_AUTHORISED, "the context is for receiving"));
    }
    if context.sop_class != request.sop_class {
        return Err(Status::new(status::MISMATCH, "sop-mismatch"));
    }
    if !uid::is_valid(&request.sop_instance) {
        return Err(Status::new(status::CANNOT_UNDERSTAND, "uid"));
    }
    let head = part10::head(&request.sop_class, &request.sop_instance, &context.transfer_syntax);
    let spooled = async {
        let mut spool = centre.ctx.blobs.spool().await?;
        spool.write(&head).await?;
        Ok(spool)
    };
    spooled.await.map_err(lost)
}

/// Spooling failed: nothing is kept, the sender may retry.
fn lost(fault: yigong_base::fault::Fault) -> Status {
    tracing::error!(%fault, "an object could not be spooled");
    Status::new(status::OUT_OF_RESOURCES, fault.code())
}

impl Receiving {
    /// The next fragment of the data set.
    pub(super) async fn write(&mut self, fragment: &[u8]) {
        if let State::Spooling(spool) = &mut self.state
            && let Err(fault) = spool.write(fragment).await
        {
            self.state = State::Refused(lost(fault));
        }
    }

    /// The last fragment was written: receive the object, and only then answer (invariant 1).
    pub(super) async fn finish(self, centre: &Centre, peer: &Peer) -> Response {
        let Self { request, state } = self;
        let status = match state {
            State::Refused(status) => status,
            State::Spooling(spool) => match spool.finish().await {
                Err(fault) => lost(fault),
                Ok(spooled) => {
                    let arrival = Arrival {
                        peer: peer.clone(),
                        spooled,
                        sop_class: Some(request.sop_class.clone()),
                        sop_instance: Some(request.sop_instance.clone()),
                        source: "dimse",
                    };
                    let result = receive(centre, arrival).await;
                    if let Err(fault) = &result {
                        tracing::warn!(peer = %peer.name, %fault, "an object was refused");
                    }
                    let warn = peer.policy.get("warn").and_then(Value::as_bool).unwrap_or(false);
                    status::of(&result, warn)
                }
            },
        };
        Response {
            to: C_STORE,
            message_id: request.message_id,
            sop_class: request.sop_class,
            sop_instance: request.sop_instance,
            status: status.code,
            comment: status.comment,
            ..Response::default()
        }
    }
}
