//! Files of any format through the one door: renditions, matching, values, exports, refusals, scope.

use std::path::PathBuf;

use serde_json::Value;
use yigong_base::access::right::Role;
use yigong_base::access::{Grant, Permit};
use yigong_base::fault::Fault;
use yigong_base::patient::{self, Seen};
use yigong_base::testing::{Bench, engines};
use yigong_formats::ecg::write::{self, Export};
use yigong_formats::ecg::{Limits, decode};
use yigong_sample_data::ecg::{Rhythm, waveform};

use super::super::upload::{Answer, upload, upload_within};
use super::super::{Asked, Received, assign, detail, export, lists, preset, statistics};
use super::{alerts, exam, item};
use crate::order::{self, NewOrder};

pub(super) fn person(id: &str, role: Role, facility: &str) -> Permit {
    let grant = Grant { role, facility: facility.into(), pipelines: "*".into() };
    Permit::person(id, id, facility, "LEAD", vec![grant])
}

pub(super) fn technician() -> Permit {
    person("tech", Role::ClinicTechnician, "C01")
}

pub(super) fn reader() -> Permit {
    person("reader", Role::Writer, "LEAD")
}

pub(super) async fn hand_in(bench: &Bench, bytes: &[u8], asked: &Asked) -> Received {
    // A loaded machine and an unoptimised build: the clock is not what is tested here.
    let patience = std::time::Duration::from_secs(120);
    let kept = upload_within(&bench.ctx, &technician(), "ecg.bin", bytes, asked, patience).await.unwrap();
    let Answer::Done(received) = kept.answer else { panic!("two minutes were not enough") };
    received
}

pub(super) async fn shown(bench: &Bench, record: &str) -> Value {
    let permit = Permit::system("test");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    detail::detail(&mut conn, &bench.ctx, &permit, record).await.unwrap()
}

/// An order for an ECG of the patient with this number.
pub(super) async fn ordered(bench: &Bench, facility: &str, local_id: &str, flags: &[&str]) -> String {
    let seen = Seen { local_id: local_id.into(), ..Seen::default() };
    order_of(bench, facility, &seen, flags).await
}

/// The same of a patient with name, sex and birth date.
pub(super) async fn ordered_for(bench: &Bench, name: &str, sex: &str, birth: &str) -> String {
    let said = yigong_formats::dicom::name::read(name);
    let seen = Seen {
        local_id: "A-7".into(),
        name: said.shown,
        pinyin: said.pinyin,
        sex: sex.into(),
        birth_date: birth.into(),
        ..Seen::default()
    };
    order_of(bench, "C01", &seen, &[]).await
}

async fn order_of(bench: &Bench, facility: &str, seen: &Seen, flags: &[&str]) -> String {
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    let patient = patient::link(&mut tx, &bench.ctx, facility, seen).await.unwrap().id;
    let item = order::catalogue::lookup(&mut tx, "ECG-12").await.unwrap().unwrap();
    let new = NewOrder {
        patient,
        pipeline: "ecg".into(),
        items: vec![item],
        priority: "routine".into(),
        flags: flags.iter().map(|f| (*f).to_owned()).collect(),
        ..NewOrder::default()
    };
    let placed = order::place(&mut tx, &bench.ctx, &permit, facility, &new).await.unwrap();
    tx.commit().await.unwrap();
    placed.id
}

/// The sample recording as an aECG document.
pub(super) fn aecg(seed: &str, n: u64, rhythm: Rhythm, id: &str) -> Vec<u8> {
    let mut document = decode::decode(&waveform(&exam(seed, n), rhythm), &Limits::default()).unwrap();
    document.subject.id = id.into();
    let export = Export { instance: "2.25.77", written: "20260901080000", ..Export::default() };
    write::aecg(&document, &export).unwrap()
}

fn shared(path: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("YIGONG_SHARED").map_or_else(beside, PathBuf::from);
    let bytes = std::fs::read(root.join("data/ecg").join(path)).ok();
    if bytes.is_none() {
        println!("SKIPPED: no {path} below YIGONG_SHARED");
    }
    bytes
}

#[tokio::test]
async fn three_files_of_one_recording_in_any_order_are_one_record_and_one_item() {
    let names = ["twin/Example.dcm", "twin/Example.scp", "twin/Example.xml"];
    let files: Vec<Vec<u8>> = names.iter().filter_map(|n| shared(n)).collect();
    if files.len() < names.len() {
        return;
    }
    for way in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for bench in engines().await.unwrap() {
            let mut records = Vec::new();
            for (n, file) in way.iter().enumerate() {
                let received = hand_in(&bench, &files[*file], &Asked::default()).await;
                let rendition = matches!(received, Received::Rendition(_));
                assert_eq!(rendition, n > 0, "{way:?} file {file}: {received:?}");
                records.push(received.record().unwrap().to_owned());
            }
            records.dedup();
            assert_eq!(records.len(), 1, "{way:?}");
            let d = shown(&bench, &records[0]).await;
            let mut formats: Vec<&str> =
                d["renditions"].as_array().unwrap().iter().map(|r| r["format"].as_str().unwrap()).collect();
            formats.sort_unstable();
            assert_eq!(formats, ["aecg", "dicom", "scp"], "{way:?}");
            let permit = Permit::system("test");
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let n = conn.one("SELECT COUNT(*) AS n FROM work_item", vec![]).await.unwrap().int("n").unwrap();
            assert_eq!(n, 1, "{way:?}: one item");
            let pr = d["values"].as_array().unwrap().iter().find(|v| v["what"] == "pr").unwrap().clone();
            assert_eq!(pr["vendor"], 148.0, "{way:?}");
            // A maker's own file is the record, whenever it came; a conversion never takes its place.
            let source =
                conn.one("SELECT source FROM ecg_record", vec![]).await.unwrap().text("source").unwrap();
            let first_native = way.iter().find(|n| **n != 2).map(|n| ["dicom", "scp"][*n]);
            assert_eq!(Some(source.as_str()), first_native, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_philips_file_is_read_matched_and_known_again() {
    let Some(file) = shared("philips/129DYPRG.XML") else { return };
    for bench in engines().await.unwrap() {
        let order = ordered(&bench, "C01", "P-77", &["chest_pain"]).await;
        let received = hand_in(&bench, &file, &Asked::default()).await;
        let record = received.record().unwrap().to_owned();
        let d = shown(&bench, &record).await;
        assert_eq!((&d["renditions"][0]["format"], &d["order"]), (&"philips".into(), &Value::Null));
        assert_ne!(d["matching"], "");
        let of =
            |what: &str| d["values"].as_array().unwrap().iter().find(|v| v["what"] == what).unwrap().clone();
        assert_eq!((&of("hr")["vendor"], &of("qrs")["vendor"]), (&41.0.into(), &135.0.into()));
        assert!(of("qrs")["server"].is_number());
        assert_eq!(hand_in(&bench, &file, &Asked::default()).await, Received::Known(record.clone()));
        // The queue shows it; a person gives it to the order.
        let ctx = &bench.ctx;
        let page =
            lists::unmatched(&mut ctx.db.read(&reader()).await.unwrap(), &reader(), "", 10).await.unwrap();
        assert_eq!(page["rows"][0]["id"], record.as_str());
        let mut tx = ctx.db.begin(&technician()).await.unwrap();
        assign::assign(&mut tx, ctx, &technician(), &record, &order).await.unwrap();
        tx.commit().await.unwrap();
        let d = shown(&bench, &record).await;
        assert_eq!((&d["order"]["id"], &d["matching"]), (&order.as_str().into(), &"".into()));
        assert_eq!(d["patient"]["local_id"], "P-77");
        let i = item(&bench, &record).await;
        assert!(matches!(i.priority.as_str(), "emergency" | "stat"), "{}: chest pain raises", i.priority);
        assert_eq!(i.title, "12 导联心电图");
        assert_eq!(i.patient, d["patient"]["id"].as_str().unwrap());
        let page =
            lists::unmatched(&mut ctx.db.read(&reader()).await.unwrap(), &reader(), "", 10).await.unwrap();
        assert!(page["rows"].as_array().unwrap().is_empty());
    }
}

#[tokio::test]
async fn another_patient_than_the_order_is_held_and_a_red_finding_is_told_all_the_same() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let order = ordered(&bench, "C01", "A-1", &[]).await;
        let asked = Asked { order: Some(order.clone()), ..Asked::default() };
        let file = aecg("h1", 1, Rhythm::AnteriorStemi, "B-2");
        let Received::Held(record) = hand_in(&bench, &file, &asked).await else { panic!("not held") };
        assert_eq!(alerts(&bench).await, 1);
        let d = shown(&bench, &record).await;
        assert_eq!((&d["matching"], &d["triage"]), (&"patient_differs".into(), &"red".into()));
        // Strangers and other facilities' orders change nothing.
        let stranger = person("s", Role::ClinicTechnician, "C02");
        let foreign = ordered(&bench, "C02", "A-1", &[]).await;
        let mut tx = ctx.db.begin(&stranger).await.unwrap();
        let fault = assign::assign(&mut tx, ctx, &stranger, &record, &foreign).await.unwrap_err();
        assert!(matches!(fault, Fault::NotFound { .. }), "{fault:?}");
        drop(tx);
        let mut tx = ctx.db.begin(&reader()).await.unwrap();
        let fault = assign::assign(&mut tx, ctx, &reader(), &record, &foreign).await.unwrap_err();
        assert!(matches!(&fault, Fault::Conflict { code, .. } if code == "other_facility"), "{fault:?}");
        drop(tx);
        let mut tx = ctx.db.begin(&technician()).await.unwrap();
        let made = assign::assign(&mut tx, ctx, &technician(), &record, &order).await.unwrap();
        tx.commit().await.unwrap();
        let i = item(&bench, &record).await;
        assert_eq!((made, i.priority.as_str()), (Some(i.id.clone()), "stat"));
        assert_eq!(shown(&bench, &record).await["patient"]["local_id"], "A-1");
    }
}

#[tokio::test]
async fn a_file_that_fits_its_order_goes_straight_to_work() {
    for bench in engines().await.unwrap() {
        let order = ordered(&bench, "C01", "A-1", &[]).await;
        let asked = Asked { order: Some(order.clone()), chest_pain: true, ..Asked::default() };
        let file = aecg("f1", 1, Rhythm::Sinus, "A-1");
        let Received::Queued(record) = hand_in(&bench, &file, &asked).await else { panic!("not queued") };
        let i = item(&bench, &record).await;
        assert_eq!(i.priority, "emergency", "chest pain raises");
        let d = shown(&bench, &record).await;
        assert_eq!((&d["order"]["id"], &d["operator"]), (&order.as_str().into(), &"".into()));
        let foreign = Asked { order: Some("nothing".into()), ..Asked::default() };
        let fault = upload(&bench.ctx, &technician(), "x", b"x", &foreign).await.unwrap_err();
        assert!(matches!(fault, Fault::NotFound { .. }));
    }
}

#[tokio::test]
async fn what_is_not_understood_is_kept_with_a_reason_and_tried_again_when_released() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let received = hand_in(&bench, b"no recording at all", &Asked::default()).await;
        let Received::Quarantined { stage, reason, entry } = received else { panic!("{received:?}") };
        assert!(stage == "probe" && reason.contains("not recognised"), "{stage}: {reason}");
        let registrar = person("r", Role::Registrar, "C01");
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        crate::imaging::quarantine::release(&mut tx, ctx, &registrar, &entry, "again").await.unwrap();
        let n = tx.one("SELECT COUNT(*) AS n FROM job WHERE kind = 'ecg_file'", vec![]).await.unwrap();
        assert_eq!(n.int("n").unwrap(), 1);
        tx.commit().await.unwrap();
        let reader = reader();
        assert!(matches!(
            upload(ctx, &reader, "x", b"x", &Asked::default()).await,
            Err(Fault::Denied { .. })
        ));
    }
}

#[tokio::test]
async fn exports_read_back_with_the_same_samples() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let file = aecg("x1", 1, Rhythm::Sinus, "A-1");
        let record = hand_in(&bench, &file, &Asked::default()).await.record().unwrap().to_owned();
        let original = decode::decode(&file, &Limits::default()).unwrap();
        let same = export::export(ctx, &technician(), &record, "original").await.unwrap();
        assert_eq!(same.bytes, file);
        for format in ["dicom", "aecg"] {
            let made = export::export(ctx, &technician(), &record, format).await.unwrap();
            let again = decode::decode(&made.bytes, &Limits::default()).unwrap();
            assert_eq!(again.source.code(), format);
            assert_eq!(again.waveform_sha256(), original.waveform_sha256(), "{format}");
            assert_eq!(again.subject.id, "A-1");
        }
        let fault = export::export(ctx, &technician(), &record, "pdf").await.unwrap_err();
        assert!(matches!(fault, Fault::Conflict { .. }));
        let stranger = person("s", Role::ClinicTechnician, "C02");
        let fault = export::export(ctx, &stranger, &record, "original").await.unwrap_err();
        assert!(matches!(fault, Fault::NotFound { .. }));
    }
}

#[tokio::test]
async fn the_preset_is_chosen_by_an_administrator_and_counted_are_verdicts() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let admin = person("it", Role::ItAdmin, "LEAD");
        let mut tx = ctx.db.begin(&admin).await.unwrap();
        let fault = preset::choose(&mut tx, ctx, &admin, "nowhere").await.unwrap_err();
        assert!(matches!(fault, Fault::Invalid { .. }));
        assert!(matches!(preset::choose(&mut tx, ctx, &reader(), "shanxi").await, Err(Fault::Denied { .. })));
        preset::choose(&mut tx, ctx, &admin, "shanxi").await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&admin).await.unwrap();
        let chosen = "SELECT COUNT(*) AS n FROM audit WHERE action = 'ecg.preset'";
        assert_eq!(conn.one(chosen, vec![]).await.unwrap().int("n").unwrap(), 1);
        assert_eq!(preset::list(&mut conn).await.unwrap()["active"], "shanxi");
        drop(conn);
        hand_in(&bench, &aecg("s1", 1, Rhythm::Sinus, "A-1"), &Asked::default()).await;
        let off = Asked { operator: "王技师".into(), ..Asked::default() };
        hand_in(&bench, &aecg("s2", 2, Rhythm::V3Off, "A-2"), &off).await;
        let mut conn = ctx.db.read(&reader()).await.unwrap();
        let rows = statistics::statistics(&mut conn, &reader(), 0, i64::MAX).await.unwrap();
        let poor = rows.iter().find(|r| r["operator"] == "王技师").unwrap();
        assert_eq!((&poor["total"], &poor["redo"], &poor["facility"]), (&1.into(), &1.into(), &"C01".into()));
        assert!(poor["reasons"].as_array().unwrap().iter().any(|r| r["electrode"] == "C3"), "{poor}");
        let stranger = person("s", Role::ClinicTechnician, "C02");
        assert!(statistics::statistics(&mut conn, &stranger, 0, i64::MAX).await.unwrap().is_empty());
    }
}
