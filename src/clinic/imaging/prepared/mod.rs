//! What is prepared for the web (specification §7.5): compressed DICOM JSON metadata, and where the thumbnails are.
//!
//! A document is named by exactly the objects it was made from, so it is never stale: another image, another document.

pub mod sql;
#[cfg(test)]
mod tests;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Conn;
use yigong_base::{Ctx, args};

use super::retrieve::{self, Name, Stored};

/// The job that prepares the metadata of a settled study; its key is the study.
pub const JOB: &str = "metadata";
/// Form of the documents: another number makes every document anew.
const FORM: u32 = 1;
/// Larger documents are made each time.
const LARGEST: usize = 8 << 20;
/// Documents that are kept at least so long.
const KEPT_MS: i64 = 60 * DAY_MS;

/// The entity tag of the metadata of these instances under this address.
#[must_use]
pub fn metadata_tag(list: &[Name], root: &str) -> String {
    let mut text = format!("{FORM}\n{root}\n");
    for name in list {
        text.push_str(&name.id);
        text.push(' ');
        text.push_str(&name.etag);
        text.push('\n');
    }
    sha256_hex(text.as_bytes())
}

/// A document of metadata.
#[derive(Debug)]
pub struct Document {
    /// DICOM JSON, an array, compressed with gzip.
    pub body: Vec<u8>,
    /// Instances that are damaged and not in it.
    pub left_out: usize,
}

/// DICOM JSON of the instances of a study (UID) or of one of its series; prepared once and kept. What is damaged does not keep the rest
/// from whoever asks: it is left out, and the document is made again each time. `names` are the instances as [`retrieve::names`] answers them: the instances themselves are read only when there is
/// no document of them yet.
///
/// # Errors
/// Storage faults; `Invalid` when a stored object cannot be scanned any more.
pub async fn metadata(
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    series: &str,
    names: &[Name],
    root: &str,
) -> Result<Document> {
    let list = {
        let mut conn = ctx.db.read(permit).await?;
        if let Some(row) = conn.opt(sql::DOCUMENT, args![&metadata_tag(names, root)]).await? {
            return Ok(Document { body: row.bytes("body")?, left_out: 0 });
        }
        retrieve::of_study(&mut conn, permit, study, series).await?
    };
    let sound: Vec<Stored> = list.iter().filter(|s| s.damaged.is_none()).cloned().collect();
    let left_out = if sound.is_empty() { 0 } else { list.len() - sound.len() };
    let body = make(ctx, study, series, if left_out > 0 { &sound } else { &list }, root).await?;
    if list.len() > 1 && body.len() <= LARGEST && left_out == 0 {
        // Another image may have come since the names were read: the document is named by what is in it.
        let tag = metadata_tag(&list.iter().map(Name::of).collect::<Vec<_>>(), root);
        let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
        let mut tx = ctx.db.begin(permit).await?;
        tx.exec(sql::FORGET, args![ctx.now() - KEPT_MS]).await?;
        tx.exec(sql::KEEP, args![&tag, body.as_slice(), size, ctx.now()]).await?;
        tx.commit().await?;
    }
    Ok(Document { body, left_out })
}

/// The same of one instance, made each time.
///
/// # Errors
/// As [`metadata`].
pub async fn metadata_of(
    ctx: &Ctx,
    study: &str,
    series: &str,
    stored: &Stored,
    root: &str,
) -> Result<Document> {
    let body = make(ctx, study, series, std::slice::from_ref(stored), root).await?;
    Ok(Document { body, left_out: 0 })
}

/// The job [`JOB`]: the metadata of a study and of its series is made before anybody asks, so that the first who asks does not
/// wait for a thousand headers. A document that is here already is not made again.
///
/// # Errors
/// Storage faults; the job is tried again. A study that cannot be made into one document is made when somebody asks.
pub async fn prepare(ctx: &Ctx, study: &str) -> Result<()> {
    let system = Permit::system(JOB);
    let (uid, owner, series) = {
        let mut conn = ctx.db.read(&system).await?;
        let Some(row) = conn.opt(sql::STUDY, args![study]).await? else { return Ok(()) };
        let series = conn.all(sql::SERIES, args![study]).await?;
        // What its own facility is answered; the same list, so the same document, goes to everybody who sees the whole study.
        let owner = Permit::peer(JOB, &row.text("facility")?);
        (row.text("uid")?, owner, series.iter().map(|r| r.text("uid")).collect::<Result<Vec<_>>>()?)
    };
    let root = format!("{}/dicom-web", ctx.config.http.public_url);
    for part in std::iter::once("").chain(series.iter().map(String::as_str)) {
        let named = {
            let mut conn = ctx.db.read(&owner).await?;
            retrieve::names(&mut conn, &owner, &uid, part).await
        };
        let made = match named {
            Ok(names) => metadata(ctx, &owner, &uid, part, &names, &root).await.map(|_| ()),
            Err(fault) => Err(fault),
        };
        match made {
            Err(why @ (Fault::Invalid { .. } | Fault::NotFound { .. })) => {
                tracing::warn!(study, series = part, %why, "metadata is not prepared");
            }
            other => other?,
        }
    }
    Ok(())
}

/// One instance in memory at a time.
async fn make(ctx: &Ctx, study: &str, series: &str, list: &[Stored], root: &str) -> Result<Vec<u8>> {
    let packed = |e: std::io::Error| Fault::io("compress metadata", &e);
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    for (n, stored) in list.iter().enumerate() {
        let own = if stored.series_uid.is_empty() { series } else { &stored.series_uid };
        let base = format!("{root}/studies/{study}/series/{own}/instances/{}", stored.uid);
        let document = retrieve::metadata(ctx, stored, base).await?;
        out.write_all(if n == 0 { b"[" } else { b"," }).map_err(packed)?;
        out.write_all(document.to_string().as_bytes()).map_err(packed)?;
    }
    out.write_all(if list.is_empty() { b"[]".as_slice() } else { b"]" }).map_err(packed)?;
    out.finish().map_err(packed)
}

/// Blob address of the prepared thumbnail of a study, or of one of its series (`series` not empty).
///
/// # Errors
/// `NotFound` outside the scope and while there is none.
pub async fn thumbnail(conn: &mut Conn, permit: &Permit, study: &str, series: &str) -> Result<String> {
    let row = if series.is_empty() {
        conn.opt(sql::STUDY_THUMBNAIL, args![study, permit.scope()]).await?
    } else {
        conn.opt(sql::SERIES_THUMBNAIL, args![study, series, permit.scope()]).await?
    };
    let found = row.ok_or_else(|| Fault::not_found("study or series"))?;
    found.opt_text("thumbnail_hash")?.ok_or_else(|| Fault::not_found("thumbnail: it is not made yet"))
}
