//! Normalised services spoken by hand: steps, commitment on the association that asked and on one of our own, refusals.

use yigong_formats::dicom::command::{N_ACTION, N_EVENT_REPORT, NormalisedRequest, Verb};
use yigong_formats::dicom::commitment::{NO_SUCH_INSTANCE, Reference, Transaction, read};

use super::*;
use crate::dimse::commitment;
use crate::dimse::scu::{self, Object};
use crate::dimse::wire::{fragment_limit, put_message};

struct Spoken {
    incoming: Incoming<OwnedReadHalf>,
    out: OwnedWriteHalf,
}

impl Spoken {
    /// Contexts 1, 3, 5, … for the classes, Explicit LE.
    async fn open(stand: &Stand, classes: &[&str]) -> Self {
        let mut rq = yigong_formats::dicom::negotiate::read_request(&request("CR01")[6..]).unwrap();
        rq.presentation_contexts = classes
            .iter()
            .zip((1..).step_by(2))
            .map(|(class, id)| PresentationContextProposed {
                id,
                abstract_syntax: (*class).into(),
                transfer_syntaxes: vec![uid::EXPLICIT_LE.into()],
            })
            .collect();
        let (incoming, out) = accepted(stand, rq).await;
        Self { incoming, out }
    }

    async fn say(&mut self, context: u8, command: &Command, data: Option<&[u8]>) {
        let mut bytes = Vec::new();
        put_message(&mut bytes, context, true, &command.encode(), fragment_limit(16_384));
        if let Some(data) = data {
            put_message(&mut bytes, context, false, data, fragment_limit(16_384));
        }
        self.out.write_all(&bytes).await.unwrap();
    }

    /// The next command and its data set.
    async fn hear(&mut self) -> (Command, Vec<u8>) {
        let (mut command, mut data) = (Vec::new(), Vec::new());
        let mut whole: Option<Command> = None;
        loop {
            let (kind, body) = self.incoming.next(SOON, SOON).await.unwrap();
            assert_eq!(kind, DATA);
            for pdv in Pdvs(body) {
                let pdv = pdv.unwrap();
                if pdv.command { &mut command } else { &mut data }.extend_from_slice(pdv.data);
                if pdv.last && pdv.command {
                    whole = Some(Command::decode(&command).unwrap());
                }
                if pdv.last && whole.as_ref().is_some_and(|w| w.data_set() != pdv.command) {
                    return (whole.take().unwrap(), data);
                }
            }
        }
    }

    async fn ask(&mut self, context: u8, command: &Command, data: Option<&[u8]>) -> (u16, String) {
        self.say(context, command, data).await;
        match self.hear().await.0 {
            Command::Response(r) => (r.status, r.comment),
            other => panic!("a response was expected, not {other:?}"),
        }
    }
}

fn about(verb: Verb, sop_class: &str, sop_instance: &str, data_set: bool) -> Command {
    Command::Normalised(NormalisedRequest {
        message_id: 4,
        verb,
        sop_class: sop_class.into(),
        sop_instance: sop_instance.into(),
        data_set,
    })
}

fn to_commit(transaction: &str, instances: &[&str]) -> Transaction {
    let reference = |i: &&str| Reference { sop_class: CR.to_owned(), sop_instance: (*i).to_owned() };
    Transaction {
        uid: transaction.into(),
        referenced: instances.iter().map(reference).collect(),
        failed: vec![],
    }
}

async fn text(stand: &Stand, statement: &'static str) -> String {
    let mut read = stand.bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    read.one(statement, args![]).await.unwrap().text("t").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn commitment_is_reported_on_the_association_that_asked() {
    let stand = stand().await;
    let sent = scu::store(&stand.target("CR01"), &[Object::Bytes(file("1.2.3.4.1", 7, 4))]).await.unwrap();
    assert_eq!(sent[0].status, 0);
    let mut spoken = Spoken::open(&stand, &[uid::COMMITMENT_PUSH, uid::VERIFICATION]).await;
    let request = to_commit("2.25.9", &["1.2.3.4.1", "1.2.3.4.404"]);
    let action = about(Verb::Action(1), uid::COMMITMENT_PUSH, uid::COMMITMENT_PUSH_INSTANCE, true);
    let answer = spoken.ask(1, &action, Some(&request.data_set(None).encode())).await;
    assert_eq!(answer, (0, String::new()));
    let id = text(&stand, "SELECT id AS t FROM commitment").await;
    let (centre, reports) = (stand.centre.clone(), stand.reports.clone());
    let job = tokio::spawn(async move { commitment::run(&centre, &reports, &id).await });
    let (command, data) = spoken.hear().await;
    let Command::Normalised(report) = command else { panic!("a report was expected") };
    assert_eq!(report.verb, Verb::EventReport(2));
    let told = read(&data, uid::EXPLICIT_LE).unwrap();
    assert_eq!((told.uid.as_str(), told.referenced.len(), told.failed[0].1), ("2.25.9", 1, NO_SUCH_INSTANCE));
    // while it waits for the answer the association goes on
    let echo = Command::Echo { message_id: 77, sop_class: uid::VERIFICATION.into() };
    assert_eq!(spoken.ask(3, &echo, None).await.0, 0);
    let taken = Response { to: N_EVENT_REPORT, message_id: report.message_id, ..Response::default() };
    spoken.say(1, &Command::Response(taken), None).await;
    job.await.unwrap().unwrap();
    assert_eq!(text(&stand, "SELECT state AS t FROM commitment").await, "reported");
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_finds_nobody_is_kept_for_the_next_try() {
    let stand = stand().await;
    let mut spoken = Spoken::open(&stand, &[uid::COMMITMENT_PUSH]).await;
    let action = about(Verb::Action(1), uid::COMMITMENT_PUSH, uid::COMMITMENT_PUSH_INSTANCE, true);
    let request = to_commit("2.25.9", &["1.2.3.4.404"]);
    assert_eq!(spoken.ask(1, &action, Some(&request.data_set(None).encode())).await.0, 0);
    drop(spoken);
    let id = text(&stand, "SELECT id AS t FROM commitment").await;
    // the peer has no port: it cannot be called back
    let failed = commitment::run(&stand.centre, &stand.reports, &id).await.unwrap_err().to_string();
    assert!(failed.contains("no port") || failed.contains("port"), "{failed}");
    assert_eq!(text(&stand, "SELECT state AS t FROM commitment").await, "open");
    // a second listener of the same program plays the device: it takes the report of a transaction that it asked for
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut device = peer::find(&mut tx, "p1").await.unwrap();
    device.ae_title = Some("YIGONG".into());
    device.port = Some(i64::from(stand.address.port()));
    peer::update(&mut tx, ctx, &permit, &device).await.unwrap();
    yigong_clinic::imaging::commitment::expect(&mut tx, ctx, &device, &request).await.unwrap();
    tx.commit().await.unwrap();
    commitment::run(&stand.centre, &stand.reports, &id).await.unwrap();
    assert_eq!(text(&stand, "SELECT state AS t FROM commitment WHERE direction = 'in'").await, "reported");
    assert_eq!(text(&stand, "SELECT state AS t FROM commitment WHERE direction = 'out'").await, "reported");
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_their_reason() {
    let stand = stand().await;
    let mut spoken = Spoken::open(&stand, &[uid::COMMITMENT_PUSH, uid::MPPS, uid::VERIFICATION]).await;
    let empty = DataSet::new(TextSet::Utf8).encode();
    let known = uid::COMMITMENT_PUSH_INSTANCE;
    for (context, verb, class, instance, status) in [
        (1, Verb::Action(2), uid::COMMITMENT_PUSH, known, 0x0123),
        (1, Verb::EventReport(3), uid::COMMITMENT_PUSH, known, 0x0113),
        (1, Verb::Action(1), uid::COMMITMENT_PUSH, "1.2.3", 0x0112),
        (1, Verb::Action(1), uid::MPPS, known, 0x0122),
        (1, Verb::Action(1), uid::COMMITMENT_PUSH, known, 0x0106),
        (3, Verb::Create, uid::MPPS, "1.2.3", 0x0120),
        (3, Verb::Create, uid::MPPS, "../x", 0x0117),
        (3, Verb::Set, uid::MPPS, "1.2.3", 0x0112),
        (3, Verb::Delete, uid::MPPS, "1.2.3", 0x0211),
        (5, Verb::Set, uid::VERIFICATION, "1.2.3", 0x0211),
    ] {
        let command = about(verb.clone(), class, instance, true);
        let (found, comment) = spoken.ask(context, &command, Some(&empty)).await;
        assert_eq!(found, status, "{verb:?} {class} {comment}");
        assert!(!comment.is_empty() && comment.len() <= 64 && comment.is_ascii());
    }
    let response = Response { to: N_ACTION, message_id: 9, ..Response::default() };
    spoken.say(1, &Command::Response(response), None).await;
    assert_eq!(spoken.incoming.next(SOON, SOON).await.unwrap().0, 7, "a response that nobody asked for");
    stand.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_disabled_loses_its_open_association() {
    let stand = stand().await;
    let mut spoken = Spoken::open(&stand, &[uid::VERIFICATION]).await;
    let echo = Command::Echo { message_id: 7, sop_class: uid::VERIFICATION.into() };
    let look_again = Duration::from_millis(300);
    tokio::time::sleep(look_again).await;
    assert_eq!(spoken.ask(1, &echo, None).await.0, 0, "looked up again and still admitted");
    let (ctx, permit) = (&stand.bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let mut row = peer::find(&mut tx, "p1").await.unwrap();
    row.enabled = false;
    peer::update(&mut tx, ctx, &permit, &row).await.unwrap();
    tx.commit().await.unwrap();
    tokio::time::sleep(look_again).await;
    spoken.say(1, &echo, None).await;
    assert_eq!(spoken.incoming.next(SOON, SOON).await.unwrap().0, 7, "an abort");
    stand.end().await;
}
