//! Grants, and that nothing but a grant widens what a facility sees.

use std::collections::BTreeSet;

use yigong_base::access::{Permit, Role};
use yigong_base::args;
use yigong_base::clock::DAY_MS;
use yigong_base::site::facility::{self, Facility};
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::tag;

use super::super::query::Level;
use super::super::testing::{Shot, device, person, send, settle, study};
use super::super::tests::ask;
use super::super::{detail, reconcile, retrieve};
use super::*;

async fn sees(bench: &Bench, facility: &str, uid: &str) -> bool {
    let permit = Permit::peer("X", facility);
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    let found = !ask(&mut conn, &permit, Level::Study, &[(tag::STUDY_UID, uid)]).await.is_empty();
    let got = retrieve::of_study(&mut conn, &permit, uid, "").await.is_ok();
    assert_eq!(found, got, "a query and a retrieval answer alike");
    found
}

#[tokio::test]
async fn a_grant_opens_one_study_until_its_hour() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        send(&bench, &peer, &Shot { study: "1.9", series: "1.9.1", instance: "1.9.1.1", ..Shot::default() })
            .await
            .unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        let doctor = person("doc", "C01", &[Role::ClinicDoctor]);
        let until = ctx.now() + 2 * DAY_MS;
        let mut tx = ctx.db.begin(&doctor).await.unwrap();
        for (facility, reason, until) in [
            ("C02", "", until),
            ("C02", "x", ctx.now()),
            ("C01", "x", until),
            ("NONE", "x", until),
            ("C02", READ_TASK, until),
        ] {
            assert!(
                give(&mut tx, ctx, &doctor, &id, facility, reason, until).await.is_err(),
                "{facility} {reason}"
            );
        }
        give(&mut tx, ctx, &doctor, &id, "C02", "second opinion", until).await.unwrap();
        tx.commit().await.unwrap();
        assert!(sees(&bench, "C02", "1.2.3").await);
        assert!(!sees(&bench, "C02", "1.9").await, "one study, not the patient");

        // Who got it cannot pass it on, change the study, or take it from others.
        let other = person("doc2", "C02", &[Role::ClinicDoctor, Role::Registrar]);
        let mut tx = ctx.db.begin(&other).await.unwrap();
        assert!(matches!(
            give(&mut tx, ctx, &other, &id, "LEAD", "x", until).await,
            Err(Fault::NotFound { .. })
        ));
        assert!(matches!(revoke(&mut tx, ctx, &other, &id, "C02", "x").await, Err(Fault::NotFound { .. })));
        assert!(matches!(
            reconcile::unlink(&mut tx, ctx, &other, &id, "x").await,
            Err(Fault::NotFound { .. })
        ));
        assert_eq!(list(&mut tx, &other, &id).await.unwrap().len(), 1, "it may see by what right it sees");
        drop(tx);

        bench.clock.advance(2 * DAY_MS - 1);
        end(ctx, &id).await.unwrap();
        assert!(sees(&bench, "C02", "1.2.3").await);
        bench.clock.advance(1);
        end(ctx, &id).await.unwrap();
        assert!(!sees(&bench, "C02", "1.2.3").await);
        let mut conn = ctx.db.read(&doctor).await.unwrap();
        let ended = conn.all("SELECT detail FROM audit WHERE action = 'grant.end'", args![]).await.unwrap();
        assert_eq!(ended.len(), 1);
    }
}

#[tokio::test]
async fn a_grant_shows_no_other_study_on_the_card() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        send(&bench, &peer, &Shot { study: "1.9", series: "1.9.1", instance: "1.9.1.1", ..Shot::default() })
            .await
            .unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        let own = person("reg", "C01", &[Role::Registrar]);
        let mut tx = ctx.db.begin(&own).await.unwrap();
        give(&mut tx, ctx, &own, &id, "C02", "second opinion", ctx.now() + DAY_MS).await.unwrap();
        let image = "UPDATE instance SET current = 0, hidden = '113001' WHERE study = $1";
        tx.exec(image, args![&id]).await.unwrap();
        tx.commit().await.unwrap();
        let count = |card: &reconcile::Card, key: &str| card[key].as_array().unwrap().len();
        let card = reconcile::study_card(ctx, &own, &id).await.unwrap();
        assert_eq!((count(&card, "others"), count(&card, "images")), (1, 1));
        let other = person("reg2", "C02", &[Role::Registrar]);
        let card = reconcile::study_card(ctx, &other, &id).await.unwrap();
        assert_eq!((count(&card, "others"), count(&card, "images")), (0, 0), "{}", bench.engine);
    }
}

#[tokio::test]
async fn the_lead_hospital_sees_what_it_has_to_read() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        assert!(!sees(&bench, "LEAD", "1.2.3").await);
        settle(&bench, &id).await;
        assert!(sees(&bench, "LEAD", "1.2.3").await);
        let doctor = person("doc", "C01", &[Role::ClinicDoctor]);
        let mut tx = ctx.db.begin(&doctor).await.unwrap();
        assert!(revoke(&mut tx, ctx, &doctor, &id, "LEAD", "x").await.is_err(), "it ends with the task");
        drop(tx);
        signed(ctx, &id).await.unwrap();
        bench.clock.advance(ctx.config.imaging.task_grant_days * DAY_MS);
        end(ctx, &id).await.unwrap();
        assert!(!sees(&bench, "LEAD", "1.2.3").await);
    }
}

/// SOP Instance UIDs a facility can fetch.
async fn visible(bench: &Bench, facility: &str) -> BTreeSet<String> {
    let permit = Permit::peer("X", facility);
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    let found = ask(&mut conn, &permit, Level::Instance, &[]).await;
    found.iter().map(|i| i.text(tag::SOP_INSTANCE).to_owned()).collect()
}

/// A small generator of our own: the same walk in every run.
struct Walk(u64);

impl Walk {
    fn next(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

#[tokio::test]
async fn no_correction_widens_what_a_facility_sees() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, device(&bench, "C01").await);
        for s in 0..4 {
            for i in 0..3 {
                let (st, se, sop) =
                    (format!("1.{}", s + 1), format!("1.{}.{}", s + 1, i % 2), format!("1.{}.9.{i}", s + 1));
                let patient = format!("P{s}");
                let shot = Shot {
                    study: &st,
                    series: &se,
                    instance: &sop,
                    patient: &patient,
                    name: "王^五",
                    ..Shot::default()
                };
                send(&bench, &peer, &shot).await.unwrap();
            }
        }
        let reg = person("reg", "C01", &[Role::Registrar]);
        let granted = study(&bench, "C01", "1.1").await;
        let mut tx = ctx.db.begin(&reg).await.unwrap();
        give(&mut tx, ctx, &reg, &granted, "C02", "second opinion", ctx.now() + DAY_MS).await.unwrap();
        tx.commit().await.unwrap();
        let mut widest = visible(&bench, "C02").await;
        assert_eq!(widest.len(), 3);
        let mut walk = Walk(7);
        let (mut done, mut refused) = (0, 0);
        for step in 0..120 {
            let studies = {
                let mut conn = ctx.db.read(&reg).await.unwrap();
                conn.all("SELECT id FROM study ORDER BY id", args![]).await.unwrap()
            };
            let pick = |walk: &mut Walk| studies[walk.next(studies.len())].text("id").unwrap();
            let (a, b) = (pick(&mut walk), pick(&mut walk));
            let mut tx = ctx.db.begin(&reg).await.unwrap();
            let parts = tx.all(reconcile::sql::PARTS, args![&a]).await.unwrap();
            let one =
                parts.get(walk.next(parts.len().max(1))).map(|p| p.text("id").unwrap()).unwrap_or_default();
            let wanted = reconcile::Parts { series: Vec::new(), instances: vec![one.clone()] };
            let seen = yigong_base::patient::Seen {
                local_id: format!("Q{step}"),
                name: "赵六".into(),
                ..Default::default()
            };
            let outcome = match walk.next(8) {
                0 => reconcile::merge(&mut tx, ctx, &reg, &a, &b, "w").await.map(drop),
                1 => reconcile::split(&mut tx, ctx, &reg, &a, &wanted, "w").await.map(drop),
                2 => reconcile::move_to(&mut tx, ctx, &reg, &a, &b, &wanted, "w").await.map(drop),
                3 => reconcile::assign(&mut tx, ctx, &reg, &a, &reconcile::Person::New(seen), "w")
                    .await
                    .map(drop),
                4 => reconcile::unlink(&mut tx, ctx, &reg, &a, "w").await.map(drop),
                5 => reconcile::hide(&mut tx, ctx, &reg, &a, &[one], "113001", "w").await.map(drop),
                6 => reconcile::restore(&mut tx, ctx, &reg, &a, &[one], "w").await.map(drop),
                _ => {
                    let past = reconcile::history(&mut tx, &reg, &a).await.unwrap();
                    match past.iter().find(|p| p.can_undo) {
                        Some(act) => reconcile::undo(&mut tx, ctx, &reg, &act.id, "w").await.map(drop),
                        None => Err(Fault::not_found("act")),
                    }
                }
            };
            if outcome.is_ok() {
                tx.commit().await.unwrap();
                done += 1;
            } else {
                drop(tx);
                refused += 1;
            }
            let now = visible(&bench, "C02").await;
            assert!(now.is_subset(&widest), "step {step} on {}: {now:?} beyond {widest:?}", bench.engine);
            // Hidden images may come back; images that left the granted study must not.
            if visible(&bench, "C01").await.len() == 12 {
                widest = now;
            }
        }
        assert!(done > 30 && refused > 5, "{done} done, {refused} refused");
    }
}

#[tokio::test]
async fn thirty_facilities_never_see_each_other() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let system = Permit::system("test");
        let codes: Vec<String> = (0..30).map(|n| format!("F{n:02}")).collect();
        let mut tx = ctx.db.begin(&system).await.unwrap();
        for code in &codes {
            let f = Facility {
                code: code.clone(),
                name: code.clone(),
                name_en: code.clone(),
                kind: "clinic".into(),
                grid: String::new(),
                phone: String::new(),
                duty_phone: String::new(),
                active: true,
            };
            facility::put(&mut tx, ctx, &system, &f).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut uids = Vec::new();
        for (n, code) in codes.iter().enumerate() {
            let peer = device(&bench, code).await;
            let (st, se, sop) = (format!("1.7.{n}"), format!("1.7.{n}.1"), format!("1.7.{n}.1.1"));
            send(&bench, &peer, &Shot { study: &st, series: &se, instance: &sop, ..Shot::default() })
                .await
                .unwrap();
            let id = study(&bench, code, &st).await;
            let (series, instance) = {
                let mut conn = ctx.db.read(&system).await.unwrap();
                let parts = conn.all(reconcile::sql::PARTS, args![&id]).await.unwrap();
                (parts[0].text("series").unwrap(), parts[0].text("id").unwrap())
            };
            uids.push((st, se, sop, id, series, instance));
        }
        // One study with two grants.
        let reg = person("reg", "F00", &[Role::Registrar]);
        let mut tx = ctx.db.begin(&reg).await.unwrap();
        for to in ["F01", "F02"] {
            give(&mut tx, ctx, &reg, &uids[0].3, to, "consult", ctx.now() + DAY_MS).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut walk = Walk(30);
        let (mut pairs, mut crossed, mut allowed) = (0, 0, 0);
        let mut conn = ctx.db.read(&system).await.unwrap();
        while pairs < 10_000 {
            let (me, them) = (walk.next(30), walk.next(30));
            let rightful = me == them || (them == 0 && (me == 1 || me == 2));
            let permit = Permit::peer("X", &codes[me]);
            let (st, se, sop, id, series, instance) = &uids[them];
            let keys = [(tag::STUDY_UID, st.as_str())];
            let answers = match walk.next(12) {
                0 => !ask(&mut conn, &permit, Level::Study, &keys).await.is_empty(),
                1 => !ask(&mut conn, &permit, Level::Series, &keys).await.is_empty(),
                2 => !ask(&mut conn, &permit, Level::Instance, &keys).await.is_empty(),
                3 => retrieve::by_uid(&mut conn, &permit, st, se, sop).await.is_ok(),
                4 => retrieve::of_study(&mut conn, &permit, st, "").await.is_ok(),
                5 => retrieve::of_study(&mut conn, &permit, st, se).await.is_ok(),
                6 => retrieve::instance(&mut conn, &permit, instance).await.is_ok(),
                7 => detail::study(&mut conn, ctx, &permit, id).await.is_ok(),
                8 => detail::stack(&mut conn, &permit, series).await.is_ok(),
                9 => list(&mut conn, &permit, id).await.is_ok(),
                10 => {
                    // What is not made yet is not found either: only a foreign answer would count.
                    let made =
                        detail::picture(&mut conn, &permit, "study", id, detail::Picture::Preview).await;
                    made.is_ok() || rightful
                }
                _ => {
                    let found = reconcile::history(&mut conn, &permit, id).await.unwrap();
                    !found.is_empty() || rightful
                }
            };
            pairs += 1;
            crossed += usize::from(answers && !rightful);
            allowed += usize::from(answers && rightful);
            assert_eq!(answers, rightful, "{} asks for {st} of {}", codes[me], codes[them]);
        }
        assert_eq!(crossed, 0);
        assert!(allowed > 100);
    }
}
