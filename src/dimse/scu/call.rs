//! One association that we opened: its request, messages and release.

use std::collections::VecDeque;
use std::time::Duration;

use dicom_ul::pdu::{
    AssociationRQ, Pdu, PresentationContextProposed, RequestorRoles, UserVariableItem, write_pdu,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use yigong_formats::dicom::command::{C_STORE, Command, MAX_BYTES, Response, StoreRequest};
use yigong_formats::dicom::negotiate::{self, APPLICATION_CONTEXT, Context, MAX_PDU, Roles};
use yigong_formats::dicom::part10;

use super::object::{Head, Reader};
use super::{CallError, Sent, Target};
use crate::dimse::door::{Connection, Out, Read};
use crate::dimse::wire::{
    self, ACCEPT, DATA, Incoming, Pdvs, REJECT, RELEASE, abort, body_limit, fragment_limit, put_fragment,
    put_message, release, send,
};

const CONNECT: Duration = Duration::from_secs(10);
/// From a request to its answer.
const ANSWER: Duration = Duration::from_secs(120);
/// An identifier of an answer, bytes.
const MAX_DATA: usize = 1 << 20;
const RELEASE_WAIT: Duration = Duration::from_secs(10);

/// An open association.
pub(super) struct Call {
    incoming: Incoming<Read>,
    out: Out,
    pub(super) contexts: Vec<Context>,
    body_limit: usize,
    originator: Option<(String, u16)>,
    last_id: u16,
    /// Read, and not asked for yet.
    pieces: VecDeque<Piece>,
}

/// A fragment of a message.
struct Piece {
    command: bool,
    last: bool,
    data: Vec<u8>,
}

impl Call {
    pub(super) async fn open(
        target: &Target,
        contexts: Vec<PresentationContextProposed>,
        roles: &[(String, Roles)],
    ) -> Result<Self, CallError> {
        let connect = timeout(CONNECT, TcpStream::connect(&target.address)).await;
        let stream = connect
            .map_err(|_| CallError::new("connect: no answer"))?
            .map_err(|e| CallError::new(format!("connect: {e}")))?;
        stream.set_nodelay(true).map_err(|e| CallError::new(format!("connect: {e}")))?;
        let line = match &target.tls {
            None => Connection::plain(stream),
            Some(tls) => tls.open(stream).await.map_err(CallError::new)?,
        };
        let Connection { read, mut out, .. } = line;
        let mut user_variables = vec![
            UserVariableItem::MaxLength(MAX_PDU),
            UserVariableItem::ImplementationClassUID(part10::IMPLEMENTATION_UID.to_owned()),
            UserVariableItem::ImplementationVersionName(part10::IMPLEMENTATION_NAME.to_owned()),
        ];
        for (class, role) in roles {
            let role = RequestorRoles { scu: role.scu, scp: role.scp };
            user_variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(class.clone(), role));
        }
        let rq = AssociationRQ {
            protocol_version: 1,
            calling_ae_title: target.calling_ae.clone(),
            called_ae_title: target.called_ae.clone(),
            application_context_name: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: contexts,
            user_variables,
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
        let limit = match (peer_max, target.send_cap) {
            (peer_max, 0) => peer_max,
            (0, cap) => cap,
            (peer_max, cap) => peer_max.min(cap),
        };
        Ok(Self {
            incoming,
            out,
            contexts,
            body_limit: body_limit(limit),
            originator: target.originator.clone(),
            last_id: 0,
            pieces: VecDeque::new(),
        })
    }

    /// Sends a command and its data set.
    pub(super) async fn message(
        &mut self,
        context: u8,
        command: &Command,
        data: &[u8],
    ) -> Result<(), CallError> {
        let mut bytes = Vec::with_capacity(512 + data.len());
        put_message(&mut bytes, context, true, &command.encode(), self.body_limit);
        put_message(&mut bytes, context, false, data, self.body_limit);
        self.send(&bytes).await
    }

    pub(super) async fn command(&mut self, context: u8, command: &Command) -> Result<(), CallError> {
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

    /// Sends a data set on a context of its class.
    pub(super) async fn store(
        &mut self,
        context: u8,
        head: &Head,
        mut reader: Reader,
    ) -> Result<Sent, CallError> {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        let request = StoreRequest {
            message_id: self.last_id,
            sop_class: head.sop_class.clone(),
            sop_instance: head.sop_instance.clone(),
            priority: 0,
            originator: self.originator.clone(),
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
    pub(super) async fn answer(&mut self, to: u16, message_id: u16) -> Result<Response, CallError> {
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

    /// A response with the data set that it says it has, at most 1 MiB.
    pub(super) async fn answer_with_data(
        &mut self,
        to: u16,
        message_id: u16,
        wait: Duration,
    ) -> Result<(Response, Vec<u8>), CallError> {
        let (mut command, mut data) = (Vec::new(), Vec::new());
        let mut answer: Option<Response> = None;
        loop {
            // One PDU may hold the end of an answer and the next one.
            let Some(piece) = self.pieces.pop_front() else {
                let body = match self.incoming.next(wait, ANSWER).await {
                    Ok((DATA, body)) => body,
                    Ok((wire::ABORT, _)) => return Err(CallError::new("aborted by the peer")),
                    Ok((kind, _)) => return Err(CallError::new(format!("answered with pdu type {kind}"))),
                    Err(end) => return Err(CallError::new(end.to_string())),
                };
                for pdv in Pdvs(body) {
                    let pdv = pdv.map_err(|()| CallError::new("answered with a broken fragment"))?;
                    self.pieces.push_back(Piece {
                        command: pdv.command,
                        last: pdv.last,
                        data: pdv.data.to_vec(),
                    });
                }
                continue;
            };
            if piece.command == answer.is_some() {
                return Err(CallError::new("answered with something else than a response"));
            }
            let (part, most) = if piece.command { (&mut command, MAX_BYTES) } else { (&mut data, MAX_DATA) };
            if part.len() + piece.data.len() > most {
                return Err(CallError::new("answered with too much"));
            }
            part.extend_from_slice(&piece.data);
            match (piece.last, answer.take()) {
                (false, held) => answer = held,
                (true, Some(answer)) => return Ok((answer, data)),
                (true, None) => match Command::decode(&command) {
                    Ok(Command::Response(r)) if r.to == to && r.message_id == message_id => {
                        if !r.data_set {
                            return Ok((r, data));
                        }
                        answer = Some(r);
                    }
                    Ok(_) => return Err(CallError::new("answered with another message")),
                    Err(e) => return Err(CallError::new(e.to_string())),
                },
            }
        }
    }

    pub(super) async fn release(mut self) {
        if !send(&mut self.out, &release(RELEASE)).await {
            return;
        }
        loop {
            match self.incoming.next(RELEASE_WAIT, RELEASE_WAIT).await {
                Ok((wire::RELEASED, _)) => return,
                // The data set of a last answer, which nobody needs.
                Ok((DATA, _)) => {}
                _ => {
                    send(&mut self.out, &abort(0, 0)).await;
                    return;
                }
            }
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
