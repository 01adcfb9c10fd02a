//! Whose images they are, where devices and people contradict each other: nothing is read under the wrong name, and nothing is
//! read by halves.

use yigong_base::access::{Permit, Role};
use yigong_base::args;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::uid;

use super::super::receive::Outcome;
use super::super::reconcile::{self, Person, held};
use super::super::testing::{Shot, chest, device, person, send, settle, study};
use crate::{order, worklist};

async fn text(bench: &Bench, sql: &'static str, id: &str) -> Option<String> {
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    conn.one(sql, args![id]).await.unwrap().opt_text("t").unwrap()
}

async fn lane(bench: &Bench, study: &str) -> String {
    text(bench, "SELECT lane AS t FROM study WHERE id = $1", study).await.unwrap()
}

async fn count(bench: &Bench, sql: &'static str) -> i64 {
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    conn.one(sql, args![]).await.unwrap().int("n").unwrap()
}

const HELD: &str = "SELECT COUNT(*) AS n FROM quarantine WHERE state = 'open' AND object_kind = 'object'";

async fn work(bench: &Bench, study: &str) -> Option<String> {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    worklist::admit::of_subject(&mut tx, study, "write").await.unwrap().map(|i| i.state)
}

/// A technician mends a mistyped number in the middle of an examination.
#[tokio::test]
async fn an_examination_whose_number_was_mended_is_not_read_by_halves() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, engine) = (&bench.ctx, device(&bench, "C01").await, bench.engine);
        let shots = ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3", "1.2.3.4.4"];
        send(&bench, &peer, &Shot { instance: shots[0], patient: "P9", ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        assert_eq!(work(&bench, &id).await.as_deref(), Some("queued"));
        for instance in &shots[1..3] {
            let got = send(&bench, &peer, &Shot { instance, ..Shot::default() }).await.unwrap();
            assert_eq!(got.outcome, Outcome::Quarantined);
        }
        assert_eq!(lane(&bench, &id).await, "identity", "{engine}");
        assert_eq!(
            work(&bench, &id).await.as_deref(),
            Some("cancelled"),
            "{engine}: nobody reads a third of it"
        );
        settle(&bench, &id).await;
        assert_eq!(work(&bench, &id).await.as_deref(), Some("cancelled"), "{engine}");

        // Somebody else's image came for it, too.
        let stranger = Shot { instance: "1.2.3.4.9", patient: "P2", name: "李^四", ..Shot::default() };
        send(&bench, &peer, &stranger).await.unwrap();
        let registrar = person("reg", "C01", &[Role::Registrar]);
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let right = Seen { local_id: "P1".into(), name: "王小东".into(), ..Seen::default() };
        let act =
            reconcile::assign(&mut tx, ctx, &registrar, &id, &Person::New(right), "mistyped").await.unwrap();
        tx.commit().await.unwrap();
        held::look_again(ctx, &id).await.unwrap();
        assert_eq!(count(&bench, HELD).await, 1, "{engine}: only what names the stranger is still held");
        assert_eq!(lane(&bench, &id).await, "identity", "{engine}: and is still in the way");
        // From here on both numbers are his.
        for (instance, patient) in [(shots[3], "P1"), ("1.2.3.4.5", "P9")] {
            let got = send(&bench, &peer, &Shot { instance, patient, ..Shot::default() }).await.unwrap();
            assert_eq!(got.outcome, Outcome::New, "{engine} {patient}");
        }
        let shown = "SELECT CAST(instance_count AS TEXT) AS t FROM study WHERE id = $1";
        assert_eq!(text(&bench, shown, &id).await.as_deref(), Some("5"), "{engine}");

        let entry = "SELECT id AS t FROM quarantine WHERE state = 'open' AND for_study = $1";
        let entry = text(&bench, entry, &id).await.unwrap();
        let (own, _) =
            reconcile::index_held(ctx, &registrar, &entry, None, false, "another patient").await.unwrap();
        assert_eq!(lane(&bench, &id).await, "", "{engine}: nothing is open any more");
        settle(&bench, &id).await;
        assert_eq!(work(&bench, &id).await.as_deref(), Some("queued"), "{engine}");
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        reconcile::undo(&mut tx, ctx, &registrar, &own, "not so").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lane(&bench, &id).await, "identity", "{engine}: what is held again is in the way again");
        assert_eq!(work(&bench, &id).await.as_deref(), Some("cancelled"), "{engine}");
        assert!(!act.is_empty());
    }
}

/// A device gives one UID to two persons: all of the second one's images are answered by one act, and taken back by one.
#[tokio::test]
async fn what_is_alike_is_answered_at_once() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, engine) = (&bench.ctx, device(&bench, "C01").await, bench.engine);
        let registrar = person("reg", "C01", &[Role::Registrar]);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let first = study(&bench, "C01", "1.2.3").await;
        for n in 1..=5 {
            let instance = format!("1.2.3.5.{n}");
            let shot = Shot { instance: &instance, patient: "P2", name: "李^四", ..Shot::default() };
            send(&bench, &peer, &shot).await.unwrap();
        }
        let entry = "SELECT MIN(id) AS t FROM quarantine WHERE state = 'open' AND for_study = $1";
        let entry = text(&bench, entry, &first).await.unwrap();
        assert_eq!(reconcile::card(ctx, &registrar, &entry).await.unwrap()["alike"], 4);
        let (act, own) =
            reconcile::index_held(ctx, &registrar, &entry, None, true, "two patients").await.unwrap();
        assert_eq!(count(&bench, HELD).await, 0, "{engine}");
        let shown = "SELECT CAST(instance_count AS TEXT) AS t FROM study WHERE id = $1";
        assert_eq!(text(&bench, shown, &own).await.as_deref(), Some("5"), "{engine}");
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        reconcile::undo(&mut tx, ctx, &registrar, &act, "not so").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&bench, HELD).await, 5, "{engine}");
        let into = reconcile::index_held(ctx, &registrar, &entry, Some(&first), true, "his after all").await;
        assert_eq!(into.unwrap().1, first);
        assert_eq!(text(&bench, shown, &first).await.as_deref(), Some("6"), "{engine}");

        // The same with other versions: a series is sent again with a mended head.
        for n in 1..=3 {
            let instance = format!("1.2.3.6.{n}");
            for description in ["胸部", "胸部正位"] {
                let shot = Shot { instance: &instance, series: "1.2.3.6", description, ..Shot::default() };
                send(&bench, &peer, &shot).await.unwrap();
            }
        }
        let differs = "SELECT MIN(q.id) AS t FROM quarantine q WHERE q.state = 'open' AND q.reason = 'header-differs' AND $1 <> ''";
        let entry = text(&bench, differs, &first).await.unwrap();
        assert_eq!(reconcile::card(ctx, &registrar, &entry).await.unwrap()["alike"], 2);
        let version =
            text(&bench, "SELECT object_id AS t FROM quarantine WHERE id = $1", &entry).await.unwrap();
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let act = reconcile::promote(&mut tx, ctx, &registrar, &version, true, "mended").await.unwrap();
        tx.commit().await.unwrap();
        const SECOND: &str = "SELECT COUNT(*) AS n FROM instance WHERE version = 2 AND current = 1";
        assert_eq!(count(&bench, SECOND).await, 3, "{engine}");
        assert_eq!(text(&bench, differs, &first).await, None, "{engine}");
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        reconcile::undo(&mut tx, ctx, &registrar, &act, "not so").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&bench, SECOND).await, 0, "{engine}");
    }
}

/// A device takes one entry of the worklist and its user types another patient; and one that nobody knows yet.
#[tokio::test]
async fn a_number_of_another_patient_and_one_of_nobody_known() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, engine) = (&bench.ctx, device(&bench, "C01").await, bench.engine);
        let (system, registrar) = (Permit::system("test"), person("reg", "C01", &[Role::Registrar]));
        let mut placed = Vec::new();
        for (number, name) in [("P2", "李四"), ("", "无名氏")] {
            let mut tx = ctx.db.begin(&system).await.unwrap();
            let seen = Seen { local_id: number.into(), name: name.into(), ..Seen::default() };
            let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
            let new = order::NewOrder {
                patient: patient.clone(),
                pipeline: "imaging".into(),
                items: vec![chest()],
                ..Default::default()
            };
            let order = order::place(&mut tx, ctx, &registrar, "C01", &new).await.unwrap();
            placed.push((order.id, order.filler_no, patient));
            tx.commit().await.unwrap();
        }
        let shot = Shot { accession: &placed[0].1, ..Shot::default() };
        send(&bench, &peer, &shot).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        assert_eq!(lane(&bench, &id).await, "identity", "{engine}");
        let why = "SELECT reason AS t FROM quarantine WHERE object_id = $1";
        assert_eq!(text(&bench, why, &id).await.as_deref(), Some("order-of-other-patient"), "{engine}");

        const ORDER: &str = "SELECT order_id AS t FROM study WHERE id = $1";
        const PATIENT: &str = "SELECT patient AS t FROM study WHERE id = $1";
        let own = uid::from_u128(u128::from_str_radix(&placed[1].0, 16).unwrap());
        for (n, (study_uid, accession)) in
            [("1.7.1", placed[1].1.as_str()), (&own, "")].into_iter().enumerate()
        {
            let (series, instance) = (format!("1.7.2.{n}"), format!("1.7.3.{n}"));
            let shot = Shot {
                study: study_uid,
                series: &series,
                instance: &instance,
                patient: "",
                name: "无名氏",
                accession,
                ..Shot::default()
            };
            send(&bench, &peer, &shot).await.unwrap();
            let id = study(&bench, "C01", study_uid).await;
            assert_eq!(lane(&bench, &id).await, "", "{engine}: the emergency waits for nobody");
            assert_eq!(text(&bench, ORDER, &id).await.as_deref(), Some(placed[1].0.as_str()), "{engine}");
            assert_eq!(text(&bench, PATIENT, &id).await.as_deref(), Some(placed[1].2.as_str()), "{engine}");
            // The next image of it as well.
            let next = format!("1.7.4.{n}");
            let got = send(&bench, &peer, &Shot { instance: &next, ..shot }).await.unwrap();
            assert_eq!(got.outcome, Outcome::New, "{engine}");
        }
        // Somebody with a name does not become the unnamed one.
        let named = Shot {
            study: "1.8.1",
            series: "1.8.2",
            instance: "1.8.3",
            patient: "",
            accession: &placed[1].1,
            ..Shot::default()
        };
        send(&bench, &peer, &named).await.unwrap();
        assert_eq!(lane(&bench, &study(&bench, "C01", "1.8.1").await).await, "identity", "{engine}");
    }
}

/// A device that gives its UIDs twice does not take the first patient's finished examination out of the queue; a number that was
/// mended, however late, does.
#[tokio::test]
async fn a_uid_that_comes_again_the_next_day_holds_nobody_else_up() {
    for bench in engines().await.unwrap() {
        let (peer, engine) = (device(&bench, "C01").await, bench.engine);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        bench.clock.advance(24 * 3_600_000);
        let stranger = Shot { instance: "1.2.3.4.9", patient: "P2", name: "李^四", ..Shot::default() };
        assert_eq!(send(&bench, &peer, &stranger).await.unwrap().outcome, Outcome::Quarantined);
        assert_eq!(count(&bench, HELD).await, 1, "{engine}: kept, and in sight");
        assert_eq!(
            (lane(&bench, &id).await, work(&bench, &id).await.as_deref()),
            ("defect".into(), Some("queued"))
        );
        let mended = Shot { instance: "1.2.3.4.7", patient: "P1b", ..Shot::default() };
        assert_eq!(send(&bench, &peer, &mended).await.unwrap().outcome, Outcome::Quarantined);
        assert_eq!(
            (lane(&bench, &id).await, work(&bench, &id).await.as_deref()),
            ("identity".into(), Some("cancelled")),
            "{engine}"
        );
    }
}

/// The registrar takes the wrong one of two patients and takes that back: nothing that came in meanwhile stays with the other one
/// unseen, and nothing of it is lost.
#[tokio::test]
async fn a_correction_that_was_wrong_is_taken_back_whole() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, engine) = (&bench.ctx, device(&bench, "C01").await, bench.engine);
        let registrar = person("reg", "C01", &[Role::Registrar]);
        send(&bench, &peer, &Shot { instance: "1.2.3.4.1", patient: "P9", name: "李^四", ..Shot::default() })
            .await
            .unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        for instance in ["1.2.3.4.2", "1.2.3.4.3"] {
            send(&bench, &peer, &Shot { instance, ..Shot::default() }).await.unwrap();
        }
        // One of them was indexed before and taken back: it is not lost from sight when the others come in.
        let entry = "SELECT MIN(id) AS t FROM quarantine WHERE state = 'open' AND for_study = $1";
        let entry = text(&bench, entry, &id).await.unwrap();
        let (back, _) = reconcile::index_held(ctx, &registrar, &entry, None, false, "a try").await.unwrap();
        let undo = async |act: &str| {
            let mut tx = ctx.db.begin(&registrar).await.unwrap();
            let done = reconcile::undo(&mut tx, ctx, &registrar, act, "not so").await;
            if done.is_ok() {
                tx.commit().await.unwrap();
            }
            done.map_err(|f| f.code().to_owned())
        };
        undo(&back).await.unwrap();
        assert_eq!(count(&bench, HELD).await, 2, "{engine}");

        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let wrong = Seen { local_id: "P1".into(), name: "王小东".into(), ..Seen::default() };
        let act =
            reconcile::assign(&mut tx, ctx, &registrar, &id, &Person::New(wrong), "mistyped").await.unwrap();
        tx.commit().await.unwrap();
        held::look_again(ctx, &id).await.unwrap();
        assert_eq!(count(&bench, HELD).await, 1, "{engine}: what a person had taken back waits for a person");
        assert_eq!(lane(&bench, &id).await, "identity", "{engine}");
        bench.clock.advance(1_000);
        let got = send(&bench, &peer, &Shot { instance: "1.2.3.4.4", ..Shot::default() }).await.unwrap();
        assert_eq!(got.outcome, Outcome::New, "{engine}: under the corrected patient");

        assert_eq!(undo(&act).await, Err("later_act".into()), "{engine}: what came in by it goes first");
        let taken = "SELECT id AS t FROM reconcile WHERE study = $1 AND operation = 'index_held' AND undone_by IS NULL AND who = 'system'";
        undo(&text(&bench, taken, &id).await.unwrap()).await.unwrap();
        assert_eq!(count(&bench, HELD).await, 2, "{engine}");
        undo(&act).await.unwrap();
        let why = "SELECT reason AS t FROM quarantine WHERE object_id = $1 AND state = 'open'";
        assert_eq!(text(&bench, why, &id).await.as_deref(), Some("came-under-correction"), "{engine}");
        assert_eq!(lane(&bench, &id).await, "identity", "{engine}");
        // What had been in it comes out in a study of its own, not in that of the other patient.
        let shown = "SELECT CAST(COUNT(*) AS TEXT) AS t FROM instance WHERE study = $1 AND current = 1";
        let before = text(&bench, shown, &id).await;
        let entry = "SELECT MIN(id) AS t FROM quarantine WHERE state = 'open' AND object_kind = 'object' AND for_study = $1";
        for _ in 0..2 {
            let entry = text(&bench, entry, &id).await.unwrap();
            let (_, own) =
                reconcile::index_held(ctx, &registrar, &entry, None, false, "his own").await.unwrap();
            assert_ne!(own, id, "{engine}");
            let said = "SELECT said_id AS t FROM study WHERE id = $1";
            assert_eq!(text(&bench, said, &own).await.as_deref(), Some("P1"), "{engine}");
        }
        assert_eq!(text(&bench, shown, &id).await, before, "{engine}");
        assert_eq!(count(&bench, HELD).await, 0, "{engine}");
    }
}

/// Of two strangers who came under one number, one answer speaks for one.
#[tokio::test]
async fn one_answer_is_for_one_person() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, engine) = (&bench.ctx, device(&bench, "C01").await, bench.engine);
        let registrar = person("reg", "C01", &[Role::Registrar]);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let first = study(&bench, "C01", "1.2.3").await;
        for (n, patient, name) in [(1, "P2", "李^四"), (2, "P2", "李^四"), (3, "P3", "赵^五")] {
            let instance = format!("1.2.3.5.{n}");
            send(&bench, &peer, &Shot { instance: &instance, patient, name, ..Shot::default() })
                .await
                .unwrap();
        }
        let own = Shot {
            study: "1.9",
            series: "1.9.1",
            instance: "1.9.1.1",
            patient: "P2",
            name: "李^四",
            ..Shot::default()
        };
        send(&bench, &peer, &own).await.unwrap();
        let chosen = study(&bench, "C01", "1.9").await;
        let two = "SELECT MIN(q.id) AS t FROM quarantine q WHERE q.for_study = $1 AND 1 < (SELECT COUNT(*) FROM quarantine o WHERE o.said = q.said)";
        let entry = text(&bench, two, &first).await.unwrap();
        assert_eq!(reconcile::card(ctx, &registrar, &entry).await.unwrap()["alike"], 1, "{engine}");
        reconcile::index_held(ctx, &registrar, &entry, Some(&chosen), true, "his").await.unwrap();
        let shown = "SELECT CAST(instance_count AS TEXT) AS t FROM study WHERE id = $1";
        assert_eq!(
            text(&bench, shown, &chosen).await.as_deref(),
            Some("3"),
            "{engine}: not the third person's"
        );
        assert_eq!(
            (count(&bench, HELD).await, lane(&bench, &first).await),
            (1, "identity".into()),
            "{engine}"
        );
        // Everything of the study goes elsewhere: what is held for it goes along.
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        let merged =
            reconcile::merge(&mut tx, ctx, &registrar, &first, &chosen, "one examination").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lane(&bench, &chosen).await, "identity", "{engine}");
        let mut tx = ctx.db.begin(&registrar).await.unwrap();
        reconcile::undo(&mut tx, ctx, &registrar, &merged, "not so").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            (lane(&bench, &chosen).await, lane(&bench, &first).await),
            (String::new(), "identity".into()),
            "{engine}"
        );
    }
}
