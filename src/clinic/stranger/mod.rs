//! Somebody named what is another facility's. He was answered as if it were not there; the audit chain keeps that he asked
//! (specification dicom §7.3: foreign = not found, audited).

pub mod sql;
#[cfg(test)]
mod tests;

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::access::permit::ALL_FACILITIES;
use yigong_base::clock::HOUR_MS;
use yigong_base::fault::Result;
use yigong_base::{Ctx, args, audit};

/// Identifiers of one request that are looked up.
const MOST: usize = 16;

/// Notes which of these identifiers (row ids, DICOM UIDs) belong to others. The same one by the same asker and verb is noted once an
/// hour: whoever asks on and on does not fill the chain.
///
/// # Errors
/// Storage faults.
pub async fn named(ctx: &Ctx, permit: &Permit, verb: &str, names: &[String]) -> Result<()> {
    if permit.scope() == ALL_FACILITIES {
        return Ok(());
    }
    for name in names.iter().filter(|n| is_identifier(n)).take(MOST) {
        let (kind, detail) = {
            let mut conn = ctx.db.read(permit).await?;
            let Some(row) = conn.opt(sql::OTHERS, args![name, permit.scope()]).await? else { continue };
            let kind = row.text("kind")?;
            let detail = json!({"verb": verb, "owner": row.text("facility")?});
            let since = ctx.now() - HOUR_MS;
            let noted = args![&kind, name, permit.who(), since, detail.to_string()];
            if conn.opt(sql::NOTED, noted).await?.is_some() {
                continue;
            }
            (kind, detail)
        };
        let mut tx = ctx.db.begin(permit).await?;
        audit::append(&mut tx, ctx, permit, "stranger.asked", &kind, name, &detail);
        tx.commit().await?;
    }
    Ok(())
}

/// The same at an edge that has answered already: a failure is for the log.
pub async fn noted(ctx: &Ctx, permit: &Permit, verb: &str, names: &[String]) {
    if let Err(fault) = named(ctx, permit, verb, names).await {
        tracing::error!(%fault, verb, "a request for what is another facility's was not noted");
    }
}

/// A row id (32 hexadecimal digits) or a UID (PS3.5 §9.1).
fn is_identifier(text: &str) -> bool {
    let row = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let uid = text.len() <= 64 && text.contains('.') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    row || uid
}
