//! What becomes of order and work when it turns out whose images they are.

use super::*;

#[tokio::test]
async fn another_person_does_not_take_the_order_along() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let id = study(&bench, "C01", "1.2.3").await;
        settle(&bench, &id).await;
        let mut tx = begin(&bench, &reg).await;
        let mut people = Vec::new();
        for (local, name) in [("P2", "李四"), ("P3", "王五")] {
            let seen = Seen { local_id: local.into(), name: name.into(), ..Seen::default() };
            people.push(yigong_base::patient::link(&mut tx, ctx, "C01", &seen).await.unwrap().id);
        }
        let new = order::place::NewOrder {
            patient: people[0].clone(),
            pipeline: "imaging".into(),
            priority: "routine".into(),
            items: vec![chest()],
            ..Default::default()
        };
        let placed = order::place::place(&mut tx, ctx, &reg, "C01", &new).await.unwrap();
        link_order(&mut tx, ctx, &reg, &id, &placed.id, "typed by hand").await.unwrap();
        tx.commit().await.unwrap();
        let linked = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        let state = async |bench: &yigong_base::testing::Bench| {
            let mut conn = bench.ctx.db.read(&reg).await.unwrap();
            let study = conn.one(sql::STUDY, args![&id, "*"]).await.unwrap();
            let order = conn.one(sql::ORDER, args![&placed.id, "C01"]).await.unwrap();
            (study.opt_text("order_id").unwrap(), order.text("state").unwrap())
        };
        assert_eq!(state(&bench).await, (Some(placed.id.clone()), "received".into()));

        let mut tx = begin(&bench, &reg).await;
        let act =
            assign(&mut tx, ctx, &reg, &id, &Person::Known(people[1].clone()), "mixed up").await.unwrap();
        tx.commit().await.unwrap();
        let after = out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap();
        assert_eq!((after[1].as_str(), after[2].as_str()), ("P3", ""), "nor the number of the order");
        assert_eq!(state(&bench).await, (None, "ordered".into()), "it is to be made again");

        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "it was right").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(out(&bench, "1.2.3", "1.2.3.4", "1.2.3.4.5").await.unwrap(), linked);
        assert_eq!(state(&bench).await, (Some(placed.id.clone()), "received".into()));
    }
}

/// A study whose text waits for the auditor.
struct Written {
    id: String,
    peer: yigong_base::site::Peer,
    writer: yigong_base::access::Permit,
    /// The item before it was taken.
    item: worklist::ItemRow,
    held: worklist::ItemRow,
    report: String,
}

async fn written(bench: &Bench) -> Written {
    let (ctx, peer) = (&bench.ctx, device(bench, "C01").await);
    send(bench, &peer, &Shot::default()).await.unwrap();
    let id = study(bench, "C01", "1.2.3").await;
    settle(bench, &id).await;
    let writer = person("w", "LEAD", &[Role::Writer]);
    let mut tx = begin(bench, &writer).await;
    let item = worklist::admit::of_subject(&mut tx, &id, "write").await.unwrap().unwrap();
    let held = worklist::claim(&mut tx, ctx, &writer, &item.id).await.unwrap();
    let report = crate::report::open::open_for(&mut tx, ctx, &held).await.unwrap();
    tx.commit().await.unwrap();
    let sections = crate::report::content::Sections {
        findings: "双肺纹理清晰,心影不大。".into(),
        impression: "未见明显异常。".into(),
        ..Default::default()
    };
    let act = crate::report::submit::Act {
        report: &report,
        item: &held.id,
        epoch: held.epoch,
        sections: &sections,
        confirm: true,
    };
    crate::report::submit::submit(ctx, &writer, &act).await.unwrap();
    Written { id, peer, writer, item, held, report }
}

#[tokio::test]
async fn a_written_study_that_is_taken_away_comes_back_with_its_text() {
    for bench in engines().await.unwrap() {
        let (ctx, reg) = (&bench.ctx, registrar());
        let Written { id, writer, held, report, .. } = written(&bench).await;

        let mut tx = begin(&bench, &reg).await;
        let away = unlink(&mut tx, ctx, &reg, &id, "not this patient").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &away, "it was right").await.unwrap();
        tx.commit().await.unwrap();
        settling::settle_with(ctx, &id).await.unwrap();

        let mut tx = begin(&bench, &writer).await;
        let back = worklist::admit::of_subject(&mut tx, &id, "write").await.unwrap().unwrap();
        assert_eq!((back.id.as_str(), back.state.as_str()), (held.id.as_str(), "queued"), "it is work again");
        let held = worklist::claim(&mut tx, ctx, &writer, &back.id).await.unwrap();
        assert_eq!(crate::report::open::open_for(&mut tx, ctx, &held).await.unwrap(), report);
        tx.commit().await.unwrap();
        let mut conn = ctx.db.read(&writer).await.unwrap();
        let draft = crate::report::draft::current(&mut conn, &writer, &report).await.unwrap();
        assert!(draft.to_string().contains("未见明显异常"), "with the text that was written: {draft}");
        let found = crate::report::open::find(&mut conn, &writer, &report).await.unwrap();
        assert_eq!(found.state, "draft");
    }
}

/// What was written for one patient and turns out to be another's is never read on under the first one's name.
#[tokio::test]
async fn a_text_that_is_sent_back_is_read_under_the_patient_of_today() {
    for bench in engines().await.unwrap() {
        let (ctx, reg) = (&bench.ctx, registrar());
        let Written { id, peer, writer, item, report, .. } = written(&bench).await;

        // The registrar finds the order: another patient, an emergency, and another examination than the device says.
        let mut tx = begin(&bench, &reg).await;
        let seen = Seen { local_id: "P2".into(), name: "李四".into(), ..Seen::default() };
        let other = yigong_base::patient::link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let new = order::place::NewOrder {
            patient: other.clone(),
            pipeline: "imaging".into(),
            priority: "emergency".into(),
            items: vec![chest()],
            ..Default::default()
        };
        let placed = order::place::place(&mut tx, ctx, &reg, "C01", &new).await.unwrap();
        link_order(&mut tx, ctx, &reg, &id, &placed.id, "typed by hand").await.unwrap();
        let audit = worklist::admit::of_subject(&mut tx, &id, "audit").await.unwrap().unwrap();
        let of = |i: &worklist::ItemRow| (i.patient.clone(), i.priority.clone(), i.title.clone());
        let wanted = (other.clone(), "emergency".to_owned(), "胸部正位".to_owned());
        assert_eq!(of(&audit), wanted, "{}: it waits for the auditor", bench.engine);
        assert!(audit.deadline < item.deadline, "{}", bench.engine);
        tx.commit().await.unwrap();
        crate::report::submit::recall(ctx, &writer, &report).await.unwrap();
        let mut tx = begin(&bench, &writer).await;
        let back = worklist::admit::of_subject(&mut tx, &id, "write").await.unwrap().unwrap();
        assert_eq!((back.state.as_str(), &back.patient), ("queued", &other), "{}", bench.engine);
        drop(tx);

        // The same of work that a doubt took away before the order was found.
        let shot =
            Shot { study: "1.3", series: "1.3.1", instance: "1.3.1.1", patient: "P7", ..Shot::default() };
        send(&bench, &peer, &shot).await.unwrap();
        let second = study(&bench, "C01", "1.3").await;
        settle(&bench, &second).await;
        let mut tx = begin(&bench, &reg).await;
        unlink(&mut tx, ctx, &reg, &second, "whose is it").await.unwrap();
        link_order(&mut tx, ctx, &reg, &second, &placed.id, "his as well").await.unwrap();
        tx.commit().await.unwrap();
        settle(&bench, &second).await;
        let mut tx = begin(&bench, &reg).await;
        let item = worklist::admit::of_subject(&mut tx, &second, "write").await.unwrap().unwrap();
        assert_eq!((item.state.as_str(), of(&item)), ("queued", wanted), "{}", bench.engine);
    }
}

/// A study mixes two patients and somebody was told of a finding: when a part of it turns out to be another's, he is asked again.
#[tokio::test]
async fn an_alert_on_a_mixed_study_rings_again_when_a_part_of_it_is_another_patients() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        for (series, instance) in [("1.2.3.4", "1.2.3.4.5"), ("1.2.3.6", "1.2.3.6.5")] {
            send(&bench, &peer, &Shot { series, instance, ..Shot::default() }).await.unwrap();
        }
        let id = study(&bench, "C01", "1.2.3").await;
        let mut tx = begin(&bench, &reg).await;
        let patient = tx.one(sql::STUDY, args![&id, "*"]).await.unwrap().text("patient").unwrap();
        let told = crate::critical::Raise {
            pipeline: "imaging".into(),
            subject_kind: "study".into(),
            subject: id.clone(),
            dedupe: "imaging:mixed".into(),
            patient,
            facility: "C01".into(),
            level: "red".into(),
            finding: "张力性气胸".into(),
            ..Default::default()
        };
        let alert = crate::critical::raise(&mut tx, ctx, &reg, &told).await.unwrap().alert;
        tx.exec(
            "UPDATE critical_alert SET state = 'clinician_ack', acked_by = 'd' WHERE id = $1",
            args![&alert],
        )
        .await
        .unwrap();
        let part = tx.all(sql::PARTS, args![&id]).await.unwrap();
        let wanted = Parts { series: vec![part[1].text("series").unwrap()], instances: Vec::new() };
        let (_, sibling) = split(&mut tx, ctx, &reg, &id, &wanted, "two patients").await.unwrap();
        tx.commit().await.unwrap();
        let state = async || {
            let mut conn = bench.ctx.db.read(&reg).await.unwrap();
            let row = conn
                .one("SELECT state, finding FROM critical_alert WHERE id = $1", args![&alert])
                .await
                .unwrap();
            (row.text("state").unwrap(), row.text("finding").unwrap())
        };
        assert_eq!(state().await.0, "clinician_ack", "of one patient still");
        let mut tx = begin(&bench, &reg).await;
        let seen = Seen { local_id: "P2".into(), name: "李四".into(), ..Seen::default() };
        assign(&mut tx, ctx, &reg, &sibling, &Person::New(seen), "the second one").await.unwrap();
        tx.commit().await.unwrap();
        let (now, finding) = state().await;
        assert_eq!(now, "raised", "{}", bench.engine);
        assert_eq!(finding, "张力性气胸");
    }
}

/// A study was brought together with another one and somebody had been told on it: whoever corrects the patient of the other reaches him.
#[tokio::test]
async fn an_alert_goes_along_when_its_study_is_merged_and_comes_back_when_that_is_undone() {
    for bench in engines().await.unwrap() {
        let (ctx, peer, reg) = (&bench.ctx, device(&bench, "C01").await, registrar());
        send(&bench, &peer, &Shot::default()).await.unwrap();
        let second = Shot { study: "1.2.9", series: "1.2.9.4", instance: "1.2.9.4.5", ..Shot::default() };
        send(&bench, &peer, &second).await.unwrap();
        let (a, b) = (study(&bench, "C01", "1.2.3").await, study(&bench, "C01", "1.2.9").await);
        let mut tx = begin(&bench, &reg).await;
        let patient = tx.one(sql::STUDY, args![&a, "*"]).await.unwrap().text("patient").unwrap();
        let told = crate::critical::Raise {
            pipeline: "imaging".into(),
            subject_kind: "study".into(),
            subject: a.clone(),
            dedupe: format!("imaging:{patient}:x"),
            patient: patient.clone(),
            facility: "C01".into(),
            level: "red".into(),
            finding: "张力性气胸".into(),
            ..Default::default()
        };
        let alert = crate::critical::raise(&mut tx, ctx, &reg, &told).await.unwrap().alert;
        let acked = "UPDATE critical_alert SET state = 'clinician_ack', acked_by = 'd' WHERE id = $1";
        tx.exec(acked, args![&alert]).await.unwrap();
        let act = merge(&mut tx, ctx, &reg, &a, &b, "one examination").await.unwrap();
        tx.commit().await.unwrap();
        let now = async || {
            let mut conn = bench.ctx.db.read(&reg).await.unwrap();
            let sql = "SELECT state, subject, patient FROM critical_alert WHERE id = $1";
            let row = conn.one(sql, args![&alert]).await.unwrap();
            [row.text("state").unwrap(), row.text("subject").unwrap(), row.text("patient").unwrap()]
        };
        assert_eq!(now().await, ["clinician_ack".to_owned(), b.clone(), patient.clone()], "{}", bench.engine);
        // Taken back, it stands where it was.
        let mut tx = begin(&bench, &reg).await;
        undo(&mut tx, ctx, &reg, &act, "two after all").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(now().await, ["clinician_ack".to_owned(), a.clone(), patient.clone()], "{}", bench.engine);
        let mut tx = begin(&bench, &reg).await;
        merge(&mut tx, ctx, &reg, &a, &b, "one examination").await.unwrap();
        let seen = Seen { local_id: "P2".into(), name: "李四".into(), ..Seen::default() };
        assign(&mut tx, ctx, &reg, &b, &Person::New(seen), "another person").await.unwrap();
        tx.commit().await.unwrap();
        let [state, subject, whose] = now().await;
        assert_eq!((state.as_str(), &subject), ("raised", &b), "{}: he is told", bench.engine);
        assert_ne!(whose, patient);
    }
}
