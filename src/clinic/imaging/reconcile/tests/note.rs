//! Rejection notes as devices send them: hidden with the note, in sight of the operator, and back by one act.

use yigong_base::jobs::JobRow;
use yigong_base::site::peer::Peer;
use yigong_formats::dicom::build::{DataSet, TextSet};
use yigong_formats::dicom::{part10, uid};

use super::super::super::testing::send_bytes;
use super::super::note::{JOB, reject_by_note};
use super::*;

/// A Key Object Selection of the study `1.2.3` with a title that names objects by (series, instance).
fn selection(code: &str, instance: &str, named: &[(&str, &str)]) -> Vec<u8> {
    let set = || DataSet::new(TextSet::Utf8);
    let mut series = Vec::new();
    for (series_uid, object) in named {
        let (mut one, mut held) = (set(), set());
        one.put_text(0x0008_1155, b"UI", object);
        held.put_text(0x0020_000E, b"UI", series_uid).put_items(0x0008_1199, vec![one]);
        series.push(held);
    }
    let mut study = set();
    study.put_text(0x0020_000D, b"UI", "1.2.3").put_items(0x0008_1115, series);
    let mut note = set();
    note.put_text(0x0008_0005, b"CS", "ISO_IR 192")
        .put_text(0x0008_0016, b"UI", uid::KEY_OBJECT_SELECTION)
        .put_text(0x0008_0018, b"UI", instance)
        .put_text(0x0008_0020, b"DA", "20260831")
        .put_text(0x0008_0060, b"CS", "KO")
        .put_text(0x0010_0010, b"PN", "王^小东")
        .put_text(0x0010_0020, b"LO", "P1")
        .put_text(0x0020_000D, b"UI", "1.2.3")
        .put_text(0x0020_000E, b"UI", "1.2.3.9")
        .put_code(0x0040_A043, code, "DCM", "title")
        .put_items(0x0040_A375, vec![study]);
    let mut out = part10::head(uid::KEY_OBJECT_SELECTION, instance, uid::EXPLICIT_LE);
    out.extend_from_slice(&note.encode());
    out
}

/// The waiting job of a note, taken.
async fn job(bench: &Bench, instance: &str) -> Option<JobRow> {
    let system = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&system).await.unwrap();
    let row = tx
        .opt(
            "SELECT id, kind, key, payload, attempts FROM job WHERE kind = $1 AND key = $2",
            args![JOB, instance],
        )
        .await
        .unwrap()?;
    tx.exec("DELETE FROM job WHERE kind = $1", args![JOB]).await.unwrap();
    tx.commit().await.unwrap();
    Some(JobRow {
        id: row.text("id").unwrap(),
        kind: row.text("kind").unwrap(),
        key: row.text("key").unwrap(),
        payload: row.json("payload").unwrap(),
        attempts: 0,
    })
}

async fn run(bench: &Bench, job: &JobRow) {
    reject_by_note(&bench.ctx, &job.key, &job.payload).await.unwrap();
}

#[tokio::test]
async fn a_note_hides_what_it_names_and_itself() {
    for code in ["113001", "113037", "113038", "113039"] {
        for bench in engines().await.unwrap() {
            let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
            send(&bench, &peer, &Shot::default()).await.unwrap();
            send(&bench, &peer, &Shot { instance: "1.2.3.4.6", pixel: 8, ..Shot::default() }).await.unwrap();
            let id = study(&bench, "C01", "1.2.3").await;
            settle(&bench, &id).await;
            let named = [("1.2.3.4", "1.2.3.4.5"), ("1.2.3.4", "1.2.3.4.7")];
            let sent =
                send_bytes(&bench, &peer, &selection(code, "1.2.3.9.1", &named)).await.unwrap().instance;
            let first = job(&bench, &sent).await.expect("a key object selection is looked at");
            run(&bench, &first).await;
            let shown = |instance: &'static str| out(&bench, "1.2.3", "1.2.3.4", instance);
            assert!(shown("1.2.3.4.5").await.is_none(), "{code}: hidden");
            assert!(shown("1.2.3.4.6").await.is_some(), "{code}: not named");
            assert_eq!(images(&bench, &id).await, 1, "{code}: the note is hidden as well");
            let mut conn = ctx.db.read(&reg).await.unwrap();
            let held = quarantine::list(&mut conn, &reg, "open", "").await.unwrap();
            let entry = held.iter().find(|h| h.reason == "rejection-note").expect("the operator sees it");
            assert_eq!((entry.lane.as_str(), entry.object_id.as_str()), ("defect", id.as_str()));
            assert_eq!(entry.detail["code"], code);
            let rows =
                conn.all("SELECT action FROM audit WHERE action = 'reconcile.hide'", args![]).await.unwrap();
            assert_eq!(rows.len(), 2, "{code}: audited, the note and the image");
            let kept = conn.one("SELECT COUNT(*) AS n FROM instance", args![]).await.unwrap();
            assert_eq!(kept.int("n").unwrap(), 3, "{code}: nothing is deleted");
            let past = history(&mut conn, &reg, &id).await.unwrap();
            drop(conn);
            assert!(past[0].can_undo && past[0].why.contains(code), "{:?}", past[0]);

            // An image that the note names comes later: it is hidden when the job looks again.
            send(&bench, &peer, &Shot { instance: "1.2.3.4.7", pixel: 9, ..Shot::default() }).await.unwrap();
            let again = job(&bench, &sent).await.expect("it waits for the missing one");
            assert_eq!(again.payload, json!({"left": ["1.2.3.4.7"]}));
            run(&bench, &again).await;
            assert!(shown("1.2.3.4.7").await.is_none());
            assert!(job(&bench, &sent).await.is_none(), "nothing is left to wait for");

            // Undo, newest first; what came back stays, also when the job runs once more.
            for instance in ["1.2.3.4.7", "1.2.3.4.5"] {
                let mut conn = ctx.db.read(&reg).await.unwrap();
                let last =
                    history(&mut conn, &reg, &id).await.unwrap().into_iter().find(|p| p.can_undo).unwrap();
                drop(conn);
                let mut tx = begin(&bench, &reg).await;
                undo(&mut tx, ctx, &reg, &last.id, "sent in error").await.unwrap();
                tx.commit().await.unwrap();
                assert!(shown(instance).await.is_some(), "{code}: {instance} is back");
            }
            assert_eq!(images(&bench, &id).await, 3);
        }
    }
}

#[tokio::test]
async fn a_note_says_nothing_about_others() {
    for bench in engines().await.unwrap() {
        let (here, there) = (device(&bench, "C01").await, device(&bench, "C02").await);
        send(&bench, &here, &Shot::default()).await.unwrap();
        let named = [("1.2.3.4", "1.2.3.4.5")];
        for (sender, code, instance) in [(&there, "113037", "1.2.3.9.1"), (&here, "113000", "1.2.3.9.2")] {
            let sent = send_bytes(&bench, sender, &selection(code, instance, &named)).await.unwrap().instance;
            let job = job(&bench, &sent).await.unwrap();
            run(&bench, &job).await;
            assert!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_some(), "{code}");
        }
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let shown = conn
            .opt("SELECT id FROM instance WHERE uid = '1.2.3.9.2' AND current = 1", args![])
            .await
            .unwrap();
        assert!(shown.is_some(), "a selection of interest is shown");
    }
}

#[tokio::test]
async fn a_note_over_the_web_counts_too() {
    for bench in engines().await.unwrap() {
        let peer = device(&bench, "C01").await;
        send(&bench, &peer, &Shot::default()).await.unwrap();
        // A person or token that sends by STOW-RS is no registered device.
        let web = Peer { id: "token-1".into(), kind: "web".into(), ae_title: None, ..peer };
        let note = selection("113037", "1.2.3.9.1", &[("1.2.3.4", "1.2.3.4.5")]);
        let sent = send_bytes(&bench, &web, &note).await.unwrap().instance;
        run(&bench, &job(&bench, &sent).await.unwrap()).await;
        assert!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_none(), "hidden");
        assert!(open_entries(&bench).await.iter().any(|e| e.reason == "rejection-note"));
    }
}
