//! The calling side: verification, storage and single normalised requests to a peer.

use std::time::Duration;

use dicom_ul::pdu::PresentationContextProposed;
use tokio::time::Instant;
use yigong_base::Ctx;
use yigong_base::fault::{Fault, Result as Outcome};
use yigong_base::site::Peer;
use yigong_formats::dicom::build::DataSet;
use yigong_formats::dicom::command::{C_ECHO, Command, NormalisedRequest, Verb};
use yigong_formats::dicom::negotiate::{MAX_CONTEXTS, Roles};
use yigong_formats::dicom::uid;

use super::leaving::{self, Leaving};
use super::tls::{self, TlsCall};
use call::Call;

mod call;
pub(in crate::dimse) mod object;
pub mod query;

/// Whom to call, and as whom.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// Our title.
    pub calling_ae: String,
    /// Their title.
    pub called_ae: String,
    /// Bytes of a PDU body that we send at most, whatever the peer takes; 0 = what it takes.
    pub send_cap: u32,
    /// AE title and message id of the C-MOVE on whose behalf objects are sent.
    pub originator: Option<(String, u16)>,
    /// Call by TLS.
    pub tls: Option<TlsCall>,
}

impl Target {
    /// The way to a registered peer: its first address and its port; policy `send_cap` bounds the PDUs, `call_tls` asks for TLS.
    ///
    /// # Errors
    /// `Invalid` names what the peer's row lacks.
    pub fn of(ctx: &Ctx, peer: &Peer) -> Outcome<Self> {
        let first = peer.addresses.split(',').next().unwrap_or_default().trim();
        let host = match first.split_once('/') {
            None => first,
            Some(_) => {
                return Err(Fault::invalid("addresses", "the first address is a range: nobody to call"));
            }
        };
        let (Some(called_ae), Some(port)) = (peer.ae_title.clone(), peer.port) else {
            return Err(Fault::invalid("port", "the peer has no AE title or no port to call back on"));
        };
        let cap = peer.policy.get("send_cap").and_then(serde_json::Value::as_u64);
        Ok(Self {
            address: if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") },
            calling_ae: ctx.config.dicom.ae_title.clone(),
            called_ae,
            send_cap: cap.and_then(|c| u32::try_from(c).ok()).unwrap_or(0),
            originator: None,
            tls: tls_of(ctx, peer)?,
        })
    }
}

/// How a registered peer is called by TLS; `None` for one that is called plainly. Who may only come by TLS is called by TLS,
/// unless the register says otherwise.
///
/// # Errors
/// The platform has no certificate of its own.
pub(super) fn tls_of(ctx: &Ctx, peer: &Peer) -> Outcome<Option<TlsCall>> {
    let required = peer.policy_text("tls") == Some("required");
    if !peer.policy.get("call_tls").and_then(serde_json::Value::as_bool).unwrap_or(required) {
        return Ok(None);
    }
    let listed = peer.policy.get("certificates").and_then(serde_json::Value::as_array);
    let text = |c: &serde_json::Value| c.get("sha256")?.as_str().map(str::to_owned);
    let hashes = listed.into_iter().flatten().filter_map(text).collect();
    tls::call(&ctx.config.dicom, hashes).map(Some)
}

/// An object to send.
#[derive(Debug, Clone)]
pub enum Object {
    /// A Part-10 file in memory.
    Bytes(Vec<u8>),
    /// A stored instance, opened when its turn comes.
    Stored(Instance),
}

/// A stored instance on a list.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Row id.
    pub id: String,
    /// SOP Instance UID.
    pub uid: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// Transfer syntax as stored.
    pub transfer_syntax: String,
}

/// The answer to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// C-STORE status; [`NOT_SENT`] or [`NOT_YET`] when it did not leave.
    pub status: u16,
    /// The peer's Error Comment, or why it was not sent.
    pub comment: String,
}

/// Status of an object that does not leave: the peer accepted no context for it, or it may not or cannot be sent.
pub const NOT_SENT: u16 = 0xFFFF;
/// Status of an object that this side could not read now.
pub const NOT_YET: u16 = 0xFFFE;

/// Why a call failed. `sent` holds the answers received before.
#[derive(Debug)]
pub struct CallError {
    /// What failed, without patient data.
    pub what: String,
    /// Answers to the first objects.
    pub sent: Vec<Sent>,
    /// It failed over the object behind those, and not before one was begun.
    pub under_way: bool,
}

impl CallError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), sent: Vec::new(), under_way: false }
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
    let mut call = Call::open(target, vec![context], &[]).await?;
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
    store_telling(target, objects, None, |_| true).await
}

/// The same; each answer is told as it comes, and `false` means that no further object is wanted. Stored instances leave by
/// `leaving`; one whose own syntax the peer refuses goes out as Explicit or Implicit VR Little Endian.
///
/// # Errors
/// As [`store`].
pub(super) async fn store_telling(
    target: &Target,
    objects: &[Object],
    leaving: Option<&Leaving<'_>>,
    mut told: impl FnMut(&Sent) -> bool,
) -> Result<Vec<Sent>, CallError> {
    let mut sent = Vec::with_capacity(objects.len());
    let mut rest = objects;
    while !rest.is_empty() {
        let mut heads = Vec::new();
        let mut contexts: Vec<PresentationContextProposed> = Vec::new();
        for object in rest {
            let head = object::head(object);
            let stored = matches!(object, Object::Stored(_));
            if let Ok(h) = &head
                && !propose(&mut contexts, &h.sop_class, &h.transfer_syntax, stored)
            {
                break;
            }
            heads.push(head);
        }
        let (batch, tail) = rest.split_at(heads.len().min(rest.len()));
        rest = tail;
        let mut call = match contexts.is_empty() {
            true => None,
            false => match Call::open(target, contexts, &[]).await {
                Ok(call) => Some(call),
                Err(e) => return Err(CallError { sent, ..e }),
            },
        };
        for (object, head) in batch.iter().zip(heads) {
            let answer = match (head, &mut call) {
                (Ok(head), Some(call)) => send(call, object, &head, leaving).await,
                (Ok(_), None) => Ok(unsent("nothing was proposed".into())),
                (Err(why), _) => Ok(unsent(why)),
            };
            match answer {
                Ok(answer) => sent.push(answer),
                Err(e) => return Err(CallError { sent, under_way: true, ..e }),
            }
            if !sent.last().is_some_and(&mut told) {
                rest = &[];
                break;
            }
        }
        if let Some(call) = call {
            call.release().await;
        }
    }
    Ok(sent)
}

/// Proposes what an object needs; `false` = there is no room for it on this association.
fn propose(contexts: &mut Vec<PresentationContextProposed>, class: &str, syntax: &str, native: bool) -> bool {
    let native: &[&str] = match (native, syntax) {
        (false, _) | (true, uid::IMPLICIT_LE) => &[],
        (true, uid::EXPLICIT_LE) => &[uid::IMPLICIT_LE],
        (true, _) => &[uid::EXPLICIT_LE, uid::IMPLICIT_LE],
    };
    let before = contexts.len();
    for wanted in [&[syntax][..], native] {
        let known = |c: &PresentationContextProposed| {
            c.abstract_syntax == class && wanted.iter().all(|w| c.transfer_syntaxes.iter().any(|t| t == w))
        };
        if !wanted.is_empty() && !contexts.iter().any(known) {
            let id = u8::try_from(contexts.len() * 2 + 1).unwrap_or(u8::MAX);
            contexts.push(proposed(id, class, wanted));
        }
    }
    if contexts.len() > MAX_CONTEXTS {
        contexts.truncate(before);
        return false;
    }
    true
}

/// Sends one object as it is stored, else converted.
async fn send(
    call: &mut Call,
    object: &Object,
    head: &object::Head,
    leaving: Option<&Leaving<'_>>,
) -> Result<Sent, CallError> {
    let of_class = || call.contexts.iter().filter(|c| c.sop_class == head.sop_class);
    let as_stored = of_class().find(|c| c.transfer_syntax == head.transfer_syntax);
    let native = || of_class().find(|c| uid::is_native(&c.transfer_syntax));
    let stored = matches!(object, Object::Stored(_));
    let Some(context) = as_stored.or_else(|| native().filter(|_| stored)).cloned() else {
        return Ok(unsent("the peer accepted no context for this class and transfer syntax".into()));
    };
    let reader = match (object, leaving) {
        (Object::Bytes(bytes), _) => object::Reader::of(bytes).map_err(unsent),
        (Object::Stored(i), Some(leaving)) => {
            let opened = async { leaving.open(&leaving.find(&i.id).await?, &context.transfer_syntax).await };
            opened.await.map_err(|fault| leaving::unsent(&fault))
        }
        (Object::Stored(_), None) => Err(unsent("nobody is named for whom it leaves".into())),
    };
    match reader {
        Ok(reader) => call.store(context.id, head, reader).await,
        Err(sent) => Ok(sent),
    }
}

/// Sends one normalised request about `sop_instance` with its data set; answers the peer's status. `role` is proposed for the
/// class where we take another side than the requestor usually does (PS3.7 §D.3.3.4).
///
/// # Errors
/// Names the step that failed; a status is no error.
pub async fn request(
    target: &Target,
    (sop_class, sop_instance): (&str, &str),
    verb: Verb,
    data: &DataSet,
    role: Option<Roles>,
) -> Result<u16, CallError> {
    let context = proposed(1, sop_class, &[uid::EXPLICIT_LE, uid::IMPLICIT_LE]);
    let roles: Vec<_> = role.map(|r| (sop_class.to_owned(), r)).into_iter().collect();
    let mut call = Call::open(target, vec![context], &roles).await?;
    let Some(context) = call.contexts.first().cloned() else {
        call.release().await;
        return Err(CallError::new("the peer does not accept the service"));
    };
    let field = verb.field();
    let request = NormalisedRequest {
        message_id: 1,
        verb,
        sop_class: sop_class.to_owned(),
        sop_instance: sop_instance.to_owned(),
        data_set: true,
    };
    let bytes =
        if context.transfer_syntax == uid::IMPLICIT_LE { data.encode_implicit() } else { data.encode() };
    call.message(context.id, &Command::Normalised(request), &bytes).await?;
    let answer = call.answer(field, 1).await?;
    call.release().await;
    Ok(answer.status)
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
