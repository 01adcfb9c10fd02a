//! Queries spoken by hand: statuses, character sets, the request that comes while another is at work.

use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::command::FindRequest;
use yigong_formats::dicom::output::Output;
use yigong_formats::dicom::{Object as DicomObject, Tag, tag};

use super::*;
use crate::dimse::scu::{self, Object};
use crate::dimse::wire::put_message;

/// A find under way on an association of its own.
async fn answers(stand: &Stand, class: &str, keys: &Attributes, set: &str) -> Vec<(Response, Attributes)> {
    let mut stream = TcpStream::connect(stand.address).await.unwrap();
    let Ok(mut rq) = yigong_formats::dicom::negotiate::read_request(&request("CR01")[6..]) else {
        panic!("readable")
    };
    rq.presentation_contexts[0].abstract_syntax = class.into();
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRQ(rq)).unwrap();
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(pdu(&mut stream).await.0, 2);
    let (read, mut write) = stream.into_split();
    let mut incoming = Incoming::new(read);
    let find = Command::Find(FindRequest { message_id: 9, sop_class: class.into(), priority: 0 });
    let mut bytes = Vec::new();
    put_message(&mut bytes, 1, true, &find.encode(), 16_384);
    put_message(&mut bytes, 1, false, &keys.encode(true, &Output::named(set).unwrap()), 16_384);
    write.write_all(&bytes).await.unwrap();
    let mut out: Vec<(Response, Attributes)> = Vec::new();
    let (mut command, mut data) = (Vec::new(), Vec::new());
    loop {
        let (kind, body) = incoming.next(SOON, SOON).await.unwrap();
        assert_eq!(kind, DATA);
        for pdv in Pdvs(body) {
            let pdv = pdv.unwrap();
            if pdv.command { &mut command } else { &mut data }.extend_from_slice(pdv.data);
            if !pdv.last {
                continue;
            }
            if pdv.command {
                let Ok(Command::Response(r)) = Command::decode(&command) else { panic!("a response") };
                command.clear();
                let ends = !r.data_set;
                out.push((r, Attributes::default()));
                if ends {
                    return out;
                }
            } else {
                let object = DicomObject::parse(&data, Some(uid::EXPLICIT_LE)).unwrap();
                out.last_mut().unwrap().1 = Attributes::read(&object).unwrap();
                data.clear();
            }
        }
    }
}

fn keys(pairs: &[(Tag, &str)]) -> Attributes {
    let mut out = Attributes::default();
    for (t, value) in pairs {
        out.put(*t, *value);
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_find_in_the_set_of_the_requestor() {
    let stand = stand().await;
    scu::store(&stand.target("CR01"), &[Object::Bytes(file("1.2.3.4.1", 7, 4))]).await.unwrap();
    for (set, declared) in
        [("GB18030", "GB18030"), ("GBK", "GBK"), ("ISO_IR 192", "ISO_IR 192"), ("ISO_IR 100", "ISO_IR 192")]
    {
        let wanted = keys(&[
            (tag::QUERY_LEVEL, "STUDY"),
            (tag::PATIENT_NAME, if set == "ISO_IR 100" { "lw" } else { "*瑋" }),
            (tag::STUDY_UID, ""),
        ]);
        let found = answers(&stand, uid::STUDY_ROOT_FIND, &wanted, set).await;
        let statuses: Vec<u16> = found.iter().map(|(r, _)| r.status).collect();
        assert_eq!(statuses, [0xFF00, 0x0000], "{set}");
        let answer = &found[0].1;
        assert_eq!(answer.text(tag::PATIENT_NAME), "卢^瑋", "{set}");
        assert_eq!(answer.text(tag::CHARSET), declared);
        assert_eq!((answer.text(tag::STUDY_UID), answer.text(tag::RETRIEVE_AE)), ("1.2.3", "YIGONG"));
        assert_eq!(answer.text(tag::AVAILABILITY), "ONLINE");
    }
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_that_are_none() {
    let stand = stand().await;
    let study = (tag::QUERY_LEVEL, "STUDY");
    for (wanted, comment) in [
        (keys(&[(tag::PATIENT_ID, "P")]), "no such query level"),
        (keys(&[(tag::QUERY_LEVEL, "PATIENT")]), "no such query level"),
        (keys(&[(tag::QUERY_LEVEL, "SERIES")]), "0020000D must be one value"),
        (keys(&[study, (tag::STUDY_DATE, "yesterday")]), "malformed value of 00080020"),
    ] {
        let found = answers(&stand, uid::STUDY_ROOT_FIND, &wanted, "ISO_IR 192").await;
        assert_eq!((found[0].0.status, found[0].0.comment.as_str()), (0xA900, comment));
    }
    let odd = keys(&[study, (Tag(0x0038_0010), "")]);
    scu::store(&stand.target("CR01"), &[Object::Bytes(file("1.2.3.4.1", 7, 4))]).await.unwrap();
    let found = answers(&stand, uid::STUDY_ROOT_FIND, &odd, "ISO_IR 192").await;
    assert_eq!(found[0].0.status, 0xFF01, "an attribute that is not supported");
    assert!(found[0].1.has(Tag(0x0038_0010)));
    stand.end().await;
}
