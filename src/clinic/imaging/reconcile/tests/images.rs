//! What belongs together, and what is shown.

use super::*;

#[tokio::test]
async fn images_are_split_moved_and_merged() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        for (series, instance) in
            [("1.2.3.4", "1.2.3.4.5"), ("1.2.3.4", "1.2.3.4.6"), ("1.2.3.7", "1.2.3.7.1")]
        {
            send(&bench, &peer, &Shot { series, instance, ..Shot::default() }).await.unwrap();
        }
        let other = Shot {
            study: "1.9",
            series: "1.9.1",
            instance: "1.9.1.1",
            patient: "P2",
            name: "李^四",
            ..Shot::default()
        };
        send(&bench, &peer, &other).await.unwrap();
        let (a, b) = (study(&bench, "C01", "1.2.3").await, study(&bench, "C01", "1.9").await);
        settle(&bench, &a).await;
        settle(&bench, &b).await;
        let (parts_of_a, reg) = {
            let mut tx = begin(&bench, &reg).await;
            (place::parts(&mut tx, &a).await.unwrap(), reg)
        };
        let whole = parts_of_a.iter().find(|p| p.series_uid == "1.2.3.7").unwrap().series.clone();
        let single = parts_of_a.iter().find(|p| p.series_uid == "1.2.3.4").unwrap().id.clone();

        // A whole series keeps its UID, a part of one gets a new one.
        let wanted = Parts { series: vec![whole], instances: vec![single] };
        let mut tx = begin(&bench, &reg).await;
        let (act, new) = split(&mut tx, ctx, &reg, &a, &wanted, "two examinations").await.unwrap();
        let new_uid = tx.one(sql::STUDY, args![&new, "*"]).await.unwrap().text("uid").unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &new).await), (1, 2));
        assert!(out(&bench, &new_uid, "1.2.3.7", "1.2.3.7.1").await.is_some());
        assert!(out(&bench, "1.2.3", "1.2.3.7", "1.2.3.7.1").await.is_none());
        settle(&bench, &new).await;
        assert_eq!(work_state(&bench, &new).await.as_deref(), Some("queued"), "the new study is work");
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "it was one").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &new).await), (3, 0));
        assert!(out(&bench, "1.2.3", "1.2.3.7", "1.2.3.7.1").await.is_some());
        assert_eq!(work_state(&bench, &new).await.as_deref(), Some("cancelled"));

        // Everything of b goes under a and then says that it is a's patient.
        let mut tx = begin(&bench, &reg).await;
        let act = merge(&mut tx, ctx, &reg, &b, &a, "the same examination").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((images(&bench, &a).await, images(&bench, &b).await), (4, 0));
        assert_eq!(out(&bench, "1.2.3", "1.9.1", "1.9.1.1").await.unwrap()[1], "P1");
        assert_eq!(work_state(&bench, &b).await.as_deref(), Some("cancelled"));
        let permit = Permit::peer("AEC01", "C01");
        {
            let mut conn = ctx.db.read(&permit).await.unwrap();
            let found = ask(&mut conn, &permit, Level::Study, &[]).await;
            assert_eq!(found.len(), 1, "a study of which nothing is left is not found: {found:?}");
        }
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "no").await.unwrap();
        tx.commit().await.unwrap();
        settling::settle_with(ctx, &b).await.unwrap();
        assert_eq!(out(&bench, "1.9", "1.9.1", "1.9.1.1").await.unwrap()[1], "P2");
        assert_eq!(work_state(&bench, &b).await.as_deref(), Some("queued"));
        let mut tx = begin(&bench, &reg).await;
        let all = place::parts(&mut tx, &a).await.unwrap();
        let every = Parts { series: Vec::new(), instances: all.iter().map(|p| p.id.clone()).collect() };
        assert_eq!(split(&mut tx, ctx, &reg, &a, &every, "x").await.unwrap_err().code(), "whole_study");
    }
}

#[tokio::test]
async fn a_version_is_told_apart_promoted_and_demoted() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let header = send(&bench, &peer, &Shot { description: "胸部正位", ..Shot::default() }).await.unwrap();
        assert_eq!(header.reason, "header-differs");
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        assert_eq!(
            work_state(&bench, &id).await.as_deref(),
            Some("queued"),
            "a changed header holds nothing back"
        );
        let card = card(ctx, &reg, &open_entries(&bench).await[0].id).await.unwrap();
        assert_eq!(card["diff"].as_array().unwrap().len(), 1, "{}", card["diff"]);
        assert_eq!(card["diff"][0]["keyword"], "StudyDescription");

        let pixels = send(&bench, &peer, &Shot { pixel: 9, ..Shot::default() }).await.unwrap();
        assert_eq!(pixels.reason, "pixels-differ");
        let mut tx = begin(&bench, &reg).await;
        let act =
            promote(&mut tx, ctx, &reg, &pixels.instance, false, "the first was cut off").await.unwrap();
        tx.commit().await.unwrap();
        let now = |bench: &Bench| {
            let ctx = bench.ctx.clone();
            async move {
                let permit = Permit::peer("AEC01", "C01");
                let mut conn = ctx.db.read(&permit).await.unwrap();
                let stored =
                    retrieve::by_uid(&mut conn, &permit, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
                retrieve::frame_bytes(&ctx, &stored, 0).await.unwrap()[0]
            }
        };
        assert_eq!((now(&bench).await, images(&bench, &id).await), (9, 1));
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "the first was right").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((now(&bench).await, images(&bench, &id).await), (7, 1));
        assert_eq!(open_entries(&bench).await.len(), 2, "the entry of the version is open again");
    }
}

#[tokio::test]
async fn a_pixel_conflict_before_reading_waits_for_a_person() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        send(&bench, &peer, &Shot { pixel: 9, ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        assert_eq!(work_state(&bench, &id).await, None);
        let entry = open_entries(&bench).await.remove(0);
        let mut tx = begin(&bench, &reg).await;
        quarantine::release(&mut tx, ctx, &reg, &entry.id, "the first is the true one").await.unwrap();
        tx.commit().await.unwrap();
        settling::settle_with(ctx, &id).await.unwrap();
        assert_eq!(work_state(&bench, &id).await.as_deref(), Some("queued"));
    }
}

#[tokio::test]
async fn rejected_images_are_hidden_and_come_back() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        let first = send(&bench, &peer, &Shot::default()).await.unwrap().instance;
        send(&bench, &peer, &Shot { instance: "1.2.3.4.6", pixel: 8, ..Shot::default() }).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let mut tx = begin(&bench, &reg).await;
        let bad = hide(&mut tx, ctx, &reg, &id, std::slice::from_ref(&first), "1", "x").await.unwrap_err();
        assert!(matches!(bad, Fault::Invalid { .. }));
        hide(&mut tx, ctx, &reg, &id, std::slice::from_ref(&first), "113001", "motion").await.unwrap();
        tx.commit().await.unwrap();
        assert!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_none());
        assert_eq!(images(&bench, &id).await, 1);
        assert_eq!(
            send(&bench, &peer, &Shot::default()).await.unwrap().outcome,
            crate::imaging::Outcome::Same,
            "sent again it stays hidden"
        );
        assert!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_none());
        let mut tx = begin(&bench, &reg).await;
        let back =
            restore(&mut tx, ctx, &reg, &id, std::slice::from_ref(&first), "good enough").await.unwrap();
        tx.commit().await.unwrap();
        assert!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_some());
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &back, "no").await.unwrap();
        tx.commit().await.unwrap();
        assert!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.is_none());

        // A rejection note of the device hides the last one: nothing is left to read.
        let device = peer.permit();
        let mut tx = begin(&bench, &device).await;
        let uids = ["1.2.3.4.6".to_owned(), "9.9".to_owned()];
        let uids = uids.map(|instance| ("1.2.3".to_owned(), instance));
        assert_eq!(reject(&mut tx, ctx, &device, &uids, "113037", "KOS").await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        assert_eq!(work_state(&bench, &id).await.as_deref(), Some("cancelled"));
        let stranger = Permit::peer("AEC02", "C02");
        let mut tx = begin(&bench, &stranger).await;
        assert!(reject(&mut tx, ctx, &stranger, &uids, "113037", "KOS").await.unwrap().is_empty());
        assert!(
            restore(&mut tx, ctx, &person("x", "C02", &[Role::Registrar]), &id, &[first], "x").await.is_err()
        );
    }
}
