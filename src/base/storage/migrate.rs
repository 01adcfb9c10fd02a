//! Migrations: numbered SQL files for each engine, applied once, in order; a newer schema is refused.

use super::db::{Db, Engine};
use super::sql::{CREATE_LEDGER, LIST_APPLIED, REMEMBER};
use crate::access::Permit;
use crate::args;
use crate::fault::{Fault, Result};

/// (version, name, SQLite text, PostgreSQL text)
pub const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "foundation",
        include_str!("../../../migrations/sqlite/0001_foundation.sql"),
        include_str!("../../../migrations/postgres/0001_foundation.sql"),
    ),
    (
        2,
        "clinic",
        include_str!("../../../migrations/sqlite/0002_clinic.sql"),
        include_str!("../../../migrations/postgres/0002_clinic.sql"),
    ),
    (
        3,
        "critical_subject",
        include_str!("../../../migrations/sqlite/0003_critical_subject.sql"),
        include_str!("../../../migrations/postgres/0003_critical_subject.sql"),
    ),
    (
        4,
        "study_grant",
        include_str!("../../../migrations/sqlite/0004_study_grant.sql"),
        include_str!("../../../migrations/postgres/0004_study_grant.sql"),
    ),
    (
        5,
        "services",
        include_str!("../../../migrations/sqlite/0005_services.sql"),
        include_str!("../../../migrations/postgres/0005_services.sql"),
    ),
    (
        6,
        "dicomweb",
        include_str!("../../../migrations/sqlite/0006_dicomweb.sql"),
        include_str!("../../../migrations/postgres/0006_dicomweb.sql"),
    ),
    (
        7,
        "afterwards",
        include_str!("../../../migrations/sqlite/0007_afterwards.sql"),
        include_str!("../../../migrations/postgres/0007_afterwards.sql"),
    ),
    (
        8,
        "query",
        include_str!("../../../migrations/sqlite/0008_query.sql"),
        include_str!("../../../migrations/postgres/0008_query.sql"),
    ),
    (
        9,
        "key_image",
        include_str!("../../../migrations/sqlite/0009_key_image.sql"),
        include_str!("../../../migrations/postgres/0009_key_image.sql"),
    ),
    (
        10,
        "ecg_centre",
        include_str!("../../../migrations/sqlite/0010_ecg_centre.sql"),
        include_str!("../../../migrations/postgres/0010_ecg_centre.sql"),
    ),
    (
        11,
        "name_page",
        include_str!("../../../migrations/sqlite/0011_name_page.sql"),
        include_str!("../../../migrations/postgres/0011_name_page.sql"),
    ),
    (
        12,
        "ecg_told",
        include_str!("../../../migrations/sqlite/0012_ecg_told.sql"),
        include_str!("../../../migrations/postgres/0012_ecg_told.sql"),
    ),
    (
        13,
        "outbox_page",
        include_str!("../../../migrations/sqlite/0013_outbox_page.sql"),
        include_str!("../../../migrations/postgres/0013_outbox_page.sql"),
    ),
    (
        14,
        "object_address",
        include_str!("../../../migrations/sqlite/0014_object_address.sql"),
        include_str!("../../../migrations/postgres/0014_object_address.sql"),
    ),
    (
        15,
        "indexes",
        include_str!("../../../migrations/sqlite/0015_indexes.sql"),
        include_str!("../../../migrations/postgres/0015_indexes.sql"),
    ),
    (
        16,
        "worklist",
        include_str!("../../../migrations/sqlite/0016_worklist.sql"),
        include_str!("../../../migrations/postgres/0016_worklist.sql"),
    ),
    (
        17,
        "withdrawal",
        include_str!("../../../migrations/sqlite/0017_withdrawal.sql"),
        include_str!("../../../migrations/postgres/0017_withdrawal.sql"),
    ),
    (
        18,
        "original",
        include_str!("../../../migrations/sqlite/0018_original.sql"),
        include_str!("../../../migrations/postgres/0018_original.sql"),
    ),
    (
        19,
        "next_job",
        include_str!("../../../migrations/sqlite/0019_next_job.sql"),
        include_str!("../../../migrations/postgres/0019_next_job.sql"),
    ),
    (
        20,
        "held_objects",
        include_str!("../../../migrations/sqlite/0020_held_objects.sql"),
        include_str!("../../../migrations/postgres/0020_held_objects.sql"),
    ),
    (
        21,
        "attached_by",
        include_str!("../../../migrations/sqlite/0021_attached_by.sql"),
        include_str!("../../../migrations/postgres/0021_attached_by.sql"),
    ),
    (
        22,
        "guarded_sessions",
        include_str!("../../../migrations/sqlite/0022_guarded_sessions.sql"),
        include_str!("../../../migrations/postgres/0022_guarded_sessions.sql"),
    ),
    (
        23,
        "alert_parts",
        include_str!("../../../migrations/sqlite/0023_alert_parts.sql"),
        include_str!("../../../migrations/postgres/0023_alert_parts.sql"),
    ),
    (
        24,
        "peer_titles",
        include_str!("../../../migrations/sqlite/0024_peer_titles.sql"),
        include_str!("../../../migrations/postgres/0024_peer_titles.sql"),
    ),
    (
        25,
        "study_fetch",
        include_str!("../../../migrations/sqlite/0025_study_fetch.sql"),
        include_str!("../../../migrations/postgres/0025_study_fetch.sql"),
    ),
];

/// Brings the schema up to date; answers how many migrations were applied.
pub async fn run(db: &Db, now: i64) -> Result<usize> {
    let permit = Permit::system("migrate");
    let mut tx = db.begin(&permit).await?;
    tx.exec(CREATE_LEDGER, args![]).await?;
    tx.commit().await?;
    let applied = applied(db).await?;
    let newest = MIGRATIONS.last().map_or(0, |m| m.0);
    if let Some(unknown) = applied.iter().find(|v| **v > newest) {
        return Err(Fault::storage(format!(
            "the database has schema version {unknown}, this program knows {newest}: use a newer program"
        )));
    }
    let mut count = 0;
    for (version, name, sqlite, postgres) in MIGRATIONS {
        if applied.contains(version) {
            continue;
        }
        let script = match db.engine() {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        };
        // One transaction: what is done is never done again.
        db.run_script(&permit, script, REMEMBER, args![*version, *name, now]).await?;
        count += 1;
    }
    Ok(count)
}

/// Versions that are applied.
pub async fn applied(db: &Db) -> Result<Vec<i64>> {
    let mut r = db.read(&Permit::system("migrate")).await?;
    r.all(LIST_APPLIED, args![]).await?.iter().map(|row| row.int("version")).collect()
}
