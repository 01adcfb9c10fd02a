use serde_json::Value;
use yigong_base::access::{Grant, Permit, Role};
use yigong_base::args;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Fault;
use yigong_base::patient::{Seen, link};
use yigong_base::testing::{Bench, engines};

use super::content::Sections;
use super::submit::Act;
use super::*;
use crate::Centre;
use crate::delivery::destination;
use crate::worklist::{self, ItemRow, NewItem};

yigong_base::statements! {
    STUDY = "INSERT INTO study (id, uid, facility, patient, state, modality, first_received_at, last_received_at) VALUES ($1, $1, 'C01', $2, 'queued', 'DX', $3, $3)";
    TAMPER = "UPDATE report_version SET content = '{}' WHERE report = $1";
}

pub(crate) fn reader(id: &str, role: Role) -> Permit {
    Permit::person(
        id,
        id,
        "LEAD",
        "LEAD",
        vec![Grant { role, facility: "LEAD".into(), pipelines: "*".into() }],
    )
}

pub(crate) fn text(impression: &str) -> Sections {
    Sections {
        findings: "双肺纹理清晰,心影不大。".into(),
        impression: impression.into(),
        ..Sections::default()
    }
}

pub(crate) async fn centre(bench: &Bench) -> Centre {
    let folder = std::env::temp_dir().join(format!("yigong-signer-{}", bench.ctx.id()));
    std::fs::create_dir_all(&folder).unwrap();
    let centre = Centre::open(bench.ctx.clone(), &folder).unwrap();
    let permit = Permit::system("test");
    let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
    for kind in ["web", "fhir"] {
        let d = destination::Destination {
            id: String::new(),
            facility: "C01".into(),
            kind: kind.into(),
            name: kind.into(),
            address: String::new(),
            settings: Value::Null,
            enabled: true,
        };
        destination::create(&mut tx, &bench.ctx, &permit, &d).await.unwrap();
    }
    tx.commit().await.unwrap();
    centre
}

pub(crate) async fn study(bench: &Bench, priority: &str) -> String {
    let (ctx, permit) = (&bench.ctx, Permit::system("test"));
    let mut tx = ctx.db.begin(&permit).await.unwrap();
    let seen = Seen {
        local_id: ctx.id(),
        name: "卢瑋".into(),
        sex: "M".into(),
        birth_date: "19630210".into(),
        ..Seen::default()
    };
    let patient = link(&mut tx, ctx, "C01", &seen).await.unwrap().id;
    let subject = ctx.id();
    tx.exec(STUDY, args![&subject, &patient, ctx.now()]).await.unwrap();
    let new = NewItem {
        subject_kind: "study",
        subject,
        tier: "write",
        round: 1,
        pipeline: "imaging",
        modality: "DX".into(),
        body_part: "CHEST".into(),
        title: "胸部正位".into(),
        patient,
        facility: "C01".into(),
        report: None,
        priority: priority.into(),
        triage: String::new(),
        flags: Vec::new(),
        arrived_at: ctx.now(),
        deadline: None,
        written_by: String::new(),
    };
    let item = worklist::admit(&mut tx, ctx, &permit, &new).await.unwrap();
    tx.commit().await.unwrap();
    item
}

pub(crate) async fn take(centre: &Centre, permit: &Permit, item: &str) -> (ItemRow, String) {
    let mut tx = centre.ctx.db.begin(permit).await.unwrap();
    let held = worklist::claim(&mut tx, &centre.ctx, permit, item).await.unwrap();
    let report = open::open_for(&mut tx, &centre.ctx, &held).await.unwrap();
    tx.commit().await.unwrap();
    (held, report)
}

pub(crate) async fn audit_item(centre: &Centre, permit: &Permit, subject: &str) -> ItemRow {
    let mut tx = centre.ctx.db.begin(permit).await.unwrap();
    worklist::admit::of_subject(&mut tx, subject, "audit").await.unwrap().unwrap()
}

pub(crate) fn act<'a>(report: &'a str, item: &'a ItemRow, sections: &'a Sections) -> Act<'a> {
    Act { report, item: &item.id, epoch: item.epoch, sections, confirm: false }
}

#[tokio::test]
async fn two_tiers_then_amend_and_the_versions_stay() {
    for bench in engines().await.unwrap() {
        let centre = centre(&bench).await;
        let ctx = &centre.ctx;
        let (writer, auditor) = (reader("w", Role::Writer), reader("a", Role::Auditor));
        let item = study(&bench, "routine").await;
        let (held, report) = take(&centre, &writer, &item).await;
        let empty = Sections::default();
        assert!(matches!(
            submit::submit(ctx, &writer, &act(&report, &held, &empty)).await,
            Err(Fault::Invalid { .. })
        ));
        let v1 = text("心肺膈未见异常。");
        assert!(matches!(
            publish::sign(&centre, &writer, &act(&report, &held, &v1)).await,
            Err(Fault::Denied { .. })
        ));
        submit::submit(ctx, &writer, &act(&report, &held, &v1)).await.unwrap();

        let second = audit_item(&centre, &auditor, &held.subject).await;
        assert_eq!(second.deadline, held.deadline, "the first deadline is kept");
        let both = reader("w", Role::Auditor);
        let mut tx = ctx.db.begin(&both).await.unwrap();
        assert!(
            worklist::claim(&mut tx, ctx, &both, &second.id).await.is_err(),
            "A-11: the auditor is another person"
        );
        drop(tx);
        let (second, _) = take(&centre, &auditor, &second.id).await;
        assert_eq!(publish::sign(&centre, &auditor, &act(&report, &second, &v1)).await.unwrap().n, 1);
        let again = publish::sign(&centre, &auditor, &act(&report, &second, &v1)).await;
        assert!(matches!(again, Err(Fault::Stale { .. })), "signing twice is fenced");

        let mut tx = ctx.db.begin(&auditor).await.unwrap();
        let third = amend::amend(&mut tx, ctx, &auditor, &report, 2, "补充结节").await.unwrap();
        tx.commit().await.unwrap();
        let v2 = text("右肺上叶小结节,建议复查。");
        let confirmed = Act { confirm: true, ..act(&report, &third, &v2) };
        assert_eq!(publish::sign(&centre, &auditor, &confirmed).await.unwrap().n, 2);

        // A doctor was told; the change is called a misspelling and is none: it is signed as what it is, and he is told again.
        let mut tx = ctx.db.begin(&auditor).await.unwrap();
        let told = crate::critical::Raise {
            pipeline: "imaging".into(),
            subject_kind: "study".into(),
            subject: third.subject.clone(),
            dedupe: "imaging:x".into(),
            patient: third.patient.clone(),
            facility: third.facility.clone(),
            level: "red".into(),
            finding: "右肺上叶结节".into(),
            ..Default::default()
        };
        let alert = crate::critical::raise(&mut tx, ctx, &auditor, &told).await.unwrap().alert;
        tx.exec(
            "UPDATE critical_alert SET state = 'treated', raised_at = raised_at - 1000 WHERE id = $1",
            args![&alert],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(60_000);
        let mut tx = ctx.db.begin(&auditor).await.unwrap();
        let fourth = amend::amend(&mut tx, ctx, &auditor, &report, 0, "错字").await.unwrap();
        tx.commit().await.unwrap();
        let v3 = text("左肺上叶小结节,建议复查。");
        let asked = publish::sign(&centre, &auditor, &act(&report, &fourth, &v3)).await;
        assert!(matches!(asked, Err(Fault::Invalid { .. })), "it is said before it is signed");
        let confirmed = Act { confirm: true, ..act(&report, &fourth, &v3) };
        assert_eq!(publish::sign(&centre, &auditor, &confirmed).await.unwrap().n, 3);
        let mut r = ctx.db.read(&auditor).await.unwrap();
        assert_eq!(read::content(&mut r, &report, 3).await.unwrap().change_class, 2, "{}", bench.engine);
        let row =
            r.one("SELECT state, finding FROM critical_alert WHERE id = $1", args![&alert]).await.unwrap();
        assert_eq!(row.text("state").unwrap(), "raised", "{}", bench.engine);
        assert_eq!(
            row.text("finding").unwrap(),
            "右肺上叶结节",
            "what is signed into reports stays as it was said"
        );
        let said = r
            .one("SELECT detail FROM critical_event WHERE alert = $1 AND action = 'corrected'", args![&alert])
            .await
            .unwrap();
        assert!(said.text("detail").unwrap().contains("报告已修订"));
        let versions = read::versions(&mut r, &report, true).await.unwrap();
        assert_eq!(versions.len(), 3);
        assert_eq!(versions[0]["replaced"], true);
        assert_eq!(versions[0]["content"]["sections"]["impression"], v1.impression.as_str());
        assert_eq!(versions[1]["kind"], "amended");
        assert_eq!(versions[1]["change_reason"], "补充结节");
        let sha = read::pdf(&mut r, &auditor, &report, 1).await.unwrap();
        assert!(ctx.blobs.read(&sha).await.unwrap().starts_with(b"%PDF"));
        drop(r);
        let mut tx = ctx.db.begin(&auditor).await.unwrap();
        assert!(tx.exec(TAMPER, args![&report]).await.is_err(), "invariant 5 on {}", bench.engine);
    }
}

#[tokio::test]
async fn a_stale_reader_loses_no_text() {
    for bench in engines().await.unwrap() {
        let centre = centre(&bench).await;
        let ctx = &centre.ctx;
        let (a, b) = (reader("a", Role::Writer), reader("b", Role::Writer));
        let item = study(&bench, "routine").await;
        let (old, report) = take(&centre, &a, &item).await;
        let mine = text("甲写的诊断意见。");
        let save = |epoch: i64, version: i64, sections| draft::Save {
            report: &report,
            item: &item,
            epoch,
            version,
            sections,
        };
        assert_eq!(draft::save(ctx, &a, &save(old.epoch, 0, &mine)).await.unwrap().0, 1);
        bench.clock.advance(16 * MINUTE_MS);
        worklist::expire(ctx).await.unwrap();
        let (new, _) = take(&centre, &b, &item).await;
        let late = text("甲后来又写的一句。");
        assert!(matches!(draft::save(ctx, &a, &save(old.epoch, 1, &late)).await, Err(Fault::Stale { .. })));
        assert!(matches!(
            publish::sign(&centre, &a, &act(&report, &old, &late)).await,
            Err(Fault::Stale { .. })
        ));
        assert!(matches!(
            submit::submit(ctx, &a, &act(&report, &old, &late)).await,
            Err(Fault::Stale { .. })
        ));
        let mut r = ctx.db.read(&b).await.unwrap();
        let seen = draft::current(&mut r, &b, &report).await.unwrap();
        assert_eq!(seen["sections"]["impression"], mine.impression.as_str(), "b sees a's draft");
        let lost = draft::lost(&mut r, ctx, &report).await.unwrap();
        assert_eq!(
            lost[0]["sections"]["impression"],
            late.impression.as_str(),
            "and what a wrote too late is kept"
        );
        drop(r);
        assert_eq!(draft::save(ctx, &b, &save(new.epoch, 1, &mine)).await.unwrap().0, 2);
    }
}

#[tokio::test]
async fn an_emergency_has_a_preliminary_and_then_a_final() {
    for bench in engines().await.unwrap() {
        let centre = centre(&bench).await;
        let (writer, auditor) = (reader("w", Role::Writer), reader("a", Role::Auditor));
        let item = study(&bench, "emergency").await;
        let (held, report) = take(&centre, &writer, &item).await;
        let v1 = text("未见明显异常。");
        assert_eq!(publish::preliminary(&centre, &writer, &act(&report, &held, &v1)).await.unwrap().n, 1);
        submit::submit(&centre.ctx, &writer, &act(&report, &held, &v1)).await.unwrap();
        let second = audit_item(&centre, &auditor, &held.subject).await;
        let (second, _) = take(&centre, &auditor, &second.id).await;
        assert_eq!(publish::sign(&centre, &auditor, &act(&report, &second, &v1)).await.unwrap().n, 2);
        let mut r = centre.ctx.db.read(&auditor).await.unwrap();
        let versions = read::versions(&mut r, &report, false).await.unwrap();
        assert_eq!(
            (versions[0]["kind"].as_str(), versions[1]["kind"].as_str()),
            (Some("prelim"), Some("final"))
        );
        assert_eq!(versions[1]["change_class"], 0);
    }
}
