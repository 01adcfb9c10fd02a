//! Objects that go out as they are stored, straight from their files into the connection.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

use actix_web::body::BodyStream;
use actix_web::http::Method;
use actix_web::rt::task::JoinHandle;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, rt};
use futures_util::stream::{self, Stream};
use yigong_base::fault::{Fault, Result};
use yigong_clinic::Centre;
use yigong_clinic::imaging::egress::{self, Next, Outgoing};
use yigong_clinic::imaging::retrieve::Stored;

use super::stream::{BETWEEN, COLD_CHUNK, Form, part_end, part_head};
use crate::api::auth::HeadOnly;
use crate::api::connection::Files;

/// The door for files, when all of `parts` go out as they are stored: their sizes are known then. There is no body for `HEAD`.
pub fn door(req: &HttpRequest, parts: &[(Stored, Form)]) -> Option<Files> {
    let as_stored = |(stored, form): &(Stored, Form)| *form == Form::Stored && stored.overlay.is_empty();
    let all = req.method() == Method::GET && !head_only(req) && parts.iter().all(as_stored);
    all.then(|| req.conn_data::<Files>().cloned()).flatten()
}

/// Whether only the head of the answer is wanted.
pub fn head_only(req: &HttpRequest) -> bool {
    req.extensions().contains::<HeadOnly>()
}

/// Objects opened at once, while those before are sent.
const AT_ONCE: usize = 4;

type Opened = (Stored, Result<Outgoing>);

/// A body, and what of it has gone.
struct Out {
    files: Files,
    /// Bytes given since the mark or the last file.
    given: u64,
    /// Bytes that are still to come of those said.
    left: u64,
    /// The framework was seen to write the first bytes.
    marked: bool,
}

impl Out {
    fn new(files: Files, length: u64) -> Self {
        Self { files, given: 0, left: length, marked: false }
    }

    /// Counts bytes that the body gives.
    fn give(&mut self, bytes: Vec<u8>) -> Result<Bytes> {
        self.given += bytes.len() as u64;
        self.count(bytes.len() as u64)?;
        Ok(Bytes::from(bytes))
    }

    /// Sends a part of a file.
    async fn send(&mut self, file: Arc<File>, offset: u64, length: u64) -> Result<()> {
        self.count(length)?;
        self.files.send(file, offset, length, self.given).await;
        self.given = 0;
        Ok(())
    }

    /// The first bytes are written before what follows them.
    async fn mark(&mut self) {
        if !self.marked {
            self.files.mark().await;
            (self.marked, self.given) = (true, 0);
        }
    }

    fn count(&mut self, bytes: u64) -> Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| Fault::internal("an answer is longer than was said"))?;
        Ok(())
    }

    /// # Errors
    /// When something is missing: the client must not wait for it.
    fn end(&self) -> Result<()> {
        if self.left == 0 { Ok(()) } else { Err(Fault::internal("an answer is shorter than was said")) }
    }
}

/// Objects one after the other.
struct Parts {
    centre: Centre,
    out: Out,
    /// What stands before the object, given in two pieces when it is the first.
    head: Option<String>,
    now: Option<Outgoing>,
    open: VecDeque<Opened>,
    opening: Option<JoinHandle<Result<Vec<Opened>>>>,
    left: std::vec::IntoIter<Stored>,
    boundary: String,
    finished: bool,
}

impl Parts {
    /// The next bytes; files go by themselves. `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(head) = self.head.take() {
            self.out.mark().await;
            return self.out.give(head.into_bytes()).map(Some);
        }
        if let Some(object) = &mut self.now {
            if let Some(bytes) = passed(object, &mut self.out).await? {
                return Ok(Some(bytes));
            }
            self.now = None;
            return self.out.give(BETWEEN.to_vec()).map(Some);
        }
        if self.open.is_empty()
            && let Some(opening) = self.opening.take()
        {
            let opened = opening.await.map_err(|_| Fault::internal("opening objects stopped"))?;
            self.open.extend(opened?);
        }
        if self.opening.is_none() {
            self.opening = self.open_ahead();
        }
        if let Some((stored, object)) = self.open.pop_front() {
            self.now = Some(whole(&stored, object?)?);
            let mut head = part_head(&self.boundary, &stored.transfer_syntax);
            if !self.out.marked {
                self.head = Some(head.split_off(2));
            }
            return self.out.give(head.into_bytes()).map(Some);
        }
        if self.finished {
            self.out.end()?;
            return Ok(None);
        }
        self.finished = true;
        self.out.give(part_end(&self.boundary).into_bytes()).map(Some)
    }

    /// Starts opening the next ones.
    fn open_ahead(&mut self) -> Option<JoinHandle<Result<Vec<Opened>>>> {
        let next: Vec<Stored> = self.left.by_ref().take(AT_ONCE).collect();
        let centre = self.centre.clone();
        (!next.is_empty()).then(|| {
            rt::spawn(async move {
                let opened = egress::open_all(&centre.ctx, &next).await?;
                Ok(next.into_iter().zip(opened).collect())
            })
        })
    }
}

/// Several objects as parts of `application/dicom`; the first one is open already.
pub fn parts(
    response: &mut HttpResponseBuilder,
    centre: &Centre,
    (first, list): (Outgoing, Vec<Stored>),
    boundary: String,
    files: Files,
) -> Result<HttpResponse> {
    let size = |s: &Stored| part_head(&boundary, &s.transfer_syntax).len() + BETWEEN.len();
    let around = list.iter().map(size).sum::<usize>() + part_end(&boundary).len();
    let length = list.iter().map(bytes_of).sum::<u64>() + around as u64;
    let mut left = list.into_iter();
    let stored = left.next().ok_or_else(|| Fault::not_found("instance"))?;
    let open = VecDeque::from([(stored, Ok(first))]);
    let parts = Parts {
        centre: centre.clone(),
        out: Out::new(files, length),
        head: None,
        now: None,
        open,
        opening: None,
        left,
        boundary,
        finished: false,
    };
    let next = |mut parts: Parts| async move { Ok(parts.next().await?.map(|bytes| (bytes, parts))) };
    Ok(sized(response, length, stream::try_unfold(parts, next)))
}

/// One object without framing.
pub fn bare(
    response: &mut HttpResponseBuilder,
    stored: &Stored,
    object: Outgoing,
    files: Files,
) -> Result<HttpResponse> {
    let object = whole(stored, object)?;
    let length = object.length();
    let begun = (object, Out::new(files, length));
    let next = |(mut object, mut out): (Outgoing, Out)| async move {
        let Some(bytes) = only(&mut object, &mut out).await? else { return out.end().map(|()| None) };
        Ok(Some((bytes, (object, out))))
    };
    Ok(sized(response, length, stream::try_unfold(begun, next)))
}

/// The next bytes of an object without framing, which itself gives the bytes before and behind the mark.
async fn only(object: &mut Outgoing, out: &mut Out) -> Result<Option<Bytes>> {
    const FIRST: usize = 2;
    let piece = if out.left == object.length() {
        object.next(FIRST).await?
    } else if !out.marked {
        out.mark().await;
        object.next(FIRST).await?
    } else {
        None
    };
    match piece {
        Some(bytes) => out.give(bytes).map(Some),
        None => passed(object, out).await,
    }
}

/// An answer whose length is said, and whose body need not give all of it: files pass by it.
fn sized(
    response: &mut HttpResponseBuilder,
    length: u64,
    body: impl Stream<Item = Result<Bytes>> + 'static,
) -> HttpResponse {
    response.no_chunking(length).body(BodyStream::new(Box::pin(body)))
}

/// What of an object does not go as a file; the file parts before it are gone. `None` at the end.
async fn passed(object: &mut Outgoing, out: &mut Out) -> Result<Option<Bytes>> {
    while let Some(next) = object.next_or_file(COLD_CHUNK).await? {
        match next {
            Next::Bytes(bytes) => return out.give(bytes).map(Some),
            Next::File(file, offset, length) => out.send(file, offset, length).await?,
        }
    }
    Ok(None)
}

/// What was said of the length of an answer holds for objects that are as long as they were stored.
fn whole(stored: &Stored, object: Outgoing) -> Result<Outgoing> {
    if object.length() == bytes_of(stored) {
        return Ok(object);
    }
    let (there, hash) = (object.length(), &stored.object);
    Err(Fault::storage(format!(
        "object {hash} has {there} bytes, not the {} it was stored with",
        stored.size
    )))
}

fn bytes_of(stored: &Stored) -> u64 {
    u64::try_from(stored.size).unwrap_or(0)
}
