use yigong_base::access::{Grant, Permit, Role};
use yigong_base::clock::{HOUR_MS, MINUTE_MS};
use yigong_base::fault::Fault;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::engines;

use super::*;

mod follow;

fn potassium(patient: &str, subject: &str, value: &str) -> Raise {
    Raise {
        pipeline: "lab".into(),
        subject_kind: "specimen".into(),
        subject: subject.into(),
        dedupe: format!("lab:{patient}:K"),
        patient: patient.into(),
        facility: "C01".into(),
        level: "red".into(),
        finding: format!("血钾 {value} mmol/L"),
        value: value.into(),
        rule: "K critical_high 6.2".into(),
        provisional: false,
        report: None,
    }
}

fn person(id: &str, role: Role, facility: &str) -> Permit {
    let grants = vec![Grant { role, facility: facility.into(), pipelines: "*".into() }];
    Permit::person(id, id, facility, "LEAD", grants)
}

#[tokio::test]
async fn the_loop_is_closed_only_by_the_clinic() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let system = Permit::system("test");
        let mut tx = ctx.db.begin(&system).await.unwrap();
        let seen = Seen { local_id: "P1".into(), name: "王小东".into(), ..Seen::default() };
        let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
        let first = raise(&mut tx, ctx, &system, &potassium(&patient, "s1", "7.1")).await.unwrap();
        assert!(!first.joined);
        let same = raise(&mut tx, ctx, &system, &potassium(&patient, "s1", "7.1")).await.unwrap();
        assert_eq!(
            (same.alert.as_str(), same.joined),
            (first.alert.as_str(), true),
            "a repeat changes nothing"
        );
        let again = raise(&mut tx, ctx, &system, &potassium(&patient, "s2", "6.9")).await.unwrap();
        assert_eq!(again.alert, first.alert, "within four hours a repeat joins");
        let same = raise(&mut tx, ctx, &system, &potassium(&patient, "s1", "7.1")).await.unwrap();
        assert_eq!(same.alert, first.alert, "also after another specimen joined");
        tx.commit().await.unwrap();
        let mut r = ctx.db.read(&system).await.unwrap();
        assert_eq!(list::list(&mut r, ctx, &system, false).await.unwrap()[0]["repeats"], 1);
        drop(r);

        bench.clock.advance(5 * MINUTE_MS);
        assert_eq!(escalate::escalate_due(ctx).await.unwrap().len(), 1);
        assert_eq!(escalate::escalate_due(ctx).await.unwrap().len(), 0, "one step at a time");

        let alert = first.alert;
        let verifier = person("v", Role::LabVerifier, "LEAD");
        let doctor = person("d", Role::ClinicDoctor, "C01");
        let foreign = person("f", Role::ClinicDoctor, "C02");
        let mut tx = ctx.db.begin(&doctor).await.unwrap();
        assert!(matches!(
            acknowledge::acknowledge(&mut tx, ctx, &verifier, &alert, "x").await,
            Err(Fault::Denied { .. })
        ));
        assert!(matches!(
            acknowledge::acknowledge(&mut tx, ctx, &foreign, &alert, "x").await,
            Err(Fault::NotFound { .. })
        ));
        assert!(matches!(
            acknowledge::close(&mut tx, ctx, &doctor, &alert).await,
            Err(Fault::Conflict { .. })
        ));
        assert!(matches!(
            acknowledge::acknowledge(&mut tx, ctx, &doctor, &alert, " ").await,
            Err(Fault::Invalid { .. })
        ));
        acknowledge::acknowledge(&mut tx, ctx, &doctor, &alert, "血钾七点一").await.unwrap();
        let twice = acknowledge::acknowledge(&mut tx, ctx, &doctor, &alert, "again").await;
        assert!(matches!(twice, Err(Fault::Conflict { code, .. }) if code == "acknowledged"));
        tx.commit().await.unwrap();
        // Found due before the doctor answered: the answer wins.
        let found = (1, "raised", ctx.now() + HOUR_MS);
        let told = escalate::tell(ctx, &system, &alert, found, "duty_lead", found.2).await.unwrap();
        assert!(!told, "{}", bench.engine);

        let mut tx = ctx.db.begin(&system).await.unwrap();
        let worse = raise(&mut tx, ctx, &system, &potassium(&patient, "s3", "8.9")).await.unwrap();
        assert!(!worse.joined, "what comes after the acknowledgement rings again");
        tx.exec(
            "UPDATE critical_alert SET state = 'closed', next_escalation_at = NULL WHERE id = $1",
            yigong_base::args![&worse.alert],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let mut r = ctx.db.read(&doctor).await.unwrap();
        let second = list::of_subject(&mut r, ctx, &doctor, "s2").await.unwrap();
        assert_eq!(second.len(), 1, "the specimen that joined shows the alert");
        assert_eq!(second[0]["value"], "7.1; 6.9", "a milder value never hides a worse one");
        drop(r);

        bench.clock.advance(HOUR_MS);
        assert_eq!(escalate::escalate_due(ctx).await.unwrap().len(), 1, "the treatment reminder");
        let mut tx = ctx.db.begin(&doctor).await.unwrap();
        acknowledge::treat(&mut tx, ctx, &doctor, &alert, "葡萄糖酸钙").await.unwrap();
        acknowledge::close(&mut tx, ctx, &doctor, &alert).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(HOUR_MS);
        assert_eq!(escalate::escalate_due(ctx).await.unwrap().len(), 0);
        let mut r = ctx.db.read(&doctor).await.unwrap();
        assert_eq!(list::list(&mut r, ctx, &doctor, true).await.unwrap().len(), 2);
        assert_eq!(list::list(&mut r, ctx, &foreign, true).await.unwrap().len(), 0);
    }
}
