//! Acts upon acts: what one correction said stays said when the next one moves images, takes them back or shows another version.

use yigong_base::site::Peer;

use super::super::super::retention;
use super::*;

const FIRST: (&str, &str) = ("1.2.3.4", "1.2.3.4.5");
const SECOND: (&str, &str) = ("1.2.3.7", "1.2.3.7.1");

/// A study of two series that the device sent under a junk id, and its rightful patient.
async fn corrected(bench: &Bench) -> String {
    let (ctx, peer, reg) = (&bench.ctx, device(bench, "C01").await, registrar());
    for (series, instance) in [FIRST, SECOND] {
        send(bench, &peer, &Shot { series, instance, patient: "0", ..Shot::default() }).await.unwrap();
    }
    let id = study(bench, "C01", "1.2.3").await;
    settle(bench, &id).await;
    let seen = Seen { local_id: "C01-77".into(), name: "卢瑋".into(), sex: "M".into(), ..Seen::default() };
    let mut tx = begin(bench, &reg).await;
    assign(&mut tx, ctx, &reg, &id, &Person::New(seen), "called the clinic").await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn series_of(bench: &Bench, study: &str, uid: &str) -> String {
    let mut tx = begin(bench, &registrar()).await;
    let all = place::parts(&mut tx, study).await.unwrap();
    all.iter().find(|p| p.series_uid == uid).unwrap().series.clone()
}

async fn uid_of(bench: &Bench, study: &str) -> String {
    let mut conn = bench.ctx.db.read(&registrar()).await.unwrap();
    conn.one(sql::STUDY, args![study, "*"]).await.unwrap().text("uid").unwrap()
}

#[tokio::test]
async fn images_split_off_or_merged_keep_the_patient_they_were_given() {
    for bench in engines().await.unwrap() {
        let (ctx, reg) = (&bench.ctx, registrar());
        let id = corrected(&bench).await;
        assert_eq!(out(&bench, "1.2.3", SECOND.0, SECOND.1).await.unwrap()[1], "C01-77");

        let wanted = Parts { series: vec![series_of(&bench, &id, SECOND.0).await], instances: Vec::new() };
        let mut tx = begin(&bench, &reg).await;
        let (_, new) = split(&mut tx, ctx, &reg, &id, &wanted, "two examinations").await.unwrap();
        tx.commit().await.unwrap();
        let new_uid = uid_of(&bench, &new).await;
        let apart = out(&bench, &new_uid, SECOND.0, SECOND.1).await.unwrap();
        assert_eq!(apart[1], "C01-77", "{}: the device's id must not come back: {apart:?}", bench.engine);
        assert!(apart[0].contains("卢瑋"), "{apart:?}");

        // Back into the other one: both belong to the same patient, only one of them was ever corrected.
        let mut tx = begin(&bench, &reg).await;
        merge(&mut tx, ctx, &reg, &id, &new, "one examination after all").await.unwrap();
        tx.commit().await.unwrap();
        let together = out(&bench, &new_uid, FIRST.0, FIRST.1).await.unwrap();
        assert_eq!(together[1], "C01-77", "{}: {together:?}", bench.engine);

        // Nobody's again: what was said of the single images ends, too, and what is named by its content has another name.
        let tag = async || {
            let mut conn = ctx.db.read(&reg).await.unwrap();
            retrieve::by_uid(&mut conn, &reg, &new_uid, SECOND.0, SECOND.1).await.unwrap().etag()
        };
        let before = tag().await;
        let mut tx = begin(&bench, &reg).await;
        let act = unlink(&mut tx, ctx, &reg, &new, "somebody else").await.unwrap();
        tx.commit().await.unwrap();
        for (series, instance) in [FIRST, SECOND] {
            let told = out(&bench, &new_uid, series, instance).await.unwrap();
            assert_eq!(told[1], "0", "{}: as the device said it: {told:?}", bench.engine);
        }
        assert_ne!(tag().await, before);
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "it was him").await.unwrap();
        tx.commit().await.unwrap();
        for (series, instance) in [FIRST, SECOND] {
            assert_eq!(out(&bench, &new_uid, series, instance).await.unwrap()[1], "C01-77", "{instance}");
        }
    }
}

#[tokio::test]
async fn a_legal_hold_goes_with_the_images() {
    for bench in engines().await.unwrap() {
        let (ctx, reg) = (&bench.ctx, registrar());
        let id = corrected(&bench).await;
        let lead = person("lead", "LEAD", &[Role::Lead]);
        let mut tx = begin(&bench, &lead).await;
        retention::hold(&mut tx, ctx, &lead, &id, "court").await.unwrap();
        tx.commit().await.unwrap();
        let wanted = Parts { series: vec![series_of(&bench, &id, SECOND.0).await], instances: Vec::new() };
        let mut tx = begin(&bench, &reg).await;
        let (act, new) = split(&mut tx, ctx, &reg, &id, &wanted, "two examinations").await.unwrap();
        tx.commit().await.unwrap();
        // One that is put on what was split off comes back with the images.
        let mut tx = begin(&bench, &lead).await;
        retention::release(&mut tx, ctx, &lead, &id, "over").await.unwrap();
        undo(&mut tx, ctx, &reg, &act, "one examination").await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&lead).await.unwrap();
        for study in [&id, &new] {
            let hold = retention::show::of_study(&mut conn, &lead, study).await.unwrap();
            assert_eq!(hold.map(|h| h.reason).as_deref(), Some("court"), "{}", bench.engine);
        }
    }
}

#[tokio::test]
async fn a_restored_image_does_not_push_out_the_version_that_took_its_place() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        let first = send(&bench, &peer, &Shot::default()).await.unwrap().instance;
        let second = send(&bench, &peer, &Shot { pixel: 9, ..Shot::default() }).await.unwrap().instance;
        let id = study(&bench, "C01", "1.2.3").await;
        let mut tx = begin(&bench, &reg).await;
        hide(&mut tx, ctx, &reg, &id, std::slice::from_ref(&first), "113001", "motion").await.unwrap();
        promote(&mut tx, ctx, &reg, &second, false, "taken again").await.unwrap();
        let back =
            restore(&mut tx, ctx, &reg, &id, std::slice::from_ref(&first), "to compare").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(images(&bench, &id).await, 1, "{}: one image, one version of it", bench.engine);
        let shown = async || {
            let permit = Permit::peer("AEC01", "C01");
            let mut conn = ctx.db.read(&permit).await.unwrap();
            retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap().id
        };
        assert_eq!(shown().await, second);
        // It is an older version now, and can be chosen like any other.
        let mut tx = begin(&bench, &reg).await;
        let act = promote(&mut tx, ctx, &reg, &first, false, "it was the better one").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((shown().await, images(&bench, &id).await), (first.clone(), 1));
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "no").await.unwrap();
        undo(&mut tx, ctx, &reg, &back, "no").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((shown().await, images(&bench, &id).await), (second, 1));
    }
}

#[tokio::test]
async fn one_uid_in_two_studies_is_two_images() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let other =
            Shot {
                study: "1.9", series: "1.9.1", patient: "P2", name: "李^四", pixel: 3, ..Shot::default()
            };
        let theirs = send(&bench, &peer, &other).await.unwrap();
        assert_eq!(theirs.reason, "same-uid-other-study");
        let (a, b) = (study(&bench, "C01", "1.2.3").await, study(&bench, "C01", "1.9").await);
        let mut tx = begin(&bench, &reg).await;
        promote(&mut tx, ctx, &reg, &theirs.instance, false, "another patient's").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &b).await), (1, 1), "{}", bench.engine);
        assert_eq!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap()[1], "P1");
        assert_eq!(out(&bench, "1.9", "1.9.1", "1.2.3.4.5").await.unwrap()[1], "P2");

        // A device rejects the image of one of them: the other's stays.
        let device = Permit::peer("AEC01", "C01");
        let named = [("1.2.3".to_owned(), "1.2.3.4.5".to_owned())];
        let mut tx = begin(&bench, &device).await;
        let acts =
            super::super::hide::reject(&mut tx, ctx, &device, &named, "113001", "motion").await.unwrap();
        assert_eq!(acts.len(), 1);
        undo(&mut tx, ctx, &reg, &acts[0], "no").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &b).await), (1, 1), "{}", bench.engine);

        // Brought together after all, one of the two is shown; taken back, both are.
        let mut tx = begin(&bench, &reg).await;
        let act = merge(&mut tx, ctx, &reg, &b, &a, "one examination").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &b).await), (1, 0), "{}", bench.engine);
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "two").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &b).await), (1, 1), "{}", bench.engine);
    }
}

#[tokio::test]
async fn what_was_held_leaves_for_the_facility_it_came_for() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        // A person's upload: another patient under a known study UID.
        let web = Peer::web("account-1", "Li", "C01");
        let stranger = Shot { instance: "1.2.3.4.9", patient: "P9", name: "赵^六", ..Shot::default() };
        send(&bench, &web, &stranger).await.unwrap();
        let held = open_entries(&bench).await;
        assert_eq!(held.len(), 1, "{held:?}");
        let (_, new) =
            index_held(ctx, &reg, &held[0].id, None, false, "two patients under one number").await.unwrap();
        let mut conn = ctx.db.read(&reg).await.unwrap();
        let row = conn.one(sql::STUDY, args![&new, "*"]).await.unwrap();
        assert_eq!(row.text("facility").unwrap(), "C01");
        assert!(open_entries(&bench).await.is_empty());
    }
}
