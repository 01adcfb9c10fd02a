//! What must be looked at first is looked at first: work that must wait, images that come behind a report, the order of a study
//! that says no accession number.

use yigong_base::access::{Permit, Role};
use yigong_base::args;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::uid;

use super::super::testing::{Shot, chest, device, person, send, settle, study};
use super::super::{quarantine, settle as settling};
use crate::worklist::{self, recheck};
use crate::{order, report};

async fn text(bench: &Bench, sql: &'static str, id: &str) -> Option<String> {
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    conn.one(sql, args![id]).await.unwrap().opt_text("t").unwrap()
}

fn examination(code: &str, name: &str, modality: &str) -> order::CatalogItem {
    order::CatalogItem { code: code.into(), name: name.into(), modality: modality.into(), ..chest() }
}

async fn item(bench: &Bench, study: &str, tier: &str) -> Option<worklist::row::ItemRow> {
    let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
    worklist::admit::of_subject(&mut tx, study, tier).await.unwrap()
}

async fn state(bench: &Bench, study: &str) -> (String, Option<String>) {
    let of = text(bench, "SELECT state AS t FROM study WHERE id = $1", study).await.unwrap();
    (of, item(bench, study, "write").await.map(|i| i.state))
}

#[tokio::test]
async fn a_doubt_about_the_pictures_takes_the_study_out_of_the_queue() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        assert_eq!(state(&bench, &id).await, ("queued".into(), Some("queued".into())));
        let other = send(&bench, &peer, &Shot { pixel: 9, ..Shot::default() }).await.unwrap();
        assert_eq!(other.reason, "pixels-differ");
        let engine = bench.engine;
        assert_eq!(state(&bench, &id).await, ("held".into(), Some("cancelled".into())), "{engine}");

        let answer = async || {
            let system = Permit::system("test");
            let held =
                quarantine::list(&mut ctx.db.read(&system).await.unwrap(), &system, "open", "content").await;
            let mut tx = ctx.db.begin(&system).await.unwrap();
            quarantine::release(&mut tx, ctx, &system, &held.unwrap()[0].id, "the first is right")
                .await
                .unwrap();
            tx.commit().await.unwrap();
            settling::settle_with(ctx, &id).await.unwrap();
        };
        answer().await;
        assert_eq!(state(&bench, &id).await, ("queued".into(), Some("queued".into())), "{engine}");

        // Somebody reads it: it is not taken out of the hand, and not reported on before the question is answered.
        let writer = person("w", "LEAD", &[Role::Writer]);
        let work = item(&bench, &id, "write").await.unwrap().id;
        let mut tx = ctx.db.begin(&writer).await.unwrap();
        worklist::claim(&mut tx, ctx, &writer, &work).await.unwrap();
        tx.commit().await.unwrap();
        let barred = async || {
            let mut conn = ctx.db.read(&writer).await.unwrap();
            conn.opt(report::sql::HELD_BACK, args![&id]).await.unwrap().is_some()
        };
        assert!(!barred().await);
        send(&bench, &peer, &Shot { pixel: 11, ..Shot::default() }).await.unwrap();
        assert_eq!(state(&bench, &id).await.1.as_deref(), Some("reading"), "{engine}");
        assert!(barred().await, "{engine}");
        // Given back with the question open, it waits for the answer and not for the next reader.
        let epoch = item(&bench, &id, "write").await.unwrap().epoch;
        let mut tx = ctx.db.begin(&writer).await.unwrap();
        worklist::release(&mut tx, ctx, &writer, &work, epoch).await.unwrap();
        let queued = "SELECT COUNT(*) AS n FROM job WHERE kind = 'settle' AND key = $1 AND state = 'waiting'";
        assert_eq!(tx.one(queued, args![&id]).await.unwrap().int("n").unwrap(), 1);
        tx.commit().await.unwrap();
        settling::settle_with(ctx, &id).await.unwrap();
        assert_eq!(state(&bench, &id).await, ("held".into(), Some("cancelled".into())), "{engine}");
        answer().await;
        assert!(!barred().await, "{engine}");
        assert_eq!(state(&bench, &id).await, ("queued".into(), Some("queued".into())), "{engine}");
    }
}

#[tokio::test]
async fn no_image_behind_a_report_goes_unseen() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, engine) = (&bench.ctx, device(&bench, "C01").await, bench.engine);
        let arrives = async |instance: &str| {
            send(&bench, &peer, &Shot { instance, ..Shot::default() }).await.unwrap();
            let id = study(&bench, "C01", "1.2.3").await;
            settle(&bench, &id).await;
            id
        };
        let id = arrives("1.2.3.4.1").await;
        let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
        tx.exec("UPDATE work_item SET state = 'done' WHERE subject = $1", args![&id]).await.unwrap();
        tx.exec("UPDATE study SET state = 'published' WHERE id = $1", args![&id]).await.unwrap();
        tx.commit().await.unwrap();

        arrives("1.2.3.4.2").await;
        let open = item(&bench, &id, recheck::TIER).await.unwrap();
        assert_eq!(open.state, "queued", "{engine}");
        // While the item waits: whoever takes it sees this one, too.
        arrives("1.2.3.4.3").await;
        let late = "SELECT CAST(late_images AS TEXT) AS t FROM study WHERE id = $1";
        assert_eq!(text(&bench, late, &id).await.as_deref(), Some("0"), "{engine}");

        let auditor = person("a", "LEAD", &[Role::Auditor]);
        let mut tx = ctx.db.begin(&auditor).await.unwrap();
        let held = worklist::claim(&mut tx, ctx, &auditor, &open.id).await.unwrap();
        tx.commit().await.unwrap();
        // While it is looked at: what the page showed is not what is there.
        arrives("1.2.3.4.4").await;
        let closed = async |images: i64| {
            let mut tx = ctx.db.begin(&auditor).await.unwrap();
            let done =
                recheck::no_change(&mut tx, ctx, &auditor, &open.id, held.epoch, "no change", images).await;
            if done.is_ok() {
                tx.commit().await.unwrap();
            }
            done.map_err(|f| f.code().to_owned()).map(|i| i.id)
        };
        assert_eq!(closed(3).await, Err("more_images".into()), "{engine}");
        assert_eq!(closed(4).await, Ok(open.id.clone()), "{engine}");
        settling::settle_with(ctx, &id).await.unwrap();
        assert_eq!(
            item(&bench, &id, recheck::TIER).await.unwrap().state,
            "done",
            "{engine}: all of them were seen"
        );
        // And the next one opens an item again.
        arrives("1.2.3.4.5").await;
        assert_eq!(item(&bench, &id, recheck::TIER).await.unwrap().state, "queued", "{engine}");
    }
}

#[tokio::test]
async fn a_study_under_the_uid_of_the_worklist_finds_its_order() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, system) = (&bench.ctx, device(&bench, "C01").await, Permit::system("test"));
        let registrar = person("reg", "C01", &[Role::Registrar]);
        let mut placed = Vec::new();
        for patient in ["P1", "P2"] {
            let mut tx = ctx.db.begin(&system).await.unwrap();
            let seen = Seen { local_id: patient.into(), name: "王小东".into(), ..Seen::default() };
            let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
            let new = order::NewOrder {
                patient,
                pipeline: "imaging".into(),
                priority: "emergency".into(),
                // One of another modality, which another device answers, and two that this one does in one go.
                items: vec![
                    examination("CT-HEAD", "头颅平扫", "CT"),
                    chest(),
                    examination("CR-ABD", "腹部平片", "CR"),
                ],
                ..Default::default()
            };
            placed.push(order::place(&mut tx, ctx, &registrar, "C01", &new).await.unwrap().id);
            tx.commit().await.unwrap();
        }
        let of = |id: &str| uid::from_u128(u128::from_str_radix(id, 16).unwrap());
        let (own, theirs) = (of(&placed[0]), of(&placed[1]));
        for (n, study_uid) in [&own, &theirs].into_iter().enumerate() {
            let (series, instance) = (format!("1.2.{n}"), format!("1.2.{n}.1"));
            let shot = Shot { study: study_uid, series: &series, instance: &instance, ..Shot::default() };
            send(&bench, &peer, &shot).await.unwrap();
        }
        let linked = "SELECT order_id AS t FROM study WHERE id = $1";
        let first = study(&bench, "C01", &own).await;
        assert_eq!(
            text(&bench, linked, &first).await.as_deref(),
            Some(placed[0].as_str()),
            "{}",
            bench.engine
        );
        settle(&bench, &first).await;
        let title = item(&bench, &first, "write").await.unwrap().title;
        let mut names: Vec<_> = title.split('、').collect();
        names.sort_unstable();
        assert_eq!(names, ["胸部正位", "腹部平片"], "all that is read together, and nothing else");
        // The order of another patient is nobody's guess: the device took the one and typed the other, a person looks.
        let second = study(&bench, "C01", &theirs).await;
        assert_eq!(text(&bench, linked, &second).await, None, "{}", bench.engine);
        let lane = "SELECT lane AS t FROM study WHERE id = $1";
        assert_eq!(text(&bench, lane, &second).await.as_deref(), Some("identity"), "{}", bench.engine);
    }
}
