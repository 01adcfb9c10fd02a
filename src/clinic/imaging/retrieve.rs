//! Stored instances and frames, in the scope of the permit.

use serde_json::Value;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::codec::Output;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::inflate::inflate;
use yigong_formats::dicom::scan::Kind;
use yigong_formats::dicom::{FileSource, Keep, Object, SliceSource, Tag, json};

use super::render::{self, Rendering};
use super::{preview, sql};
use crate::Centre;

/// Longest rendered side when none is asked for, pixels.
const RENDERED_SIDE: u16 = 2048;

/// A stored instance.
#[derive(Debug, Clone)]
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
}

fn of_row(row: &Row) -> Result<Stored> {
    Ok(Stored {
        id: row.text("id")?,
        uid: row.text("uid")?,
        sop_class: row.text("sop_class")?,
        series_uid: row.opt_text("series_uid").unwrap_or_default().unwrap_or_default(),
        transfer_syntax: row.text("transfer_syntax")?,
        frames: row.int("frames")?,
        object: row.text("object_sha256")?,
        size: row.int("size_bytes")?,
        frame_index: row.opt_bytes("frame_index")?.unwrap_or_default(),
        stack: row.json("stack")?,
    })
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
    if rows.is_empty() {
        return Err(Fault::not_found("study"));
    }
    rows.iter().map(of_row).collect()
}

/// The stored file for a client: preamble zeroed, every other byte as received (specification §7.4, egress).
///
/// # Errors
/// Storage faults.
pub async fn file(ctx: &Ctx, stored: &Stored) -> Result<Vec<u8>> {
    let mut bytes = ctx.blobs.read(&stored.object).await?;
    if bytes.get(128..132) == Some(b"DICM")
        && let Some(preamble) = bytes.get_mut(..128)
    {
        preamble.fill(0);
    }
    Ok(bytes)
}

/// Stored bytes of frame `n` (from 0) by the index kept beside the row.
///
/// # Errors
/// `NotFound` when there is no such frame; storage faults.
pub async fn frame_bytes(ctx: &Ctx, object: &str, index: &[u8], n: usize) -> Result<Vec<u8>> {
    let frames = Frames::from_bytes(index);
    let ranges = frames.ranges(n).ok_or_else(|| Fault::not_found("frame"))?;
    if frames.is_deflated() {
        return Ok(frames.aligned(n, inflated_range(ctx, object, &ranges).await?));
    }
    let mut out = Vec::new();
    for (offset, length) in ranges {
        let length = usize::try_from(length).map_err(|_| Fault::internal("frame length"))?;
        out.append(&mut ctx.blobs.read_range(object, offset, length).await?);
    }
    Ok(frames.aligned(n, out))
}

async fn inflated_range(ctx: &Ctx, object: &str, ranges: &[(u64, u64)]) -> Result<Vec<u8>> {
    let bytes = ctx.blobs.read(object).await?;
    let ranges = ranges.to_vec();
    let work = tokio::task::spawn_blocking(move || {
        let mut source = SliceSource(&bytes);
        let head = yigong_formats::dicom::head::read(&mut source, None, &mut Default::default())?;
        let all = inflate(&mut source, head.dataset, true)?;
        let mut out = Vec::new();
        for (offset, length) in ranges {
            let part = usize::try_from(offset)
                .ok()
                .zip(usize::try_from(length).ok())
                .and_then(|(o, l)| all.bytes.get(o..o.checked_add(l)?));
            out.extend_from_slice(part.unwrap_or_default());
        }
        Ok::<_, yigong_formats::dicom::Refusal>(out)
    });
    work.await
        .map_err(|_| Fault::internal("inflating stopped"))?
        .map_err(|r| Fault::invalid(r.slug, r.detail))
}

/// How a page wants a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Little-endian samples of exact length.
    Raw,
    /// Bytes as stored.
    Stored,
    /// Rendered JPEG, longest side in pixels.
    Jpeg(Option<u16>),
}

/// One frame, `n` from 1, in a form.
///
/// # Errors
/// `NotFound` for a wrong number, `Invalid` when the frame cannot be decoded.
pub async fn frame(centre: &Centre, stored: &Stored, n: usize, form: Form) -> Result<Vec<u8>> {
    if let Form::Jpeg(side) = form {
        return render::frame(centre, stored, n, &Rendering::within(side.unwrap_or(RENDERED_SIDE))).await;
    }
    let n = n.checked_sub(1).ok_or_else(|| Fault::not_found("frame"))?;
    let bytes = frame_bytes(&centre.ctx, &stored.object, &stored.frame_index, n).await?;
    let frames = Frames::from_bytes(&stored.frame_index);
    let plain = matches!(frames, Frames::Native { big: false, .. } | Frames::Packed { .. });
    if form == Form::Stored || plain {
        return Ok(bytes);
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
    header(ctx, &stored.object, move |object| {
        json::dataset(&object, &|path| format!("{base}/bulkdata/{path}"))
    })
    .await
}

/// The value of one element by its path in the metadata (`7FE00010`, `54000100/1/54001010`).
///
/// # Errors
/// `NotFound` when there is no such value; `Invalid` for encapsulated pixel data, whose frames are resources of their own.
pub async fn bulk(ctx: &Ctx, stored: &Stored, path: &str) -> Result<Vec<u8>> {
    let steps: Vec<String> = path.split('/').map(str::to_owned).collect();
    let (offset, length) = header(ctx, &stored.object, move |object| place(&object, &steps)).await??;
    let length = usize::try_from(length).map_err(|_| Fault::invalid("bulkdata", "length"))?;
    ctx.blobs.read_range(&stored.object, offset, length).await
}

/// Offset and length of the element a path names.
fn place(object: &Object, steps: &[String]) -> Result<(u64, u64)> {
    if object.deflated.is_some() {
        return Err(Fault::invalid("bulkdata", "the object is deflated"));
    }
    let mut node = object.root();
    let mut steps = steps.iter();
    while let Some(tag) = steps.next().and_then(|s| Tag::from_hex(s)) {
        match steps.next().and_then(|n| n.parse::<usize>().ok()) {
            Some(n) => {
                let item = n.checked_sub(1).and_then(|n| node.items(tag).into_iter().nth(n));
                node = item.ok_or_else(|| Fault::not_found("bulk data"))?;
            }
            None => {
                let (_, token) = node.get(tag).ok_or_else(|| Fault::not_found("bulk data"))?;
                if token.kind != Kind::Element {
                    return Err(Fault::invalid("bulkdata", "encapsulated pixel data is read by frames"));
                }
                return Ok((token.offset, token.length));
            }
        }
    }
    Err(Fault::not_found("bulk data"))
}
