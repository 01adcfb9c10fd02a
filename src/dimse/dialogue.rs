//! Messages of one association: fragments are put together by control bits and context id (PS3.8 Annex E), commands dispatched,
//! answers sent. A PDU may mix command and data; empty fragments are legal.

use tokio::net::tcp::OwnedWriteHalf;
use yigong_base::site::Peer;
use yigong_clinic::Centre;
use yigong_formats::dicom::command::{Command, MAX_BYTES, Response};
use yigong_formats::dicom::negotiate::Context;

use super::store::{Receiving, on_c_store};
use super::wire::{Pdv, put_message, send};
use super::{echo, status};

/// Service-provider abort reasons (PS3.8 §9.3.8).
pub(super) const UNEXPECTED_PDU: u8 = 2;
pub(super) const UNEXPECTED_PARAMETER: u8 = 5;
pub(super) const INVALID_PARAMETER: u8 = 6;

/// Why the association cannot go on.
#[derive(Debug)]
pub(super) enum Break {
    /// A-ABORT with this service-provider reason.
    Abort(u8, &'static str),
    /// The connection is of no more use.
    Gone,
}

/// An association after its acceptance.
pub(super) struct Dialogue {
    pub(super) centre: Centre,
    pub(super) peer: Peer,
    pub(super) contexts: Vec<Context>,
    pub(super) body_limit: usize,
    pub(super) out: OwnedWriteHalf,
    pub(super) stored: u64,
    pub(super) refused: u64,
    message: Message,
}

/// The message that is coming in.
enum Message {
    None,
    Command {
        context: u8,
        bytes: Vec<u8>,
    },
    Object {
        context: u8,
        receiving: Box<Receiving>,
    },
    /// The data set of a request that is refused: read, dropped, answered.
    Dropped {
        context: u8,
        answer: Response,
    },
}

impl Dialogue {
    pub(super) fn new(
        centre: Centre,
        peer: Peer,
        contexts: Vec<Context>,
        body_limit: usize,
        out: OwnedWriteHalf,
    ) -> Self {
        Self { centre, peer, contexts, body_limit, out, stored: 0, refused: 0, message: Message::None }
    }

    /// Whether a message has begun and is not complete.
    pub(super) fn in_message(&self) -> bool {
        !matches!(self.message, Message::None)
    }

    /// Takes one fragment.
    pub(super) async fn take(&mut self, pdv: Pdv<'_>) -> Result<(), Break> {
        if !self.contexts.iter().any(|c| c.id == pdv.context) {
            return Err(Break::Abort(INVALID_PARAMETER, "a fragment on a context that was not accepted"));
        }
        if pdv.command { self.take_command(&pdv).await } else { self.take_data(&pdv).await }
    }

    async fn take_command(&mut self, pdv: &Pdv<'_>) -> Result<(), Break> {
        if matches!(self.message, Message::None) {
            self.message = Message::Command { context: pdv.context, bytes: Vec::new() };
        }
        let Message::Command { context, bytes } = &mut self.message else {
            return Err(Break::Abort(UNEXPECTED_PARAMETER, "a command inside a data set"));
        };
        if *context != pdv.context {
            return Err(Break::Abort(INVALID_PARAMETER, "a command over two contexts"));
        }
        if bytes.len() + pdv.data.len() > MAX_BYTES {
            return Err(Break::Abort(INVALID_PARAMETER, "a command over 64 KiB"));
        }
        bytes.extend_from_slice(pdv.data);
        if !pdv.last {
            return Ok(());
        }
        let bytes = std::mem::take(bytes);
        self.message = Message::None;
        match Command::decode(&bytes) {
            Ok(command) => self.dispatch(pdv.context, command).await,
            Err(error) => {
                tracing::warn!(peer = %self.peer.name, %error, "a command set cannot be read");
                Err(Break::Abort(INVALID_PARAMETER, "a command set that cannot be read"))
            }
        }
    }

    async fn take_data(&mut self, pdv: &Pdv<'_>) -> Result<(), Break> {
        let expected = match &self.message {
            Message::Object { context, .. } | Message::Dropped { context, .. } => Some(*context),
            Message::None | Message::Command { .. } => None,
        };
        match expected {
            None => return Err(Break::Abort(UNEXPECTED_PARAMETER, "a data set without a command")),
            Some(context) if context != pdv.context => {
                return Err(Break::Abort(
                    INVALID_PARAMETER,
                    "a data set on another context than its command",
                ));
            }
            Some(_) => {}
        }
        if let Message::Object { receiving, .. } = &mut self.message {
            receiving.write(pdv.data).await;
        }
        if !pdv.last {
            return Ok(());
        }
        let answer = match std::mem::replace(&mut self.message, Message::None) {
            Message::Object { receiving, .. } => {
                let answer = receiving.finish(&self.centre, &self.peer).await;
                let kept = matches!(answer.status, status::SUCCESS | status::COERCED);
                *if kept { &mut self.stored } else { &mut self.refused } += 1;
                answer
            }
            Message::Dropped { answer, .. } => answer,
            Message::None | Message::Command { .. } => return Ok(()),
        };
        self.answer(pdv.context, answer).await
    }

    async fn dispatch(&mut self, context: u8, command: Command) -> Result<(), Break> {
        let Some(accepted) = self.contexts.iter().find(|c| c.id == context) else { return Ok(()) };
        let refuse = |to, message_id, sop_class, status| Response {
            to,
            message_id,
            sop_class,
            sop_instance: String::new(),
            status,
            comment: String::new(),
            data_set: false,
        };
        let (answer, data_set) = match command {
            Command::Echo { message_id, sop_class } => {
                (echo::on_c_echo(accepted, message_id, &sop_class), false)
            }
            Command::Store(request) => {
                let receiving = Box::new(on_c_store(&self.centre, accepted, request).await);
                self.message = Message::Object { context, receiving };
                return Ok(());
            }
            Command::Find(rq) => {
                let to = yigong_formats::dicom::command::C_FIND;
                (refuse(to, rq.message_id, rq.sop_class, status::CLASS_NOT_SUPPORTED), true)
            }
            // Nothing that could be stopped is ever in progress when a cancel is read.
            Command::Cancel { .. } => return Ok(()),
            Command::Response(_) => {
                return Err(Break::Abort(UNEXPECTED_PDU, "a response that nobody asked for"));
            }
            Command::Other { field, message_id, sop_class, data_set } => {
                (refuse(field, message_id, sop_class, status::UNRECOGNISED), data_set)
            }
        };
        if data_set {
            self.message = Message::Dropped { context, answer };
            return Ok(());
        }
        self.answer(context, answer).await
    }

    async fn answer(&mut self, context: u8, answer: Response) -> Result<(), Break> {
        let mut bytes = Vec::with_capacity(512);
        put_message(&mut bytes, context, true, &Command::Response(answer).encode(), self.body_limit);
        if send(&mut self.out, &bytes).await { Ok(()) } else { Err(Break::Gone) }
    }
}
