//! A retrieval on the requestor's own association, spoken by hand by one who does not answer.

use dicom_ul::pdu::RequestorRoles;
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::command::FindRequest;
use yigong_formats::dicom::output::Output;
use yigong_formats::dicom::tag;

use super::*;
use crate::dimse::scu::{self, Object};
use crate::dimse::wire::put_message;

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_operation_without_an_answer_ends_the_association() {
    let stand = stand().await;
    let files = [1, 2].map(|n| Object::Bytes(file(&format!("1.2.3.4.{n}"), n, 4)));
    scu::store(&stand.target("CR01"), &files).await.unwrap();

    let mut rq = yigong_formats::dicom::negotiate::read_request(&request("CR01")[6..]).unwrap();
    rq.presentation_contexts.push(PresentationContextProposed {
        id: 3,
        abstract_syntax: uid::STUDY_ROOT_GET.into(),
        transfer_syntaxes: vec![uid::EXPLICIT_LE.into()],
    });
    let role = RequestorRoles { scu: false, scp: true };
    rq.user_variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(CR.into(), role));
    let (mut incoming, mut out) = accepted(&stand, rq).await;

    let mut keys = Attributes::default();
    keys.put(tag::QUERY_LEVEL, "STUDY");
    keys.put(tag::STUDY_UID, "1.2.3");
    let get = FindRequest { message_id: 9, sop_class: uid::STUDY_ROOT_GET.into(), priority: 0 };
    let mut bytes = Vec::new();
    put_message(&mut bytes, 3, true, &Command::Get(get).encode(), 16_384);
    let identifier = keys.encode(true, &Output::named("ISO_IR 192").unwrap());
    put_message(&mut bytes, 3, false, &identifier, 16_384);
    out.write_all(&bytes).await.unwrap();

    // the first object comes, is not answered, and no second one is sent behind it
    let (mut begun, mut last) = (0, 0);
    while last != 7 {
        let (kind, body) = incoming.next(SOON, SOON).await.unwrap();
        last = kind;
        if kind == DATA {
            begun += Pdvs(body).filter(|p| p.as_ref().unwrap().command).count();
        }
    }
    assert_eq!(begun, 1, "one C-STORE, then the abort");
    stand.end().await;
}
