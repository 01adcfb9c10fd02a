//! The order of refusals, the choice of transfer syntaxes, bounds of hostile requests.

use dicom_ul::pdu::{
    AssociationRQ, Pdu, PresentationContextProposed, PresentationContextResultReason as Answer,
    RequestorRoles, UserIdentity, UserIdentityType, UserVariableItem, write_pdu,
};
use proptest::prelude::*;

use super::{
    APPLICATION_CONTEXT, Admission, Context, Decision, IdentityKind, Malformed, Options, PeerPolicy, Purpose,
    Roles, decide, identity, read_answer, read_request,
};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const J2K: &str = "1.2.840.10008.1.2.4.90";
const BE: &str = "1.2.840.10008.1.2.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";

fn request(contexts: &[(u8, &str, &[&str])]) -> AssociationRQ {
    AssociationRQ {
        protocol_version: 1,
        calling_ae_title: "CR01".into(),
        called_ae_title: "CENTER".into(),
        application_context_name: APPLICATION_CONTEXT.into(),
        presentation_contexts: contexts
            .iter()
            .map(|(id, class, syntaxes)| PresentationContextProposed {
                id: *id,
                abstract_syntax: (*class).into(),
                transfer_syntaxes: syntaxes.iter().map(|s| (*s).into()).collect(),
            })
            .collect(),
        user_variables: vec![UserVariableItem::MaxLength(16_384)],
    }
}

fn body(rq: &AssociationRQ) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRQ(rq.clone())).expect("a request is written");
    bytes.split_off(6)
}

/// (source, reason) as on the wire.
fn rejected(rq: &AssociationRQ, admission: &Admission) -> (u8, u8) {
    let Decision::Reject(rj) = decide(rq, "CENTER", admission) else { return (0, 0) };
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRJ(rj)).expect("a rejection is written");
    (bytes[8], bytes[9])
}

fn welcome() -> Admission {
    Admission::Admitted(PeerPolicy::default())
}

#[test]
fn refusals_come_in_order() {
    let good = request(&[(1, CT, &[IMPLICIT])]);
    assert_eq!(rejected(&good, &welcome()), (0, 0));
    let mut rq = good.clone();
    rq.protocol_version = 2;
    rq.called_ae_title = "OTHER".into();
    assert_eq!(rejected(&rq, &Admission::Unknown), (2, 2));
    rq.protocol_version = 3;
    rq.application_context_name = "1.2.3".into();
    assert_eq!(rejected(&rq, &Admission::Unknown), (1, 2));
    rq.application_context_name = APPLICATION_CONTEXT.into();
    assert_eq!(rejected(&rq, &Admission::Unknown), (1, 7));
    assert_eq!(rejected(&good, &Admission::Unknown), (1, 3));
    assert_eq!(rejected(&good, &Admission::ForeignAddress), (1, 3));
    assert_eq!(rejected(&good, &Admission::TlsRequired), (1, 1));
    assert_eq!(rejected(&good, &Admission::ForeignCertificate), (1, 1));
}

#[test]
fn storage_keeps_the_senders_order_and_big_endian_is_last() {
    let rq = request(&[
        (1, CT, &[BE, J2K, EXPLICIT]),
        (3, CT, &[BE]),
        (5, CT, &["1.2.840.10008.1.2.4.94", "1.2.3.4"]),
        (7, "1.2.840.10008.1.1", &[J2K, EXPLICIT, IMPLICIT]),
        (9, "1.3.6.1.4.1.1.1", &["1.2.840.10008.1.2.4.70"]),
        (11, "1.2.840.10008.1.3.10", &[IMPLICIT]),
        (13, "1.2.840.10008.5.1.4.1.1.999.7", &[IMPLICIT]),
        (14, CT, &[IMPLICIT]),
        (1, CT, &[IMPLICIT]),
    ]);
    let Decision::Accept { answer, contexts, peer_max_pdu } = decide(&rq, "CENTER", &welcome()) else {
        panic!("must be accepted")
    };
    let taken: Vec<_> = contexts.iter().map(|c| (c.id, c.transfer_syntax.as_str())).collect();
    assert_eq!(taken, [(1, J2K), (3, BE), (7, EXPLICIT), (9, "1.2.840.10008.1.2.4.70"), (13, IMPLICIT)]);
    assert_eq!(peer_max_pdu, 16_384);
    let reasons: Vec<_> = answer.presentation_contexts.iter().map(|c| c.reason.clone() as u8).collect();
    assert_eq!(reasons, [0, 0, 4, 0, 0, 3, 0, 2, 2]);
}

#[test]
fn policy_refuses_one_context_not_the_association() {
    let rq =
        request(&[(1, CT, &[IMPLICIT]), (3, "1.2.3.4", &[IMPLICIT]), (5, "1.2.840.10008.1.1", &[IMPLICIT])]);
    let policy = PeerPolicy { store: false, ..PeerPolicy::default() };
    let Decision::Accept { answer, contexts, .. } = decide(&rq, "CENTER", &Admission::Admitted(policy))
    else {
        panic!("must be accepted")
    };
    assert_eq!(answer.presentation_contexts[0].reason, Answer::UserRejection);
    assert_eq!(answer.presentation_contexts[1].reason, Answer::UserRejection);
    assert_eq!(contexts.len(), 1);
}

const ECHO: &str = "1.2.840.10008.1.1";
const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
const MPPS: &str = "1.2.840.10008.3.1.2.3.3";
const COMMITMENT: &str = "1.2.840.10008.1.20.1";

/// The answer's user information and the contexts, after a way over the wire.
fn accepted(rq: &AssociationRQ, policy: PeerPolicy) -> (Vec<UserVariableItem>, Vec<Context>) {
    let rq = read_request(&body(rq)).expect("readable");
    match decide(&rq, "CENTER", &Admission::Admitted(policy)) {
        Decision::Accept { answer, contexts, .. } => (answer.user_variables, contexts),
        Decision::Reject(_) => panic!("must be accepted"),
    }
}

fn role(class: &str, scu: bool, scp: bool) -> UserVariableItem {
    UserVariableItem::ScuScpRoleSelectionSubItem(class.into(), RequestorRoles { scu, scp })
}

/// What a perimeter sends (dicom-rs #732): roles for every class, also where they make no sense.
#[test]
fn roles_on_every_context_are_answered() {
    let mut rq = request(&[(1, CT, &[IMPLICIT]), (3, ECHO, &[IMPLICIT]), (5, WORKLIST, &[IMPLICIT])]);
    rq.user_variables.extend([CT, ECHO, WORKLIST, "1.2.840.10008.9.9"].map(|class| role(class, true, true)));
    let (answer, _) = accepted(&rq, PeerPolicy::default());
    let roles: Vec<_> = answer
        .iter()
        .filter_map(|v| match v {
            UserVariableItem::ScuScpRoleSelectionSubItem(class, r) => Some((class.as_str(), r.scu, r.scp)),
            _ => None,
        })
        .collect();
    assert_eq!(roles, [(CT, true, false), (ECHO, true, false), (WORKLIST, true, false)]);
}

#[test]
fn storage_roles_are_granted_as_proposed_where_objects_may_come_back() {
    let mut rq = request(&[(1, GET, &[IMPLICIT]), (3, CT, &[J2K, EXPLICIT]), (5, COMMITMENT, &[IMPLICIT])]);
    rq.user_variables.extend([role(CT, false, true), role(COMMITMENT, false, true)]);
    let mute = PeerPolicy { store: false, ..PeerPolicy::default() };
    let (answer, contexts) = accepted(&rq, mute.clone());
    assert!(answer.contains(&role(CT, false, true)) && answer.contains(&role(COMMITMENT, false, true)));
    let purposes: Vec<_> = contexts.iter().map(|c| (c.purpose, c.roles.scu, c.roles.scp)).collect();
    assert_eq!(
        purposes,
        [(Purpose::Get, true, false), (Purpose::Storage, false, true), (Purpose::Commitment, false, true)]
    );
    // without C-GET, or without a right to it, a storage context is for sending
    rq.presentation_contexts.remove(0);
    assert_eq!(accepted(&rq, PeerPolicy::default()).1[0].roles, Roles { scu: false, scp: false });
    assert_eq!(accepted(&rq, mute).1.len(), 1);
    let rq = request(&[(1, GET, &[IMPLICIT]), (3, CT, &[EXPLICIT])]);
    let no_get = PeerPolicy { get: false, ..PeerPolicy::default() };
    let (_, contexts) = accepted(&rq, no_get);
    assert_eq!((contexts.len(), contexts[0].roles), (1, Roles::default()));
}

#[test]
fn every_service_has_its_switch() {
    let rq = request(&[
        (1, FIND, &[IMPLICIT]),
        (3, "1.2.840.10008.5.1.4.1.2.1.2", &[IMPLICIT]),
        (5, GET, &[EXPLICIT]),
        (7, WORKLIST, &[IMPLICIT]),
        (9, MPPS, &[IMPLICIT]),
        (11, COMMITMENT, &[IMPLICIT]),
        (13, "1.2.840.10008.5.1.4.34.6.1", &[IMPLICIT]),
        (15, ECHO, &[BE]),
        (17, FIND, &[BE]),
    ]);
    let taken = |policy| accepted(&rq, policy).1.iter().map(|c| c.id).collect::<Vec<_>>();
    let all = PeerPolicy::default();
    assert_eq!(taken(all.clone()), [1, 3, 5, 7, 9, 11, 15]);
    for (policy, without) in [
        (PeerPolicy { find: false, ..all.clone() }, 1),
        (PeerPolicy { move_: false, ..all.clone() }, 3),
        (PeerPolicy { get: false, ..all.clone() }, 5),
        (PeerPolicy { worklist: false, ..all.clone() }, 7),
        (PeerPolicy { mpps: false, ..all.clone() }, 9),
        (PeerPolicy { commitment: false, ..all.clone() }, 11),
    ] {
        let left = taken(policy);
        assert!(left.len() == 6 && !left.contains(&without), "{without}: {left:?}");
    }
}

#[test]
fn extended_negotiation_is_echoed_for_what_is_done() {
    let mut rq = request(&[(1, FIND, &[IMPLICIT]), (3, GET, &[IMPLICIT]), (5, CT, &[IMPLICIT])]);
    let asked = |class: &str, bytes: &[u8]| {
        UserVariableItem::SopClassExtendedNegotiationSubItem(class.into(), bytes.to_vec())
    };
    rq.user_variables.extend([
        asked(FIND, &[1, 1, 0, 1, 1]),
        asked(GET, &[0]),
        asked(CT, &[2, 0, 1, 0, 1, 0]),
    ]);
    rq.user_variables.push(asked(WORKLIST, &[1]));
    rq.user_variables.push(UserVariableItem::Unknown(0x53, vec![0, 8, 0, 8]));
    let (answer, contexts) = accepted(&rq, PeerPolicy::default());
    let find = Options { relational: true, combined: true, fuzzy: false };
    let options = contexts.iter().map(|c| c.options).collect::<Vec<_>>();
    assert_eq!(options, [find, Options::default(), Options::default()]);
    assert!(answer.contains(&asked(FIND, &[1, 1, 0, 0, 0])));
    assert!(answer.contains(&asked(GET, &[0])) && answer.contains(&asked(CT, &[2, 0, 3, 0, 0, 0])));
    // nothing for a class that was not proposed; no asynchronous window
    assert_eq!(answer.len(), 6, "{answer:?}");
}

#[test]
fn an_identity_is_answered_when_asked() {
    let with = |kind, ask| {
        let mut rq = request(&[(1, CT, &[IMPLICIT])]);
        let said = UserIdentity::new(ask, kind, "张".as_bytes().to_vec(), b"secret".to_vec());
        rq.user_variables.push(UserVariableItem::UserIdentityItem(said));
        read_request(&body(&rq)).expect("readable")
    };
    let answered = |rq: &AssociationRQ| {
        accepted(rq, PeerPolicy::default()).0.contains(&UserVariableItem::Unknown(0x59, vec![0, 0]))
    };
    let rq = with(UserIdentityType::UsernamePassword, true);
    let said = identity(&rq).expect("an identity");
    assert_eq!(
        (said.kind, said.name.as_str(), said.password.as_str()),
        (IdentityKind::Password, "张", "secret")
    );
    assert!(!format!("{said:?}").contains("secret"), "a password is never written out");
    assert!(answered(&rq) && answered(&with(UserIdentityType::Username, true)));
    assert!(!answered(&with(UserIdentityType::UsernamePassword, false)));
    let saml = with(UserIdentityType::SamlAssertion, true);
    assert!(identity(&saml).is_none() && !answered(&saml));
}

#[test]
fn all_contexts_refused_is_still_an_acceptance() {
    let rq = request(&[(1, "1.2.840.10008.5.1.4.34.6.1", &[IMPLICIT]), (3, CT, &["1.2.3"])]);
    let (_, contexts) = accepted(&rq, PeerPolicy::default());
    assert!(contexts.is_empty());
}

#[test]
fn a_full_request_of_dcmtk_fits() {
    let syntaxes: Vec<String> = (50..88).map(|n| format!("1.2.840.10008.1.2.4.{n}")).collect();
    let syntaxes: Vec<&str> = syntaxes.iter().map(String::as_str).collect();
    let contexts: Vec<(u8, &str, &[&str])> =
        (0..128_u8).map(|n| (n * 2 + 1, CT, syntaxes.as_slice())).collect();
    let rq = request(&contexts);
    let Decision::Accept { contexts, .. } =
        decide(&read_request(&body(&rq)).expect("readable"), "CENTER", &welcome())
    else {
        panic!("must be accepted")
    };
    assert_eq!(contexts.len(), 128);
}

#[test]
fn bombs_are_counted_before_they_are_read() {
    let mut bytes = body(&request(&[(1, CT, &[IMPLICIT])]));
    let clean = bytes.clone();
    for _ in 0..16_000 {
        bytes.extend_from_slice(&[0x77, 0, 0, 0]);
    }
    assert_eq!(read_request(&bytes), Err(Malformed::TooMany("items")));
    let mut many = clean.clone();
    let mut user = Vec::new();
    for _ in 0..16_000 {
        user.extend_from_slice(&[0x53, 0, 0, 0]);
    }
    many.extend_from_slice(&[0x50, 0]);
    many.extend_from_slice(&u16::try_from(user.len()).expect("fits").to_be_bytes());
    many.extend_from_slice(&user);
    assert_eq!(read_request(&many), Err(Malformed::TooMany("sub-items")));
    let mut contexts = clean.clone();
    for _ in 0..200 {
        contexts.extend_from_slice(&[0x20, 0, 0, 4, 1, 0, 0, 0]);
    }
    assert_eq!(read_request(&contexts), Err(Malformed::TooMany("presentation contexts")));
    let mut past = clean;
    past.extend_from_slice(&[0x50, 0, 0xFF, 0xFF, 1]);
    assert_eq!(read_request(&past), Err(Malformed::Truncated));
    assert_eq!(read_request(b"GET / HTTP/1.1"), Err(Malformed::Truncated));
}

#[test]
fn an_answer_without_syntax_in_refused_contexts_is_read() {
    let rq = request(&[(1, CT, &[IMPLICIT]), (3, CT, &[J2K])]);
    let mut bytes = vec![0_u8; 68];
    bytes.extend_from_slice(&[0x21, 0, 0, 4, 1, 0, 3, 0]);
    bytes.extend_from_slice(&[0x21, 0, 0, 30, 3, 0, 0, 0, 0x40, 0, 0, 22]);
    bytes.extend_from_slice(J2K.as_bytes());
    bytes.extend_from_slice(&[0x50, 0, 0, 8, 0x51, 0, 0, 4, 0, 0, 0x40, 0]);
    let (contexts, max) = read_answer(&bytes, &rq.presentation_contexts).expect("readable");
    assert_eq!((contexts.len(), contexts[0].id, max), (1, 3, 16_384));
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read_request(&bytes);
        let _ = read_answer(&bytes, &[]);
        let mut with_fixed = vec![0_u8; 68];
        with_fixed.extend_from_slice(&bytes);
        if let Ok(rq) = read_request(&with_fixed) {
            let _ = decide(&rq, "CENTER", &welcome());
        }
    }

    #[test]
    fn a_damaged_request_never_panics(at in 0_usize..200, value in any::<u8>()) {
        let mut bytes = body(&request(&[(1, CT, &[IMPLICIT, J2K]), (3, "1.2.840.10008.1.1", &[EXPLICIT])]));
        if let Some(b) = bytes.get_mut(at) { *b = value; }
        if let Ok(rq) = read_request(&bytes) {
            let _ = decide(&rq, "CENTER", &welcome());
        }
    }
}
