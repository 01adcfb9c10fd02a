//! Multipart answers (PS3.18 §8.6) as a stream: one chunk of one object in memory at a time.

use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use yigong_base::Ctx;
use yigong_base::fault::Fault;
use yigong_clinic::imaging::egress::{self, Outgoing};
use yigong_clinic::imaging::retrieve::Stored;

const CHUNK: usize = 256 * 1024;

struct State {
    ctx: Ctx,
    framed: bool,
    left: std::vec::IntoIter<Stored>,
    file: Option<Outgoing>,
    boundary: String,
    finished: bool,
}

/// Files as parts of `application/dicom`.
pub fn files(ctx: Ctx, list: Vec<Stored>, boundary: String) -> impl Stream<Item = Result<Bytes, Fault>> {
    walk(State { ctx, framed: true, left: list.into_iter(), file: None, boundary, finished: false })
}

/// Files without multipart framing: for a single one.
pub fn bare(ctx: Ctx, list: Vec<Stored>) -> impl Stream<Item = Result<Bytes, Fault>> {
    walk(State {
        ctx,
        framed: false,
        left: list.into_iter(),
        file: None,
        boundary: String::new(),
        finished: true,
    })
}

fn walk(state: State) -> impl Stream<Item = Result<Bytes, Fault>> {
    stream::try_unfold(state, |mut s| async move {
        loop {
            if let Some(file) = &mut s.file {
                if let Some(chunk) = file.next(CHUNK).await? {
                    return Ok(Some((Bytes::from(chunk), s)));
                }
                s.file = None;
                if s.framed {
                    return Ok(Some((Bytes::from_static(b"\r\n"), s)));
                }
                continue;
            }
            if let Some(next) = s.left.next() {
                s.file = Some(egress::open(&s.ctx, &next).await?);
                if !s.framed {
                    continue;
                }
                let head = format!(
                    "--{}\r\nContent-Type: application/dicom; transfer-syntax={}\r\n\r\n",
                    s.boundary, next.transfer_syntax
                );
                return Ok(Some((Bytes::from(head), s)));
            }
            if s.finished {
                return Ok(None);
            }
            s.finished = true;
            let end = format!("--{}--\r\n", s.boundary);
            return Ok(Some((Bytes::from(end), s)));
        }
    })
}

/// Parts in memory as one multipart body.
#[must_use]
pub fn parts(boundary: &str, mime: &str, list: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(list.iter().map(|p| p.len() + 200).sum());
    for part in list {
        out.extend_from_slice(format!("--{boundary}\r\nContent-Type: {mime}\r\n\r\n").as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}
