//! User information of an association: roles, extended negotiation, user identity (PS3.7 §D.3.3).

use dicom_ul::pdu::{AssociationRQ, RequestorRoles, UserIdentityType, UserVariableItem};

use super::{Context, MAX_PDU, Purpose, plain, purpose};
use crate::dicom::part10::{IMPLEMENTATION_NAME, IMPLEMENTATION_UID};

/// Sub-item of a positive identity response (PS3.7 §D.3.3.7.2); for names and passwords the response itself is empty.
const IDENTITY_ANSWER: u8 = 0x59;

/// The sides the requestor takes for a SOP class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// It asks.
    pub scu: bool,
    /// It answers.
    pub scp: bool,
}

impl Default for Roles {
    /// Without negotiation the requestor asks and the acceptor answers.
    fn default() -> Self {
        Self { scu: true, scp: false }
    }
}

/// Who the requestor says is using it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// A name.
    Name,
    /// A name and a password.
    Password,
}

/// A user identity that we can check (types 1 and 2). Kerberos tickets, SAML assertions and web tokens are not looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name alone or with a password.
    pub kind: IdentityKind,
    /// User name, UTF-8.
    pub name: String,
    /// Password, UTF-8; empty for [`IdentityKind::Name`].
    pub password: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The identity of a request, if it carries one of the types 1 and 2.
#[must_use]
pub fn identity(rq: &AssociationRQ) -> Option<Identity> {
    rq.user_variables.iter().find_map(|item| {
        let UserVariableItem::UserIdentityItem(said) = item else { return None };
        let kind = match said.identity_type() {
            UserIdentityType::Username => IdentityKind::Name,
            UserIdentityType::UsernamePassword => IdentityKind::Password,
            _ => return None,
        };
        Some(Identity {
            kind,
            name: String::from_utf8_lossy(&said.primary_field()).into_owned(),
            password: String::from_utf8_lossy(&said.secondary_field()).into_owned(),
        })
    })
}

/// The roles granted for a class, `None` when none were proposed. Storage classes on an association that may C-GET, and
/// storage commitment (its reports come the other way), are granted as proposed; elsewhere the requestor asks.
pub(super) fn roles(rq: &AssociationRQ, sop_class: &str, get: bool) -> Option<Roles> {
    let asked = rq.user_variables.iter().find_map(|item| match item {
        UserVariableItem::ScuScpRoleSelectionSubItem(class, roles) if plain(class) == sop_class => {
            Some(*roles)
        }
        _ => None,
    })?;
    let both = match purpose::named(sop_class) {
        Some(Purpose::Commitment) => true,
        None => get,
        Some(_) => false,
    };
    Some(Roles { scu: asked.scu, scp: asked.scp && both })
}

/// The application information proposed for a class.
pub(super) fn extended<'a>(rq: &'a AssociationRQ, sop_class: &str) -> Option<&'a [u8]> {
    rq.user_variables.iter().find_map(|item| match item {
        UserVariableItem::SopClassExtendedNegotiationSubItem(class, asked) if plain(class) == sop_class => {
            Some(asked.as_slice())
        }
        _ => None,
    })
}

/// Our user information. The asynchronous window (0x53) is absent, which means one operation at a time.
pub(super) fn answer(rq: &AssociationRQ, contexts: &[Context]) -> Vec<UserVariableItem> {
    let mut items = vec![
        UserVariableItem::MaxLength(MAX_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_UID.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_NAME.to_owned()),
    ];
    for item in &rq.user_variables {
        match item {
            UserVariableItem::ScuScpRoleSelectionSubItem(class, _) => {
                if let Some(c) = contexts.iter().find(|c| c.sop_class == plain(class)) {
                    let granted = RequestorRoles { scu: c.roles.scu, scp: c.roles.scp };
                    items.push(UserVariableItem::ScuScpRoleSelectionSubItem(c.sop_class.clone(), granted));
                }
            }
            UserVariableItem::SopClassExtendedNegotiationSubItem(class, asked) => {
                let Some(c) = contexts.iter().find(|c| c.sop_class == plain(class)) else { continue };
                let given = c.purpose.extended(asked);
                if !given.is_empty() {
                    items.push(UserVariableItem::SopClassExtendedNegotiationSubItem(
                        c.sop_class.clone(),
                        given,
                    ));
                }
            }
            UserVariableItem::UserIdentityItem(said)
                if said.positive_response_requested() && identity(rq).is_some() =>
            {
                items.push(UserVariableItem::Unknown(IDENTITY_ANSWER, vec![0, 0]));
            }
            _ => {}
        }
    }
    items
}
