//! Recordings made again: whose attempt is replaced, what may wait, what a second file raises.

use serde_json::Value;
use yigong_base::clock::MINUTE_MS;
use yigong_base::testing::{Bench, engines};
use yigong_formats::ecg::write::{self, Export};
use yigong_formats::ecg::{Document, Limits, decode};
use yigong_sample_data::ecg::{Rhythm, waveform};

use super::super::{Asked, Received, assign, gate, lists, raise, upload};
use super::files::{aecg, hand_in, ordered, technician};
use super::gate::{maybe_item, poor, state};
use super::{alerts, exam, item};
use crate::worklist;

fn redo_of(first: &str) -> Asked {
    Asked { redo_of: Some(first.to_owned()), ..Asked::default() }
}

fn warned(d: &Value, code: &str) -> bool {
    d["warnings"].as_array().unwrap().iter().any(|w| w["code"] == code && w["text_zh"] != "")
}

#[tokio::test]
async fn another_patients_attempt_is_never_replaced() {
    for bench in engines().await.unwrap() {
        let first = poor(&bench, "o1").await;
        let received = hand_in(&bench, &aecg("o2", 2, Rhythm::Sinus, "B-2"), &redo_of(&first)).await;
        let Received::Queued(second) = received else { panic!("{received:?}") };
        let (a, b) = (state(&bench, &first).await, state(&bench, &second).await);
        assert_eq!((&a["state"], &a["redo_by"], &b["redo_of"]), (&"redo".into(), &Value::Null, &Value::Null));
        assert!(warned(&b, "redo_other_patient"), "{}", b["warnings"]);
        assert_eq!(item(&bench, &second).await.state, "queued");
        gate::release(&bench.ctx, &first).await.unwrap();
        assert_eq!(item(&bench, &first).await.state, "queued", "its timer still holds");
    }
}

#[tokio::test]
async fn a_held_repetition_leaves_the_first_attempt_its_timer() {
    for bench in engines().await.unwrap() {
        let first = poor(&bench, "n1").await;
        let received = hand_in(&bench, &aecg("n2", 1, Rhythm::Sinus, ""), &redo_of(&first)).await;
        let Received::Held(second) = received else { panic!("{received:?}") };
        let (a, b) = (state(&bench, &first).await, state(&bench, &second).await);
        assert_eq!((&a["state"], &b["matching"]), (&"redo".into(), &"no_patient_id".into()));
        assert!(warned(&b, "redo_held"));
        gate::release(&bench.ctx, &first).await.unwrap();
        assert_eq!(item(&bench, &first).await.state, "queued");
    }
}

#[tokio::test]
async fn only_a_harmless_poor_recording_waits() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let file = |seed: &str, id: &str| aecg(seed, 1, Rhythm::RightArmOff, id);
        let pain = Asked { chest_pain: true, ..Asked::default() };
        let received = hand_in(&bench, &file("g1", "P-1"), &pain).await;
        let Received::Queued(record) = received else { panic!("chest pain waits: {received:?}") };
        let i = item(&bench, &record).await;
        assert_eq!(i.priority, "emergency");
        let mut tx = ctx.db.begin(&technician()).await.unwrap();
        let flagged = worklist::admit::flag(&mut tx, ctx, &technician(), &record, gate::REDO).await.unwrap();
        assert!(flagged.is_empty(), "the item says that it is poor");
        drop(tx);
        let urgent = ordered(&bench, "C01", "P-2", &["chest_pain"]).await;
        let asked = Asked { order: Some(urgent), ..Asked::default() };
        let received = hand_in(&bench, &file("g2", "P-2"), &asked).await;
        assert!(matches!(received, Received::Queued(_)), "{received:?}");
        let stated = with_statement(Rhythm::RightArmOff, "g3", "P-3");
        let received = hand_in(&bench, &stated, &Asked::default()).await;
        let Received::Queued(stated) = received else {
            panic!("a cart's critical statement waits: {received:?}")
        };
        assert_eq!(item(&bench, &stated).await.triage, "orange");
        // The clinic is asked to repeat all of them all the same.
        let mut conn = ctx.db.read(&technician()).await.unwrap();
        let asked = lists::waiting(&mut conn, ctx, &technician()).await.unwrap();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|w| w["state"] == "queued"));
        drop(conn);
        // Told afterwards, it waits no longer.
        let received = hand_in(&bench, &file("g4", "P-4"), &Asked::default()).await;
        let Received::Redo(waits) = received else { panic!("{received:?}") };
        hand_in(&bench, &file("g4", "P-4"), &pain).await;
        assert_eq!(item(&bench, &waits).await.priority, "emergency");
        assert_eq!(state(&bench, &waits).await["redo_at"], Value::Null);
        let Received::Redo(late) = hand_in(&bench, &file("g5", "P-5"), &Asked::default()).await else {
            panic!("does not wait")
        };
        let order = ordered(&bench, "C01", "P-5", &["chest_pain"]).await;
        let mut tx = ctx.db.begin(&technician()).await.unwrap();
        let made = assign::assign(&mut tx, ctx, &technician(), &late, &order).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(made, Some(item(&bench, &late).await.id));
    }
}

/// The sample recording with a critical statement of its recorder, as an aECG document of another name.
fn with_statement(rhythm: Rhythm, seed: &str, id: &str) -> Vec<u8> {
    let mut document = document(rhythm, seed, id);
    document.statements = vec!["*** ACUTE MI ***".into()];
    written(&document)
}

fn document(rhythm: Rhythm, seed: &str, id: &str) -> Document {
    let mut document = decode::decode(&waveform(&exam(seed, 1), rhythm), &Limits::default()).unwrap();
    document.subject.id = id.into();
    document
}

fn written(document: &Document) -> Vec<u8> {
    let statements = document.statements.clone();
    let export = Export {
        instance: "2.25.78",
        written: "20260901080000",
        statements: &statements,
        ..Export::default()
    };
    write::aecg(document, &export).unwrap()
}

#[tokio::test]
async fn the_repetition_of_a_painful_attempt_does_not_wait_and_keeps_its_class() {
    for bench in engines().await.unwrap() {
        let pain = Asked { chest_pain: true, ..Asked::default() };
        let file = aecg("c1", 1, Rhythm::RightArmOff, "A-1");
        let first = hand_in(&bench, &file, &pain).await.record().unwrap().to_owned();
        bench.clock.advance(4 * MINUTE_MS);
        let received = hand_in(&bench, &aecg("c2", 1, Rhythm::V3Off, "A-1"), &redo_of(&first)).await;
        let Received::Queued(second) = received else { panic!("{received:?}") };
        let i = item(&bench, &second).await;
        assert_eq!(i.priority, "emergency");
        assert_eq!(state(&bench, &second).await["chest_pain"], true);
        assert_eq!(item(&bench, &first).await.state, "cancelled");
    }
}

#[tokio::test]
async fn an_attempt_that_raised_is_read_beside_its_repetition() {
    for bench in engines().await.unwrap() {
        let file = with_statement(Rhythm::RightArmOff, "s1", "A-1");
        let first = hand_in(&bench, &file, &Asked::default()).await.record().unwrap().to_owned();
        let received = hand_in(&bench, &aecg("s2", 1, Rhythm::Sinus, "A-1"), &redo_of(&first)).await;
        let Received::Queued(second) = received else { panic!("{received:?}") };
        assert_eq!(item(&bench, &first).await.state, "queued");
        assert_eq!(item(&bench, &second).await.priority, "emergency", "never lower than the first");
        assert_eq!(state(&bench, &second).await["redo_of"], first.as_str());
    }
}

#[tokio::test]
async fn a_second_file_raises_and_never_lowers() {
    for bench in engines().await.unwrap() {
        let quiet = aecg("v1", 1, Rhythm::Sinus, "A-1");
        let loud = with_statement(Rhythm::Sinus, "v1", "A-1");
        let first = hand_in(&bench, &quiet, &Asked::default()).await.record().unwrap().to_owned();
        assert_eq!(item(&bench, &first).await.priority, "routine");
        let received = hand_in(&bench, &loud, &Asked::default()).await;
        assert_eq!(received, Received::Rendition(first.clone()));
        let i = item(&bench, &first).await;
        assert_eq!((i.triage.as_str(), i.priority.as_str()), ("orange", "emergency"), "{}", bench.engine);
        let d = state(&bench, &first).await;
        assert_eq!(d["triage"], "orange");
        let said = d["vendor_statements"].as_array().unwrap();
        assert!(said.len() == 2 && said.iter().any(|s| s == "*** ACUTE MI ***"), "{said:?}");
        // The quiet one behind the loud one lowers nothing, and a poor one that waits goes to work.
        let loud = with_statement(Rhythm::RightArmOff, "v2", "A-2");
        let quiet = aecg("v2", 1, Rhythm::RightArmOff, "A-2");
        let Received::Redo(waits) = hand_in(&bench, &quiet, &Asked::default()).await else {
            panic!("no wait")
        };
        assert!(maybe_item(&bench, &waits).await.is_none());
        hand_in(&bench, &loud, &Asked::default()).await;
        assert_eq!(item(&bench, &waits).await.priority, "emergency");
        let loud = with_statement(Rhythm::Sinus, "v3", "A-3");
        let quiet = aecg("v3", 1, Rhythm::Sinus, "A-3");
        let record = hand_in(&bench, &loud, &Asked::default()).await.record().unwrap().to_owned();
        assert_eq!(hand_in(&bench, &quiet, &Asked::default()).await, Received::Rendition(record.clone()));
        assert_eq!(item(&bench, &record).await.triage, "orange");
        assert_eq!(state(&bench, &record).await["triage"], "orange");
    }
}

#[tokio::test]
async fn a_second_file_with_a_red_rule_rings_once() {
    for bench in engines().await.unwrap() {
        let file = aecg("a1", 1, Rhythm::AnteriorStemi, "A-1");
        let first = hand_in(&bench, &file, &Asked::default()).await.record().unwrap().to_owned();
        assert_eq!(alerts(&bench).await, 1);
        // As if a conversion that lost the finding had come first.
        let permit = yigong_base::access::Permit::system("test");
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        raise::higher(&mut tx, &bench.ctx, &permit, &first, &analysed(Rhythm::AnteriorStemi)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(alerts(&bench).await, 1, "the same rule of the same record");
        let quiet = hand_in(&bench, &aecg("a2", 2, Rhythm::Sinus, "A-2"), &Asked::default()).await;
        let quiet = quiet.record().unwrap().to_owned();
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let rang = raise::higher(&mut tx, &bench.ctx, &permit, &quiet, &analysed(Rhythm::AnteriorStemi))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(rang.is_some());
        assert_eq!(alerts(&bench).await, 2);
        let i = item(&bench, &quiet).await;
        assert_eq!((i.triage.as_str(), i.priority.as_str()), ("red", "stat"));
    }
}

fn analysed(rhythm: Rhythm) -> yigong_formats::ecg::Analysis {
    yigong_formats::ecg::analyse(&document(rhythm, "x", "x"), "")
}

async fn named(bench: &Bench, asked: &Asked, change: impl Fn(&mut Document)) -> (Received, Value) {
    let mut document = document(Rhythm::Sinus, "m1", "");
    document.subject.name.clear();
    document.subject.sex.clear();
    document.subject.birth_date.clear();
    change(&mut document);
    // Every file of its own: the same samples of the same person would be another file of one recording.
    for lead in document.groups.iter_mut().flat_map(|g| &mut g.leads) {
        if let Some(first) = lead.raw.first_mut() {
            *first += i32::try_from(document.subject.name.len() + document.subject.birth_date.len()).unwrap();
        }
    }
    let received = hand_in(bench, &written(&document), asked).await;
    let d = state(bench, received.record().unwrap()).await;
    (received, d)
}

#[tokio::test]
async fn what_contradicts_the_chosen_order_is_held_and_named() {
    for bench in engines().await.unwrap() {
        let order = super::files::ordered_for(&bench, "张三", "F", "19600102").await;
        let asked = Asked { order: Some(order.clone()), ..Asked::default() };
        let (received, d) = named(&bench, &asked, |d| d.subject.sex = "M".into()).await;
        assert!(matches!(received, Received::Held(_)), "{received:?}");
        assert_eq!((&d["matching"], &d["differs"][0]), (&"patient_differs".into(), &"sex".into()));
        let (_, d) = named(&bench, &asked, |d| {
            d.subject.birth_date = "19700102".into();
            d.subject.name = "李四".into();
            d.subject.id = "Z-9".into();
        })
        .await;
        assert_eq!(d["differs"], serde_json::json!(["number", "name", "birth_date"]));
        assert_eq!(d["order"], Value::Null);
        let (_, d) = named(&bench, &asked, |d| d.subject.name = "WANG^WU".into()).await;
        assert_eq!(d["differs"], serde_json::json!(["name"]));
        // Nothing contradicts, nobody is named: a person chose the order for this very file, and the record says who.
        let (received, d) = named(&bench, &asked, |d| d.subject.birth_date = "00000000".into()).await;
        assert!(matches!(received, Received::Queued(_)), "{received:?}");
        assert_eq!((&d["order"]["id"], &d["chosen_by"]), (&order.as_str().into(), &"tech".into()));
        let (received, d) = named(&bench, &asked, |d| d.subject.name = "ZHANG^SAN".into()).await;
        assert!(matches!(received, Received::Queued(_)), "{received:?} {}", d["differs"]);
    }
}

#[tokio::test]
async fn a_token_cannot_choose_an_order_for_a_file_that_names_nobody() {
    for bench in engines().await.unwrap() {
        let order = super::files::ordered_for(&bench, "张三", "F", "19600102").await;
        let asked = Asked { order: Some(order), chosen_by: "forged".into(), ..Asked::default() };
        let token = yigong_base::access::Permit::machine("t", "box", "C01", vec!["images:write".into()]);
        let mut nobody = document(Rhythm::Sinus, "t1", "");
        nobody.subject = yigong_formats::ecg::model::Subject::default();
        let file = written(&nobody);
        let patience = std::time::Duration::from_secs(120);
        let kept = upload::upload_within(&bench.ctx, &token, "e", &file, &asked, patience).await.unwrap();
        let upload::Answer::Done(Received::Held(record)) = kept.answer else { panic!("{:?}", kept.answer) };
        let d = state(&bench, &record).await;
        assert_eq!((&d["matching"], &d["order"]), (&"no_patient_id".into(), &Value::Null));
    }
}
