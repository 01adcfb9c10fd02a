use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::MINUTE_MS;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::{Bench, engines};

use super::*;

yigong_base::statements! {
    REPORT = "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, state, verify_code, created_at, updated_at) VALUES ($1, 'lab', 'specimen', $1, $2, 'C01', 'published', $1, 0, 0)";
    VERSION = "INSERT INTO report_version (report, n, kind, content, content_sha256, pdf_sha256, pdf_bytes, writer, signer, signer_demo, signature, certificate, signed_at, seq) VALUES ($1, $2, 'final', '{}', '', '', 0, '', '', 1, $3, $3, 0, $2)";
    STATE = "SELECT state FROM delivery WHERE report = $1 AND n = $2 AND destination NOT LIKE 'web:%'";
}

/// Records what it is given and answers what the script says.
#[derive(Default)]
struct Recorder {
    script: Mutex<Vec<Outcome>>,
    got: Mutex<Vec<(String, i64)>>,
}

/// Takes the parcel while somebody gives it up.
struct GivenUp(yigong_base::Ctx);

impl Carrier for GivenUp {
    fn deliver<'a>(&'a self, _: &'a Parcel) -> Pin<Box<dyn Future<Output = Attempt> + Send + 'a>> {
        Box::pin(async move {
            let mut tx = self.0.db.begin(&Permit::system("test")).await.unwrap();
            tx.exec(
                "UPDATE delivery SET state = 'stopped', why = 'no need', closed_by = 'a', closed_at = 1",
                args![],
            )
            .await
            .unwrap();
            tx.commit().await.unwrap();
            Attempt { body: b"MSH|".to_vec(), outcome: Outcome::Acked { receipt: "AA".into() } }
        })
    }
}

impl Carrier for Recorder {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Attempt> + Send + 'a>> {
        Box::pin(async move {
            self.got.lock().unwrap().push((parcel.report.clone(), parcel.n));
            let mut script = self.script.lock().unwrap();
            let outcome =
                if script.is_empty() { Outcome::Acked { receipt: "AA".into() } } else { script.remove(0) };
            Attempt { body: b"MSH|".to_vec(), outcome }
        })
    }
}

async fn publish(bench: &Bench, report: &str, n: i64, patient: &str) {
    let (ctx, permit) = (&bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    if n == 1 {
        tx.exec(REPORT, args![report, patient]).await.unwrap();
    }
    tx.exec(VERSION, args![report, n, Vec::<u8>::new()]).await.unwrap();
    plan(&mut tx, ctx, "C01", report, n, patient).await.unwrap();
    tx.commit().await.unwrap();
}

async fn state(bench: &Bench, report: &str, n: i64) -> String {
    let mut r = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    r.one(STATE, args![report, n]).await.unwrap().text("state").unwrap()
}

fn his() -> destination::Destination {
    destination::Destination {
        id: String::new(),
        facility: "C01".into(),
        kind: "hl7".into(),
        name: "HIS".into(),
        address: "127.0.0.1:1".into(),
        settings: json!({}),
        enabled: true,
    }
}

#[tokio::test]
async fn what_is_acknowledged_while_somebody_gives_it_up_has_arrived() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let seen = Seen { local_id: "P1".into(), ..Seen::default() };
        let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let destination = destination::create(&mut tx, ctx, &permit, &his()).await.unwrap();
        tx.commit().await.unwrap();
        publish(&bench, "r1", 1, &patient).await;
        let mut carriers: Carriers = HashMap::new();
        carriers.insert("hl7", Arc::new(GivenUp(ctx.clone())));
        run(ctx, &carriers, &destination).await.unwrap();
        let mut read = ctx.db.read(&permit).await.unwrap();
        let row = read
            .one(
                "SELECT state, why, closed_by, closed_at FROM delivery WHERE destination NOT LIKE 'web:%'",
                args![],
            )
            .await
            .unwrap();
        let words = [row.text("state").unwrap(), row.text("why").unwrap(), row.text("closed_by").unwrap()];
        assert_eq!(words, ["acked", "", ""], "{}", bench.engine);
        assert_eq!(row.opt_int("closed_at").unwrap(), None, "{}", bench.engine);
    }
}

#[tokio::test]
async fn order_per_patient_retry_and_supersede() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let mut patients = Vec::new();
        for local in ["P1", "P2"] {
            let seen = Seen { local_id: local.into(), ..Seen::default() };
            patients.push(link(&mut tx, ctx, "C01", &seen).await.unwrap().id);
        }
        let target = his();
        let destination = destination::create(&mut tx, ctx, &permit, &target).await.unwrap();
        tx.commit().await.unwrap();
        publish(&bench, "r1", 1, &patients[0]).await;
        publish(&bench, "r2", 1, &patients[0]).await;
        publish(&bench, "r3", 1, &patients[1]).await;
        let recorder = Arc::new(Recorder::default());
        recorder.script.lock().unwrap().push(Outcome::Retry { why: "no answer".into() });
        let mut carriers: Carriers = HashMap::new();
        carriers.insert("hl7", recorder.clone());
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 1);
        assert_eq!(
            *recorder.got.lock().unwrap(),
            [("r1".into(), 1), ("r3".into(), 1)],
            "r2 waits behind r1, r3 does not"
        );
        assert_eq!(state(&bench, "r1", 1).await, "retry");
        publish(&bench, "r1", 2, &patients[0]).await;
        assert_eq!(state(&bench, "r1", 1).await, "superseded", "an unsent older version is never sent");
        bench.clock.advance(MINUTE_MS);
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 2);
        assert_eq!(recorder.got.lock().unwrap()[2..], [("r2".into(), 1), ("r1".into(), 2)]);
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 0, "nothing is sent twice");
        publish(&bench, "r3", 2, &patients[1]).await;
        recorder.script.lock().unwrap().push(Outcome::Parked { why: "AE".into() });
        run(ctx, &carriers, &destination).await.unwrap();
        assert_eq!(state(&bench, "r3", 2).await, "parked", "a refusal waits for a person");
    }
}

#[tokio::test]
async fn what_is_parked_hides_nobody_and_a_silent_receiver_is_left_alone() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let mut patients = Vec::new();
        for n in 0..230 {
            let seen = Seen { local_id: format!("P{n}"), ..Seen::default() };
            patients.push(link(&mut tx, ctx, "C01", &seen).await.unwrap().id);
        }
        let destination = destination::create(&mut tx, ctx, &permit, &his()).await.unwrap();
        tx.commit().await.unwrap();
        for (n, patient) in patients.iter().enumerate() {
            publish(&bench, &format!("r{n}"), 1, patient).await;
        }
        let recorder = Arc::new(Recorder::default());
        let mut carriers: Carriers = HashMap::new();
        carriers.insert("hl7", recorder.clone());
        // A receiver that does not answer is asked three times, and not once for every patient.
        let silent = || Outcome::Retry { why: "connect: no answer".into() };
        recorder.script.lock().unwrap().extend((0..230).map(|_| silent()));
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 0);
        assert_eq!(recorder.got.lock().unwrap().len(), 3, "{}", bench.engine);
        let mut read = ctx.db.read(&permit).await.unwrap();
        let waiting = "SELECT COUNT(*) AS n FROM job WHERE kind = 'deliver' AND state = 'waiting'";
        assert_eq!(read.one(waiting, args![]).await.unwrap().int("n").unwrap(), 1, "it is tried again");
        drop(read);
        // One that refuses for a day leaves more parked parcels than one look has rows: the last patients' still go.
        recorder.script.lock().unwrap().clear();
        recorder.script.lock().unwrap().extend((0..220).map(|_| Outcome::Parked { why: "AE".into() }));
        bench.clock.advance(MINUTE_MS);
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 10, "{}", bench.engine);
        assert_eq!(state(&bench, "r0", 1).await, "parked");
        assert_eq!(state(&bench, "r229", 1).await, "acked", "{}", bench.engine);
        // And a new report of another patient goes past them.
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let seen = Seen { local_id: "NEW".into(), ..Seen::default() };
        let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        tx.commit().await.unwrap();
        publish(&bench, "new", 1, &patient).await;
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 1, "{}", bench.engine);
    }
}

#[tokio::test]
async fn parcels_that_never_get_through_do_not_starve_those_behind() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let destination = destination::create(&mut tx, ctx, &permit, &his()).await.unwrap();
        tx.commit().await.unwrap();
        for n in 0..5 {
            let mut tx = ctx.db.begin(&permit).await.unwrap();
            let seen = Seen { local_id: format!("P{n}"), ..Seen::default() };
            let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
            tx.commit().await.unwrap();
            publish(&bench, &format!("r{n}"), 1, &patient).await;
        }
        let recorder = Arc::new(Recorder::default());
        let mut carriers: Carriers = HashMap::new();
        carriers.insert("hl7", recorder.clone());
        let next = "SELECT MIN(run_at) AS n FROM job WHERE kind = 'deliver' AND state = 'waiting'";
        // Three rounds in vain: from then on the pauses of these three are longer than a minute.
        for _ in 0..3 {
            recorder.script.lock().unwrap().extend((0..3).map(|_| Outcome::Retry { why: "timeout".into() }));
            assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 0, "{}", bench.engine);
            let at = ctx.db.read(&permit).await.unwrap().one(next, args![]).await.unwrap().int("n").unwrap();
            assert!(at - ctx.now() <= MINUTE_MS, "{}: the others wait a minute at most", bench.engine);
            bench.clock.advance(MINUTE_MS);
        }
        assert_eq!(
            run(ctx, &carriers, &destination).await.unwrap(),
            2,
            "{}: past those that wait",
            bench.engine
        );
        assert_eq!(state(&bench, "r0", 1).await, "retry", "{}", bench.engine);
    }
}

#[tokio::test]
async fn what_was_given_up_goes_when_the_receiver_answers_again_and_what_was_refused_stops_nobody() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let seen = Seen { local_id: "P1".into(), ..Seen::default() };
        let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let seen = Seen { local_id: "P2".into(), ..Seen::default() };
        let other = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let destination = destination::create(&mut tx, ctx, &permit, &his()).await.unwrap();
        tx.commit().await.unwrap();
        publish(&bench, "r1", 1, &patient).await;
        let recorder = Arc::new(Recorder::default());
        let mut carriers: Carriers = HashMap::new();
        carriers.insert("hl7", recorder.clone());
        let silent = || Outcome::Retry { why: "connect: no answer".into() };
        recorder.script.lock().unwrap().push(silent());
        run(ctx, &carriers, &destination).await.unwrap();
        bench.clock.advance(4 * yigong_base::clock::DAY_MS);
        recorder.script.lock().unwrap().push(silent());
        run(ctx, &carriers, &destination).await.unwrap();
        assert_eq!(state(&bench, "r1", 1).await, "dead", "{}", bench.engine);
        // Refused: it waits for a person, and nothing of the same patient waits with it.
        recorder.script.lock().unwrap().push(Outcome::Parked { why: "AE".into() });
        publish(&bench, "r2", 1, &patient).await;
        publish(&bench, "r3", 1, &patient).await;
        publish(&bench, "r4", 1, &other).await;
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 2, "{}", bench.engine);
        assert_eq!(state(&bench, "r2", 1).await, "parked");
        assert_eq!(state(&bench, "r3", 1).await, "acked");
        assert_eq!(state(&bench, "r1", 1).await, "pending", "the receiver is there again");
        assert_eq!(run(ctx, &carriers, &destination).await.unwrap(), 1);
        assert_eq!(state(&bench, "r1", 1).await, "acked");
    }
}

#[tokio::test]
async fn the_page_of_the_clinic_is_always_a_destination() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let seen = Seen { local_id: "P1".into(), ..Seen::default() };
        let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        tx.commit().await.unwrap();
        publish(&bench, "r1", 1, &patient).await;
        publish(&bench, "r2", 1, &patient).await;
        let mut read = ctx.db.read(&permit).await.unwrap();
        let count = "SELECT COUNT(*) AS n FROM destination WHERE kind = 'web' AND facility = 'C01'";
        assert_eq!(read.one(count, args![]).await.unwrap().int("n").unwrap(), 1, "{}", bench.engine);
        let sent = "SELECT COUNT(*) AS n FROM delivery WHERE destination = 'web:C01' AND state = 'sent'";
        assert_eq!(read.one(sent, args![]).await.unwrap().int("n").unwrap(), 2);
    }
}
