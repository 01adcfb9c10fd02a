//! The outbox against a receiver spoken by hand: byte for byte, corrected, or not at all and why.

use yigong_base::access::right::Role;
use yigong_base::access::{Grant, Permit};
use yigong_clinic::imaging::outbox::{self, Cause};
use yigong_clinic::imaging::reconcile;
use yigong_formats::dicom::command::C_STORE;
use yigong_formats::dicom::negotiate::{Admission, Decision, PeerPolicy, decide, read_request};
use yigong_formats::dicom::{Object as DicomObject, part10, tag};

use super::*;
use crate::dimse::outbox::run;
use crate::dimse::scu::{self, Object};
use crate::dimse::wire::{RELEASE, RELEASED, put_message, release};

/// What came: SOP Instance UID and data set, in order.
type Came = Vec<(String, Vec<u8>)>;

/// Takes one association in the named transfer syntaxes and answers every object with success.
async fn receive(door: &TcpListener, syntaxes: &[&str]) -> Came {
    let (read, mut out) = door.accept().await.unwrap().0.into_split();
    let mut incoming = Incoming::new(read);
    let mut rq = read_request(incoming.next(SOON, SOON).await.unwrap().1).unwrap();
    for context in &mut rq.presentation_contexts {
        context.transfer_syntaxes.retain(|t| syntaxes.contains(&t.as_str()));
    }
    let Decision::Accept { answer, .. } = decide(&rq, "WS", &Admission::Admitted(PeerPolicy::default()))
    else {
        panic!("accepted")
    };
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationAC(answer)).unwrap();
    out.write_all(&bytes).await.unwrap();
    let (mut command, mut data, mut came) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (kind, body) = incoming.next(SOON, SOON).await.unwrap();
        if kind == RELEASE {
            out.write_all(&release(RELEASED)).await.unwrap();
            return came;
        }
        assert_eq!(kind, DATA);
        let mut answers = Vec::new();
        for pdv in Pdvs(body) {
            let pdv = pdv.unwrap();
            if pdv.command { &mut command } else { &mut data }.extend_from_slice(pdv.data);
            if pdv.last && !pdv.command {
                let Ok(Command::Store(rq)) = Command::decode(&command) else { panic!("a C-STORE") };
                let answer = Response {
                    to: C_STORE,
                    message_id: rq.message_id,
                    sop_class: rq.sop_class,
                    sop_instance: rq.sop_instance.clone(),
                    ..Response::default()
                };
                put_message(&mut answers, pdv.context, true, &Command::Response(answer).encode(), 16_384);
                came.push((rq.sop_instance, std::mem::take(&mut data)));
                command.clear();
            }
        }
        out.write_all(&answers).await.unwrap();
    }
}

/// A workstation of the clinic, row `ws`, and its door.
async fn workstation(stand: &Stand) -> TcpListener {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut ws = peer::find(&mut tx, "p1").await.unwrap();
    ws.id = "ws".into();
    ws.name = "WS".into();
    ws.ae_title = Some("WS".into());
    ws.port = Some(i64::from(door.local_addr().unwrap().port()));
    peer::create(&mut tx, ctx, &permit, &ws).await.unwrap();
    tx.commit().await.unwrap();
    door
}

fn registrar() -> Permit {
    let grant = Grant { role: Role::Registrar, facility: "C01".into(), pipelines: "*".into() };
    Permit::person("reg", "reg", "C01", "LEAD", vec![grant])
}

async fn text(stand: &Stand, statement: &'static str, key: &str) -> String {
    let mut read = stand.bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    read.one(statement, args![key]).await.unwrap().text("t").unwrap()
}

async fn row(stand: &Stand, instance: &str) -> String {
    text(stand, "SELECT id AS t FROM instance WHERE uid = $1", instance).await
}

/// How it stands in the outbox: state and error.
async fn told(stand: &Stand, instance: &str) -> String {
    text(stand, "SELECT state || ': ' || error AS t FROM outgoing WHERE uid = $1", instance).await
}

async fn queue(stand: &Stand) -> String {
    let study = text(stand, "SELECT id AS t FROM study WHERE uid = $1", "1.2.3").await;
    outbox::send_study(&stand.bench.ctx, &registrar(), &study, "ws", &Cause::Person).await.unwrap();
    study
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_looks_again_at_what_is_due() {
    let stand = stand().await;
    let door = workstation(&stand).await;
    let files: Vec<_> = (1..=4).map(|n| file(&format!("1.2.3.4.{n}"), n, 700)).map(Object::Bytes).collect();
    scu::store(&stand.target("CR01"), &files).await.unwrap();
    let study = queue(&stand).await;

    let (ctx, reg) = (&stand.bench.ctx, registrar());
    let bad = [row(&stand, "1.2.3.4.2").await];
    let mut tx = ctx.db.begin(&reg).await.unwrap();
    reconcile::hide(&mut tx, ctx, &reg, &study, &bad, "113001", "motion").await.unwrap();
    let marked = "INSERT INTO damaged_object (address, kind, found_at) SELECT object_hash, 'hash', 1 FROM instance WHERE uid = $1";
    tx.exec(marked, args!["1.2.3.4.3"]).await.unwrap();
    tx.commit().await.unwrap();

    let sending = run(&stand.centre, "ws");
    let (done, came) = tokio::join!(sending, receive(&door, &[uid::EXPLICIT_LE]));
    done.unwrap();
    let expected: Came = [1, 4]
        .map(|n| format!("1.2.3.4.{n}"))
        .map(|uid| (uid.clone(), data_set(&uid, uid.as_bytes()[8] - b'0', 700).encode()))
        .into();
    assert!(came == expected, "byte for byte what was stored, and nothing else");
    assert_eq!(told(&stand, "1.2.3.4.1").await, "sent: ");
    assert_eq!(told(&stand, "1.2.3.4.2").await, "failed: rejected (113001)");
    assert_eq!(told(&stand, "1.2.3.4.3").await, "failed: its stored bytes are damaged (hash)");
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    let asked = outbox::show::Asked::default();
    let batch = &outbox::show::list(&mut read, ctx, &reg, &asked, 10).await.unwrap()[0];
    assert_eq!((batch.objects, batch.sent, batch.failed), (4, 2, 2), "what a person sees");
    assert_eq!((batch.state.as_str(), batch.reason), ("failed", "hidden"), "{}", batch.error);
    drop(read);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_image_stays_whether_the_peer_listens_or_not() {
    let stand = stand().await;
    drop(workstation(&stand).await);
    let files = [1, 2].map(|n| Object::Bytes(file(&format!("1.2.3.4.{n}"), n, 4)));
    scu::store(&stand.target("CR01"), &files).await.unwrap();
    let study = queue(&stand).await;
    let (ctx, reg) = (&stand.bench.ctx, registrar());
    let bad = [row(&stand, "1.2.3.4.2").await];
    let mut tx = ctx.db.begin(&reg).await.unwrap();
    reconcile::hide(&mut tx, ctx, &reg, &study, &bad, "113037", "the other leg").await.unwrap();
    tx.commit().await.unwrap();
    run(&stand.centre, "ws").await.unwrap();
    assert!(told(&stand, "1.2.3.4.1").await.starts_with("waiting: connect"));
    assert_eq!(told(&stand, "1.2.3.4.2").await, "failed: rejected (113037)");
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_leave_with_the_object() {
    let stand = stand().await;
    let door = workstation(&stand).await;
    scu::store(&stand.target("CR01"), &[Object::Bytes(file("1.2.3.4.1", 7, 40))]).await.unwrap();
    let study = queue(&stand).await;
    let (ctx, reg) = (&stand.bench.ctx, registrar());
    let seen = yigong_base::patient::Seen {
        local_id: "AF-1".into(),
        name: "欧阳䶮".into(),
        ..yigong_base::patient::Seen::default()
    };
    let mut tx = ctx.db.begin(&reg).await.unwrap();
    reconcile::assign(&mut tx, ctx, &reg, &study, &reconcile::Person::New(seen), "asked").await.unwrap();
    tx.commit().await.unwrap();
    // Once as it is stored, once for a peer that takes Implicit VR alone.
    for syntax in [uid::EXPLICIT_LE, uid::IMPLICIT_LE] {
        let only = [syntax];
        let (done, came) = tokio::join!(run(&stand.centre, "ws"), receive(&door, &only));
        done.unwrap();
        let object = DicomObject::parse(&came[0].1, Some(syntax)).unwrap();
        let root = object.root();
        assert_eq!(root.text(tag::PATIENT_NAME), "OUYANGYAN=欧阳䶮", "{syntax}");
        assert_eq!(root.text(tag::PATIENT_ID), "AF-1", "{syntax}");
        assert_eq!(root.bytes(tag::PIXELS), Some([7; 1600].as_slice()), "{syntax}");
        queue(&stand).await;
    }
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_of_huge_images_is_not_decoded_for_a_peer() {
    let stand = stand().await;
    let door = workstation(&stand).await;
    let mut set = DataSet::new(TextSet::Gb18030);
    set.declare_text()
        .put_text(0x0008_0016, b"UI", CR)
        .put_text(0x0008_0018, b"UI", "1.2.3.4.1")
        .put_text(0x0008_0060, b"CS", "CR")
        .put_text(0x0010_0010, b"PN", "卢^瑋")
        .put_text(0x0010_0020, b"LO", "P10086")
        .put_text(0x0020_000D, b"UI", "1.2.3")
        .put_text(0x0020_000E, b"UI", "1.2.3.4")
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_text(0x0028_0008, b"IS", "2")
        .put_u16(0x0028_0010, &[20_000])
        .put_u16(0x0028_0011, &[20_000])
        .put_u16(0x0028_0100, &[16])
        .put_u16(0x0028_0101, &[16])
        .put_u16(0x0028_0102, &[15])
        .put_u16(0x0028_0103, &[0]);
    let mut bytes = part10::head(CR, "1.2.3.4.1", uid::RLE);
    bytes.extend(set.encode());
    bytes.extend(b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\0\0\0\0");
    for _ in 0..2 {
        bytes.extend(b"\xFE\xFF\x00\xE0\x40\0\0\0");
        bytes.extend([0; 64]);
    }
    bytes.extend(b"\xFE\xFF\xDD\xE0\0\0\0\0");
    scu::store(&stand.target("CR01"), &[Object::Bytes(bytes)]).await.unwrap();
    queue(&stand).await;
    let (done, came) = tokio::join!(run(&stand.centre, "ws"), receive(&door, &[uid::IMPLICIT_LE]));
    done.unwrap();
    assert!(came.is_empty());
    let why = "failed: size: decoded it has 1525 MiB, above 512 it is not converted";
    assert_eq!(told(&stand, "1.2.3.4.1").await, why);
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_asked_about_or_sent_again() {
    let stand = stand().await;
    let door = workstation(&stand).await;
    scu::store(&stand.target("CR01"), &[Object::Bytes(file("1.2.3.4.1", 7, 4))]).await.unwrap();
    queue(&stand).await;
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut ws = peer::find(&mut tx, "ws").await.unwrap();
    ws.policy = serde_json::json!({"ask_commitment": true});
    peer::update(&mut tx, ctx, &permit, &ws).await.unwrap();
    // the question cannot be written: as if the program ended between the two
    tx.exec("ALTER TABLE commitment RENAME TO commitment_away", args![]).await.unwrap();
    tx.commit().await.unwrap();
    let (done, came) = tokio::join!(run(&stand.centre, "ws"), receive(&door, &[uid::EXPLICIT_LE]));
    assert!(done.is_err() && came.len() == 1);
    assert_eq!(told(&stand, "1.2.3.4.1").await, "waiting: ", "not sent without its question");
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    tx.exec("ALTER TABLE commitment_away RENAME TO commitment", args![]).await.unwrap();
    tx.commit().await.unwrap();
    let (done, came) = tokio::join!(run(&stand.centre, "ws"), receive(&door, &[uid::EXPLICIT_LE]));
    done.unwrap();
    assert_eq!(came.len(), 1);
    assert_eq!(told(&stand, "1.2.3.4.1").await, "sent: ");
    let asked = text(&stand, "SELECT items AS t FROM commitment WHERE peer = $1", "ws").await;
    assert!(asked.contains("1.2.3.4.1"), "{asked}");
    let job = text(&stand, "SELECT state AS t FROM job WHERE kind = $1", "ask_commitment").await;
    assert_eq!(job, "waiting");
    stand.end().await;
}
