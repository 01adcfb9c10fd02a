//! The order of refusals, the choice of transfer syntaxes, bounds of hostile requests.

use dicom_ul::pdu::{
    AssociationRQ, Pdu, PresentationContextProposed, PresentationContextResultReason as Answer,
    RequestorRoles, UserVariableItem, write_pdu,
};
use proptest::prelude::*;

use super::{
    APPLICATION_CONTEXT, Admission, Decision, Malformed, PeerPolicy, decide, read_answer, read_request,
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

#[test]
fn roles_on_every_context_are_answered() {
    let mut rq = request(&[(1, CT, &[IMPLICIT]), (3, "1.2.840.10008.1.1", &[IMPLICIT])]);
    for class in [CT, "1.2.840.10008.1.1", "1.2.840.10008.9.9"] {
        rq.user_variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(
            class.into(),
            RequestorRoles { scu: true, scp: true },
        ));
    }
    let Decision::Accept { answer, .. } =
        decide(&read_request(&body(&rq)).expect("readable"), "CENTER", &welcome())
    else {
        panic!("must be accepted")
    };
    let roles: Vec<_> = answer
        .user_variables
        .iter()
        .filter(|v| matches!(v, UserVariableItem::ScuScpRoleSelectionSubItem(_, r) if r.scu && !r.scp))
        .collect();
    assert_eq!(roles.len(), 2);
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
