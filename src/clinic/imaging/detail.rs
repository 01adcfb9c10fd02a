//! A study, a series and its stack as the pages show them.

use serde::Serialize;
use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::codec;
use yigong_base::fault::{Fault, Result};
use yigong_base::patient::{self, link::PatientHead};
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args};
use yigong_formats::hl7::value::Timestamp;

use super::commitment::{self, Safe};
use super::retention::{self, show::Hold};
use super::step::{self, StepHead};
use super::{restack, sql};
use crate::order::{self, head::OrderHead};

/// A study with series and priors.
#[derive(Debug, Serialize)]
pub struct StudyDetail {
    /// Row id.
    pub id: String,
    /// Study Instance UID.
    pub uid: String,
    /// Patient.
    pub patient: PatientHead,
    /// Facility code.
    pub facility: String,
    /// Facility name.
    pub facility_name: String,
    /// Order, when matched.
    pub order: Option<OrderHead>,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// Description.
    pub description: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// As sent.
    pub study_time: String,
    /// State.
    pub state: String,
    /// Quarantine lane or empty.
    pub lane: String,
    /// How far the device's clock was ahead of ours when the first image came, ms; none when it was not, as far as can be seen.
    pub clock_ahead_ms: Option<i64>,
    /// Defect slugs of its instances.
    pub defects: Vec<String>,
    /// What the modalities say they did.
    pub steps: Vec<StepHead>,
    /// Whether the devices may delete their copies (可安全删除).
    pub safe: Safe,
    /// Images whose bytes are damaged or were given up.
    pub lost: Lost,
    /// Kept whatever the retention policy says.
    pub hold: Option<Hold>,
    /// Series.
    pub series: Vec<SeriesHead>,
    /// Earlier studies of the person.
    pub priors: Vec<Prior>,
}

/// What of a study cannot be shown.
#[derive(Debug, Default, Serialize)]
pub struct Lost {
    /// Images whose stored bytes are damaged: they are not served until they are whole again.
    pub damaged: i64,
    /// Images whose bytes the retention policy has given up.
    pub erased: i64,
    /// When, ms.
    pub erased_at: Option<i64>,
    /// Damaged images of each series that has some.
    #[serde(skip)]
    by_series: Vec<(String, i64)>,
}

/// A series.
#[derive(Debug, Serialize)]
pub struct SeriesHead {
    /// Row id.
    pub id: String,
    /// Series Instance UID.
    pub uid: String,
    /// Modality.
    pub modality: String,
    /// Series number.
    pub number: Option<i64>,
    /// Description.
    pub description: String,
    /// Body part.
    pub body_part: String,
    /// Laterality.
    pub laterality: String,
    /// Instances.
    pub instance_count: i64,
    /// Frames to show.
    pub frames: i64,
    /// Images whose stored bytes are damaged.
    pub damaged: i64,
    /// What hanging needs of each image, for series of a few images (films, mammograms); else empty.
    pub images: Vec<ImageHead>,
    /// Address of the thumbnail once it exists.
    pub thumbnail: Option<String>,
    /// Address of the preview once it exists.
    pub preview: Option<String>,
}

/// One image of a small series.
#[derive(Debug, Serialize)]
pub struct ImageHead {
    /// Instance row.
    pub id: String,
    /// View position, e.g. `MLO` (0018,5101).
    pub view: String,
    /// `L`, `R`, `U` or empty.
    pub laterality: String,
    /// Patient orientation (0020,0020): where rows and columns point.
    pub orientation: String,
}

/// An earlier study.
#[derive(Debug, Serialize)]
pub struct Prior {
    /// Row id.
    pub id: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// Description.
    pub description: String,
    /// Facility name.
    pub facility_name: String,
    /// Its published report.
    pub report: Option<String>,
}

/// A study in scope.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn study(conn: &mut Conn, ctx: &Ctx, permit: &Permit, id: &str) -> Result<StudyDetail> {
    let row =
        conn.opt(sql::STUDY, args![id, permit.scope()]).await?.ok_or_else(|| Fault::not_found("study"))?;
    let order = match row.opt_text("order_id")? {
        Some(order) => order::head::head(conn, permit, &order).await?,
        None => None,
    };
    let mut defects: Vec<String> = Vec::new();
    for found in conn.all(sql::DEFECTS, args![id]).await? {
        for slug in found.json::<Vec<String>>("defects")? {
            if !defects.contains(&slug) {
                defects.push(slug);
            }
        }
    }
    let lost = lost(conn, id).await?;
    let mut series = Vec::new();
    for row in conn.all(sql::SERIES_OF_STUDY, args![id]).await? {
        series.push(series_head(conn, &row, &lost).await?);
    }
    let priors = conn.all(sql::PRIORS, args![row.text("person")?, id, permit.scope()]).await?;
    let steps = step::of_study(conn, &row.text("facility")?, &row.text("uid")?).await?;
    Ok(StudyDetail {
        patient: patient::head(conn, &row.text("patient")?, taken_at(&row.text("study_date")?, ctx.now()))
            .await?,
        safe: commitment::of_study(conn, id).await?,
        hold: retention::show::of_study(conn, permit, id).await?,
        lost,
        steps,
        id: row.text("id")?,
        uid: row.text("uid")?,
        facility: row.text("facility")?,
        facility_name: row.text("facility_name")?,
        order,
        modality: row.text("modality")?,
        body_part: row.text("body_part")?,
        description: row.text("description")?,
        study_date: row.text("study_date")?,
        study_time: row.text("study_time")?,
        state: row.text("state")?,
        lane: row.text("lane")?,
        clock_ahead_ms: row.json::<Value>("attributes")?.get("clock_ahead_ms").and_then(Value::as_i64),
        defects,
        series,
        priors: priors.iter().map(prior).collect::<Result<_>>()?,
    })
}

/// Modalities whose single images are hung by side and view (PS3.3 §C.8.11.7, §C.8.1.1).
const PROJECTION: [&str; 6] = ["CR", "DX", "MG", "RF", "XA", "DR"];
/// Images of a series that is read image by image.
const FEW: i64 = 16;

async fn lost(conn: &mut Conn, study: &str) -> Result<Lost> {
    let mut all = Lost::default();
    for row in conn.all(sql::LOST, args![study]).await? {
        let damaged = row.int("damaged")?;
        all.damaged += damaged;
        all.erased += row.int("erased")?;
        all.erased_at = all.erased_at.max(row.opt_int("erased_at")?);
        if damaged > 0 {
            all.by_series.push((row.text("series")?, damaged));
        }
    }
    Ok(all)
}

async fn series_head(conn: &mut Conn, row: &Row, lost: &Lost) -> Result<SeriesHead> {
    let id = row.text("id")?;
    let by_image = PROJECTION.contains(&row.text("modality")?.as_str()) && row.int("instance_count")? <= FEW;
    let mut images = Vec::new();
    if by_image {
        for one in conn.all(sql::STACKS, args![&id]).await? {
            images.push(image_head(one.text("id")?, &one.json("stack")?));
        }
    }
    let made = |column: &str, name: &str| {
        Ok::<_, Fault>(row.opt_text(column)?.map(|_| format!("/api/series/{id}/{name}")))
    };
    Ok(SeriesHead {
        damaged: lost.by_series.iter().find(|(series, _)| *series == id).map_or(0, |(_, n)| *n),
        thumbnail: made("thumbnail_hash", "thumbnail")?,
        preview: made("preview_hash", "preview")?,
        uid: row.text("uid")?,
        modality: row.text("modality")?,
        number: row.opt_int("number")?,
        description: row.text("description")?,
        body_part: row.text("body_part")?,
        laterality: row.text("laterality")?,
        instance_count: row.int("instance_count")?,
        frames: row.int("frames")?,
        images,
        id,
    })
}

fn image_head(id: String, stack: &Value) -> ImageHead {
    let text = |key: &str| stack.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    ImageHead {
        id,
        view: text("view_position"),
        laterality: text("laterality"),
        orientation: text("patient_orientation"),
    }
}

fn prior(row: &Row) -> Result<Prior> {
    Ok(Prior {
        id: row.text("id")?,
        study_date: row.text("study_date")?,
        modality: row.text("modality")?,
        body_part: row.text("body_part")?,
        description: row.text("description")?,
        facility_name: row.text("facility_name")?,
        report: row.opt_text("report")?,
    })
}

/// The stack document of a series: sorted by position along the normal where every slice has one, else by number.
#[derive(Debug, Serialize)]
pub struct Stack {
    /// Series row.
    pub series: String,
    /// Images may still come.
    pub partial: bool,
    /// Instance documents.
    pub instances: Vec<Value>,
}

/// The stack of a series in scope, its documents as this version writes them; where a stored object cannot be read any more,
/// the document stays the old one, which says nothing of how the object is shown.
///
/// # Errors
/// `NotFound` outside the scope; storage faults.
pub async fn renewed_stack(ctx: &Ctx, permit: &Permit, series: &str) -> Result<Stack> {
    let held = {
        let mut conn = ctx.db.read(permit).await?;
        stack(&mut conn, permit, series).await?
    };
    if held.instances.iter().all(super::stack::is_current) || restack::renew(ctx, series).await? == 0 {
        return Ok(held);
    }
    let mut conn = ctx.db.read(permit).await?;
    stack(&mut conn, permit, series).await
}

/// The stack of a series in scope as it is kept.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn stack(conn: &mut Conn, permit: &Permit, series: &str) -> Result<Stack> {
    let head = conn
        .opt(sql::SERIES, args![series, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("series"))?;
    let rows = conn.all(sql::STACKS, args![series]).await?;
    let mut instances = rows.iter().map(document).collect::<Result<Vec<_>>>()?;
    let keys: Option<Vec<f64>> = instances.iter().map(along_normal).collect();
    if let Some(keys) = keys {
        let mut both: Vec<(f64, Value)> = keys.into_iter().zip(instances).collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Slices run as the scanner numbered them: ascending numbers first.
        let number = |v: Option<&(f64, Value)>| v.and_then(|(_, s)| s.get("number")).and_then(Value::as_i64);
        if number(both.first()) > number(both.last()) {
            both.reverse();
        }
        instances = both.into_iter().map(|(_, v)| v).collect();
    }
    Ok(Stack { series: series.to_owned(), partial: head.text("state")? == "receiving", instances })
}

/// The stack document of an instance; one whose bytes are damaged says so, for it is not served.
fn document(row: &Row) -> Result<Value> {
    let mut stack: Value = row.json("stack")?;
    if let Value::Object(map) = &mut stack {
        if let Some(kind) = row.opt_text("damaged")? {
            map.insert("damaged".into(), kind.into());
        }
        // Stands in the address of the samples, which are kept for good: another build may decode them better.
        if !map.is_empty() {
            map.insert("made_by".into(), codec::MADE_BY.into());
        }
    }
    Ok(stack)
}

/// Position along the slice normal, mm; `None` without position and orientation.
fn along_normal(stack: &Value) -> Option<f64> {
    let numbers = |key: &str, n: usize| -> Option<Vec<f64>> {
        let list: Vec<f64> = stack.get(key)?.as_array()?.iter().filter_map(Value::as_f64).collect();
        (list.len() == n).then_some(list)
    };
    let (p, o) = (numbers("position", 3)?, numbers("orientation", 6)?);
    let ([px, py, pz], [a, b, c, d, e, f]) = (p.as_slice(), o.as_slice()) else { return None };
    Some(px * (b * f - c * e) + py * (c * d - a * f) + pz * (a * e - b * d))
}

/// Which image stands for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// Up to 1024 pixels.
    Preview,
    /// Up to 160 pixels.
    Thumbnail,
}

/// Blob address of the picture of a study or series (`kind` = `study`, `series`).
///
/// # Errors
/// `NotFound` outside the scope or while it is not made yet.
pub async fn picture(
    conn: &mut Conn,
    permit: &Permit,
    kind: &str,
    id: &str,
    which: Picture,
) -> Result<String> {
    let statement = if kind == "study" { sql::STUDY_PREVIEW } else { sql::SERIES };
    let row =
        conn.opt(statement, args![id, permit.scope()]).await?.ok_or_else(|| Fault::not_found("picture"))?;
    let column = if which == Picture::Preview { "preview_hash" } else { "thumbnail_hash" };
    row.opt_text(column)?.ok_or_else(|| Fault::not_found("picture"))
}

/// Noon of the day of a study, ms, for the age beside its images: on an earlier one the patient was younger. Today where the device
/// has no such day.
fn taken_at(study_date: &str, now: i64) -> i64 {
    let at = Timestamp::parse(&format!("{study_date}1200")).map(|t| t.millis(480));
    at.filter(|at| study_date.len() == 8 && (0..now).contains(at)).unwrap_or(now)
}
