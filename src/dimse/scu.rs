//! The calling side: verification and storage to a peer.

use std::path::PathBuf;
use std::time::Duration;

use dicom_ul::pdu::{AssociationRQ, Pdu, PresentationContextProposed, UserVariableItem, write_pdu};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout};
use yigong_formats::dicom::command::{C_ECHO, C_STORE, Command, MAX_BYTES, Response, StoreRequest};
use yigong_formats::dicom::negotiate::{self, APPLICATION_CONTEXT, Context, MAX_CONTEXTS, MAX_PDU};
use yigong_formats::dicom::{part10, uid};

use super::wire::{
    self, ACCEPT, DATA, Incoming, Pdvs, REJECT, RELEASE, abort, body_limit, fragment_limit, put_fragment,
    put_message, release, send,
};

pub(in crate::dimse) mod object;

const CONNECT: Duration = Duration::from_secs(10);
/// From a request to its answer.
const ANSWER: Duration = Duration::from_secs(120);
const RELEASE_WAIT: Duration = Duration::from_secs(10);

/// Whom to call, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// Our title.
    pub calling_ae: String,
    /// Their title.
    pub called_ae: String,
}

/// A Part-10 object to send.
#[derive(Debug, Clone)]
pub enum Object {
    /// A file.
    Path(PathBuf),
    /// A file in memory.
    Bytes(Vec<u8>),
}

/// The answer to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// C-STORE status; [`NOT_SENT`] when the peer accepted no context for it or the file cannot be read.
    pub status: u16,
    /// The peer's Error Comment, or why it was not sent.
    pub comment: String,
}

/// Status of an object that did not leave.
pub const NOT_SENT: u16 = 0xFFFF;

/// Why a call failed. `sent` holds the answers received before.
#[derive(Debug)]
pub struct CallError {
    /// What failed, without patient data.
    pub what: String,
    /// Answers to the first objects.
    pub sent: Vec<Sent>,
}

impl CallError {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), sent: Vec::new() }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for CallError {}

/// Verification (PS3.4 Annex A): answers the time from connect to the echo's answer.
///
/// # Errors
/// Names the step: connect, associate, echo.
pub async fn echo(target: &Target) -> Result<Duration, CallError> {
    let began = Instant::now();
    let context = proposed(1, uid::VERIFICATION, &[uid::IMPLICIT_LE, uid::EXPLICIT_LE]);
    let mut call = Call::open(target, vec![context]).await?;
    let Some(context) = call.contexts.first().map(|c| c.id) else {
        call.release().await;
        return Err(CallError::new("the peer does not accept verification"));
    };
    let command = Command::Echo { message_id: 1, sop_class: uid::VERIFICATION.to_owned() };
    call.command(context, &command).await?;
    let answer = call.answer(C_ECHO, 1).await?;
    let took = began.elapsed();
    call.release().await;
    if answer.status == 0 {
        Ok(took)
    } else {
        Err(CallError::new(format!("echo answered with status {:04X}", answer.status)))
    }
}

/// Sends objects one after the other, each in the transfer syntax it is stored in. The answers stand in the order of `objects`.
///
/// # Errors
/// The connection or the association failed; a refused object is no error but a [`Sent`].
pub async fn store(target: &Target, objects: &[Object]) -> Result<Vec<Sent>, CallError> {
    let mut sent = Vec::with_capacity(objects.len());
    let mut rest = objects;
    while !rest.is_empty() {
        let mut heads = Vec::new();
        let mut contexts: Vec<PresentationContextProposed> = Vec::new();
        for object in rest {
            let head = object::head(object).await;
            if let Ok(h) = &head {
                let known = contexts.iter().any(|c| {
                    c.abstract_syntax == h.sop_class && c.transfer_syntaxes.contains(&h.transfer_syntax)
                });
                if !known && contexts.len() == MAX_CONTEXTS {
                    break;
                }
                if !known {
                    let id = u8::try_from(contexts.len() * 2 + 1).unwrap_or(u8::MAX);
                    contexts.push(proposed(id, &h.sop_class, &[&h.transfer_syntax]));
                }
            }
            heads.push(head);
        }
        let (batch, tail) = rest.split_at(heads.len().min(rest.len()));
        rest = tail;
        if contexts.is_empty() {
            sent.extend(heads.into_iter().filter_map(Result::err).map(unsent));
            continue;
        }
        let mut call = match Call::open(target, contexts).await {
            Ok(call) => call,
            Err(e) => return Err(CallError { sent, ..e }),
        };
        for (object, head) in batch.iter().zip(heads) {
            let answer = match head {
                Ok(head) => call.store(object, &head).await,
                Err(why) => Ok(unsent(why)),
            };
            match answer {
                Ok(answer) => sent.push(answer),
                Err(e) => return Err(CallError { sent, ..e }),
            }
        }
        call.release().await;
    }
    Ok(sent)
}

fn unsent(why: String) -> Sent {
    Sent { status: NOT_SENT, comment: why }
}

fn proposed(id: u8, class: &str, syntaxes: &[&str]) -> PresentationContextProposed {
    PresentationContextProposed {
        id,
        abstract_syntax: class.to_owned(),
        transfer_syntaxes: syntaxes.iter().map(|s| (*s).to_owned()).collect(),
    }
}

/// An open association.
struct Call {
    incoming: Incoming<OwnedReadHalf>,
    out: OwnedWriteHalf,
    contexts: Vec<Context>,
    body_limit: usize,
    last_id: u16,
}

impl Call {
    async fn open(target: &Target, contexts: Vec<PresentationContextProposed>) -> Result<Self, CallError> {
        let connect = timeout(CONNECT, TcpStream::connect(&target.address)).await;
        let stream = connect
            .map_err(|_| CallError::new("connect: no answer"))?
            .map_err(|e| CallError::new(format!("connect: {e}")))?;
        stream.set_nodelay(true).map_err(|e| CallError::new(format!("connect: {e}")))?;
        let (read, mut out) = stream.into_split();
        let rq = AssociationRQ {
            protocol_version: 1,
            calling_ae_title: target.calling_ae.clone(),
            called_ae_title: target.called_ae.clone(),
            application_context_name: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: contexts,
            user_variables: vec![
                UserVariableItem::MaxLength(MAX_PDU),
                UserVariableItem::ImplementationClassUID(part10::IMPLEMENTATION_UID.to_owned()),
                UserVariableItem::ImplementationVersionName(part10::IMPLEMENTATION_NAME.to_owned()),
            ],
        };
        let mut bytes = Vec::new();
        write_pdu(&mut bytes, &Pdu::AssociationRQ(rq.clone()))
            .map_err(|e| CallError::new(format!("associate: {e}")))?;
        if !send(&mut out, &bytes).await {
            return Err(CallError::new("associate: the peer does not read"));
        }
        let mut incoming = Incoming::new(read);
        let (contexts, peer_max) = match incoming.next(ANSWER, ANSWER).await {
            Ok((ACCEPT, body)) => negotiate::read_answer(body, &rq.presentation_contexts)
                .map_err(|e| CallError::new(e.to_string()))?,
            Ok((REJECT, body)) => return Err(CallError::new(rejection(body))),
            Ok((wire::ABORT, _)) => return Err(CallError::new("associate: aborted by the peer")),
            Ok((kind, _)) => return Err(CallError::new(format!("associate: answered with pdu type {kind}"))),
            Err(end) => return Err(CallError::new(format!("associate: {end}"))),
        };
        Ok(Self { incoming, out, contexts, body_limit: body_limit(peer_max), last_id: 0 })
    }

    async fn command(&mut self, context: u8, command: &Command) -> Result<(), CallError> {
        let mut bytes = Vec::with_capacity(512);
        put_message(&mut bytes, context, true, &command.encode(), self.body_limit);
        self.send(&bytes).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        if send(&mut self.out, bytes).await {
            Ok(())
        } else {
            Err(CallError::new("the connection was lost while sending"))
        }
    }

    async fn store(&mut self, object: &Object, head: &object::Head) -> Result<Sent, CallError> {
        let fits = |c: &&Context| c.sop_class == head.sop_class && c.transfer_syntax == head.transfer_syntax;
        let Some(context) = self.contexts.iter().find(fits).map(|c| c.id) else {
            return Ok(unsent("the peer accepted no context for this class and transfer syntax".into()));
        };
        let mut reader = match object::Reader::open(object, head.dataset).await {
            Ok(reader) => reader,
            Err(why) => return Ok(unsent(why)),
        };
        self.last_id = self.last_id.wrapping_add(1).max(1);
        let request = StoreRequest {
            message_id: self.last_id,
            sop_class: head.sop_class.clone(),
            sop_instance: head.sop_instance.clone(),
            priority: 0,
            originator: None,
        };
        let mut bytes = Vec::with_capacity(self.body_limit + 512);
        put_message(&mut bytes, context, true, &Command::Store(request).encode(), self.body_limit);
        let size = fragment_limit(self.body_limit);
        loop {
            let (fragment, last) = reader.next(size).await.map_err(CallError::new)?;
            put_fragment(&mut bytes, context, false, last, fragment);
            self.send(&bytes).await?;
            bytes.clear();
            if last {
                break;
            }
        }
        let answer = self.answer(C_STORE, self.last_id).await?;
        Ok(Sent { status: answer.status, comment: answer.comment })
    }

    /// The response to a message that has no data set in its response.
    async fn answer(&mut self, to: u16, message_id: u16) -> Result<Response, CallError> {
        let mut command = Vec::new();
        loop {
            let body = match self.incoming.next(ANSWER, ANSWER).await {
                Ok((DATA, body)) => body,
                Ok((wire::ABORT, _)) => return Err(CallError::new("aborted by the peer")),
                Ok((kind, _)) => return Err(CallError::new(format!("answered with pdu type {kind}"))),
                Err(end) => return Err(CallError::new(end.to_string())),
            };
            for pdv in Pdvs(body) {
                let pdv = pdv.map_err(|()| CallError::new("answered with a broken fragment"))?;
                if !pdv.command || command.len() + pdv.data.len() > MAX_BYTES {
                    return Err(CallError::new("answered with something else than a response"));
                }
                command.extend_from_slice(pdv.data);
                if pdv.last {
                    return match Command::decode(&command) {
                        Ok(Command::Response(r)) if r.to == to && r.message_id == message_id => Ok(r),
                        Ok(_) => Err(CallError::new("answered with another message")),
                        Err(e) => Err(CallError::new(e.to_string())),
                    };
                }
            }
        }
    }

    async fn release(mut self) {
        if !send(&mut self.out, &release(RELEASE)).await {
            return;
        }
        if !matches!(self.incoming.next(RELEASE_WAIT, RELEASE_WAIT).await, Ok((wire::RELEASED, _))) {
            send(&mut self.out, &abort(0, 0)).await;
        }
    }
}

/// An A-ASSOCIATE-RJ in words (PS3.8 table 9-21).
fn rejection(body: &[u8]) -> String {
    let words = match body {
        [_, _, 1, 2, ..] => "application context not supported",
        [_, _, 1, 3, ..] => "calling ae title not recognised",
        [_, _, 1, 7, ..] => "called ae title not recognised",
        [_, _, 2, 2, ..] => "protocol version not supported",
        [_, _, 3, 1, ..] => "temporary congestion",
        [_, _, 3, 2, ..] => "local limit exceeded",
        _ => "no reason given",
    };
    format!("associate: rejected: {words}")
}
