//! Preview images: what a page shows before the first full frame has come, and thumbnails for lists (dicom reference, 7.5).
//!
//! Derived and rebuildable: the job `preview` (key = study) makes them when a study has settled; doing it twice is harmless.

pub mod sql;
mod stack;
#[cfg(test)]
mod tests;

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Conn;
use yigong_base::{args, audit};

use super::open::Opened;
use super::render::{self, Rendering};
use super::room::TOO_LARGE;
use crate::Centre;

pub use stack::request;

/// Longest side of a preview, pixels.
const PREVIEW_SIDE: u16 = 1024;
/// Longest side of a thumbnail, pixels.
const THUMBNAIL_SIDE: u16 = 160;
/// Flag of an instance whose frame could not be shown (specification §7.7).
const RENDER_FAILED: &str = "render-failed";

/// The instance that stands for a series, and whether by its middle frame.
struct Picked {
    series: String,
    images: i64,
    instance: String,
    object: String,
    defects: Vec<String>,
    middle: bool,
}

/// What became of a series.
struct Made {
    series: String,
    instance: String,
    images: i64,
    preview: String,
    thumbnail: String,
}

/// Makes preview and thumbnail of every series of `study`; the largest series also stands for the study.
///
/// A frame that cannot be decoded leaves its series without a preview; the instance is flagged `render-failed`, or `frame-large`
/// when it is too long to be read, which the page shows with its other defects. Trying again would not help, a rebuild after an upgrade takes the flag away.
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
    let (mut made, mut flags) = (Vec::new(), Vec::new());
    for picked in series {
        let failed = match images_of(centre, &picked).await {
            Ok(images) => {
                made.push(images);
                None
            }
            Err(why @ (Fault::Invalid { .. } | Fault::NotFound { .. })) => {
                tracing::warn!(series = %picked.series, instance = %picked.instance, %why, "series without a preview");
                Some(match &why {
                    Fault::Invalid { what, .. } if what == TOO_LARGE => TOO_LARGE,
                    _ => RENDER_FAILED,
                })
            }
            Err(fault) => return Err(fault),
        };
        flags.extend(flag(picked, failed));
    }
    let mut tx = ctx.db.begin(permit).await?;
    for m in &made {
        tx.exec(sql::KEEP_SERIES, args![&m.series, &m.preview, &m.thumbnail, &m.instance]).await?;
    }
    for (instance, defects) in &flags {
        tx.exec(sql::FLAG, args![instance, json!(defects)]).await?;
        let detail = json!({"defects": defects});
        audit::append(&mut tx, ctx, permit, "instance.render", "instance", instance, &detail);
    }
    if let Some(largest) = made.iter().rev().max_by_key(|m| m.images) {
        tx.exec(sql::KEEP_STUDY, args![study, &largest.preview, &largest.thumbnail, &largest.instance])
            .await?;
    }
    tx.commit().await?;
    ctx.live.changed("imaging", study, &facility);
    Ok(())
}

/// The new defects of an instance whose flag changes.
fn flag(picked: Picked, failed: Option<&str>) -> Option<(String, Vec<String>)> {
    let mut defects = picked.defects.clone();
    defects.retain(|d| d != RENDER_FAILED && d != TOO_LARGE);
    defects.extend(failed.map(str::to_owned));
    (defects != picked.defects).then_some((picked.instance, defects))
}

async fn images_of(centre: &Centre, picked: &Picked) -> Result<Made> {
    let blobs = &centre.ctx.blobs;
    let opened = Opened::read(&centre.ctx, &blobs.path(&picked.object)?).await?;
    let frame = if picked.middle { opened.frames.count() / 2 } else { 0 };
    let sides = [PREVIEW_SIDE, THUMBNAIL_SIDE].map(Rendering::within);
    let parts = render::pictures(&centre.codec, &opened, frame, &sides).await?;
    let [preview, thumbnail] = &parts[..] else { return Err(Fault::internal("not two images")) };
    let (preview, thumbnail) = (blobs.put(preview).await?, blobs.put(thumbnail).await?);
    Ok(Made {
        series: picked.series.clone(),
        instance: picked.instance.clone(),
        images: picked.images,
        preview,
        thumbnail,
    })
}

/// One frame for each series that has images.
async fn pick_all(conn: &mut Conn, study: &str) -> Result<Vec<Picked>> {
    let mut picked = Vec::new();
    for series in conn.all(sql::SERIES, args![study]).await? {
        let (id, images) = (series.text("id")?, series.int("images")?);
        let middle = stands_in_the_middle(&series.text("modality")?);
        let position = if middle { images / 2 } else { 0 };
        if let Some(row) = conn.opt(sql::INSTANCE, args![&id, position]).await? {
            let (instance, object) = (row.text("id")?, row.text("object_hash")?);
            picked.push(Picked {
                series: id,
                images,
                instance,
                object,
                defects: row.json("defects")?,
                middle,
            });
        }
    }
    Ok(picked)
}

/// A stack of slices is known by its middle, everything else by its first image.
fn stands_in_the_middle(modality: &str) -> bool {
    matches!(modality, "CT" | "MR" | "PT" | "NM")
}
