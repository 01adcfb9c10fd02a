//! Association negotiation as values (PS3.8 §7.1, §9.3): bounds of a request, the order of refusals, the choice of contexts.
//! The edge supplies the policy and sends the answer; nothing here reads a socket or a configuration.

use std::fmt;

use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderASCEReason as Acse,
    AssociationRJServiceProviderPresentationReason as Presentation, AssociationRJServiceUserReason as User,
    AssociationRJSource, AssociationRQ, Pdu, PresentationContextProposed, PresentationContextResult,
    PresentationContextResultReason as Answer, RequestorRoles, UserVariableItem, read_pdu,
};

use super::part10::{IMPLEMENTATION_NAME, IMPLEMENTATION_UID};
use super::uid::{self, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, VERIFICATION};
use service::{Service, service_of};

mod service;
#[cfg(test)]
mod tests;

pub use service::{is_known_syntax, is_storage_class};

/// Bytes of a PDU body we accept, advertised in the answer.
pub const MAX_PDU: u32 = 131_072;
/// Bytes of an A-ASSOCIATE-RQ body at most.
pub const MAX_REQUEST: u32 = 256 * 1024;
/// Presentation contexts at most (ids are the odd numbers 1 to 255).
pub const MAX_CONTEXTS: usize = 128;
/// Transfer syntaxes of one context at most.
pub const MAX_SYNTAXES: usize = 64;
/// User information sub-items at most.
pub const MAX_SUB_ITEMS: usize = 512;

/// DICOM application context (PS3.7 §A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Why a request is not even answered with a rejection (A-ABORT, source 2, reason 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// More of these than allowed.
    TooMany(&'static str),
    /// An item runs past the end of what holds it.
    Truncated,
    /// The items do not make a request.
    Syntax(String),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(what) => write!(f, "association request: too many {what}"),
            Self::Truncated => f.write_str("association request: an item runs past its end"),
            Self::Syntax(e) => write!(f, "association request: {e}"),
        }
    }
}

impl std::error::Error for Malformed {}

/// What the register of peers says about a calling AE title at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// No enabled peer of that title.
    Unknown,
    /// A peer of that title, but not from this address.
    ForeignAddress,
    /// A peer that must come by TLS came without.
    TlsRequired,
    /// Welcome.
    Admitted(PeerPolicy),
}

/// What a peer may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerPolicy {
    /// Send objects.
    pub store: bool,
    /// Query.
    pub find: bool,
    /// Storage classes outside the DICOM root.
    pub private_classes: bool,
    /// Classes under the storage root that our dictionary does not know yet.
    pub unknown_classes: bool,
    /// Transfer syntaxes that our table does not know: stored opaque, served as they are.
    pub unknown_syntaxes: bool,
}

impl Default for PeerPolicy {
    fn default() -> Self {
        Self {
            store: true,
            find: true,
            private_classes: true,
            unknown_classes: true,
            unknown_syntaxes: false,
        }
    }
}

/// An accepted presentation context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Context id, odd.
    pub id: u8,
    /// SOP class.
    pub sop_class: String,
    /// Transfer syntax of every data set on it.
    pub transfer_syntax: String,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// A-ASSOCIATE-AC. All contexts refused is still an acceptance.
    Accept {
        /// The PDU to send.
        answer: AssociationAC,
        /// The contexts it accepts.
        contexts: Vec<Context>,
        /// Largest PDU body the peer takes, in bytes; 0 = any.
        peer_max_pdu: u32,
    },
    /// A-ASSOCIATE-RJ.
    Reject(AssociationRJ),
}

/// Reads an A-ASSOCIATE-RQ body (without the 6-byte PDU header) after its items were counted and bounded.
///
/// # Errors
/// [`Malformed`]: the association is to be aborted.
pub fn read_request(body: &[u8]) -> Result<AssociationRQ, Malformed> {
    let items = body.get(68..).ok_or(Malformed::Truncated)?;
    bound(items)?;
    let length = u32::try_from(body.len()).map_err(|_| Malformed::Truncated)?;
    let mut whole = Vec::with_capacity(body.len() + 6);
    whole.extend_from_slice(&[1, 0]);
    whole.extend_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(body);
    match read_pdu(whole.as_slice(), MAX_REQUEST, true) {
        Ok(Some(Pdu::AssociationRQ(rq))) => Ok(rq),
        Ok(_) => Err(Malformed::Truncated),
        Err(e) => Err(Malformed::Syntax(e.to_string().to_lowercase())),
    }
}

/// Counts contexts, transfer syntaxes and sub-items before anything is built of them.
fn bound(items: &[u8]) -> Result<(), Malformed> {
    let (mut contexts, mut others) = (0_usize, 0_usize);
    for item in Items(items) {
        let (kind, value) = item?;
        match kind {
            0x20 => {
                contexts += 1;
                let mut syntaxes = 0;
                for sub in Items(value.get(4..).ok_or(Malformed::Truncated)?) {
                    sub?;
                    syntaxes += 1;
                    // one abstract syntax beside the transfer syntaxes
                    if syntaxes > MAX_SYNTAXES + 1 {
                        return Err(Malformed::TooMany("transfer syntaxes"));
                    }
                }
            }
            0x50 => {
                for sub in Items(value) {
                    let (sub_kind, sub_value) = sub?;
                    if sub_kind == 0x51 && sub_value.len() != 4 {
                        return Err(Malformed::Syntax("maximum length of the wrong size".into()));
                    }
                    others += 1;
                    if others > MAX_SUB_ITEMS {
                        return Err(Malformed::TooMany("sub-items"));
                    }
                }
            }
            _ => others += 1,
        }
        if contexts > MAX_CONTEXTS {
            return Err(Malformed::TooMany("presentation contexts"));
        }
        if others > MAX_SUB_ITEMS {
            return Err(Malformed::TooMany("items"));
        }
    }
    Ok(())
}

/// Items of an association PDU: type, reserved byte, 16-bit length, value.
pub(crate) struct Items<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Result<(u8, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let cut = self.0.split_first_chunk::<4>().and_then(|([kind, _, high, low], tail)| {
            let (value, rest) = tail.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
            Some((*kind, value, rest))
        });
        match cut {
            Some((kind, value, rest)) => {
                self.0 = rest;
                Some(Ok((kind, value)))
            }
            None => {
                self.0 = &[];
                Some(Err(Malformed::Truncated))
            }
        }
    }
}

/// Decides in the order of the acceptance rules: protocol, application context, called AE, calling AE, address, TLS, contexts.
#[must_use]
pub fn decide(rq: &AssociationRQ, our_ae: &str, admission: &Admission) -> Decision {
    if rq.protocol_version & 1 == 0 {
        return reject(AssociationRJSource::ServiceProviderASCE(Acse::ProtocolVersionNotSupported));
    }
    if plain(&rq.application_context_name) != APPLICATION_CONTEXT {
        return reject(AssociationRJSource::ServiceUser(User::ApplicationContextNameNotSupported));
    }
    if plain(&rq.called_ae_title) != our_ae {
        return reject(AssociationRJSource::ServiceUser(User::CalledAETitleNotRecognized));
    }
    let policy = match admission {
        Admission::Unknown | Admission::ForeignAddress => {
            return reject(AssociationRJSource::ServiceUser(User::CallingAETitleNotRecognized));
        }
        Admission::TlsRequired => return reject(AssociationRJSource::ServiceUser(User::NoReasonGiven)),
        Admission::Admitted(policy) => policy,
    };
    accept(rq, policy)
}

fn reject(source: AssociationRJSource) -> Decision {
    Decision::Reject(AssociationRJ { result: AssociationRJResult::Permanent, source })
}

/// The transient rejection of one association too many (source 3, reason 2).
#[must_use]
pub fn local_limit() -> AssociationRJ {
    AssociationRJ {
        result: AssociationRJResult::Transient,
        source: AssociationRJSource::ServiceProviderPresentation(Presentation::LocalLimitExceeded),
    }
}

/// The transient rejection while the register of peers cannot be read (source 3, reason 1).
#[must_use]
pub fn congestion() -> AssociationRJ {
    AssociationRJ {
        result: AssociationRJResult::Transient,
        source: AssociationRJSource::ServiceProviderPresentation(Presentation::TemporaryCongestion),
    }
}

fn accept(rq: &AssociationRQ, policy: &PeerPolicy) -> Decision {
    let mut results = Vec::with_capacity(rq.presentation_contexts.len());
    let mut contexts: Vec<Context> = Vec::new();
    for proposed in &rq.presentation_contexts {
        let sop_class = plain(&proposed.abstract_syntax);
        let fresh = proposed.id % 2 == 1 && !contexts.iter().any(|c| c.id == proposed.id);
        let (reason, syntax) =
            if fresh { answer(proposed, sop_class, policy) } else { (Answer::NoReason, None) };
        if let Some(transfer_syntax) = syntax {
            contexts.push(Context {
                id: proposed.id,
                sop_class: sop_class.to_owned(),
                transfer_syntax: transfer_syntax.to_owned(),
            });
        }
        // A refused context carries a transfer syntax that is not looked at (PS3.8 §9.3.3.2); some peers crash without one.
        let transfer_syntax = syntax.unwrap_or(IMPLICIT_LE).to_owned();
        results.push(PresentationContextResult { id: proposed.id, reason, transfer_syntax });
    }
    let answer = AssociationAC {
        protocol_version: 1,
        calling_ae_title: rq.calling_ae_title.clone(),
        called_ae_title: rq.called_ae_title.clone(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables: user_answer(rq, &contexts),
    };
    let peer_max_pdu = rq
        .user_variables
        .iter()
        .find_map(|v| if let UserVariableItem::MaxLength(n) = v { Some(*n) } else { None });
    Decision::Accept { answer, contexts, peer_max_pdu: peer_max_pdu.unwrap_or(0) }
}

/// Our user information: sizes, implementation, and each proposed role of an accepted class (the requestor stays SCU).
fn user_answer(rq: &AssociationRQ, contexts: &[Context]) -> Vec<UserVariableItem> {
    let mut items = vec![
        UserVariableItem::MaxLength(MAX_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_UID.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_NAME.to_owned()),
    ];
    for item in &rq.user_variables {
        if let UserVariableItem::ScuScpRoleSelectionSubItem(class, roles) = item
            && contexts.iter().any(|c| c.sop_class == plain(class))
        {
            let granted = RequestorRoles { scu: roles.scu, scp: false };
            items.push(UserVariableItem::ScuScpRoleSelectionSubItem(plain(class).to_owned(), granted));
        }
    }
    items
}

fn answer<'a>(
    proposed: &'a PresentationContextProposed,
    sop_class: &str,
    policy: &PeerPolicy,
) -> (Answer, Option<&'a str>) {
    let offers = || proposed.transfer_syntaxes.iter().map(|t| plain(t));
    let chosen = match service_of(sop_class, policy) {
        Service::None => return (Answer::AbstractSyntaxNotSupported, None),
        Service::Forbidden => return (Answer::UserRejection, None),
        Service::Query => offers()
            .find(|t| matches!(*t, IMPLICIT_LE | EXPLICIT_LE))
            .or_else(|| offers().find(|t| *t == EXPLICIT_BE && sop_class == VERIFICATION)),
        Service::Storage => offers()
            .find(|t| {
                *t != EXPLICIT_BE && (is_known_syntax(t) || policy.unknown_syntaxes && uid::is_valid(t))
            })
            .or_else(|| offers().find(|t| *t == EXPLICIT_BE)),
    };
    match chosen {
        Some(syntax) => (Answer::Acceptance, Some(syntax)),
        None => (Answer::TransferSyntaxesNotSupported, None),
    }
}

/// A name without its padding.
fn plain(text: &str) -> &str {
    text.trim_matches(['\0', ' '])
}

/// The contexts an A-ASSOCIATE-AC body accepts, and the acceptor's largest PDU body (0 = any). Written apart from the PDU
/// reader because some acceptors leave the transfer syntax out of refused contexts.
///
/// # Errors
/// [`Malformed`].
pub fn read_answer(
    body: &[u8],
    proposed: &[PresentationContextProposed],
) -> Result<(Vec<Context>, u32), Malformed> {
    let items = body.get(68..).ok_or(Malformed::Truncated)?;
    let (mut contexts, mut peer_max_pdu) = (Vec::new(), 0);
    for item in Items(items) {
        match item? {
            (0x21, [id, _, 0, _, subs @ ..]) => {
                for sub in Items(subs) {
                    let (kind, value) = sub?;
                    let asked = proposed.iter().find(|p| p.id == *id);
                    if let (0x40, Some(p), Ok(syntax)) = (kind, asked, std::str::from_utf8(value)) {
                        contexts.push(Context {
                            id: *id,
                            sop_class: p.abstract_syntax.clone(),
                            transfer_syntax: plain(syntax).to_owned(),
                        });
                    }
                }
            }
            (0x50, subs) => {
                for sub in Items(subs) {
                    if let (0x51, [a, b, c, d]) = sub? {
                        peer_max_pdu = u32::from_be_bytes([*a, *b, *c, *d]);
                    }
                }
            }
            _ => {}
        }
    }
    Ok((contexts, peer_max_pdu))
}
