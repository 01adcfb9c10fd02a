//! Alerts go with their evidence.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::clock::HOUR_MS;
use yigong_base::patient::{Seen, link};
use yigong_base::storage::Tx;
use yigong_base::testing::{Bench, engines};

use super::super::{Raise, acknowledge, follow, raise, sql};

/// 李四, 王五, and one whose name is not known.
async fn people(bench: &Bench, tx: &mut Tx) -> Vec<String> {
    let mut all = Vec::new();
    for (number, name) in [("P1", "李四"), ("P2", "王五"), ("", "")] {
        let seen = Seen { local_id: number.into(), name: name.into(), ..Seen::default() };
        all.push(link(tx, &bench.ctx, "C01", &seen).await.unwrap().id);
    }
    all
}

fn tachycardia(subject: &str, patient: &str) -> Raise {
    Raise {
        pipeline: "ecg".into(),
        subject_kind: "ecg".into(),
        subject: subject.into(),
        dedupe: format!("ecg:{patient}:vt"),
        patient: patient.into(),
        facility: "C01".into(),
        level: "red".into(),
        finding: "室速".into(),
        value: format!("180 in {subject}"),
        ..Raise::default()
    }
}

/// State and patient of an alert.
async fn shown(tx: &mut Tx, alert: &str) -> (String, String) {
    let row = tx.one(sql::FIND, args![alert, "*"]).await.unwrap();
    (row.text("state").unwrap(), row.text("patient").unwrap())
}

#[tokio::test]
async fn an_alert_that_was_told_of_the_wrong_person_rings_again() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let who = people(&bench, &mut tx).await;
        let new = tachycardia("e1", &who[0]);
        let alert = raise(&mut tx, ctx, &permit, &new).await.unwrap().alert;
        acknowledge::acknowledge(&mut tx, ctx, &permit, &alert, "室速").await.unwrap();
        let none = follow::follow(&mut tx, ctx, &permit, "e1", &who[0]).await.unwrap();
        assert!(none.is_empty(), "the same person");
        // Taken away from the one who was told of it: it rings, and goes on ringing when he is known.
        let rings = follow::follow(&mut tx, ctx, &permit, "e1", &who[2]).await.unwrap();
        assert_eq!(rings, std::slice::from_ref(&alert));
        assert_eq!(shown(&mut tx, &alert).await, ("raised".into(), who[2].clone()));
        assert!(follow::follow(&mut tx, ctx, &permit, "e1", &who[1]).await.unwrap().is_empty());
        assert_eq!(shown(&mut tx, &alert).await, ("raised".into(), who[1].clone()));
        let due = tx.all(sql::DUE, args![ctx.now() + HOUR_MS]).await.unwrap();
        assert_eq!(due.len(), 1, "until somebody answers");
        // What is raised of the former one is an alert of its own.
        let again = raise(&mut tx, ctx, &permit, &tachycardia("e2", &who[0])).await.unwrap();
        assert!(!again.joined);
    }
}

#[tokio::test]
async fn an_answer_for_nobody_is_none_for_him_and_one_that_comes_back_stands() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let who = people(&bench, &mut tx).await;
        let alert = raise(&mut tx, ctx, &permit, &tachycardia("e1", &who[2])).await.unwrap().alert;
        acknowledge::acknowledge(&mut tx, ctx, &permit, &alert, "室速").await.unwrap();
        follow::follow(&mut tx, ctx, &permit, "e1", &who[1]).await.unwrap();
        assert_eq!(shown(&mut tx, &alert).await.0, "raised", "the doctor of the one it is was not told");
        acknowledge::acknowledge(&mut tx, ctx, &permit, &alert, "室速").await.unwrap();
        acknowledge::treat(&mut tx, ctx, &permit, &alert, "电复律").await.unwrap();
        // Given to another by mistake, and back.
        follow::follow(&mut tx, ctx, &permit, "e1", &who[0]).await.unwrap();
        assert_eq!(shown(&mut tx, &alert).await, ("raised".into(), who[0].clone()));
        assert!(follow::follow(&mut tx, ctx, &permit, "e1", &who[1]).await.unwrap().is_empty());
        assert_eq!(
            shown(&mut tx, &alert).await,
            ("treated".into(), who[1].clone()),
            "what was done was done"
        );
        assert!(tx.all(sql::DUE, args![ctx.now() + HOUR_MS]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn of_an_alert_of_two_recordings_one_goes_and_one_stays() {
    for bench in engines().await.unwrap() {
        let (ctx, permit) = (&bench.ctx, Permit::system("test"));
        for mover in ["e1", "e2"] {
            let mut tx = ctx.db.begin(&permit).await.unwrap();
            let who = people(&bench, &mut tx).await;
            let alert = raise(&mut tx, ctx, &permit, &tachycardia("e1", &who[0])).await.unwrap().alert;
            let joined = raise(&mut tx, ctx, &permit, &tachycardia("e2", &who[0])).await.unwrap();
            assert!(joined.joined && joined.alert == alert);
            acknowledge::acknowledge(&mut tx, ctx, &permit, &alert, "室速").await.unwrap();
            let rings = follow::follow(&mut tx, ctx, &permit, mover, &who[1]).await.unwrap();
            assert_eq!(rings.len(), 1, "{mover}");
            assert_ne!(rings[0], alert, "{mover}");
            assert_eq!(shown(&mut tx, &rings[0]).await, ("raised".into(), who[1].clone()), "{mover}");
            assert_eq!(shown(&mut tx, &alert).await, ("clinician_ack".into(), who[0].clone()), "{mover}");
            // Each stands for its own from then on.
            let stays = if mover == "e1" { "e2" } else { "e1" };
            let none = follow::follow(&mut tx, ctx, &permit, stays, &who[0]).await.unwrap();
            assert!(none.is_empty());
            let of = async |tx: &mut Tx, subject: &str| {
                let rows = tx.all(sql::OF_SUBJECT, args!["*", subject]).await.unwrap();
                rows.iter().map(|r| r.text("id").unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(of(&mut tx, mover).await, rings, "{mover}");
            assert_eq!(of(&mut tx, stays).await, std::slice::from_ref(&alert), "{mover}");
        }
    }
}
