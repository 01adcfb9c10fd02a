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
use yigong_base::codec::Output;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::uid;

use super::retrieve::{frame_bytes, palette};
use crate::Centre;

pub use stack::request;

/// Longest side of a preview, pixels.
const PREVIEW_SIDE: u16 = 1024;
/// Longest side of a thumbnail, pixels.
const THUMBNAIL_SIDE: u16 = 160;
const QUALITY: u8 = 85;

/// The frame that stands for a series.
struct Picked {
    series: String,
    images: i64,
    transfer_syntax: String,
    object: String,
    frame_index: Vec<u8>,
    /// From 0.
    frame: usize,
    stack: Value,
}

/// What became of a series.
struct Made {
    series: String,
    images: i64,
    preview: String,
    thumbnail: String,
}

/// Makes preview and thumbnail of every series of `study`; the largest series also stands for the study.
///
/// A frame that cannot be decoded leaves its series without a preview and is logged; trying again would not help.
///
/// # Errors
/// Storage faults, and a codec worker that cannot be started: the job is tried again.
pub async fn make(centre: &Centre, permit: &Permit, study: &str) -> Result<()> {
    let ctx = &centre.ctx;
    let (facility, series) = {
        let mut conn = ctx.db.read(permit).await?;
        let facility = conn.one(sql::STUDY, args![study]).await?.text("facility")?;
        (facility, pick_all(&mut conn, study).await?)
    };
    let mut made = Vec::new();
    for picked in series {
        match images_of(centre, &picked).await {
            Ok(images) => made.push(images),
            Err(why @ (Fault::Invalid { .. } | Fault::NotFound { .. })) => {
                tracing::warn!(series = %picked.series, %why, "series without a preview");
            }
            Err(fault) => return Err(fault),
        }
    }
    let Some(largest) = made.iter().rev().max_by_key(|m| m.images) else { return Ok(()) };
    let mut tx = ctx.db.begin(permit).await?;
    for m in &made {
        tx.exec(sql::KEEP_SERIES, args![&m.series, &m.preview, &m.thumbnail]).await?;
    }
    tx.exec(sql::KEEP_STUDY, args![study, &largest.preview, &largest.thumbnail]).await?;
    tx.commit().await?;
    ctx.live.changed("imaging", study, &facility);
    Ok(())
}

async fn images_of(centre: &Centre, picked: &Picked) -> Result<Made> {
    let outputs =
        [PREVIEW_SIDE, THUMBNAIL_SIDE].map(|side| Output::Jpeg { longest_side: side, quality: QUALITY });
    let bytes = frame_bytes(&centre.ctx, &picked.object, &picked.frame_index, picked.frame).await?;
    let mut request = request(&picked.stack, syntax_of(picked), outputs.to_vec())?;
    request.display.palette = palette(&centre.ctx, &picked.object, &picked.stack).await?;
    let parts = centre.codec.decode(&request, &bytes).await?;
    let [preview, thumbnail] = &parts[..] else { return Err(Fault::internal("not two images")) };
    let blobs = &centre.ctx.blobs;
    let (preview, thumbnail) = (blobs.put(preview).await?, blobs.put(thumbnail).await?);
    Ok(Made { series: picked.series.clone(), images: picked.images, preview, thumbnail })
}

/// One frame for each series that has images.
async fn pick_all(conn: &mut Conn, study: &str) -> Result<Vec<Picked>> {
    let mut picked = Vec::new();
    for series in conn.all(sql::SERIES, args![study]).await? {
        let (id, images) = (series.text("id")?, series.int("images")?);
        let middle = stands_in_the_middle(&series.text("modality")?);
        let position = if middle { images / 2 } else { 0 };
        if let Some(row) = conn.opt(sql::INSTANCE, args![&id, position]).await? {
            picked.push(pick(id, images, &row, middle)?);
        }
    }
    Ok(picked)
}

/// A stack of slices is known by its middle, everything else by its first image.
fn stands_in_the_middle(modality: &str) -> bool {
    matches!(modality, "CT" | "MR" | "PT" | "NM")
}

fn pick(series: String, images: i64, row: &Row, middle: bool) -> Result<Picked> {
    let frames = usize::try_from(row.int("frames")?).unwrap_or(1).max(1);
    Ok(Picked {
        series,
        images,
        transfer_syntax: row.text("transfer_syntax")?,
        object: row.text("object_sha256")?,
        frame_index: row.opt_bytes("frame_index")?.unwrap_or_default(),
        frame: if middle { frames / 2 } else { 0 },
        stack: row.json("stack")?,
    })
}

/// What the frame really is: an object that names a codestream but holds native pixels is read as native.
fn syntax_of(picked: &Picked) -> &str {
    match Frames::from_bytes(&picked.frame_index) {
        Frames::Native { big: true, .. } => uid::EXPLICIT_BE,
        Frames::Native { .. } => uid::EXPLICIT_LE,
        Frames::Encapsulated(_) | Frames::None => &picked.transfer_syntax,
    }
}
