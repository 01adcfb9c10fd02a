//! Every statement of every `sql.rs` is well formed on SQLite and on PostgreSQL.

use yigong_base::access::Permit;
use yigong_base::testing::engines;

/// Every slice's list. The tidy test holds it against the files on disk.
pub const LISTS: &[(&str, &[(&str, &str)])] = &[
    ("base/access", yigong_base::access::sql::ALL),
    ("base/audit", yigong_base::audit::sql::ALL),
    ("base/inbox", yigong_base::inbox::sql::ALL),
    ("base/jobs", yigong_base::jobs::sql::ALL),
    ("base/patient", yigong_base::patient::sql::ALL),
    ("base/setting", yigong_base::setting::sql::ALL),
    ("base/site", yigong_base::site::sql::ALL),
    ("base/storage", yigong_base::storage::sql::ALL),
    ("clinic/critical", yigong_clinic::critical::sql::ALL),
    ("clinic/delivery", yigong_clinic::delivery::sql::ALL),
    ("clinic/ecg", yigong_clinic::ecg::sql::ALL),
    ("clinic/elsewhere", yigong_clinic::elsewhere::sql::ALL),
    ("clinic/imaging", yigong_clinic::imaging::sql::ALL),
    ("clinic/imaging/commitment", yigong_clinic::imaging::commitment::sql::ALL),
    ("clinic/imaging/grant", yigong_clinic::imaging::grant::sql::ALL),
    ("clinic/imaging/key_note", yigong_clinic::imaging::key_note::sql::ALL),
    ("clinic/imaging/link", yigong_clinic::imaging::link::sql::ALL),
    ("clinic/imaging/outbox", yigong_clinic::imaging::outbox::sql::ALL),
    ("clinic/imaging/prepared", yigong_clinic::imaging::prepared::sql::ALL),
    ("clinic/imaging/preview", yigong_clinic::imaging::preview::sql::ALL),
    ("clinic/imaging/query", yigong_clinic::imaging::query::sql::ALL),
    ("clinic/imaging/reconcile", yigong_clinic::imaging::reconcile::sql::ALL),
    ("clinic/imaging/retention", yigong_clinic::imaging::retention::sql::ALL),
    ("clinic/imaging/scrub", yigong_clinic::imaging::scrub::sql::ALL),
    ("clinic/imaging/step", yigong_clinic::imaging::step::sql::ALL),
    ("clinic/lab", yigong_clinic::lab::sql::ALL),
    ("clinic/order", yigong_clinic::order::sql::ALL),
    ("clinic/recognition", yigong_clinic::recognition::sql::ALL),
    ("clinic/report", yigong_clinic::report::sql::ALL),
    ("clinic/stranger", yigong_clinic::stranger::sql::ALL),
    ("clinic/worklist", yigong_clinic::worklist::sql::ALL),
    ("clinic/worklist/ups", yigong_clinic::worklist::ups::sql::ALL),
    ("fhir", yigong::fhir::sql::ALL),
];

#[tokio::test]
async fn every_statement_is_prepared_on_both_engines() {
    for bench in engines().await.unwrap() {
        let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
        let mut wrong = Vec::new();
        for (slice, list) in LISTS {
            for (name, sql) in *list {
                let other = if bench.engine == "sqlite" { "_POSTGRES" } else { "_SQLITE" };
                if name.ends_with(other) {
                    continue;
                }
                if let Err(fault) = conn.prepare(sql).await {
                    wrong.push(format!("{slice} {name} on {}: {fault}", bench.engine));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
