//! Links for outside viewers (OHIF, Weasis): a secret that opens one study for a short time, and nothing else.
//!
//! Only the hash of a secret is kept. A link dies at its hour, when it is revoked, and when its maker loses the study.

pub mod sql;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::MINUTE_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};

/// Minutes a link lives when nothing else is asked for.
pub const DEFAULT_MINUTES: i64 = 60;
/// Minutes a link lives at most: a working day.
pub const MAX_MINUTES: i64 = 8 * 60;
/// Ended links are listed for so long.
const REMEMBERED_MS: i64 = 30 * yigong_base::clock::DAY_MS;

/// A link just made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Row id.
    pub id: String,
    /// The secret; shown once.
    pub secret: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// When it ends, ms.
    pub expires_at: i64,
}

/// A link as the pages list it.
#[derive(Debug, Clone, Serialize)]
pub struct LinkRow {
    /// Row id.
    pub id: String,
    /// `ohif`, `weasis`, `other`.
    pub viewer: String,
    /// Account or token that made it.
    pub made_by: String,
    /// Made, ms.
    pub created_at: i64,
    /// Ends, ms.
    pub expires_at: i64,
    /// First used, ms.
    pub used_at: Option<i64>,
    /// Revoked, ms.
    pub revoked_at: Option<i64>,
}

/// Makes a link to a study (row id) in the caller's scope.
///
/// # Errors
/// `NotFound` outside the scope; `Invalid` for a viewer or a time that is not offered.
pub async fn create(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    viewer: &str,
    minutes: i64,
) -> Result<Made> {
    if !["ohif", "weasis", "other"].contains(&viewer) {
        return Err(Fault::invalid("viewer", "ohif, weasis or other"));
    }
    if !(1..=MAX_MINUTES).contains(&minutes) {
        return Err(Fault::invalid("minutes", format!("1 to {MAX_MINUTES}")));
    }
    if permit.study().is_some() {
        return Err(Fault::denied("a link makes no links"));
    }
    let row = tx.opt(sql::STUDY, args![study, permit.scope()]).await?;
    let study_uid = row.ok_or_else(|| Fault::not_found("study"))?.text("uid")?;
    let (id, secret, now) = (ctx.id(), ctx.ids.secret(), ctx.now());
    let expires_at = now + minutes * MINUTE_MS;
    tx.exec(sql::FORGET, args![now - REMEMBERED_MS]).await?;
    tx.exec(
        sql::NEW,
        args![
            &id,
            sha256_hex(secret.as_bytes()),
            study,
            permit.scope(),
            permit.facility(),
            permit.who(),
            viewer,
            now,
            expires_at
        ],
    )
    .await?;
    let detail = json!({"study": study, "viewer": viewer, "expires_at": expires_at});
    audit::append(tx, ctx, permit, "link.create", "image_link", &id, &detail);
    Ok(Made { id, secret, study_uid, expires_at })
}

/// The permit of a secret: reads images of its one study. `None` when unknown, ended, revoked, or when its maker no longer
/// sees the study. The first use is an audit event.
///
/// # Errors
/// Storage faults.
pub async fn find(ctx: &Ctx, secret: &str) -> Result<Option<Permit>> {
    // Every secret is 64 hex digits; anything else costs no look-up.
    if secret.len() != 64 || !secret.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let system = Permit::system("link");
    let hash = sha256_hex(secret.as_bytes());
    let row = ctx.db.read(&system).await?.opt(sql::LIVING, args![hash, ctx.now()]).await?;
    let Some(row) = row else { return Ok(None) };
    let (id, viewer) = (row.text("id")?, row.text("viewer")?);
    let permit = Permit::link(&id, &viewer, &row.text("facility")?, &row.text("study")?);
    if row.opt_int("used_at")?.is_none() {
        let mut tx = ctx.db.begin(&system).await?;
        if tx.exec(sql::USED, args![&id, ctx.now()]).await? > 0 {
            let detail = json!({"study": row.text("study")?});
            audit::append(&mut tx, ctx, &permit, "link.use", "image_link", &id, &detail);
            tx.commit().await?;
        }
    }
    Ok(Some(permit))
}

/// Links of a study in the caller's scope, newest first; all of them for the study's own facility, its own for another one.
///
/// # Errors
/// `NotFound` outside the scope; storage faults.
pub async fn list(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Vec<LinkRow>> {
    conn.opt(sql::STUDY, args![study, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    conn.all(sql::LIST, args![study, permit.scope()]).await?.iter().map(of_row).collect()
}

fn of_row(row: &Row) -> Result<LinkRow> {
    Ok(LinkRow {
        id: row.text("id")?,
        viewer: row.text("viewer")?,
        made_by: row.text("made_by")?,
        created_at: row.int("created_at")?,
        expires_at: row.int("expires_at")?,
        used_at: row.opt_int("used_at")?,
        revoked_at: row.opt_int("revoked_at")?,
    })
}

/// Ends a link now.
///
/// # Errors
/// `NotFound` when it has ended, was revoked, or neither it nor its study is the caller's.
pub async fn revoke(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<()> {
    if tx.exec(sql::REVOKE, args![id, ctx.now(), permit.scope()]).await? == 0 {
        return Err(Fault::not_found("link"));
    }
    audit::append(tx, ctx, permit, "link.revoke", "image_link", id, &json!({}));
    Ok(())
}
