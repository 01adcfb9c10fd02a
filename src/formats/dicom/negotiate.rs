//! Association negotiation as values (PS3.8 §7.1, §9.3): bounds of a request, the order of refusals, the choice of contexts.
//! The edge supplies the policy and sends the answer; nothing here reads a socket or a configuration.

use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderASCEReason as Acse,
    AssociationRJServiceProviderPresentationReason as Presentation, AssociationRJServiceUserReason as User,
    AssociationRJSource, AssociationRQ, PresentationContextProposed, PresentationContextResult,
    PresentationContextResultReason as Answer, UserVariableItem,
};

use super::uid::{self, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, VERIFICATION};
use purpose::{Verdict, judge};

mod answer;
mod purpose;
mod request;
#[cfg(test)]
mod tests;
mod user;

pub use answer::read_answer;
pub use purpose::{Purpose, is_known_syntax, is_storage_class};
pub use request::{Malformed, read_request};
pub use user::{Identity, IdentityKind, Roles, identity};

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

/// What the register of peers says about a calling AE title at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// No enabled peer of that title.
    Unknown,
    /// A peer of that title, but not from this address.
    ForeignAddress,
    /// A peer that must come by TLS came without.
    TlsRequired,
    /// A peer of that title and address, but its TLS certificate is not one of the peer's.
    ForeignCertificate,
    /// Welcome.
    Admitted(PeerPolicy),
}

/// What a peer may do. UPS over DIMSE is not spoken at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerPolicy {
    /// Send objects.
    pub store: bool,
    /// Query studies and patients.
    pub find: bool,
    /// Have objects sent to a registered peer.
    pub move_: bool,
    /// Have objects sent on its own association.
    pub get: bool,
    /// Ask for its worklist.
    pub worklist: bool,
    /// Report performed procedure steps.
    pub mpps: bool,
    /// Ask for storage commitment.
    pub commitment: bool,
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
            move_: true,
            get: true,
            worklist: true,
            mpps: true,
            commitment: true,
            private_classes: true,
            unknown_classes: true,
            unknown_syntaxes: false,
        }
    }
}

/// What the SOP class extended negotiation of a query or retrieval agreed on (PS3.4 §C.5.1.1, §C.5.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Keys need not follow the levels.
    pub relational: bool,
    /// Date and time keys may be one range.
    pub combined: bool,
    /// A name is also found inside another.
    pub fuzzy: bool,
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
    /// What it is for.
    pub purpose: Purpose,
    /// Which sides the requestor takes on it (PS3.7 §D.3.3.4). `scp` on a storage context: C-GET may send objects on it.
    pub roles: Roles,
    /// What was agreed for queries on it.
    pub options: Options,
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
        Admission::TlsRequired | Admission::ForeignCertificate => {
            return reject(AssociationRJSource::ServiceUser(User::NoReasonGiven));
        }
        Admission::Admitted(policy) => policy,
    };
    accept(rq, policy)
}

fn reject(source: AssociationRJSource) -> Decision {
    Decision::Reject(AssociationRJ { result: AssociationRJResult::Permanent, source })
}

/// The rejection of a user whose password is wrong or who is not known (source 1, reason 1).
#[must_use]
pub fn identity_refused() -> AssociationRJ {
    AssociationRJ {
        result: AssociationRJResult::Permanent,
        source: AssociationRJSource::ServiceUser(User::NoReasonGiven),
    }
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
    let get = policy.get && rq.presentation_contexts.iter().any(|c| uid::is_get(plain(&c.abstract_syntax)));
    let mut results = Vec::with_capacity(rq.presentation_contexts.len());
    let mut contexts: Vec<Context> = Vec::new();
    for proposed in &rq.presentation_contexts {
        let sop_class = plain(&proposed.abstract_syntax);
        let fresh = proposed.id % 2 == 1 && !contexts.iter().any(|c| c.id == proposed.id);
        let roles = user::roles(rq, sop_class, get);
        let taken = if fresh { choose(proposed, sop_class, policy, roles) } else { Err(Answer::NoReason) };
        let (reason, syntax) = match taken {
            Ok((purpose, syntax)) => {
                contexts.push(Context {
                    id: proposed.id,
                    sop_class: sop_class.to_owned(),
                    transfer_syntax: syntax.to_owned(),
                    purpose,
                    roles: roles.unwrap_or_default(),
                    options: user::extended(rq, sop_class)
                        .map(|asked| purpose.options(asked))
                        .unwrap_or_default(),
                });
                (Answer::Acceptance, syntax)
            }
            // A refused context carries a transfer syntax that is not looked at (PS3.8 §9.3.3.2); some peers crash without.
            Err(reason) => (reason, IMPLICIT_LE),
        };
        results.push(PresentationContextResult {
            id: proposed.id,
            reason,
            transfer_syntax: syntax.to_owned(),
        });
    }
    let answer = AssociationAC {
        protocol_version: 1,
        calling_ae_title: rq.calling_ae_title.clone(),
        called_ae_title: rq.called_ae_title.clone(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables: user::answer(rq, &contexts),
    };
    let peer_max_pdu = rq
        .user_variables
        .iter()
        .find_map(|v| if let UserVariableItem::MaxLength(n) = v { Some(*n) } else { None });
    Decision::Accept { answer, contexts, peer_max_pdu: peer_max_pdu.unwrap_or(0) }
}

/// Purpose and transfer syntax of a context, or why it is refused.
fn choose<'a>(
    proposed: &'a PresentationContextProposed,
    sop_class: &str,
    policy: &PeerPolicy,
    roles: Option<Roles>,
) -> Result<(Purpose, &'a str), Answer> {
    let offers = || proposed.transfer_syntaxes.iter().map(|t| plain(t));
    let purpose = match judge(sop_class, policy) {
        Verdict::Granted(purpose) => purpose,
        // One who may not send objects may still receive them.
        Verdict::Forbidden(Purpose::Storage) if roles.is_some_and(|r| r.scp && !r.scu) => Purpose::Storage,
        Verdict::Forbidden(_) => return Err(Answer::UserRejection),
        Verdict::Unknown => return Err(Answer::AbstractSyntaxNotSupported),
    };
    let chosen = if purpose == Purpose::Storage {
        offers()
            .find(|t| {
                *t != EXPLICIT_BE && (is_known_syntax(t) || policy.unknown_syntaxes && uid::is_valid(t))
            })
            .or_else(|| offers().find(|t| *t == EXPLICIT_BE))
    } else {
        offers()
            .find(|t| matches!(*t, IMPLICIT_LE | EXPLICIT_LE))
            .or_else(|| offers().find(|t| *t == EXPLICIT_BE && sop_class == VERIFICATION))
    };
    chosen.map(|syntax| (purpose, syntax)).ok_or(Answer::TransferSyntaxesNotSupported)
}

/// A name without its padding.
fn plain(text: &str) -> &str {
    text.trim_matches(['\0', ' '])
}
