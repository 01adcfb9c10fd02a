//! The quality gate: waiting, keeping, doing again, going by itself.

use yigong_base::access::Permit;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Fault;
use yigong_base::testing::{Bench, START_MS, engines};
use yigong_sample_data::ecg::{Rhythm, waveform};

use super::super::{Asked, Received, detail, gate, lists, receive};
use super::files::{aecg, hand_in, technician};
use super::{cart, exam, item, send};
use crate::worklist::{self, ItemRow};

pub(super) async fn maybe_item(bench: &Bench, record: &str) -> Option<ItemRow> {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    worklist::admit::of_subject(&mut tx, record, "write").await.unwrap()
}

pub(super) async fn state(bench: &Bench, record: &str) -> serde_json::Value {
    let permit = Permit::system("test");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    detail::detail(&mut conn, &bench.ctx, &permit, record).await.unwrap()
}

pub(super) async fn poor(bench: &Bench, seed: &str) -> String {
    let received = hand_in(bench, &aecg(seed, 1, Rhythm::RightArmOff, "A-1"), &Asked::default()).await;
    let Received::Redo(record) = received else { panic!("{received:?}") };
    record
}

#[tokio::test]
async fn a_poor_recording_waits_and_goes_by_itself_after_ten_minutes() {
    for bench in engines().await.unwrap() {
        let record = poor(&bench, "w1").await;
        assert!(maybe_item(&bench, &record).await.is_none(), "nobody reads it yet");
        let mut conn = bench.ctx.db.read(&technician()).await.unwrap();
        let waiting = lists::waiting(&mut conn, &bench.ctx, &technician()).await.unwrap();
        assert_eq!(waiting[0]["id"], record.as_str());
        let due = conn.one("SELECT run_at FROM job WHERE kind = 'ecg_redo'", vec![]).await.unwrap();
        let due = due.int("run_at").unwrap();
        drop(conn);
        assert!((START_MS + 10 * MINUTE_MS..START_MS + 11 * MINUTE_MS).contains(&due), "{due}");
        gate::release(&bench.ctx, &record).await.unwrap();
        gate::release(&bench.ctx, &record).await.unwrap();
        let i = item(&bench, &record).await;
        assert_eq!((i.state.as_str(), i.arrived_at), ("queued", i.deadline - 30 * MINUTE_MS));
        assert_eq!(state(&bench, &record).await["state"], "queued");
    }
}

#[tokio::test]
async fn the_clinic_may_insist_with_a_reason() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let record = poor(&bench, "k1").await;
        let mut tx = ctx.db.begin(&technician()).await.unwrap();
        let fault = gate::keep(&mut tx, ctx, &technician(), &record, " ").await.unwrap_err();
        assert!(matches!(fault, Fault::Invalid { .. }));
        let made = gate::keep(&mut tx, ctx, &technician(), &record, "截肢患者").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(made, Some(item(&bench, &record).await.id));
        let d = state(&bench, &record).await;
        assert_eq!(
            (&d["kept_anyway"]["reason"], &d["kept_anyway"]["by"]),
            (&"截肢患者".into(), &"tech".into())
        );
        let mut tx = ctx.db.begin(&technician()).await.unwrap();
        let fault = gate::keep(&mut tx, ctx, &technician(), &record, "again").await.unwrap_err();
        assert!(matches!(fault, Fault::Conflict { .. }));
    }
}

#[tokio::test]
async fn a_repetition_links_to_the_first_attempt_and_keeps_its_deadline() {
    for bench in engines().await.unwrap() {
        let first = poor(&bench, "r1").await;
        bench.clock.advance(4 * MINUTE_MS);
        let asked = Asked { redo_of: Some(first.clone()), ..Asked::default() };
        let received = hand_in(&bench, &aecg("r2", 1, Rhythm::Sinus, "A-1"), &asked).await;
        let Received::Queued(second) = received else { panic!("{received:?}") };
        let (a, b) = (state(&bench, &first).await, state(&bench, &second).await);
        assert_eq!((&a["state"], &a["redo_by"]), (&"redone".into(), &second.as_str().into()));
        assert_eq!(b["redo_of"], first.as_str());
        let i = item(&bench, &second).await;
        assert_eq!(i.deadline, a["received_at"].as_i64().unwrap() + 30 * MINUTE_MS);
        assert!(maybe_item(&bench, &first).await.is_none());
        gate::release(&bench.ctx, &first).await.unwrap();
        assert!(maybe_item(&bench, &first).await.is_none(), "done again is done with");
    }
}

#[tokio::test]
async fn a_cart_that_sends_again_is_a_repetition_and_a_red_one_never_waits() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let instance = send(&bench, &peer, &waveform(&exam("a1", 1), Rhythm::V3Off)).await;
        let received = receive(&bench.ctx, &instance).await.unwrap();
        let Received::Redo(first) = received else { panic!("{received:?}") };
        bench.clock.advance(3 * MINUTE_MS);
        let instance = send(&bench, &peer, &waveform(&exam("a2", 1), Rhythm::AnteriorStemi)).await;
        let received = receive(&bench.ctx, &instance).await.unwrap();
        let Received::Queued(second) = received else { panic!("{received:?}") };
        assert_eq!(state(&bench, &second).await["redo_of"], first.as_str());
        // On top of the list before anything that came earlier.
        let next = worklist::sql::NEXT_SQLITE;
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let row = conn.one(next, yigong_base::args!["*", ",ecg:write,", "me", 0_i64, "", ""]).await.unwrap();
        assert_eq!(row.text("id").unwrap(), item(&bench, &second).await.id);
    }
}

#[tokio::test]
async fn a_poor_recording_that_was_held_still_waits_to_be_done_again() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let mut nameless = exam("w9", 9);
        nameless.person.local_id = "1".into();
        let instance = send(&bench, &peer, &waveform(&nameless, Rhythm::RightArmOff)).await;
        let Received::Held(record) = receive(&bench.ctx, &instance).await.unwrap() else {
            panic!("not held")
        };
        let permit = Permit::system("test");
        let entry = {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            crate::imaging::quarantine::list(&mut conn, &permit, "open", "").await.unwrap().remove(0).id
        };
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        crate::imaging::quarantine::release(&mut tx, &bench.ctx, &permit, &entry, "seen").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(receive(&bench.ctx, &instance).await.unwrap(), Received::Redo(record));
    }
}
