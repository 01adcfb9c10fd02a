//! Stored instances and frames, in the scope of the permit.

use serde_json::Value;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::codec::Output;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::scan::Kind;
use yigong_formats::dicom::{FileSource, Keep, Node, Object, Tag, Vr, json, tag, uid};

use super::egress::{self, Overlay};
use super::render::{self, Rendering};
use super::room::{self, Framed, Most};
use super::{plain, preview, sql};
use crate::Centre;

/// Longest rendered side when none is asked for, pixels.
const RENDERED_SIDE: u16 = 2048;

/// A stored instance.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Row id.
    pub id: String,
    /// SOP Instance UID.
    pub uid: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// Series Instance UID where the query had it, else empty.
    pub series_uid: String,
    /// Transfer syntax as stored.
    pub transfer_syntax: String,
    /// Frames that can be read.
    pub frames: i64,
    /// Blob address.
    pub object: String,
    /// Bytes of the stored file.
    pub size: i64,
    /// Compact frame index.
    pub frame_index: Vec<u8>,
    /// Stack document.
    pub stack: Value,
    /// Corrections in force, applied on the way out.
    pub overlay: Overlay,
    /// What is wrong with the stored bytes (`hash`, `missing`); they are not served.
    pub damaged: Option<String>,
}

pub(super) fn of_row(row: &Row) -> Result<Stored> {
    Ok(Stored {
        id: row.text("id")?,
        uid: row.text("uid")?,
        sop_class: row.text("sop_class")?,
        series_uid: row.opt_text("series_uid").unwrap_or_default().unwrap_or_default(),
        transfer_syntax: row.text("transfer_syntax")?,
        frames: row.int("frames")?,
        object: row.text("object_hash")?,
        size: row.int("size_bytes")?,
        frame_index: row.opt_bytes("frame_index")?.unwrap_or_default(),
        stack: row.json("stack")?,
        overlay: Overlay::of(&row.text("study_overlay")?, &row.text("overlay")?)?,
        damaged: row.opt_text("damaged")?,
    })
}

/// Instances that one answer lists.
pub const MOST: usize = 100_000;

/// Whether any row names an object.
///
/// # Errors
/// Storage faults.
pub async fn any(conn: &mut Conn) -> Result<bool> {
    Ok(conn.opt(sql::ANY, args![]).await?.is_some())
}

/// By row id.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn instance(conn: &mut Conn, permit: &Permit, id: &str) -> Result<Stored> {
    let row = conn
        .opt(sql::INSTANCE, args![id, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("instance"))?;
    of_row(&row)
}

/// By the three UIDs.
///
/// # Errors
/// `NotFound` outside the scope.
pub async fn by_uid(
    conn: &mut Conn,
    permit: &Permit,
    study: &str,
    series: &str,
    instance: &str,
) -> Result<Stored> {
    let row = conn
        .opt(sql::INSTANCE_BY_UID, args![instance, study, series, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("instance"))?;
    of_row(&row)
}

/// Every current instance of a study, or of one series (`series` not empty).
///
/// # Errors
/// `NotFound` when there is none in scope.
pub async fn of_study(conn: &mut Conn, permit: &Permit, study: &str, series: &str) -> Result<Vec<Stored>> {
    let rows = conn.all(sql::INSTANCES, args![study, series, permit.scope()]).await?;
    few(rows.len())?;
    rows.iter().map(of_row).collect()
}

/// What names a current instance with its corrections: another object or correction, another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Row id.
    pub id: String,
    /// Entity tag.
    pub etag: String,
}

impl Name {
    /// The name of a stored instance.
    #[must_use]
    pub fn of(stored: &Stored) -> Self {
        Self { id: stored.id.clone(), etag: stored.etag() }
    }
}

/// The names of what [`of_study`] answers, in the same order; nothing else of the instances is read.
///
/// # Errors
/// As [`of_study`].
pub async fn names(conn: &mut Conn, permit: &Permit, study: &str, series: &str) -> Result<Vec<Name>> {
    let rows = conn.all(sql::INSTANCE_NAMES, args![study, series, permit.scope()]).await?;
    few(rows.len())?;
    rows.iter()
        .map(|row| {
            let overlay = Overlay::of(&row.text("study_overlay")?, &row.text("overlay")?)?;
            Ok(Name { id: row.text("id")?, etag: overlay.etag(&row.text("object_hash")?) })
        })
        .collect()
}

/// Some, and not more than one answer lists.
fn few(instances: usize) -> Result<()> {
    if instances == 0 {
        return Err(Fault::not_found("study"));
    }
    if instances > MOST {
        // Never a part of it as if it were the whole.
        return Err(Fault::invalid("study", format!("more than {MOST} instances: ask series by series")));
    }
    Ok(())
}

/// Stored bytes of frame `n` (from 0) by the index kept beside the row; they take room among all frames until they are dropped.
///
/// # Errors
/// `NotFound` when there is no such frame; `frame-large` when it is too long to be read; storage faults.
pub async fn frame_bytes(ctx: &Ctx, stored: &Stored, n: usize) -> Result<Framed> {
    let frames = Frames::from_bytes(&stored.frame_index);
    let ranges = frames.ranges(n).ok_or_else(|| Fault::not_found("frame"))?;
    let length = ranges.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
    // Of a film that is one stream the samples of one picture say nothing.
    let samples = match uid::is_video(&stored.transfer_syntax) {
        true => length,
        false => preview::request(&stored.stack, "", Vec::new())?.shape.frame_bytes(),
    };
    let room = room::take(length, samples, Most::of(ctx)).await?;
    let path = ctx.blobs.path(&stored.object)?;
    let plain = if frames.is_deflated() { plain::of(ctx, &path).await? } else { None };
    let mut out = Vec::new();
    let several = ranges.len() > 1;
    if several {
        out.reserve_exact(usize::try_from(length).unwrap_or(0));
    }
    for (offset, length) in ranges {
        let mut part = match &plain {
            Some(plain) => plain.range(offset, length).await?,
            None => {
                let length = usize::try_from(length).map_err(|_| Fault::internal("frame length"))?;
                ctx.blobs.read_range(&stored.object, offset, length).await?
            }
        };
        if several {
            out.append(&mut part);
        } else {
            out = part;
        }
    }
    Ok(room.filled(frames.aligned(n, out)))
}

/// How a page wants a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Little-endian samples of exact length.
    Raw,
    /// Bytes as stored.
    Stored,
    /// Rendered JPEG, longest side in pixels.
    Jpeg(Option<u16>),
    /// Rendered that way.
    Picture(Rendering),
}

/// One frame, `n` from 1, in a form.
///
/// # Errors
/// `NotFound` for a wrong number, `Invalid` when the frame cannot be decoded.
pub async fn frame(centre: &Centre, stored: &Stored, n: usize, form: &Form) -> Result<Vec<u8>> {
    egress::sound(stored)?;
    match form {
        Form::Jpeg(side) => {
            return render::frame(centre, stored, n, &Rendering::within(side.unwrap_or(RENDERED_SIDE))).await;
        }
        Form::Picture(how) => return render::frame(centre, stored, n, how).await,
        Form::Raw | Form::Stored => {}
    }
    let n = n.checked_sub(1).ok_or_else(|| Fault::not_found("frame"))?;
    let bytes = frame_bytes(&centre.ctx, stored, n).await?;
    let frames = Frames::from_bytes(&stored.frame_index);
    let plain = matches!(frames, Frames::Native { big: false, .. } | Frames::Packed { .. });
    if *form == Form::Stored || plain {
        return Ok(bytes.into_bytes());
    }
    // What the frame really is: inflated samples are plain little endian, and a codestream label over native pixels is wrong.
    let syntax = frames.syntax(&stored.transfer_syntax);
    let request = preview::request(&stored.stack, syntax, vec![Output::Raw])?;
    let parts = centre.codec.decode(&request, &bytes).await?;
    parts.into_iter().next().ok_or_else(|| Fault::internal("the codec worker answered nothing"))
}

/// Scans a stored object on a blocking thread and makes something of it.
async fn header<T: Send + 'static>(
    ctx: &Ctx,
    object: &str,
    make: impl FnOnce(Object) -> T + Send + 'static,
) -> Result<T> {
    let path = ctx.blobs.path(object)?;
    let work = tokio::task::spawn_blocking(move || {
        let io = |e: &std::io::Error| Fault::io("read object header", e);
        let file = std::fs::File::open(path).map_err(|e| io(&e))?;
        let length = file.metadata().map_err(|e| io(&e))?.len();
        let object = Object::read(&mut FileSource::new(file, length), None, Keep::INDEX)
            .map_err(|r| Fault::invalid(r.slug, r.detail))?;
        Ok::<_, Fault>(make(object))
    });
    work.await.map_err(|_| Fault::internal("reading a header stopped"))?
}

/// DICOM JSON of the stored object; `base` is the address of the instance for bulk data.
///
/// # Errors
/// Storage faults.
pub async fn metadata(ctx: &Ctx, stored: &Stored, base: String) -> Result<Value> {
    let object = egress::object(ctx, stored).await?;
    Ok(json::dataset(&object, &|path| format!("{base}/bulkdata/{path}")))
}

/// Frames of a stored instance that can be read.
#[must_use]
pub fn frame_count(stored: &Stored) -> usize {
    Frames::from_bytes(&stored.frame_index).count()
}

/// Where the value of an element stands, and what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bulk {
    /// First byte in the file, in the inflated data set when `deflated`.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Media type an encapsulated document says it has; empty = octets.
    pub mime: String,
    /// Bytes of one number when they stand in big endian order, else 1.
    pub swap: usize,
    /// The data set is deflated.
    pub deflated: bool,
}

/// The value of one element by its path in the metadata (`7FE00010`, `54000100/1/54001010`); `None` for encapsulated pixel
/// data, whose frames are resources of their own.
///
/// # Errors
/// `NotFound` when there is no such value, or when it was corrected: what is stored is not what goes out, and what goes out stands in
/// the metadata.
pub async fn bulk(ctx: &Ctx, stored: &Stored, path: &str) -> Result<Option<Bulk>> {
    egress::sound(stored)?;
    if stored.overlay.touches(path) {
        return Err(Fault::not_found("bulk data"));
    }
    let steps: Vec<String> = path.split('/').map(str::to_owned).collect();
    header(ctx, &stored.object, move |object| place(&object, &steps)).await?
}

/// `length` bytes of a value from byte `from` of it, little endian as the web has it; both are multiples of 8 or end with
/// the value.
///
/// # Errors
/// Storage faults.
pub async fn bulk_bytes(ctx: &Ctx, stored: &Stored, bulk: &Bulk, from: u64, length: u64) -> Result<Vec<u8>> {
    // A range may begin inside a number: whole numbers are turned, then the range is cut out.
    let width = bulk.swap.max(1) as u64;
    let first = from - from % width;
    let end = (from + length).next_multiple_of(width).min(bulk.length);
    let size = usize::try_from(end - first).map_err(|_| Fault::invalid("bulkdata", "length"))?;
    let mut bytes = if bulk.deflated {
        let plain = plain::of(ctx, &ctx.blobs.path(&stored.object)?).await?;
        let plain = plain.ok_or_else(|| Fault::invalid("bulkdata", "the object does not inflate"))?;
        plain.range(bulk.offset + first, end - first).await?
    } else {
        ctx.blobs.read_range(&stored.object, bulk.offset + first, size).await?
    };
    if bulk.swap > 1 {
        bytes.chunks_exact_mut(bulk.swap).for_each(<[u8]>::reverse);
    }
    let skip = usize::try_from(from - first).unwrap_or(0);
    let keep = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(bytes.get(skip..skip.saturating_add(keep).min(bytes.len())).unwrap_or_default().to_vec())
}

/// The element a path names.
fn place(object: &Object, steps: &[String]) -> Result<Option<Bulk>> {
    let mut node = object.root();
    let is_root = steps.len() == 1;
    let mut steps = steps.iter();
    while let Some(own) = steps.next().and_then(|s| Tag::from_hex(s)) {
        match steps.next().map(|n| n.parse::<usize>()) {
            Some(n) => {
                let item =
                    n.ok().and_then(|n| n.checked_sub(1)).and_then(|n| node.items(own).into_iter().nth(n));
                node = item.ok_or_else(|| Fault::not_found("bulk data"))?;
            }
            None => {
                let (_, token) = node.get(own).ok_or_else(|| Fault::not_found("bulk data"))?;
                return match token.kind {
                    Kind::Element => Ok(Some(Bulk {
                        offset: token.offset,
                        length: token.length,
                        mime: document_type(&node, own),
                        swap: if token.big { width(token.vr) } else { 1 },
                        deflated: object.deflated.is_some(),
                    })),
                    Kind::Encapsulated if own == tag::PIXELS && is_root => Ok(None),
                    // Fragments of an icon are no value, and no frames of the image.
                    _ => Err(Fault::not_found("bulk data")),
                };
            }
        }
    }
    Err(Fault::not_found("bulk data"))
}

/// (0042,0012) of an Encapsulated Document, when it is one of those that are stored (PS3.3 §C.24.2).
fn document_type(node: &Node<'_>, tag: Tag) -> String {
    let said = if tag == Tag(0x0042_0011) { node.text(Tag(0x0042_0012)) } else { String::new() };
    let known = ["application/pdf", "text/xml", "model/stl", "model/obj", "model/mtl"];
    known.into_iter().find(|k| said.trim().eq_ignore_ascii_case(k)).unwrap_or_default().to_owned()
}

fn width(vr: Vr) -> usize {
    match vr {
        Vr::OW | Vr::US | Vr::SS | Vr::AT => 2,
        Vr::OF | Vr::OL | Vr::UL | Vr::SL | Vr::FL => 4,
        Vr::OD | Vr::OV | Vr::FD | Vr::SV | Vr::UV => 8,
        _ => 1,
    }
}
