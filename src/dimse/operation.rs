//! A request at work beside the reading of its association: its answers stream out while a cancel or the response to a
//! sub-operation comes in (PS3.7 §8, §9.1.2.2). A panic in it ends its own association only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use yigong_base::access::Permit;
use yigong_base::site::Peer;
use yigong_clinic::Centre;
use yigong_formats::dicom::command::{Command, NormalisedRequest, Response, Verb};
use yigong_formats::dicom::negotiate::Context;
use yigong_formats::dicom::uid;

use super::dialogue::Break;
use super::line::Line;
use super::reports::Told;
use super::scu::object::Reader;
use super::status;

/// Bytes of an identifier, attribute list or action information at most.
pub(super) const MAX_DATA: usize = 1 << 20;
/// Largest data set of a normalised request, bytes: the commitment of as many objects as one may name.
pub(super) const MAX_NORMALISED: usize = 8 << 20;
/// Bytes of the data set of a request at most.
pub(super) fn largest(command: &Command) -> usize {
    if matches!(command, Command::Normalised(_)) { MAX_NORMALISED } else { MAX_DATA }
}

/// From a sub-operation's request to its response.
const RESPONSE: Duration = Duration::from_secs(if cfg!(test) { 5 } else { 120 });
/// An operation that is told to stop is waited for this long.
const STOP: Duration = Duration::from_secs(5);
/// Message id of what we ask without being asked; the peer numbers its own requests.
const TELLING: u16 = 1;
/// Responses that may wait for the operation. It asks one thing at a time.
const WAITING: usize = 4;

/// A request that has arrived whole.
pub(super) struct Request {
    /// The presentation context it came on.
    pub(super) context: Context,
    /// The request.
    pub(super) command: Command,
    /// Its data set: identifier, attribute list, action information; empty when it has none.
    pub(super) data: Vec<u8>,
}

/// What an operation has of its association.
pub(super) struct Exchange {
    pub(super) centre: Centre,
    pub(super) peer: Peer,
    /// Every accepted context of the association.
    pub(super) contexts: Arc<[Context]>,
    /// Set when the peer cancels or the association ends.
    pub(super) cancelled: CancellationToken,
    /// Id of the association, for what is to be told on it later.
    pub(super) association: Arc<str>,
    context: u8,
    line: Arc<Line>,
    responses: mpsc::Receiver<Response>,
    answered: Arc<AtomicBool>,
}

impl Exchange {
    /// The permit of the peer: its own facility.
    pub(super) fn permit(&self) -> Permit {
        self.peer.permit()
    }

    /// Whether the peer said stop.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Sends a response on the context of the request. Anything but a pending one is the last.
    pub(super) async fn answer(&self, mut response: Response, data: Option<&[u8]>) -> Result<(), Break> {
        response.data_set = data.is_some();
        if !status::is_pending(response.status) {
            self.answered.store(true, Ordering::Release);
        }
        self.line.message(self.context, &Command::Response(response), data).await
    }

    /// Sends a request of our own with a stored object and waits for its response. Without one nobody knows what the peer has,
    /// and what it says later would be taken for the answer to something else: the association ends.
    pub(super) async fn ask(
        &mut self,
        context: u8,
        command: &Command,
        object: Reader,
    ) -> Result<Response, Break> {
        let id = command.request().map(|(_, id, _)| id);
        self.line.object(context, command, object).await?;
        loop {
            match timeout(RESPONSE, self.responses.recv()).await {
                Ok(Some(response)) if Some(response.message_id) == id => return Ok(response),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Break::Gone),
                Err(_) => return Err(Break::Abort(0, "no response to a sub-operation")),
            }
        }
    }
}

/// An operation as its association sees it.
pub(super) struct Operation {
    message_id: u16,
    cancel: CancellationToken,
    responses: mpsc::Sender<Response>,
    answered: Arc<AtomicBool>,
    task: JoinHandle<Result<(), Break>>,
}

impl Operation {
    /// Starts the work on a request.
    pub(super) fn start(
        centre: &Centre,
        peer: &Peer,
        contexts: &Arc<[Context]>,
        line: &Arc<Line>,
        association: &Arc<str>,
        request: Request,
    ) -> Self {
        let (responses, receiver) = mpsc::channel(WAITING);
        let (cancel, answered) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let exchange = Exchange {
            centre: centre.clone(),
            peer: peer.clone(),
            contexts: Arc::clone(contexts),
            cancelled: cancel.clone(),
            association: Arc::clone(association),
            context: request.context.id,
            line: Arc::clone(line),
            responses: receiver,
            answered: Arc::clone(&answered),
        };
        let message_id = request.command.request().map_or(0, |(_, id, _)| id);
        let task = tokio::spawn(super::dispatch::serve(exchange, request));
        Self { message_id, cancel, responses, answered, task }
    }

    /// Starts telling the peer something: a request of our own, whose response is the end.
    pub(super) fn tell(contexts: &Arc<[Context]>, line: &Arc<Line>, told: Told) -> Self {
        let (responses, receiver) = mpsc::channel(WAITING);
        let task = tokio::spawn(tell(Arc::clone(contexts), Arc::clone(line), told, receiver));
        Self {
            message_id: TELLING,
            cancel: CancellationToken::new(),
            responses,
            answered: Arc::default(),
            task,
        }
    }

    /// The message id it answers.
    pub(super) fn message_id(&self) -> u16 {
        self.message_id
    }

    /// Whether its last response is on its way, so that the next request may follow.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// C-CANCEL: it stops between two answers.
    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Hands it a response; `false` when it asked for none.
    pub(super) fn response(&self, response: Response) -> bool {
        self.responses.try_send(response).is_ok()
    }

    /// Waits for its end.
    pub(super) async fn end(&mut self) -> Result<(), Break> {
        match (&mut self.task).await {
            Ok(end) => end,
            Err(error) => {
                tracing::error!(%error, "an operation stopped without an answer");
                Err(Break::Abort(0, "an operation failed"))
            }
        }
    }

    /// Stops it because its association ends.
    pub(super) async fn stop(mut self) {
        self.cancel.cancel();
        // Nobody will answer what it still asks.
        let (nobody, _) = mpsc::channel(1);
        self.responses = nobody;
        if timeout(STOP, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn tell(
    contexts: Arc<[Context]>,
    line: Arc<Line>,
    told: Told,
    mut responses: mpsc::Receiver<Response>,
) -> Result<(), Break> {
    let Told { report, answer } = told;
    let Some(context) = contexts.iter().find(|c| c.sop_class == report.sop_class) else { return Ok(()) };
    let request = NormalisedRequest {
        message_id: TELLING,
        verb: Verb::EventReport(report.event),
        sop_class: report.sop_class.to_owned(),
        sop_instance: report.sop_instance.to_owned(),
        data_set: true,
    };
    let implicit = context.transfer_syntax == uid::IMPLICIT_LE;
    let data = if implicit { &report.implicit } else { &report.explicit };
    line.message(context.id, &Command::Normalised(request), Some(data)).await?;
    if let Ok(Some(response)) = timeout(RESPONSE, responses.recv()).await {
        // The one who asked for it may have given up: then the report goes out once more, which harms nobody.
        let _ = answer.send(response.status);
    }
    Ok(())
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
