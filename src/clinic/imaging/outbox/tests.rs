//! The life of a batch: put, tried again, given up; rules that forward; who may receive.

use yigong_base::access::Role;
use yigong_base::testing::{Bench, engines};

use super::super::leaving;
use super::super::testing::person;
use super::super::tests::{known, made, send};
use super::rules::forward;
use super::show::{Asked, Entry, Kind, list, objects, one, receivers};
use super::*;

async fn receiver(bench: &Bench, id: &str, facility: &str, policy: Value) -> Peer {
    let p = Peer {
        id: id.into(),
        kind: "dicom".into(),
        facility: facility.into(),
        name: id.into(),
        ae_title: Some(id.to_uppercase()),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: Some(11_113),
        policy,
        enabled: true,
        last_seen_at: None,
    };
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    peer::create(&mut tx, &bench.ctx, &permit, &p).await.unwrap();
    tx.commit().await.unwrap();
    p
}

async fn study(ctx: &Ctx) -> String {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    read.one("SELECT id FROM study", args![]).await.unwrap().text("id").unwrap()
}

/// The jobs that wait are taken and done.
async fn end_jobs(ctx: &Ctx) {
    let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
    tx.exec("DELETE FROM job", args![]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn state(ctx: &Ctx, batch: &str) -> Progress {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    progress(&mut read, batch).await.unwrap()
}

/// Three images of one study, and the receiver `ws` of the same facility; answers who may send them.
async fn three_images_and_a_receiver(bench: &Bench) -> Permit {
    let peer = known(bench).await;
    for instance in ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"] {
        send(bench, &peer, &made(instance)).await.unwrap();
    }
    receiver(bench, "ws", "C01", json!({})).await;
    Permit::peer("CR01", "C01")
}

#[tokio::test]
async fn a_batch_is_tried_until_it_is_taken_or_given_up() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let clinic = three_images_and_a_receiver(&bench).await;
        let study = study(ctx).await;
        let batch = send_study(ctx, &clinic, &study, "ws", &Cause::Move("CR01".into(), 7)).await.unwrap();
        let found = due(ctx, "ws", 10).await.unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].originator, Some(("CR01".into(), 7)));
        let results: Vec<_> = found
            .into_iter()
            .zip([
                Tried::Sent(0),
                Tried::Never(Some(0xC000), "uid".into()),
                Tried::Later(None, "connect: refused".into()),
            ])
            .collect();
        tried(ctx, "ws", &results, None).await.unwrap();
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 1, sent: 1, failed: 1 });
        assert!(due(ctx, "ws", 10).await.unwrap().is_empty(), "a pause first");
        bench.clock.advance(FIRST_PAUSE_MS);
        let again = due(ctx, "ws", 10).await.unwrap();
        assert_eq!(again.len(), 1);
        bench.clock.advance(GIVE_UP_MS);
        let late = vec![(again[0].clone(), Tried::Later(None, "connect: refused".into()))];
        tried(ctx, "ws", &late, None).await.unwrap();
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 0, sent: 1, failed: 2 });
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        assert_eq!(failed(&mut read, &batch).await.unwrap(), ["1.2.3.4.2", "1.2.3.4.3"]);
    }
}

/// What a receiver that breaks off over one object does to a list that stands behind it.
#[tokio::test]
async fn one_object_that_breaks_every_association_holds_nobody_up() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let clinic = three_images_and_a_receiver(&bench).await;
        let batch = send_study(ctx, &clinic, &study(ctx).await, "ws", &Cause::Person).await.unwrap();
        let bad = due(ctx, "ws", 10).await.unwrap()[0].uid.clone();
        let mut runs = 0;
        while state(ctx, &batch).await.sent < 2 {
            runs += 1;
            assert!(runs < 10, "{bad} holds the others up on {}", bench.engine);
            // The receiver takes everything but one, over which it aborts.
            let (mut broken, mut results) = (false, Vec::new());
            for one in due(ctx, "ws", 10).await.unwrap() {
                let what = match (broken, one.uid == bad) {
                    (true, _) => Tried::NotYet("aborted".into()),
                    (false, true) => Tried::Later(None, "aborted".into()),
                    (false, false) => Tried::Sent(0),
                };
                broken |= one.uid == bad;
                results.push((one, what));
            }
            tried(ctx, "ws", &results, None).await.unwrap();
            bench.clock.advance(FIRST_PAUSE_MS);
        }
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 1, sent: 2, failed: 0 });
        // After seven days it is given up, whether its turn came or not.
        bench.clock.advance(GIVE_UP_MS);
        let last = due(ctx, "ws", 10).await.unwrap();
        tried(ctx, "ws", &[(last[0].clone(), Tried::NotYet("aborted".into()))], None).await.unwrap();
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 0, sent: 2, failed: 1 });
    }
}

/// A doubt about the study comes while its images wait for a receiver that is down.
#[tokio::test]
async fn what_a_person_has_to_look_at_waits_for_that_and_goes_on_then() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let clinic = three_images_and_a_receiver(&bench).await;
        let study = study(ctx).await;
        let batch = send_study(ctx, &clinic, &study, "ws", &Cause::Forward).await.unwrap();
        let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
        tx.exec("UPDATE study SET lane = 'identity' WHERE id = $1", args![&study]).await.unwrap();
        tx.commit().await.unwrap();
        let found = due(ctx, "ws", 10).await.unwrap();
        let why = leaving::held_back(ctx, &found[0].instance).await.unwrap().unwrap();
        assert_eq!(words::slug(None, &why), "held_back");
        let held: Vec<_> = found.into_iter().map(|d| (d, Tried::Held(why.clone()))).collect();
        tried(ctx, "ws", &held, None).await.unwrap();
        assert!(due(ctx, "ws", 10).await.unwrap().is_empty(), "not every second");
        // However long it takes.
        bench.clock.advance(2 * GIVE_UP_MS);
        let held: Vec<_> =
            due(ctx, "ws", 10).await.unwrap().into_iter().map(|d| (d, Tried::Held(why.clone()))).collect();
        tried(ctx, "ws", &held, None).await.unwrap();
        assert_eq!(state(ctx, &batch).await, Progress { waiting: 3, sent: 0, failed: 0 }, "{}", bench.engine);
        let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
        tx.exec("UPDATE study SET lane = '' WHERE id = $1", args![&study]).await.unwrap();
        tx.commit().await.unwrap();
        rules::announce(ctx, &study).await.unwrap();
        assert_eq!(due(ctx, "ws", 10).await.unwrap().len(), 3, "{}: at once", bench.engine);
    }
}

#[tokio::test]
async fn nobody_gets_what_its_facility_may_not_see() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        receiver(&bench, "near", "C01", json!({"forward": {"modalities": ["CR"]}})).await;
        receiver(&bench, "ct", "C01", json!({"forward": {"modalities": ["CT"]}})).await;
        receiver(&bench, "far", "C02", json!({"forward": true})).await;
        let study = study(ctx).await;
        let clinic = Permit::peer("CR01", "C01");
        let refused = send_study(ctx, &clinic, &study, "far", &Cause::Person).await;
        assert!(matches!(refused, Err(Fault::Invalid { .. })));
        let stranger = Permit::peer("X", "C02");
        let refused = send_study(ctx, &stranger, &study, "far", &Cause::Person).await;
        assert!(matches!(refused, Err(Fault::NotFound { .. })));
        forward(ctx, &study, "CR").await.unwrap();
        forward(ctx, &study, "CR").await.unwrap();
        for (id, n) in [("near", 1), ("ct", 0), ("far", 0)] {
            assert_eq!(due(ctx, id, 10).await.unwrap().len(), n, "{id}");
        }
        let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
        let all = Asked::default();
        let shown = list(&mut read, ctx, &clinic, &all, 10).await.unwrap();
        assert_eq!(shown.len(), 1, "a rule acts for the facility that receives");
        assert_eq!((shown[0].to.as_str(), shown[0].cause.as_str()), ("near", "forward"));
        assert!(list(&mut read, ctx, &stranger, &all, 10).await.unwrap().is_empty());
        assert_eq!(list(&mut read, ctx, &Permit::system("test"), &all, 10).await.unwrap().len(), 1);
    }
}

/// A batch of one image to `ws`, refused with A700 once.
async fn refused(bench: &Bench) -> (String, Permit) {
    let (ctx, peer) = (&bench.ctx, known(bench).await);
    send(bench, &peer, &made("1.2.3.4.1")).await.unwrap();
    receiver(bench, "ws", "C01", json!({})).await;
    let clinic = person("tech", "C01", &[Role::ClinicTechnician]);
    let batch = send_study(ctx, &clinic, &study(ctx).await, "ws", &Cause::Person).await.unwrap();
    let found = due(ctx, "ws", 10).await.unwrap();
    let later = Tried::Later(Some(0xA700), "no space".into());
    tried(ctx, "ws", &[(found[0].clone(), later)], None).await.unwrap();
    (batch, clinic)
}

async fn entry(ctx: &Ctx, permit: &Permit, batch: &str) -> Entry {
    one(&mut ctx.db.read(permit).await.unwrap(), ctx, permit, Kind::Batch, batch).await.unwrap()
}

async fn acts(ctx: &Ctx) -> Vec<String> {
    let mut read = ctx.db.read(&Permit::system("test")).await.unwrap();
    let rows =
        read.all("SELECT action FROM audit WHERE object_kind = 'batch' ORDER BY seq", args![]).await.unwrap();
    rows.iter().map(|r| r.text("action").unwrap()).collect()
}

#[tokio::test]
async fn a_person_sees_why_tries_again_and_gives_up() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let (batch, clinic) = refused(&bench).await;
        let seen = entry(ctx, &clinic, &batch).await;
        assert_eq!(
            (seen.state.as_str(), seen.reason, seen.attempts),
            ("waiting", "no_room", 1),
            "{}",
            bench.engine
        );
        assert_eq!((seen.status, seen.error.as_str()), (Some(0xA700), "no space"));
        assert_eq!((seen.patient_name.as_str(), seen.may_act), ("卢瑋", true));
        assert!(seen.next_at > Some(ctx.now()));

        act::retry(ctx, &clinic, Kind::Batch, &batch).await.unwrap();
        assert_eq!(due(ctx, "ws", 10).await.unwrap().len(), 1, "at once");
        assert_eq!(entry(ctx, &clinic, &batch).await.error, "");

        assert_eq!(act::stop(ctx, &clinic, Kind::Batch, &batch, " ").await.unwrap_err().code(), "invalid");
        act::stop(ctx, &clinic, Kind::Batch, &batch, "the archive is gone").await.unwrap();
        let seen = entry(ctx, &clinic, &batch).await;
        assert_eq!(
            (seen.state.as_str(), seen.failed, seen.why.as_str()),
            ("stopped", 1, "the archive is gone")
        );
        assert!(due(ctx, "ws", 10).await.unwrap().is_empty());
        assert_eq!(act::stop(ctx, &clinic, Kind::Batch, &batch, "twice").await.unwrap_err().code(), "done");

        // Taken up again it has its whole time: what was put a week ago does not end at the next failure.
        bench.clock.advance(2 * GIVE_UP_MS);
        act::retry(ctx, &clinic, Kind::Batch, &batch).await.unwrap();
        let again = due(ctx, "ws", 10).await.unwrap();
        tried(ctx, "ws", &[(again[0].clone(), Tried::Later(None, "connect: no answer".into()))], None)
            .await
            .unwrap();
        let seen = entry(ctx, &clinic, &batch).await;
        assert_eq!((seen.state.as_str(), seen.reason, seen.why.as_str()), ("waiting", "no_connection", ""));
        bench.clock.advance(HOUR_MS);
        let last = due(ctx, "ws", 10).await.unwrap();
        tried(ctx, "ws", &[(last[0].clone(), Tried::Sent(0))], None).await.unwrap();
        assert_eq!(entry(ctx, &clinic, &batch).await.state, "sent");
        assert_eq!(act::retry(ctx, &clinic, Kind::Batch, &batch).await.unwrap_err().code(), "done");
        let wanted = ["outbox.put", "outbox.retry", "outbox.stop", "outbox.retry"];
        assert_eq!(acts(ctx).await, wanted, "{}", bench.engine);
    }
}

#[tokio::test]
async fn what_arrives_while_somebody_gives_it_up_has_arrived() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let (batch, clinic) = refused(&bench).await;
        bench.clock.advance(HOUR_MS);
        let on_the_line = due(ctx, "ws", 10).await.unwrap();
        act::stop(ctx, &clinic, Kind::Batch, &batch, "no need").await.unwrap();
        tried(ctx, "ws", &[(on_the_line[0].clone(), Tried::Sent(0))], None).await.unwrap();
        let seen = entry(ctx, &clinic, &batch).await;
        assert_eq!((seen.state.as_str(), seen.sent, seen.failed), ("sent", 1, 0), "{}", bench.engine);
    }
}

#[tokio::test]
async fn the_outbox_ends_at_the_facility_and_names_nobody_to_an_administrator() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let (batch, clinic) = refused(&bench).await;
        let other = person("tech2", "C02", &[Role::ClinicTechnician]);
        let mut read = ctx.db.read(&other).await.unwrap();
        let hidden = one(&mut read, ctx, &other, Kind::Batch, &batch).await;
        assert!(matches!(hidden, Err(Fault::NotFound { .. })), "{}", bench.engine);
        assert!(receivers(&mut read, ctx, &other).await.unwrap().is_empty());
        drop(read);
        for fault in [
            act::retry(ctx, &other, Kind::Batch, &batch).await.unwrap_err(),
            act::stop(ctx, &other, Kind::Batch, &batch, "mine?").await.unwrap_err(),
        ] {
            assert!(matches!(fault, Fault::NotFound { .. }), "{fault:?}");
        }
        let writer = person("w", "LEAD", &[Role::Writer]);
        assert!(matches!(act::retry(ctx, &writer, Kind::Batch, &batch).await, Err(Fault::Denied { .. })));

        let admin = person("it", "LEAD", &[Role::ItAdmin]);
        let seen = entry(ctx, &admin, &batch).await;
        assert_eq!((seen.patient_name.as_str(), seen.study.as_str(), seen.objects), ("", "", 1));
        let mut read = ctx.db.read(&clinic).await.unwrap();
        let all = receivers(&mut read, ctx, &clinic).await.unwrap();
        assert_eq!((all.len(), all[0].id.as_str()), (1, "ws"));
        assert_eq!((all[0].waiting, all[0].retrying, all[0].failed), (1, 1, 0));
        let sending = objects(&mut read, &batch).await.unwrap();
        assert_eq!((sending.len(), sending[0].reason), (1, "no_room"));
        for (state, n) in [("waiting", 1), ("failed", 0), ("sent", 0), ("stopped", 0), ("", 1)] {
            let asked = Asked { state: state.into(), ..Asked::default() };
            assert_eq!(list(&mut read, ctx, &clinic, &asked, 10).await.unwrap().len(), n, "{state}");
        }
        let behind = Asked { before: Some((seen.at, batch.clone())), ..Asked::default() };
        assert!(list(&mut read, ctx, &clinic, &behind, 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_notification_waits_in_sight_until_it_is_taken_or_given_up() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let peer = known(&bench).await;
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        receiver(&bench, "ris", "C01", json!({"availability": true})).await;
        let study = study(ctx).await;
        for _ in 0..2 {
            rules::announce(ctx, &study).await.unwrap();
        }
        let clinic = person("tech", "C01", &[Role::ClinicTechnician]);
        let mut read = ctx.db.read(&clinic).await.unwrap();
        let shown = list(&mut read, ctx, &clinic, &Asked::default(), 10).await.unwrap();
        drop(read);
        assert_eq!(shown.len(), 1, "one that waits is enough");
        assert_eq!((shown[0].kind, shown[0].state.as_str()), (Kind::Notice, "waiting"));
        let notice = rules::notice(ctx, "ris", &study).await.unwrap().unwrap();
        rules::noticed(ctx, &notice, "waiting", "busy: availability notification: connect: no answer")
            .await
            .unwrap();
        act::stop(ctx, &clinic, Kind::Notice, &notice.0, "the system was taken away").await.unwrap();
        assert!(rules::notice(ctx, "ris", &study).await.unwrap().is_none(), "its job finds nothing to do");
        act::retry(ctx, &clinic, Kind::Notice, &notice.0).await.unwrap();
        act::stop(ctx, &clinic, Kind::Notice, &notice.0, "no need").await.unwrap();
        rules::noticed(ctx, &notice, "failed", "connect: no answer").await.unwrap();
        let mut read = ctx.db.read(&clinic).await.unwrap();
        let seen = one(&mut read, ctx, &clinic, Kind::Notice, &notice.0).await.unwrap();
        assert_eq!((seen.state.as_str(), seen.why.as_str()), ("stopped", "no need"), "{}", bench.engine);
        drop(read);
        // It was on the line when it was given up, and arrived.
        end_jobs(ctx).await;
        rules::noticed(ctx, &notice, "sent", "").await.unwrap();
        let mut read = ctx.db.read(&clinic).await.unwrap();
        let seen = one(&mut read, ctx, &clinic, Kind::Notice, &notice.0).await.unwrap();
        assert_eq!((seen.state.as_str(), seen.sent, seen.why.as_str()), ("sent", 1, ""), "{}", bench.engine);
    }
}

#[tokio::test]
async fn what_waits_in_the_quarantine_goes_nowhere_by_itself() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        receiver(&bench, "near", "C01", json!({"forward": true, "availability": true})).await;
        let study = study(ctx).await;
        for (lane, n) in [("identity", 0), ("content", 0), ("security", 0), ("defect", 1)] {
            let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
            tx.exec("UPDATE study SET lane = $1", args![lane]).await.unwrap();
            tx.commit().await.unwrap();
            rules::announce(ctx, &study).await.unwrap();
            assert_eq!(due(ctx, "near", 10).await.unwrap().len(), n, "{lane} {}", bench.engine);
            let notice = rules::notice(ctx, "near", &study).await.unwrap();
            assert_eq!(notice.is_some(), n > 0, "{lane} {}", bench.engine);
        }
    }
}

#[tokio::test]
async fn images_that_come_while_a_notification_is_on_the_line_are_told_too() {
    for bench in engines().await.unwrap() {
        let (ctx, peer) = (&bench.ctx, known(&bench).await);
        send(&bench, &peer, &made("1.2.3.4.1")).await.unwrap();
        receiver(&bench, "ris", "C01", json!({"availability": true})).await;
        let study = study(ctx).await;
        rules::announce(ctx, &study).await.unwrap();
        end_jobs(ctx).await;
        let on_the_line = rules::notice(ctx, "ris", &study).await.unwrap().unwrap();
        rules::announce(ctx, &study).await.unwrap();
        rules::noticed(ctx, &on_the_line, "sent", "").await.unwrap();
        let waits = rules::notice(ctx, "ris", &study).await.unwrap();
        assert_eq!(waits.as_ref(), Some(&on_the_line), "{}", bench.engine);
        end_jobs(ctx).await;
        rules::noticed(ctx, &on_the_line, "sent", "").await.unwrap();
        assert!(rules::notice(ctx, "ris", &study).await.unwrap().is_none(), "{}", bench.engine);
        rules::announce(ctx, &study).await.unwrap();
        let next = rules::notice(ctx, "ris", &study).await.unwrap().unwrap();
        assert_ne!(next.0, on_the_line.0, "a study that was told of is told of anew: {}", bench.engine);
    }
}
