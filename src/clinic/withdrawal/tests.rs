//! Withdrawing on both engines; what becomes of the images is in the tests of corrections and in the interop tests.

use yigong_base::access::{Grant, Permit, Role};
use yigong_base::fault::Fault;
use yigong_base::testing::engines;

use super::*;
use crate::Centre;
use crate::delivery;
use crate::report::tests::{act, audit_item, centre, reader, study, take, text};
use crate::report::{amend, open, publish, read, submit};

yigong_base::statements! {
    SUBJECTS = "SELECT subject, was_subject, state FROM report WHERE id = $1";
}

fn quality(id: &str) -> Permit {
    reader(id, Role::QcOfficer)
}

/// A signed report: its id and subject.
async fn signed(bench: &yigong_base::testing::Bench, centre: &Centre) -> (String, String) {
    let (writer, auditor) = (reader("w", Role::Writer), reader("a", Role::Auditor));
    let item = study(bench, "routine").await;
    let (held, report) = take(centre, &writer, &item).await;
    let said = text("未见明显异常。");
    submit::submit(&centre.ctx, &writer, &act(&report, &held, &said)).await.unwrap();
    let second = audit_item(centre, &auditor, &held.subject).await;
    let (second, _) = take(centre, &auditor, &second.id).await;
    publish::sign(centre, &auditor, &act(&report, &second, &said)).await.unwrap();
    (report, held.subject)
}

async fn asks(centre: &Centre, permit: &Permit, report: &str, cause: &str) -> Result<String> {
    let mut tx = centre.ctx.db.begin(permit).await?;
    let facility = ask(&mut tx, &centre.ctx, permit, report, cause, "images of another patient").await?;
    tx.commit().await?;
    Ok(facility)
}

async fn refuses(centre: &Centre, permit: &Permit, report: &str) -> Result<String> {
    let mut tx = centre.ctx.db.begin(permit).await?;
    let facility = refuse(&mut tx, &centre.ctx, permit, report, "it is right").await?;
    tx.commit().await?;
    Ok(facility)
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn lead_and_quality_withdraw_together_and_the_subject_is_free_again() {
    for bench in engines().await.unwrap() {
        let centre = centre(&bench).await;
        let (report, subject) = signed(&bench, &centre).await;
        let (lead, other, qc) = (reader("l", Role::Lead), reader("l2", Role::Lead), quality("q"));
        assert!(matches!(
            asks(&centre, &reader("a", Role::Auditor), &report, "other").await,
            Err(Fault::Denied { .. })
        ));
        assert!(matches!(asks(&centre, &lead, &report, "typing").await, Err(Fault::Invalid { .. })));
        // Neither a clinic's own people nor a lead of another pipeline.
        let of = |facility: &str, pipelines: &str| {
            let grants = [Role::Lead, Role::QcOfficer].map(|role| Grant {
                role,
                facility: facility.into(),
                pipelines: pipelines.into(),
            });
            Permit::person("x", "x", facility, "LEAD", grants.to_vec())
        };
        for stranger in [of("C01", "*"), of("LEAD", "ecg")] {
            let refused = asks(&centre, &stranger, &report, "other").await;
            assert!(matches!(refused, Err(Fault::Denied { .. })), "{refused:?}");
        }
        assert_eq!(code(confirm(&centre, &qc, &report).await), "not_asked");
        assert_eq!(asks(&centre, &lead, &report, "wrong_patient").await.unwrap(), "C01");
        assert_eq!(code(asks(&centre, &qc, &report, "other").await), "asked");
        for one in [&lead, &other] {
            assert!(matches!(confirm(&centre, one, &report).await, Err(Fault::Denied { .. })), "one side");
        }
        {
            let mut conn = centre.ctx.db.read(&qc).await.unwrap();
            let waiting = list(&mut conn, &centre.ctx, &qc).await.unwrap();
            assert_eq!(waiting.len(), 1);
            assert_eq!(waiting[0]["asked"]["may_confirm"], true);
            let shown = read::report(&mut conn, &centre.ctx, &qc, &report).await.unwrap();
            assert_eq!(shown["state"], "published", "it stands until then");
            assert_eq!(asked(&mut conn, &lead, &report).await.unwrap().unwrap().cause, "wrong_patient");
        }
        assert_eq!(confirm(&centre, &qc, &report).await.unwrap().0, 2);
        assert_eq!(code(confirm(&centre, &qc, &report).await), "not_published");

        let clinic = Permit::person(
            "d",
            "d",
            "C01",
            "LEAD",
            vec![Grant { role: Role::ClinicDoctor, facility: "C01".into(), pipelines: "*".into() }],
        );
        let mut conn = centre.ctx.db.read(&clinic).await.unwrap();
        let row = conn.one(SUBJECTS, args![&report]).await.unwrap();
        assert_eq!(row.text("was_subject").unwrap(), subject);
        let shown = read::report(&mut conn, &centre.ctx, &clinic, &report).await.unwrap();
        assert_eq!((&shown["state"], &shown["subject"]), (&"withdrawn".into(), &subject.as_str().into()));
        let versions = shown["versions"].as_array().unwrap();
        assert_eq!((&versions[1]["kind"], &versions[1]["change_class"]), (&"withdrawn".into(), &3.into()));
        assert_eq!(versions[1]["change_reason"], "images of another patient");
        assert_eq!((&versions[1]["writer"]["id"], &versions[1]["auditor"]["id"]), (&"l".into(), &"q".into()));
        assert!(!shown.to_string().contains("未见明显异常"), "what it had said is not shown");
        assert_eq!(code(read::pdf(&mut conn, &clinic, &report, 1).await), "withdrawn");
        read::pdf(&mut conn, &clinic, &report, 2).await.unwrap();
        read::pdf(&mut conn, &lead, &report, 1).await.unwrap();
        drop(conn);

        // The clinic has the withdrawal, and acknowledges it.
        let mut tx = centre.ctx.db.begin(&clinic).await.unwrap();
        delivery::receipt::acknowledge(&mut tx, &centre.ctx, &clinic, &report, 2).await.unwrap();
        // The subject is free for the right report.
        let next = open::open(&mut tx, &centre.ctx, "imaging", "study", &subject, "", "C01", None).await;
        assert!(next.is_err(), "no patient, no report");
        drop(tx);
    }
}

#[tokio::test]
async fn a_withdrawal_is_refused_and_one_of_an_older_version_is_void() {
    for bench in engines().await.unwrap() {
        let centre = centre(&bench).await;
        let ctx = &centre.ctx;
        let (report, subject) = signed(&bench, &centre).await;
        let (lead, qc, auditor) = (reader("l", Role::Lead), quality("q"), reader("a", Role::Auditor));
        assert_eq!(code(refuses(&centre, &qc, &report).await), "not_asked");
        asks(&centre, &qc, &report, "other").await.unwrap();
        refuses(&centre, &lead, &report).await.unwrap();
        asks(&centre, &qc, &report, "other").await.unwrap();

        let mut tx = ctx.db.begin(&auditor).await.unwrap();
        amend::amend(&mut tx, ctx, &auditor, &report, 2, "a nodule").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(code(confirm(&centre, &lead, &report).await), "not_published", "somebody amends it");
        let held = audit_item(&centre, &auditor, &subject).await;
        publish::sign(&centre, &auditor, &act(&report, &held, &text("右肺小结节。"))).await.unwrap();
        assert_eq!(code(confirm(&centre, &lead, &report).await), "version", "it is another report now");
        refuses(&centre, &qc, &report).await.unwrap();
        let mut conn = ctx.db.read(&lead).await.unwrap();
        assert!(asked(&mut conn, &lead, &report).await.unwrap().is_none());
        assert!(list(&mut conn, ctx, &auditor).await.is_err(), "not for everybody");
    }
}
