//! What is prepared for the web (specification §7.5): compressed DICOM JSON metadata, and where the thumbnails are.
//!
//! A document is named by exactly the objects it was made from, so it is never stale: another image, another document.

pub mod sql;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Conn;
use yigong_base::{Ctx, args};

use super::retrieve::{self, Stored};

/// Form of the documents: another number makes every document anew.
const FORM: u32 = 1;
/// Larger documents are made each time.
const LARGEST: usize = 8 << 20;
/// Documents that are kept at least so long.
const KEPT_MS: i64 = 60 * DAY_MS;

/// The entity tag of the metadata of these instances under this address.
#[must_use]
pub fn metadata_tag(list: &[Stored], root: &str) -> String {
    let mut text = format!("{FORM}\n{root}\n");
    for stored in list {
        text.push_str(&stored.id);
        text.push(' ');
        text.push_str(&stored.etag());
        text.push('\n');
    }
    sha256_hex(text.as_bytes())
}

/// DICOM JSON of the instances of a study (UID), an array, compressed with gzip; prepared once and kept.
///
/// # Errors
/// Storage faults; `Invalid` when a stored object cannot be scanned any more.
pub async fn metadata(
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    series: &str,
    list: &[Stored],
    root: &str,
) -> Result<Vec<u8>> {
    let tag = metadata_tag(list, root);
    if let Some(row) = ctx.db.read(permit).await?.opt(sql::DOCUMENT, args![&tag]).await? {
        return row.bytes("body");
    }
    let body = make(ctx, study, series, list, root).await?;
    if list.len() > 1 && body.len() <= LARGEST {
        let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
        let mut tx = ctx.db.begin(permit).await?;
        tx.exec(sql::FORGET, args![ctx.now() - KEPT_MS]).await?;
        tx.exec(sql::KEEP, args![&tag, body.as_slice(), size, ctx.now()]).await?;
        tx.commit().await?;
    }
    Ok(body)
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
