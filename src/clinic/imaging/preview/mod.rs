//! Preview images: what a page shows before the first full frame has come, and thumbnails for lists (dicom reference, 7.5).
//!
//! Derived and rebuildable: the job `preview` (key = study) makes them when a study has settled; doing it twice is harmless.

pub mod sql;
mod stack;
#[cfg(test)]
mod tests;

use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::codec::{CodecError, Output};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};

use crate::Centre;

pub use stack::request;

/// Longest side of a preview, pixels.
const PREVIEW_SIDE: u16 = 1024;
/// Longest side of a thumbnail, pixels.
const THUMBNAIL_SIDE: u16 = 160;
const QUALITY: u8 = 85;

/// The frame that stands for a series.
#[derive(Debug, Clone)]
pub struct Picked {
    /// Series id.
    pub series: String,
    /// Instance id.
    pub instance: String,
    /// Transfer syntax as stored.
    pub transfer_syntax: String,
    /// Address of the stored object.
    pub object_sha256: String,
    /// Frame index as kept in the instance row.
    pub frame_index: Vec<u8>,
    /// Frame number from 1.
    pub frame: u32,
    /// Stack document.
    pub stack: Value,
}

/// What became of a series.
struct Made {
    series: String,
    images: i64,
    preview: String,
    thumbnail: String,
}

/// Makes preview and thumbnail of every series of `study`; the largest series also stands for the study.
/// `read` answers the bytes of one stored frame.
///
/// A frame that cannot be decoded leaves its series without a preview and is logged; trying again would not help.
///
/// # Errors
/// Storage faults, and a codec worker that cannot be started: the job is tried again.
pub async fn make<R, F>(centre: &Centre, permit: &Permit, study: &str, read: R) -> Result<()>
where
    R: Fn(Picked) -> F,
    F: Future<Output = Result<Vec<u8>>>,
{
    let ctx = &centre.ctx;
    let (facility, series) = {
        let mut conn = ctx.db.read(permit).await?;
        let facility = conn.one(sql::STUDY, args![study]).await?.text("facility")?;
        (facility, pick_all(&mut conn, study).await?)
    };
    let mut made = Vec::new();
    for (images, picked) in series {
        let id = picked.series.clone();
        match images_of(centre, picked, &read).await {
            Ok((preview, thumbnail)) => made.push(Made { series: id, images, preview, thumbnail }),
            Err(Undone::Frame(why)) => tracing::warn!(series = %id, %why, "no preview"),
            Err(Undone::Fault(fault)) => return Err(fault),
        }
    }
    let Some(first) = made.iter().rev().max_by_key(|m| m.images) else { return Ok(()) };
    let mut tx = ctx.db.begin(permit).await?;
    for m in &made {
        tx.exec(sql::KEEP_SERIES, args![&m.series, &m.preview, &m.thumbnail]).await?;
    }
    tx.exec(sql::KEEP_STUDY, args![study, &first.preview, &first.thumbnail]).await?;
    tx.commit().await?;
    ctx.live.changed("imaging", study, &facility);
    Ok(())
}

/// Why a series has no preview.
enum Undone {
    /// Its frame cannot be shown.
    Frame(String),
    /// The platform failed; worth another try.
    Fault(Fault),
}

impl From<Fault> for Undone {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Invalid { what, detail, .. } => Self::Frame(format!("{what}: {detail}")),
            other => Self::Fault(other),
        }
    }
}

/// Addresses of preview and thumbnail of the picked frame.
async fn images_of<R, F>(
    centre: &Centre,
    picked: Picked,
    read: &R,
) -> std::result::Result<(String, String), Undone>
where
    R: Fn(Picked) -> F,
    F: Future<Output = Result<Vec<u8>>>,
{
    let outputs =
        [PREVIEW_SIDE, THUMBNAIL_SIDE].map(|side| Output::Jpeg { longest_side: side, quality: QUALITY });
    let request = request(&picked.stack, &picked.transfer_syntax, outputs.to_vec())?;
    let frame = read(picked).await?;
    let parts = centre.codec.decode(&request, &frame).await.map_err(|error| match error {
        CodecError::Unavailable(_) => Undone::Fault(error.into()),
        other => Undone::Frame(other.to_string()),
    })?;
    let [preview, thumbnail] = &parts[..] else { return Err(Undone::Frame("wrong number of images".into())) };
    let blobs = &centre.ctx.blobs;
    Ok((blobs.put(preview).await?, blobs.put(thumbnail).await?))
}

/// One frame for each series that has images, with the number of images.
async fn pick_all(conn: &mut Conn, study: &str) -> Result<Vec<(i64, Picked)>> {
    let mut picked = Vec::new();
    for series in conn.all(sql::SERIES, args![study]).await? {
        let (id, images) = (series.text("id")?, series.int("images")?);
        let middle = stands_in_the_middle(&series.text("modality")?);
        let position = if middle { images / 2 } else { 0 };
        if let Some(row) = conn.opt(sql::INSTANCE, args![&id, position]).await? {
            picked.push((images, pick(id, &row, middle)?));
        }
    }
    Ok(picked)
}

/// A stack of slices is known by its middle, everything else by its first image.
fn stands_in_the_middle(modality: &str) -> bool {
    matches!(modality, "CT" | "MR" | "PT" | "NM")
}

fn pick(series: String, row: &Row, middle: bool) -> Result<Picked> {
    let frames = row.int("frames")?.max(1);
    let frame = if middle { frames / 2 + 1 } else { 1 };
    Ok(Picked {
        series,
        instance: row.text("id")?,
        transfer_syntax: row.text("transfer_syntax")?,
        object_sha256: row.text("object_sha256")?,
        frame_index: row.opt_bytes("frame_index")?.unwrap_or_default(),
        frame: u32::try_from(frame.min(frames)).unwrap_or(1),
        stack: row.json("stack")?,
    })
}
