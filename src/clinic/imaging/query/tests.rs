//! The engine on both databases: levels, keys, lists, counts, scope, pages, and that indexes are used.

use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::storage::Conn;
use yigong_base::testing::{Bench, engines};
use yigong_formats::dicom::{Tag, tag};

use super::{Level, Query, Search, sql};
use crate::imaging::tests::{ask, known, made_as, send};

mod speed;

/// Patient, name, study, series, instance.
const FILMS: &[[&str; 5]] = &[
    ["P1", "Wang^XiaoDong=王^小东", "1.2.1", "1.2.1.1", "1.2.1.1.1"],
    ["P1", "Wang^XiaoDong=王^小东", "1.2.1", "1.2.1.1", "1.2.1.1.2"],
    ["P1", "Wang^XiaoDong=王^小东", "1.2.1", "1.2.1.2", "1.2.1.2.1"],
    ["P2", "Lu^Wei=卢^瑋", "1.2.2", "1.2.2.1", "1.2.2.1.1"],
    ["P3", "赵^𬀩", "1.2.3", "1.2.3.1", "1.2.3.1.1"],
    ["P4", "王　小东", "1.2.4", "1.2.4.1", "1.2.4.1.1"],
    ["急诊", "单^国强", "1.2.5", "1.2.5.1", "1.2.5.1.1"],
];

async fn filled(bench: &Bench) -> Permit {
    let peer = known(bench).await;
    for [patient, name, study, series, instance] in FILMS {
        send(bench, &peer, &made_as(patient, name, study, series, instance)).await.unwrap();
    }
    peer.permit()
}

async fn uids(conn: &mut Conn, permit: &Permit, keys: &[(Tag, &str)]) -> Vec<String> {
    let mut found: Vec<String> = ask(conn, permit, Level::Study, keys)
        .await
        .iter()
        .map(|a| a.text(tag::STUDY_UID).to_owned())
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn names_in_every_form() {
    for bench in engines().await.unwrap() {
        let permit = filled(&bench).await;
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        for (key, expected) in [
            ("*小东*", &["1.2.1", "1.2.4"][..]),
            ("王*", &["1.2.1", "1.2.4"]),
            ("王^小东", &["1.2.1", "1.2.4"]),
            ("wangxiaodong", &["1.2.1", "1.2.4"]),
            ("Wang^Xiao*", &["1.2.1", "1.2.4"]),
            ("*dong", &["1.2.1", "1.2.4"]),
            ("wxd", &["1.2.1", "1.2.4"]),
            ("?小东", &["1.2.1", "1.2.4"]),
            ("Lu^Wei=卢^瑋", &["1.2.2"]),
            ("卢^?", &["1.2.2"]),
            ("ＬＵ＊", &["1.2.2"]),
            ("ＬＵ*", &["1.2.2"]),
            ("*𬀩", &["1.2.3"]),
            ("赵*", &["1.2.3"]),
            ("shan*", &["1.2.5"]),
            ("*", &["1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5"]),
            ("李*", &[]),
        ] {
            let found = uids(&mut conn, &permit, &[(tag::PATIENT_NAME, key)]).await;
            assert_eq!(found, expected, "{key} on {}", bench.engine);
        }
    }
}

#[tokio::test]
async fn levels_lists_and_counts() {
    for bench in engines().await.unwrap() {
        let permit = filled(&bench).await;
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let list = [(tag::STUDY_UID, "1.2.1\\1.2.3\\1.2.99")];
        assert_eq!(uids(&mut conn, &permit, &list).await, ["1.2.1", "1.2.3"]);
        assert_eq!(uids(&mut conn, &permit, &[(tag::PATIENT_ID, "P2")]).await, ["1.2.2"]);
        assert_eq!(uids(&mut conn, &permit, &[(tag::PATIENT_ID, "P?")]).await.len(), 4);
        assert_eq!(
            uids(&mut conn, &permit, &[(tag::PATIENT_ID, "急诊")]).await,
            ["1.2.5"],
            "as the object says it"
        );
        assert_eq!(uids(&mut conn, &permit, &[(tag::STUDY_DESCRIPTION, "胸*")]).await.len(), 5);
        assert!(uids(&mut conn, &permit, &[(tag::MODALITIES_IN_STUDY, "CT\\US")]).await.is_empty());
        assert!(uids(&mut conn, &permit, &[(tag::SOP_CLASSES_IN_STUDY, "1.2.840.1")]).await.is_empty());
        let one = [(tag::STUDY_UID, "1.2.1"), (tag::SOP_CLASSES_IN_STUDY, "")];
        let study = ask(&mut conn, &permit, Level::Study, &one).await.remove(0);
        assert_eq!((study.text(tag::STUDY_SERIES), study.text(tag::STUDY_INSTANCES)), ("2", "3"));
        assert_eq!(study.values(tag::SOP_CLASSES_IN_STUDY), ["1.2.840.10008.5.1.4.1.1.1"]);
        let series = ask(&mut conn, &permit, Level::Series, &[(tag::STUDY_UID, "1.2.1")]).await;
        let counts: Vec<_> = series.iter().map(|s| s.text(tag::SERIES_INSTANCES)).collect();
        assert_eq!(counts, ["2", "1"]);
        let by_name = [(tag::PATIENT_NAME, "王*"), (tag::MODALITY, "CR")];
        assert_eq!(ask(&mut conn, &permit, Level::Series, &by_name).await.len(), 3, "relational");
        let images = ask(&mut conn, &permit, Level::Instance, &[(tag::SERIES_UID, "1.2.1.1")]).await;
        assert_eq!(images.len(), 2);
        let image = [(tag::SOP_INSTANCE, "1.2.2.1.1\\1.2.3.1.1"), (tag::STUDY_UID, "1.2.2")];
        assert_eq!(ask(&mut conn, &permit, Level::Instance, &image).await.len(), 1);
        let patients = [(tag::PATIENT_ID, ""), (tag::PATIENT_INSTANCES, "")];
        let found = ask(&mut conn, &permit, Level::Patient, &patients).await;
        assert_eq!(found.len(), 4, "one whom nobody knows is no patient");
        let wang = ask(
            &mut conn,
            &permit,
            Level::Patient,
            &[(tag::PATIENT_NAME, "wxd"), (tag::PATIENT_INSTANCES, "")],
        )
        .await;
        assert_eq!(wang.len(), 2);
        assert!(wang.iter().any(|p| p.text(tag::PATIENT_INSTANCES) == "3"));
    }
}

#[tokio::test]
async fn pages_end_and_miss_nothing() {
    for bench in engines().await.unwrap() {
        let permit = filled(&bench).await;
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        for offset in 0..6 {
            let mut query = Query::new(Level::Study, Default::default());
            query.first = 1;
            let found = Search::new(query).take(&mut conn, &permit, offset, 2).await.unwrap();
            assert_eq!(found.len(), 5_usize.saturating_sub(offset).min(2), "{offset} on {}", bench.engine);
        }
    }
}

/// Another facility sees nothing at any level; a grant shows one study and no more.
#[tokio::test]
async fn scope_and_grants() {
    for bench in engines().await.unwrap() {
        let permit = filled(&bench).await;
        let other = Permit::peer("OTHER", "C02");
        let mut conn = bench.ctx.db.read(&permit).await.unwrap();
        let every = [Level::Patient, Level::Study, Level::Series, Level::Instance];
        let keys: &[&[(Tag, &str)]] = &[
            &[],
            &[(tag::PATIENT_NAME, "王*")],
            &[(tag::PATIENT_NAME, "*dong")],
            &[(tag::PATIENT_ID, "P1")],
            &[(tag::STUDY_UID, "1.2.1")],
            &[(tag::SERIES_UID, "1.2.1.1")],
            &[(tag::SOP_INSTANCE, "1.2.1.1.1")],
        ];
        for level in every {
            for keys in keys {
                assert!(ask(&mut conn, &other, level, keys).await.is_empty(), "{level:?} {keys:?}");
            }
        }
        let mut tx = bench.ctx.db.begin(&permit).await.unwrap();
        tx.exec("INSERT INTO study_grant (study, facility, reason, granted_by, granted_at) SELECT id, 'C02', 'consult', 'test', 1 FROM study WHERE uid = $1", args!["1.2.1"]).await.unwrap();
        tx.commit().await.unwrap();
        for keys in keys {
            assert!(
                ask(&mut conn, &other, Level::Patient, keys).await.is_empty(),
                "patients stay the facility's own"
            );
            for (level, most) in [(Level::Study, 1), (Level::Series, 2), (Level::Instance, 3)] {
                let found = ask(&mut conn, &other, level, keys).await;
                assert!(!found.is_empty() && found.len() <= most, "{level:?} {keys:?}: {}", found.len());
                assert!(found.iter().all(|a| a.text(tag::STUDY_UID) == "1.2.1"), "{level:?} {keys:?}");
            }
        }
    }
}

/// What drives a statement is found by an index: no step of the plan reads all studies or all names.
#[tokio::test]
async fn plans_use_indexes() {
    let bench = yigong_base::testing::sqlite().await.unwrap();
    let permit = filled(&bench).await;
    let mut conn = bench.ctx.db.read(&permit).await.unwrap();
    for (name, statement) in sql::ALL {
        let plan = conn.plan(statement).await.unwrap();
        let scans: Vec<&String> = plan
            .iter()
            .filter(|step| {
                step.starts_with("SCAN")
                    && !step.contains("USING INDEX")
                    && !step.contains("USING COVERING INDEX")
            })
            .filter(|step| {
                !["SCAN found", "SCAN CONSTANT ROW"].contains(&step.as_str())
                    && !step.starts_with("SCAN (subquery")
            })
            .collect();
        // Patients come in the order of their ids; something inside a name reads every key of names.
        let reads_all = ["PATIENTS", "STUDIES_BY_NAME_PART"].contains(name);
        assert!(scans.is_empty() || reads_all, "{name}: {plan:#?}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
        let paged = ["STUDIES", "STUDIES_BY_FREQUENT_NAME"].contains(name);
        assert!(!(sorts && paged), "{name} sorts: {plan:#?}");
    }
}
