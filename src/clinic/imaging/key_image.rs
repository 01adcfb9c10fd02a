//! Key images: frames a reader marked as the ones that show the finding. They belong to the study, so the auditor, the next
//! reader and the report see the same ones.

use serde::{Deserialize, Serialize};
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};

use super::sql;

/// Longest note, characters.
const NOTE: usize = 200;
/// Marks of one study; beyond it nothing is key any more.
const MOST: i64 = 100;

/// How the image looked when it was marked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Window centre, modality units.
    pub center: Option<f64>,
    /// Window width, modality units.
    pub width: Option<f64>,
    /// Shown inverted.
    pub invert: bool,
}

/// A mark as the page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct KeyImage {
    /// Row id.
    pub id: String,
    /// Series row.
    pub series: String,
    /// Series number.
    pub series_number: Option<i64>,
    /// Instance row.
    pub instance: String,
    /// Frame, from 1.
    pub frame: i64,
    /// What it shows.
    pub note: String,
    /// Window.
    pub view: View,
    /// Name of the reader.
    pub by: String,
    /// When, ms.
    pub at: i64,
    /// The image is among those that are shown; `false` when it was rejected or superseded after it was marked.
    pub shown: bool,
}

/// A wish to mark a frame.
#[derive(Debug, Clone, Deserialize)]
pub struct Mark {
    /// Instance row.
    pub instance: String,
    /// Frame, from 1.
    pub frame: i64,
    /// What it shows; may be empty.
    #[serde(default)]
    pub note: String,
    /// Window.
    #[serde(default)]
    pub view: View,
}

/// Key images of a study in scope, in the order they were marked.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn list(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Vec<KeyImage>> {
    conn.opt(sql::STUDY_PREVIEW, args![study, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("study"))?;
    conn.all(sql::KEY_IMAGES, args![study, permit.scope()]).await?.iter().map(of_row).collect()
}

/// Marks a frame, or changes note and window of its mark; answers the row id.
///
/// # Errors
/// `Denied` for those who do not write reports, `NotFound` outside the scope, `Invalid` for a frame the instance has not.
pub async fn mark(tx: &mut Tx, ctx: &Ctx, permit: &Permit, study: &str, wish: &Mark) -> Result<String> {
    permit.require_for(Right::Write, "imaging")?;
    if wish.note.chars().count() > NOTE {
        return Err(Fault::invalid("note", format!("at most {NOTE} characters")));
    }
    let place = tx
        .opt(sql::KEY_PLACE, args![&wish.instance, study, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("instance"))?;
    if wish.frame < 1 || wish.frame > place.int("frames")? {
        return Err(Fault::invalid("frame", format!("1 to {}", place.int("frames")?)));
    }
    let view = serde_json::to_value(wish.view)?;
    let known = tx.opt(sql::KEY_OF_FRAME, args![&wish.instance, wish.frame]).await?;
    let id = if let Some(row) = known {
        let id = row.text("id")?;
        tx.exec(sql::KEY_CHANGE, args![&id, &wish.note, &view]).await?;
        id
    } else {
        if tx.one(sql::KEY_COUNT, args![study]).await?.int("n")? >= MOST {
            return Err(Fault::conflict("too_many", format!("a study has at most {MOST} key images")));
        }
        let id = ctx.id();
        let series = place.text("series")?;
        tx.exec(
            sql::KEY_NEW,
            args![
                &id,
                study,
                &series,
                &wish.instance,
                wish.frame,
                &wish.note,
                &view,
                permit.who(),
                ctx.now()
            ],
        )
        .await?;
        id
    };
    let detail = json!({"study": study, "instance": wish.instance, "frame": wish.frame});
    audit::append(tx, ctx, permit, "key_image.mark", "key_image", &id, &detail);
    Ok(id)
}

/// Takes a mark away.
///
/// # Errors
/// `Denied` for those who do not write reports, `NotFound` outside the scope or when it is gone already.
pub async fn unmark(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<String> {
    permit.require_for(Right::Write, "imaging")?;
    let row = tx
        .opt(sql::KEY_ONE, args![id, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("key image"))?;
    tx.exec(sql::KEY_GONE, args![id]).await?;
    let study = row.text("study")?;
    let detail = json!({"study": study, "instance": row.text("instance")?, "frame": row.int("frame")?});
    audit::append(tx, ctx, permit, "key_image.unmark", "key_image", id, &detail);
    Ok(study)
}

fn of_row(row: &Row) -> Result<KeyImage> {
    Ok(KeyImage {
        id: row.text("id")?,
        series: row.text("series")?,
        series_number: row.opt_int("series_number")?,
        instance: row.text("instance")?,
        frame: row.int("frame")?,
        note: row.text("note")?,
        view: row.json("view")?,
        by: row.opt_text("by_name")?.unwrap_or_default(),
        at: row.int("marked_at")?,
        shown: row.int("shown")? == 1,
    })
}
