//! Every statement of every `sql.rs` is well formed on SQLite and on PostgreSQL, and finds its rows by an index.

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
    ("clinic/imaging/recompress", yigong_clinic::imaging::recompress::sql::ALL),
    ("clinic/imaging/reconcile", yigong_clinic::imaging::reconcile::sql::ALL),
    ("clinic/imaging/retention", yigong_clinic::imaging::retention::sql::ALL),
    ("clinic/imaging/scrub", yigong_clinic::imaging::scrub::sql::ALL),
    ("clinic/imaging/step", yigong_clinic::imaging::step::sql::ALL),
    ("clinic/lab", yigong_clinic::lab::sql::ALL),
    ("clinic/order", yigong_clinic::order::sql::ALL),
    ("clinic/recognition", yigong_clinic::recognition::sql::ALL),
    ("clinic/imaging/fetch", yigong_clinic::imaging::fetch::sql::ALL),
    ("clinic/report", yigong_clinic::report::sql::ALL),
    ("clinic/withdrawal", yigong_clinic::withdrawal::sql::ALL),
    ("clinic/stranger", yigong_clinic::stranger::sql::ALL),
    ("clinic/timekeeping", yigong_clinic::timekeeping::sql::ALL),
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

/// Statements that read a whole table or index on purpose, by why that is well: slice and names.
const WHOLE: &[(&str, &[(&str, &str)])] = &[
    (
        "as many rows as there are people, places, devices or settings",
        &[
            (
                "base/access",
                "LIST_ACCOUNTS LIST_ROLES LEAD FIND_SESSION DELETE_SESSIONS_OF DELETE_OTHER_SESSIONS LIST_TOKENS",
            ),
            ("base/site", "LIST_FACILITIES LEAD_FACILITY LIST_PEERS LIST_HL7 LIST_DEVICES CLOCKS"),
            ("base/setting", "HAS_SQLITE"),
            ("base/storage", "LIST_APPLIED"),
            ("clinic/delivery", "ENSURE_WEB DESTINATIONS_OF PULLED SEEN CLINICALLY_ACKED LIST_DESTINATIONS"),
            ("clinic/ecg", "DEVICE_ELSEWHERE"),
            ("clinic/imaging/grant", "LEAD"),
            ("clinic/lab", "ALL_ITEMS PANEL_ITEMS"),
            ("clinic/order", "LAB_ITEMS"),
            ("clinic/report", "LEAD TEMPLATES PHRASES CLINIC_LIST"),
        ],
    ),
    (
        "an index that holds only what is open, due, damaged or on hold",
        &[
            ("base/jobs", "FREE KINDS STALE_SQLITE TAKE_STALE_SQLITE"),
            ("clinic/critical", "LIST_RINGING LIST_ANSWERED"),
            ("clinic/delivery", "RECEIVERS"),
            ("clinic/ecg", "WAITING"),
            ("clinic/imaging/commitment", "RECEIVERS"),
            ("clinic/imaging/key_note", "PENDING"),
            ("clinic/imaging/outbox", "RECEIVERS"),
            ("clinic/imaging/retention", "HOLDS"),
            ("clinic/imaging/scrub", "AWAY LIST_DAMAGED COUNT_DAMAGED HURT COUNT_IN_SCOPE NEXT_RUNS"),
            ("clinic/lab", "UNMATCHED"),
            ("clinic/report", "COUNT_RETURNED"),
            ("clinic/withdrawal", "WAITING"),
            ("clinic/worklist", "NEXT_SQLITE LIST_CRITICAL"),
        ],
    ),
    (
        "the newest of an index in its order, up to a limit",
        &[
            ("base/audit", "LAST"),
            ("base/jobs", "LIST"),
            ("clinic/critical", "LIST_ALL"),
            ("clinic/delivery", "LIST"),
            ("clinic/imaging", "QUARANTINE_LIST"),
            ("clinic/imaging/fetch", "LIST"),
            ("clinic/lab", "SPECIMENS MESSAGES"),
            ("fhir", "LAST_BEFORE"),
        ],
    ),
    (
        "a count that ends at a limit",
        &[
            ("clinic/imaging/query", "FREQUENT"),
            ("clinic/imaging/reconcile", "ALIKE"),
            ("clinic/worklist", "COUNTS COUNTS_AT COUNT_DUE"),
        ],
    ),
    (
        "once a day or by a person's wish, beside everything else",
        &[
            ("clinic/ecg", "COUNTED"),
            ("clinic/imaging/link", "FORGET"),
            ("clinic/imaging/query", "STUDIES_BY_NAME_PART"),
            ("clinic/imaging/reconcile", "REVIVE TARGETS FIND_STUDIES"),
            ("clinic/imaging/retention", "OLD HIDDEN NUMBERS LEAVING ERASED"),
            ("clinic/imaging/scrub", "NAMED"),
            ("clinic/worklist/ups", "LIST"),
        ],
    ),
    (
        "when somebody has set the machine's clock",
        &[(
            "clinic/timekeeping",
            "SESSIONS LOCKS DEVICE_LOCKS JOB_LEASES WORK_LEASES SKIPS LINKS COMMITMENTS GRANTS DELIVERIES_SINCE OUTGOING_SINCE JOBS LATE_JOBS DELIVERIES OUTGOING BATCHES REDOS",
        )],
    ),
];

/// An automatic index is made for one run of the statement, of the whole table.
fn reads_all(step: &str) -> bool {
    step.starts_with("SCAN ") && !step.contains("CONSTANT ROW") || step.contains("AUTOMATIC")
}

/// Statements that read part of a table and stop: the plan must name these indexes, each part its own.
const BY: &[(&str, &str)] = &[
    ("COUNTS", "work_lane work_held work_written work_returned work_due report_updated critical_due"),
    ("COUNTS_AT", "work_place work_held work_written work_returned work_due report_updated critical_due"),
    ("COUNT_DUE", "work_due"),
    ("LIST_WRITE", "work_lane"),
    ("LIST_WRITE_AT", "work_place"),
    ("LIST_AUDIT", "work_lane"),
    ("LIST_AUDIT_AT", "work_place"),
    ("LIST_MINE", "work_held work_written"),
    ("LIST_RETURNED", "work_returned"),
    ("LIST_OVERDUE", "work_open"),
    ("LIST_OVERDUE_AT", "work_place"),
    ("LIST_OVERDUE_FEW", "work_due"),
    ("LIST_PUBLISHED", "work_closed"),
];

#[tokio::test]
async fn the_worklist_is_walked_and_counted_by_its_own_indexes() {
    let bench = yigong_base::testing::sqlite().await.unwrap();
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let mut wrong = Vec::new();
    for (name, sql) in yigong_clinic::worklist::sql::ALL {
        let Some((_, indexes)) = BY.iter().find(|(known, _)| known == name) else { continue };
        let plan = conn.plan(sql).await.unwrap().join("\n");
        let missing = indexes.split(' ').filter(|index| !plan.contains(&format!("INDEX {index}")));
        wrong.extend(missing.map(|index| format!("{name} does not go by {index}:\n{plan}")));
        if name.starts_with("LIST_")
            && *name != "LIST_MINE"
            && !name.ends_with("_FEW")
            && *name != "LIST_OVERDUE_AT"
            && plan.contains("ORDER BY")
        {
            wrong.push(format!("{name} is sorted:\n{plan}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn meant(slice: &str, name: &str) -> bool {
    let mut all = WHOLE.iter().flat_map(|(_, slices)| slices.iter());
    all.any(|(s, names)| *s == slice && names.split(' ').any(|n| n == name))
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_unless_it_is_meant_to() {
    let bench = yigong_base::testing::sqlite().await.unwrap();
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    let (mut wrong, mut whole) = (Vec::new(), Vec::new());
    for (slice, list) in LISTS {
        for (name, sql) in list.iter().filter(|(name, _)| !name.ends_with("_POSTGRES")) {
            let plan = conn.plan(sql).await.unwrap();
            let mut scans = plan.into_iter().filter(|s| reads_all(s)).peekable();
            if scans.peek().is_some() {
                whole.push((*slice, *name));
            }
            if !meant(slice, name) {
                wrong.extend(scans.map(|step| format!("{slice} {name}: {step}")));
            }
        }
    }
    for (slice, names) in WHOLE.iter().flat_map(|(_, slices)| slices.iter()) {
        let stale = names.split(' ').filter(|name| !whole.contains(&(*slice, *name)));
        wrong.extend(stale.map(|name| format!("{slice} {name} reads no whole table any more")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_next_job_is_found_by_a_step_for_each_kind() {
    let bench = yigong_base::testing::sqlite().await.unwrap();
    let mut conn = bench.ctx.db.read(&Permit::system("test")).await.unwrap();
    for sql in [yigong_base::jobs::sql::KINDS, yigong_base::jobs::sql::TAKE_SQLITE] {
        let plan = conn.plan(sql).await.unwrap();
        let of_jobs: Vec<&String> = plan.iter().filter(|step| step.contains("job_")).collect();
        let by_kind = of_jobs.iter().filter(|step| step.contains("INDEX job_next (kind")).count();
        assert!(by_kind > 0 && of_jobs.iter().all(|step| step.starts_with("SEARCH ")), "{plan:#?}");
    }
}
