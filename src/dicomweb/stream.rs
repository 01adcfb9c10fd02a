//! Answers as streams (PS3.18 §8.6): one chunk of one object, or one frame, in memory at a time.
//!
//! What fails after the first byte breaks the stream off: the client sees an incomplete answer, never a wrong one.

use std::future::Future;
use std::pin::Pin;

use actix_web::web::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::egress::{self, Outgoing};
use yigong_clinic::imaging::retrieve::Stored;
use yigong_clinic::imaging::transcode::{self, Transcoded};

/// Small enough to stay in the processor's cache on its way from the file to the socket.
const CHUNK: usize = 64 * 1024;
/// What must be fetched from the disk comes in larger pieces.
pub(super) const COLD_CHUNK: usize = 256 * 1024;
/// Chunks that are read while the client takes the ones before.
const AHEAD: usize = 8;

/// Between an object and the next boundary.
pub(super) const BETWEEN: &[u8] = b"\r\n";

/// In which form an object goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The stored bytes.
    Stored,
    /// In another transfer syntax.
    In(String),
}

impl Form {
    /// The transfer syntax of what goes out.
    #[must_use]
    pub fn syntax<'a>(&'a self, stored: &'a Stored) -> &'a str {
        match self {
            Self::Stored => &stored.transfer_syntax,
            Self::In(syntax) => syntax,
        }
    }
}

/// An object that is being read.
pub enum Source {
    /// As stored, with its corrections.
    Stored(Box<Outgoing>),
    /// Written anew.
    Turned(Box<Transcoded>),
}

impl Source {
    /// Opens an object; nothing is decoded yet.
    ///
    /// # Errors
    /// `Invalid` when it cannot go out in this form, `Storage` when it is damaged.
    pub async fn open(centre: &Centre, stored: &Stored, form: &Form) -> Result<Self, Fault> {
        match form {
            Form::Stored => Ok(Self::Stored(Box::new(egress::open(&centre.ctx, stored).await?))),
            Form::In(syntax) => {
                egress::sound(stored)?;
                Ok(Self::Turned(Box::new(transcode::object(centre, stored, syntax).await?)))
            }
        }
    }

    /// Bytes of the whole, where they are known before the end.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Stored(object) => Some(object.length()),
            Self::Turned(_) => None,
        }
    }

    /// The next bytes; empty at the end.
    async fn next(&mut self) -> Result<Vec<u8>, Fault> {
        loop {
            let part = match self {
                Self::Stored(object) => object.next(if object.waits() { COLD_CHUNK } else { CHUNK }).await?,
                Self::Turned(object) => object.next().await?,
            };
            match part {
                None => return Ok(Vec::new()),
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Ok(bytes),
            }
        }
    }
}

struct Files {
    centre: Centre,
    left: std::vec::IntoIter<(Stored, Form)>,
    first: Option<Source>,
    source: Option<Source>,
    boundary: String,
    finished: bool,
}

/// Objects as parts of `application/dicom`; the first one is open already.
pub fn files(
    centre: Centre,
    first: Source,
    list: Vec<(Stored, Form)>,
    boundary: String,
) -> impl Stream<Item = Result<Bytes, Fault>> {
    let files =
        Files { centre, left: list.into_iter(), first: Some(first), source: None, boundary, finished: false };
    ahead(stream::try_unfold(files, |mut s| async move {
        if let Some(source) = &mut s.source {
            let bytes = source.next().await?;
            if !bytes.is_empty() {
                return Ok(Some((Bytes::from(bytes), s)));
            }
            s.source = None;
            return Ok(Some((Bytes::from_static(BETWEEN), s)));
        }
        if let Some((stored, form)) = s.left.next() {
            s.source = Some(match s.first.take() {
                Some(first) => first,
                None => Source::open(&s.centre, &stored, &form).await?,
            });
            let head = part_head(&s.boundary, form.syntax(&stored));
            return Ok(Some((Bytes::from(head), s)));
        }
        if s.finished {
            return Ok(None);
        }
        s.finished = true;
        Ok(Some((Bytes::from(part_end(&s.boundary)), s)))
    }))
}

pub(super) fn part_head(boundary: &str, syntax: &str) -> String {
    format!("--{boundary}\r\nContent-Type: application/dicom; transfer-syntax={syntax}\r\n\r\n")
}

pub(super) fn part_end(boundary: &str) -> String {
    format!("--{boundary}--\r\n")
}

/// The same stream, read ahead of the one who takes it. When that one goes away, reading ends.
fn ahead(
    stream: impl Stream<Item = Result<Bytes, Fault>> + 'static,
) -> impl Stream<Item = Result<Bytes, Fault>> {
    let (give, take) = tokio::sync::mpsc::channel(AHEAD);
    actix_web::rt::spawn(async move {
        let mut stream = std::pin::pin!(stream);
        while let Some(part) = stream.next().await {
            if give.send(part).await.is_err() {
                return;
            }
        }
    });
    stream::unfold(take, |mut take| async move { take.recv().await.map(|part| (part, take)) })
}

/// One open object without multipart framing.
pub fn bare(source: Source) -> impl Stream<Item = Result<Bytes, Fault>> {
    stream::try_unfold(source, |mut source| async move {
        let bytes = source.next().await?;
        Ok((!bytes.is_empty()).then(|| (Bytes::from(bytes), source)))
    })
}

/// A part that is made when its turn comes.
pub type Making = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>>>>;

/// Parts of one media type, each made when its turn comes; `first` is made already.
pub fn parts<I: Iterator<Item = Making>>(
    boundary: &str,
    mime: &str,
    first: Vec<u8>,
    rest: I,
) -> impl Stream<Item = Result<Bytes, Fault>> + use<I> {
    let head = format!("--{boundary}\r\nContent-Type: {mime}\r\n\r\n");
    let end = format!("--{boundary}--\r\n");
    stream::try_unfold((Some(first), rest, head, Some(end)), |(first, mut rest, head, end)| async move {
        let part = match first {
            Some(part) => Some(part),
            None => match rest.next() {
                Some(making) => Some(making.await?),
                None => None,
            },
        };
        if let Some(part) = part {
            let mut bytes = Vec::with_capacity(head.len() + part.len() + 2);
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(&part);
            bytes.extend_from_slice(b"\r\n");
            return Ok(Some((Bytes::from(bytes), (None, rest, head, end))));
        }
        Ok(end.map(|end| (Bytes::from(end), (None, rest, head, None))))
    })
}
