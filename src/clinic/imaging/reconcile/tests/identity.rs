//! Whose images they are.

use super::*;

#[tokio::test]
async fn a_junk_id_gets_its_patient_and_loses_it_again() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot { patient: "0", ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        assert_eq!(work_state(&bench, &id).await, None, "no reading task before somebody says whose it is");
        let before = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();

        let seen = Seen {
            local_id: "C01-77".into(),
            name: "卢瑋".into(),
            sex: "M".into(),
            birth_date: "19600101".into(),
            ..Seen::default()
        };
        let mut tx = begin(&bench, &reg).await;
        let act = assign(&mut tx, ctx, &reg, &id, &Person::New(seen), "called the clinic").await.unwrap();
        tx.commit().await.unwrap();
        settling::settle_with(ctx, &id).await.unwrap();
        assert_eq!(work_state(&bench, &id).await.as_deref(), Some("queued"));
        let after = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        assert!(after[0].contains("卢瑋"), "{after:?}");
        assert_eq!((after[1].as_str(), after[3].as_str()), ("C01-77", "GB18030"));
        assert!(open_entries(&bench).await.is_empty());
        {
            let permit = Permit::peer("AEC01", "C01");
            let mut conn = ctx.db.read(&permit).await.unwrap();
            let found = ask(&mut conn, &permit, Level::Study, &[(tag::PATIENT_ID, "C01-77")]).await;
            assert_eq!(found.len(), 1, "the index follows");
            assert!(found[0].text(tag::PATIENT_NAME).contains("卢瑋"), "{found:?}");
        }

        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "wrong person").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap(), before);
        assert_eq!(work_state(&bench, &id).await.as_deref(), Some("cancelled"));
        assert_eq!(open_entries(&bench).await.len(), 1);
        let mut tx = begin(&bench, &reg).await;
        let again = undo(&mut tx, ctx, &reg, &act, "again").await.unwrap_err();
        assert_eq!(again.code(), "undone");
        drop(tx);

        let mut conn = ctx.db.read(&reg).await.unwrap();
        let past = history(&mut conn, &reg, &id).await.unwrap();
        assert_eq!(past.iter().map(|p| p.operation.as_str()).collect::<Vec<_>>(), ["undo", "assign_patient"]);
        assert_eq!(past[1].undone_by.as_deref(), Some(past[0].id.as_str()));
        let stranger = person("other", "C02", &[Role::Registrar]);
        assert!(history(&mut conn, &stranger, &id).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_order_is_linked_and_unlinked() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let mut tx = begin(&bench, &reg).await;
        let seen = Seen { local_id: "P2".into(), name: "李四".into(), ..Seen::default() };
        let patient = yigong_base::patient::link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let new = order::place::NewOrder {
            patient,
            pipeline: "imaging".into(),
            priority: "emergency".into(),
            items: vec![chest()],
            ..Default::default()
        };
        let placed = order::place::place(&mut tx, ctx, &reg, "C01", &new).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = begin(&bench, &reg).await;
        let act =
            link_order(&mut tx, ctx, &reg, &id, &placed.id, "typed by hand at the device").await.unwrap();
        tx.commit().await.unwrap();
        let after = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        assert_eq!((after[1].as_str(), after[2].as_str()), ("P2", placed.filler_no.as_str()));
        let mut tx = begin(&bench, &reg).await;
        let item = worklist::admit::of_subject(&mut tx, &id, "write").await.unwrap().unwrap();
        assert_eq!(item.priority, "emergency", "the item takes over the class of the order");
        let second = unlink(&mut tx, ctx, &reg, &id, "not this order").await.unwrap();
        tx.commit().await.unwrap();
        let nobody = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        assert_eq!(nobody[..3], ["王^小东", "P1", ""], "as the device sent it");
        assert_eq!(work_state(&bench, &id).await.as_deref(), Some("cancelled"));
        assert_eq!(open_entries(&bench).await[0].reason, "unlinked");
        let task = "SELECT COUNT(*) AS n FROM study_grant WHERE reason = 'read_task'";
        let left = ctx.db.read(&reg).await.unwrap().one(task, args![]).await.unwrap().int("n").unwrap();
        assert_eq!(left, 0, "the reading hospital's devices see it no more");

        let mut tx = begin(&bench, &reg).await;
        let order = undo(&mut tx, ctx, &reg, &act, "too early").await.unwrap_err();
        assert_eq!(order.code(), "later_act");
        drop(tx);
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &second, "it was right").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap(), after);
        assert!(open_entries(&bench).await.is_empty());
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "not that either").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap()[1], "P1");
    }
}

#[tokio::test]
async fn a_strangers_image_becomes_a_study_of_its_own() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        for instance in ["1.2.3.4.7", "1.2.3.4.8"] {
            send(&bench, &peer, &Shot { instance, patient: "P2", name: "李^四", ..Shot::default() })
                .await
                .unwrap();
        }
        let held = open_entries(&bench).await;
        assert_eq!(held.len(), 2);
        let (act, new) =
            index_held(ctx, &reg, &held[0].id, None, false, "two patients under one number").await.unwrap();
        let (_, same) = index_held(ctx, &reg, &held[1].id, None, false, "the second one").await.unwrap();
        assert_eq!(new, same, "images of one stranger come together");
        let (uid, series) = {
            let mut conn = ctx.db.read(&reg).await.unwrap();
            let row = conn.one(sql::STUDY, args![&new, "C01"]).await.unwrap();
            let parts = conn.all(sql::PARTS, args![&new]).await.unwrap();
            (row.text("uid").unwrap(), parts[0].text("series_uid").unwrap())
        };
        assert!(uid.starts_with("2.25."));
        assert_eq!(out(&bench, &uid, &series, "1.2.3.4.7").await.unwrap()[1], "P2");
        settle(&bench, &new).await;
        assert_eq!(work_state(&bench, &new).await.as_deref(), Some("queued"));
        let mut tx = begin(&bench, &reg).await;
        let refused = undo(&mut tx, ctx, &reg, &act, "x").await.unwrap_err();
        assert_eq!(refused.code(), "later_act");
        drop(tx);
        let past = {
            let mut conn = ctx.db.read(&reg).await.unwrap();
            history(&mut conn, &reg, &new).await.unwrap()
        };
        for act in past.iter().map(|p| &p.id) {
            let mut tx = begin(&bench, &reg).await;
            undo(&mut tx, ctx, &reg, act, "hold them again").await.unwrap();
            tx.commit().await.unwrap();
        }
        assert!(out(&bench, &uid, &series, "1.2.3.4.7").await.is_none());
        assert_eq!(open_entries(&bench).await.len(), 2);
        let (_, third) = index_held(ctx, &reg, &held[0].id, None, false, "after all").await.unwrap();
        assert_eq!(third, new);
        let mut back = 0;
        for instance in ["1.2.3.4.7", "1.2.3.4.8"] {
            back += usize::from(out(&bench, &uid, &series, instance).await.is_some());
        }
        assert_eq!(back, 1, "the one that was indexed again");

        // The last one goes straight into a chosen study of the facility, under its patient; undone act by act.
        let chosen = study(&bench, "C01", "1.2.3").await;
        let last = open_entries(&bench).await.remove(0);
        let stranger = person("x", "C02", &[Role::Registrar]);
        assert!(index_held(ctx, &stranger, &last.id, Some(&chosen), false, "x").await.is_err());
        let nowhere = index_held(ctx, &reg, &last.id, Some("no study"), false, "x").await;
        assert!(matches!(nowhere, Err(Fault::NotFound { .. })));
        assert_eq!(open_entries(&bench).await.len(), 1, "nothing has changed");
        let before = images(&bench, &chosen).await;
        let (_, got) =
            index_held(ctx, &reg, &last.id, Some(&chosen), false, "it is his after all").await.unwrap();
        assert_eq!((got.as_str(), images(&bench, &chosen).await), (chosen.as_str(), before + 1));
        assert!(open_entries(&bench).await.is_empty());
        let mut conn = ctx.db.read(&reg).await.unwrap();
        let parts = conn.all(sql::PARTS, args![&chosen]).await.unwrap();
        let came = parts
            .iter()
            .find(|p| p.text("uid").unwrap() == last.detail["instance_uid"].as_str().unwrap())
            .unwrap();
        let (series, uid) = (came.text("series_uid").unwrap(), came.text("uid").unwrap());
        let past = history(&mut conn, &reg, &chosen).await.unwrap();
        drop(conn);
        assert_eq!(out(&bench, "1.2.3", &series, &uid).await.unwrap()[1], "P1", "it goes out as his");
        assert_eq!(past[0].operation, "move");
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &past[0].id, "no").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(images(&bench, &chosen).await, before);
    }
}

#[tokio::test]
async fn the_set_of_a_device_is_put_right_with_its_images() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        // One rare character and no label: the bytes alone do not decide.
        let doubtful = Shot { label: "", name: "玘", description: "", ..Shot::default() };
        send(&bench, &peer, &doubtful).await.unwrap();
        let entry = open_entries(&bench).await.into_iter().find(|e| e.lane == "charset");
        let Some(entry) = entry else { panic!("no doubt on {}", bench.engine) };
        let card = card(ctx, &reg, &entry.id).await.unwrap();
        assert!(
            card["said"]["readings"].as_array().unwrap().iter().any(|r| r["name"] == "玘"),
            "{}",
            card["said"]
        );
        let mut tx = begin(&bench, &reg).await;
        assert!(fix_charset(&mut tx, ctx, &reg, &entry.id, "KLINGON", "x").await.is_err());
        fix_charset(&mut tx, ctx, &reg, &entry.id, "GB18030", "domestic device").await.unwrap();
        tx.commit().await.unwrap();
        reindex(ctx, &peer.id, &json!({"who": "reg", "why": "domestic device"})).await.unwrap();
        let after = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        assert_eq!((after[0].as_str(), after[3].as_str()), ("玘", "GB18030"));
        assert!(open_entries(&bench).await.is_empty());
        let id = study(&bench, "C01", "1.2.3").await;
        let past = {
            let mut conn = ctx.db.read(&reg).await.unwrap();
            history(&mut conn, &reg, &id).await.unwrap()
        };
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &past[0].id, "no").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap()[3], "");
        assert_eq!(open_entries(&bench).await.len(), 1);
    }
}

/// The whole object as a receiver gets it.
async fn whole(bench: &Bench, study_uid: &str, instance: &str) -> Object {
    let permit = Permit::peer("AEC01", "C01");
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    let stored = retrieve::by_uid(&mut conn, &permit, study_uid, "1.2.3.4", instance).await.unwrap();
    drop(conn);
    Object::parse(&egress::bytes(&bench.ctx, &stored).await.unwrap(), None).unwrap()
}

const OTHER_IDS: Tag = Tag(0x0010_1000);
const ALLERGIES: Tag = Tag(0x0010_2110);
const PROCEDURE: Tag = Tag(0x0040_1001);
const WEIGHT: Tag = Tag(0x0010_1030);

/// An image that says more of its patient and order than their names.
fn talkative() -> Vec<u8> {
    let said = [
        Change::of(OTHER_IDS, Vr::LO, "33010219600101001X"),
        Change::of(ALLERGIES, Vr::LO, "IODINE"),
        Change::of(PROCEDURE, Vr::SH, "RP1"),
        Change::of(WEIGHT, Vr::DS, "61"),
        Change::of(tag::PATIENT_COMMENTS, Vr::LT, "DEAF"),
    ];
    overlay::apply(&Shot::default().bytes(), &said).unwrap()
}

fn there(object: &Object) -> [bool; 4] {
    [OTHER_IDS, ALLERGIES, PROCEDURE, WEIGHT].map(|t| object.root().has(t))
}

#[tokio::test]
async fn nothing_of_the_wrong_person_goes_out_with_the_right_name() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send_bytes(&bench, &peer, &talkative()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let remark = async |patient: &str| {
            let permit = Permit::peer("AEC01", "C01");
            let mut conn = ctx.db.read(&permit).await.unwrap();
            let found = ask(&mut conn, &permit, Level::Study, &[(tag::PATIENT_ID, patient)]).await;
            found[0].text(tag::PATIENT_COMMENTS).to_owned()
        };
        assert_eq!(remark("P1").await, "DEAF");
        assert_eq!(there(&whole(&bench, "1.2.3", "1.2.3.4.5").await), [true; 4]);

        // The same person under a better name: what is known of him stays.
        let mut tx = begin(&bench, &reg).await;
        let row = tx.one(sql::STUDY, args![&id, "*"]).await.unwrap();
        let same = Person::Known(row.text("patient").unwrap());
        assign(&mut tx, ctx, &reg, &id, &same, "the same man").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(there(&whole(&bench, "1.2.3", "1.2.3.4.5").await), [true; 4]);

        let mut tx = begin(&bench, &reg).await;
        let seen = Seen { local_id: "P2".into(), name: "李四".into(), ..Seen::default() };
        let act = assign(&mut tx, ctx, &reg, &id, &Person::New(seen), "another man").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(remark("P2").await, "");
        let other = whole(&bench, "1.2.3", "1.2.3.4.5").await;
        assert_eq!(
            (other.root().text(tag::PATIENT_ID).as_str(), there(&other)),
            ("P2", [false, false, true, true])
        );

        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "it was him").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(there(&whole(&bench, "1.2.3", "1.2.3.4.5").await), [true; 4]);

        let mut tx = begin(&bench, &reg).await;
        let seen = Seen { local_id: "P3".into(), name: "王五".into(), ..Seen::default() };
        let patient = yigong_base::patient::link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let new = order::place::NewOrder {
            patient,
            pipeline: "imaging".into(),
            items: vec![chest()],
            ..Default::default()
        };
        let placed = order::place::place(&mut tx, ctx, &reg, "C01", &new).await.unwrap();
        link_order(&mut tx, ctx, &reg, &id, &placed.id, "his order").await.unwrap();
        tx.commit().await.unwrap();
        let linked = whole(&bench, "1.2.3", "1.2.3.4.5").await;
        assert_eq!(
            (linked.root().text(tag::ACCESSION), there(&linked)),
            (placed.filler_no.clone(), [false, false, false, true])
        );
        let mut tx = begin(&bench, &reg).await;
        unlink(&mut tx, ctx, &reg, &id, "nobody's").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(there(&whole(&bench, "1.2.3", "1.2.3.4.5").await), [true; 4], "as the device sent it");
    }
}

#[tokio::test]
async fn moved_images_leave_their_words_behind_when_they_change_persons() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send_bytes(&bench, &peer, &talkative()).await.unwrap();
        let other = Shot { study: "1.2.9", series: "1.2.9.1", instance: "1.2.9.1.1", ..Shot::default() };
        send(&bench, &peer, &Shot { patient: "P9", name: "赵^六", ..other }).await.unwrap();
        let own = Shot { instance: "1.2.3.4.6", ..Shot::default() };
        send(&bench, &peer, &own).await.unwrap();
        let (from, to) = (study(&bench, "C01", "1.2.3").await, study(&bench, "C01", "1.2.9").await);
        settle(&bench, &from).await;
        settle(&bench, &to).await;
        // A study of its own, of the same patient: his words go with the image.
        let mut tx = begin(&bench, &reg).await;
        let row = tx.one("SELECT id FROM instance WHERE uid = $1", args!["1.2.3.4.5"]).await.unwrap();
        let one = Parts { series: Vec::new(), instances: vec![row.text("id").unwrap()] };
        let (_, apart) = split(&mut tx, ctx, &reg, &from, &one, "two examinations").await.unwrap();
        let uid = tx.one(sql::STUDY, args![&apart, "*"]).await.unwrap().text("uid").unwrap();
        let series = tx.all(sql::PARTS, args![&apart]).await.unwrap()[0].text("series_uid").unwrap();
        tx.commit().await.unwrap();
        let object = async |study: &str, series: &str| {
            let permit = Permit::peer("AEC01", "C01");
            let mut conn = ctx.db.read(&permit).await.unwrap();
            let stored = retrieve::by_uid(&mut conn, &permit, study, series, "1.2.3.4.5").await.unwrap();
            drop(conn);
            Object::parse(&egress::bytes(ctx, &stored).await.unwrap(), None).unwrap()
        };
        assert_eq!(there(&object(&uid, &series).await), [true; 4]);

        let mut tx = begin(&bench, &reg).await;
        merge(&mut tx, ctx, &reg, &apart, &to, "it was him").await.unwrap();
        tx.commit().await.unwrap();
        let moved = object("1.2.9", &series).await;
        assert_eq!(
            (moved.root().text(tag::PATIENT_ID).as_str(), there(&moved)),
            ("P9", [false, false, true, true])
        );
    }
}

/// Of forty orders of a busy morning the one that was made for the examination stands first, with what speaks for it.
#[tokio::test]
async fn the_likeliest_order_stands_first() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        let mut wanted = String::new();
        for n in 0..40 {
            let mut tx = begin(&bench, &reg).await;
            let name = if n == 3 { "王小东".to_owned() } else { format!("赵{n}") };
            let seen = Seen { local_id: format!("L{n}"), name, ..Seen::default() };
            let patient = yigong_base::patient::link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
            let new = order::place::NewOrder {
                patient,
                pipeline: "imaging".into(),
                items: vec![chest()],
                ..Default::default()
            };
            let placed = order::place::place(&mut tx, ctx, &reg, "C01", &new).await.unwrap();
            if n == 3 {
                wanted = placed.id;
            }
            tx.commit().await.unwrap();
            bench.clock.advance(60_000);
        }
        send(&bench, &peer, &Shot { patient: "", ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        let mut conn = bench.ctx.db.read(&reg).await.unwrap();
        let list = orders(&mut conn, &reg, &id, "").await.unwrap();
        assert_eq!((list.len(), &list[0].id), (20, &wanted), "{}", bench.engine);
        assert_eq!(list[0].why, ["name", "time", "modality"], "{}", bench.engine);
        let found = orders(&mut conn, &reg, &id, "L39").await.unwrap();
        assert_eq!((found.len(), found[0].local_id.as_str()), (1, "L39"), "{}", bench.engine);
    }
}
