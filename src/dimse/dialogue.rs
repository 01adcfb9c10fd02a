//! Messages of one association: fragments are put together by control bits and context id (PS3.8 Annex E), commands dispatched,
//! answers sent. A PDU may mix command and data; empty fragments are legal.

use std::sync::Arc;

use yigong_base::site::Peer;
use yigong_clinic::Centre;
use yigong_formats::dicom::command::{Command, MAX_BYTES, N_EVENT_REPORT, Response};
use yigong_formats::dicom::negotiate::Context;

use super::door::Out;
use super::line::Line;
use super::operation::{Operation, Request, largest};
use super::reports::Listening;
use super::store::{Receiving, on_c_store};
use super::wire::Pdv;
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
    pub(super) stored: u64,
    pub(super) refused: u64,
    contexts: Arc<[Context]>,
    line: Arc<Line>,
    message: Message,
    operation: Option<Operation>,
    /// What the peer is being told beside its own requests.
    telling: Option<Operation>,
    listening: Listening,
    association: Arc<str>,
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
    /// A request with an identifier, an attribute list or action information.
    Request(Request),
    /// A data set that is not wanted: read, dropped, answered where it belongs to a request.
    Dropped {
        context: u8,
        answer: Option<Response>,
    },
}

impl Message {
    /// The context on which its data set is expected.
    fn data_context(&self) -> Option<u8> {
        match self {
            Self::Object { context, .. } | Self::Dropped { context, .. } => Some(*context),
            Self::Request(request) => Some(request.context.id),
            Self::None | Self::Command { .. } => None,
        }
    }
}

impl Dialogue {
    pub(super) fn new(
        centre: Centre,
        peer: Peer,
        contexts: Vec<Context>,
        body_limit: usize,
        out: Out,
        listening: Listening,
    ) -> Self {
        let line = Arc::new(Line::new(out, body_limit));
        Self {
            centre,
            peer,
            stored: 0,
            refused: 0,
            contexts: contexts.into(),
            line,
            message: Message::None,
            operation: None,
            telling: None,
            association: listening.id.as_str().into(),
            listening,
        }
    }

    /// Whether a message has begun and is not complete.
    pub(super) fn in_message(&self) -> bool {
        !matches!(self.message, Message::None)
    }

    /// Whether an operation is at work.
    pub(super) fn is_busy(&self) -> bool {
        self.operation.is_some()
    }

    /// Waits for the end of the operation, or for something to tell the peer when none is at work. Cancel-safe.
    pub(super) async fn operation_end(&mut self) -> Result<(), Break> {
        if let Some(operation) = &mut self.operation {
            let end = operation.end().await;
            self.operation = None;
            return end;
        }
        if let Some(telling) = &mut self.telling {
            let end = telling.end().await;
            self.telling = None;
            return end;
        }
        match self.listening.told.recv().await {
            Some(told) => self.telling = Some(Operation::tell(&self.contexts, &self.line, told)),
            None => std::future::pending().await,
        }
        Ok(())
    }

    /// Ends the dialogue: an operation still at work is stopped. Answers the sending side.
    pub(super) async fn close(&mut self) -> Arc<Line> {
        for operation in self.operation.take().into_iter().chain(self.telling.take()) {
            operation.stop().await;
        }
        Arc::clone(&self.line)
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
        match self.message.data_context() {
            None => return Err(Break::Abort(UNEXPECTED_PARAMETER, "a data set without a command")),
            Some(context) if context != pdv.context => {
                return Err(Break::Abort(
                    INVALID_PARAMETER,
                    "a data set on another context than its command",
                ));
            }
            Some(_) => {}
        }
        match &mut self.message {
            Message::Object { receiving, .. } => receiving.write(pdv.data).await,
            Message::Request(request) if request.data.len() + pdv.data.len() > largest(&request.command) => {
                let (code, most) = (status::too_large(&request.command), largest(&request.command) >> 20);
                let answer = request.command.answered(code, &format!("data set over {most} MiB"));
                self.message = Message::Dropped { context: pdv.context, answer };
            }
            Message::Request(request) => request.data.extend_from_slice(pdv.data),
            Message::Dropped { .. } | Message::None | Message::Command { .. } => {}
        }
        if !pdv.last {
            return Ok(());
        }
        match std::mem::replace(&mut self.message, Message::None) {
            Message::Object { receiving, .. } => {
                let answer = receiving.finish(&self.centre, &self.peer).await;
                let kept = matches!(answer.status, status::SUCCESS | status::COERCED);
                *if kept { &mut self.stored } else { &mut self.refused } += 1;
                self.answer(pdv.context, answer).await
            }
            Message::Request(request) => self.begin(request).await,
            Message::Dropped { answer: Some(answer), .. } => self.answer(pdv.context, answer).await,
            Message::Dropped { .. } | Message::None | Message::Command { .. } => Ok(()),
        }
    }

    async fn dispatch(&mut self, context: u8, command: Command) -> Result<(), Break> {
        let Some(accepted) = self.contexts.iter().find(|c| c.id == context) else { return Ok(()) };
        let data_set = command.data_set();
        match command {
            Command::Echo { message_id, sop_class } => {
                let answer = echo::on_c_echo(accepted, message_id, &sop_class);
                self.answer(context, answer).await
            }
            Command::Store(request) => {
                let receiving = Box::new(on_c_store(&self.centre, accepted, request).await);
                self.message = Message::Object { context, receiving };
                Ok(())
            }
            Command::Cancel { responded_id } => {
                // A cancel that comes after the last answer means nothing any more (PS3.7 §9.3.2.3).
                if let Some(operation) = self.operation.as_ref().filter(|o| o.message_id() == responded_id) {
                    operation.cancel();
                }
                Ok(())
            }
            Command::Response(response) => {
                if data_set {
                    self.message = Message::Dropped { context, answer: None };
                }
                let asked = if response.to == N_EVENT_REPORT { &self.telling } else { &self.operation };
                if asked.as_ref().is_some_and(|o| o.response(response)) {
                    return Ok(());
                }
                Err(Break::Abort(UNEXPECTED_PDU, "a response that nobody asked for"))
            }
            command => {
                let request = Request { context: accepted.clone(), command, data: Vec::new() };
                if data_set {
                    self.message = Message::Request(request);
                    return Ok(());
                }
                self.begin(request).await
            }
        }
    }

    /// Starts the work on a request. One at a time: nobody has negotiated more (PS3.7 §D.3.3.3).
    async fn begin(&mut self, request: Request) -> Result<(), Break> {
        if self.operation.as_ref().is_some_and(Operation::is_answered) {
            self.operation_end().await?;
        }
        if let Some(running) = &self.operation {
            let same = request.command.request().is_some_and(|(_, id, _)| id == running.message_id());
            let (code, comment) = if same {
                (status::DUPLICATE_INVOCATION, "message id in use")
            } else {
                (status::OUT_OF_RESOURCES, "another request is at work")
            };
            let context = request.context.id;
            return match request.command.answered(code, comment) {
                Some(answer) => self.answer(context, answer).await,
                None => Ok(()),
            };
        }
        self.operation = Some(Operation::start(
            &self.centre,
            &self.peer,
            &self.contexts,
            &self.line,
            &self.association,
            request,
        ));
        Ok(())
    }

    async fn answer(&self, context: u8, answer: Response) -> Result<(), Break> {
        self.line.message(context, &Command::Response(answer), None).await
    }
}
