//! Arrival of recordings on every engine: queued, red before the report, repeated, refused, held.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::site::peer::{self, Peer};
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::build::TextSet;
use yigong_formats::ecg::draw::{Paper, Part};
use yigong_sample_data::county::person;
use yigong_sample_data::ecg::{Rhythm, waveform};
use yigong_sample_data::object::Exam;

use super::*;
use crate::imaging::receive::{Arrival, receive_with};
use crate::{critical, worklist};

mod files;
mod gate;
mod physician;
mod repeat;

async fn cart(bench: &Bench) -> Peer {
    let p = Peer {
        id: "ecg1".into(),
        kind: "dicom".into(),
        facility: "C01".into(),
        name: "ECG".into(),
        ae_title: Some("ECG01".into()),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: None,
        policy: serde_json::json!({}),
        enabled: true,
        last_seen_at: None,
    };
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    peer::create(&mut tx, &bench.ctx, &permit, &p).await.unwrap();
    tx.commit().await.unwrap();
    p
}

fn exam(seed: &str, n: u64) -> Exam {
    Exam {
        seed: seed.into(),
        person: person("C01", n.try_into().unwrap()),
        accession: String::new(),
        at: ("20260901".into(), "075900".into()),
        text: TextSet::Gb18030,
    }
}

async fn send(bench: &Bench, peer: &Peer, bytes: &[u8]) -> String {
    let mut spool = bench.ctx.blobs.spool().await.unwrap();
    spool.write(bytes).await.unwrap();
    let spooled = spool.finish().await.unwrap();
    let arrival = Arrival {
        peer: peer.clone(),
        spooled,
        sop_class: None,
        sop_instance: None,
        study: None,
        by: None,
        source: "import",
    };
    receive_with(&bench.ctx, arrival).await.unwrap().instance
}

async fn item(bench: &Bench, record: &str) -> worklist::ItemRow {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    worklist::admit::of_subject(&mut tx, record, "write").await.unwrap().unwrap()
}

async fn alerts(bench: &Bench) -> usize {
    let permit = Permit::system("test");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    critical::list::list(&mut conn, &bench.ctx, &permit, true).await.unwrap().len()
}

#[tokio::test]
async fn a_normal_recording_becomes_one_item_however_often_it_comes() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let bytes = waveform(&exam("e1", 1), Rhythm::Sinus);
        let instance = send(&bench, &peer, &bytes).await;
        let Received::Queued(record) = receive(&bench.ctx, &instance).await.unwrap() else {
            panic!("not queued")
        };
        assert_eq!(receive(&bench.ctx, &instance).await.unwrap(), Received::Known(record.clone()));
        let i = item(&bench, &record).await;
        assert_eq!(
            (i.triage.as_str(), i.priority.as_str(), i.pipeline.as_str()),
            ("normal", "routine", "ecg")
        );
        let permit = Permit::system("test");
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let d = detail::detail(&mut conn, &bench.ctx, &permit, &record).await.unwrap();
        drop(conn);
        assert_eq!((&d["quality"]["verdict"], &d["groups"][0]["samples"]), (&"good".into(), &5_000.into()));
        // 07:59 in Beijing.
        assert_eq!(d["acquired_at"], yigong_base::testing::START_MS - 60_000);
        let list = d["measurements"].as_array().unwrap();
        let of = |source: &str| {
            list.iter().find(|m| m["what"] == "pr" && m["source"] == source).unwrap()["number"]
                .as_f64()
                .unwrap()
        };
        assert!((of("vendor") - of("server")).abs() <= 20.0);
        let svg = show::svg(&bench.ctx, &permit, &record, Paper::REPORT, None).await.unwrap();
        assert!(svg.starts_with(b"<svg"));
        assert!(show::wave(&bench.ctx, &permit, &record, Part::Whole).await.unwrap().len() > 120_000);
        let stranger = Permit::peer("X", "C02");
        assert!(
            show::wave(&bench.ctx, &stranger, &record, Part::Whole).await.is_err(),
            "another facility sees nothing"
        );
        // The same samples in another file are the same recording.
        let mut copy = exam("e1", 1);
        copy.seed = "e1".into();
        let mut again = bytes.clone();
        let at = again.len() - 2;
        let uid = copy.instance_uid(1, 1);
        let other = format!("{}9", &uid[..uid.len() - 1]);
        replace(&mut again, uid.as_bytes(), other.as_bytes());
        assert!(at > 0 && again != bytes);
        let second = send(&bench, &peer, &again).await;
        assert_eq!(receive(&bench.ctx, &second).await.unwrap(), Received::Rendition(record));
        assert_eq!(alerts(&bench).await, 0);
    }
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
    }
}

#[tokio::test]
async fn st_elevation_is_raised_before_anybody_reads_it() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let instance = send(&bench, &peer, &waveform(&exam("e2", 2), Rhythm::AnteriorStemi)).await;
        let Received::Queued(record) = receive(&bench.ctx, &instance).await.unwrap() else {
            panic!("not queued")
        };
        let i = item(&bench, &record).await;
        assert_eq!((i.triage.as_str(), i.priority.as_str()), ("red", "stat"));
        let permit = Permit::system("test");
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let open = critical::list::list(&mut conn, &bench.ctx, &permit, true).await.unwrap();
        assert_eq!(open.len(), 1);
        let alert = serde_json::to_value(&open[0]).unwrap();
        assert_eq!(
            (&alert["level"], &alert["provisional"], &alert["pipeline"]),
            (&"red".into(), &true.into(), &"ecg".into())
        );
        assert!(alert["finding"].as_str().unwrap().contains("ST段抬高"));
    }
}

#[tokio::test]
async fn a_loose_electrode_is_named_and_no_p_gives_no_pr() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let permit = Permit::system("test");
        for (n, rhythm, electrode) in [(3, Rhythm::RightArmOff, "RA"), (4, Rhythm::V3Off, "C3")] {
            let instance = send(&bench, &peer, &waveform(&exam(electrode, n), rhythm)).await;
            let Received::Redo(record) = receive(&bench.ctx, &instance).await.unwrap() else {
                panic!("does not wait for the clinic")
            };
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            let d = detail::detail(&mut conn, &bench.ctx, &permit, &record).await.unwrap();
            assert_eq!(d["quality"]["verdict"], "redo", "{electrode}: {}", d["quality"]);
            assert!(d["quality"]["reasons"].as_array().unwrap().iter().any(|r| r["electrode"] == electrode));
        }
        let instance = send(&bench, &peer, &waveform(&exam("af", 5), Rhythm::Fibrillation)).await;
        let Received::Queued(record) = receive(&bench.ctx, &instance).await.unwrap() else {
            panic!("not queued")
        };
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let d = detail::detail(&mut conn, &bench.ctx, &permit, &record).await.unwrap();
        let pr = d["measurements"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["what"] == "pr" && m["source"] == "server")
            .unwrap();
        assert!(pr["number"].is_null());
    }
}

#[tokio::test]
async fn what_cannot_be_decoded_is_kept_for_a_person() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let mut bytes = waveform(&exam("e6", 6), Rhythm::Sinus);
        // The unit of every lead becomes one this program does not know.
        for at in 0..bytes.len() - 10 {
            if bytes[at..].starts_with(b"SH\x02\x00uV") {
                bytes[at + 4..at + 6].copy_from_slice(b"xx");
            }
        }
        let instance = send(&bench, &peer, &bytes).await;
        let first = receive(&bench.ctx, &instance).await.unwrap();
        assert!(matches!(&first, Received::Quarantined { stage, .. } if stage == "lead"), "{first:?}");
        assert_eq!(receive(&bench.ctx, &instance).await.unwrap(), first);
        let permit = Permit::system("test");
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let held = crate::imaging::quarantine::list(&mut conn, &permit, "open", "").await.unwrap();
        assert_eq!(held.iter().map(|h| h.reason.as_str()).collect::<Vec<_>>(), ["ecg-no-usable-lead"]);
        assert!(held[0].detail["why"].as_str().unwrap().contains("unit 'xx'"));
    }
}

#[tokio::test]
async fn a_recording_without_a_patient_id_waits_for_a_person_and_then_goes_to_work() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        let mut e = exam("e7", 7);
        e.person.local_id = "1".into();
        let instance = send(&bench, &peer, &waveform(&e, Rhythm::AnteriorStemi)).await;
        let Received::Held(record) = receive(&bench.ctx, &instance).await.unwrap() else {
            panic!("not held")
        };
        assert_eq!(alerts(&bench).await, 1, "a red finding is told all the same");
        let permit = Permit::system("test");
        let entry = {
            let mut conn = bench.ctx.db.read(&permit).await.unwrap();
            crate::imaging::quarantine::list(&mut conn, &permit, "open", "").await.unwrap().remove(0).id
        };
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        crate::imaging::quarantine::release(&mut tx, &bench.ctx, &permit, &entry, "seen").await.unwrap();
        assert_eq!(
            tx.one("SELECT COUNT(*) AS n FROM job WHERE kind = 'ecg_receive'", args![])
                .await
                .unwrap()
                .int("n")
                .unwrap(),
            1
        );
        tx.commit().await.unwrap();
        assert_eq!(receive(&bench.ctx, &instance).await.unwrap(), Received::Queued(record.clone()));
        assert_eq!(item(&bench, &record).await.priority, "stat");
    }
}

#[test]
fn times_with_and_without_zone() {
    let at = |t| place::started(t, 480);
    assert_eq!(at("20260901080000"), Some(yigong_base::testing::START_MS));
    assert_eq!(at("20260901000000.000+0000"), at("20260901080000"));
    assert_eq!(at("20260901"), None);
    assert_eq!(at(""), None);
}

/// A cart that counts its names from one: the next person's recording comes under those of the last one's. It waits for a person, and a
/// heart in danger does not.
#[tokio::test]
async fn a_red_recording_that_is_kept_outside_the_index_rings_all_the_same() {
    for bench in engines().await.unwrap() {
        let peer = cart(&bench).await;
        send(&bench, &peer, &waveform(&exam("one", 1), Rhythm::Sinus)).await;
        let address = send(&bench, &peer, &waveform(&exam("one", 2), Rhythm::AnteriorStemi)).await;
        let permit = Permit::system("test");
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        let job = "SELECT key, payload FROM job WHERE kind = 'ecg_stray'";
        let row = tx.one(job, args![]).await.unwrap();
        assert_eq!(row.text("key").unwrap(), address, "{}", bench.engine);
        let payload = row.json("payload").unwrap();
        drop(tx);
        assert_eq!(alerts(&bench).await, 0);
        for _ in 0..2 {
            stray::look(&bench.ctx, &address, &payload).await.unwrap();
        }
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let told = critical::list::list(&mut conn, &bench.ctx, &permit, true).await.unwrap();
        assert_eq!(told.len(), 1, "{}: once", bench.engine);
        assert_eq!(told[0]["level"], "red");
        assert!(told[0]["finding"].as_str().unwrap().contains("归属待核对"), "{}", told[0]["finding"]);
        assert!(!told[0]["patient"]["identified"].as_bool().unwrap(), "nobody is guessed");
        // A calm one says nothing.
        let calm = send(&bench, &peer, &waveform(&exam("one", 3), Rhythm::Sinus)).await;
        stray::look(&bench.ctx, &calm, &payload).await.unwrap();
        drop(conn);
        assert_eq!(alerts(&bench).await, 1);
    }
}
