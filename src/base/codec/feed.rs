//! A frame on its way to a worker: bytes, or the stored file it lies in.
//!
//! A file whose bytes lie in the memory of the system is handed over with the request, and the worker reads its frame itself;
//! what must come from the disk is read here, so that a slow disk is not taken for a worker that hangs.

use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::Request;
use super::wire::head;
use crate::storage::near::is_near;

/// Bytes read from the disk at once.
const PIECE: u64 = 1 << 20;

/// Where the stored bytes of a frame are.
#[derive(Debug, Clone)]
pub enum Frame<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a file: offset and length of each part, in order.
    File(Arc<File>, Vec<(u64, u64)>),
}

/// How asking a worker ended before its end.
pub(super) enum Stopped {
    /// The file could not be read.
    Source(io::Error),
    /// The worker takes no more.
    Worker(io::Error),
}

/// Asks a worker; for what it does not take it is waited no longer than `wall` in all.
pub(super) async fn ask(
    worker: &mut UnixStream,
    request: &Request,
    frame: &Frame<'_>,
    wall: Duration,
) -> Result<(), Stopped> {
    let mut left = wall;
    match frame {
        Frame::Bytes(bytes) => {
            let head = head(request, None, bytes.len() as u64).map_err(Stopped::Worker)?;
            within(&mut left, worker.write_all(&head)).await?;
            within(&mut left, worker.write_all(bytes)).await
        }
        Frame::File(file, parts) if parts.iter().all(|(from, length)| is_near(file, *from, *length)) => {
            let head = head(request, Some(parts), 0).map_err(Stopped::Worker)?;
            within(&mut left, hand(worker, &head, file)).await
        }
        Frame::File(file, parts) => {
            let length = parts.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
            let head = head(request, None, length).map_err(Stopped::Worker)?;
            within(&mut left, worker.write_all(&head)).await?;
            for (from, length) in parts {
                pour(worker, file, (*from, *length), &mut left).await?;
            }
            Ok(())
        }
    }
}

/// What the worker may take of the time that is left.
async fn within(left: &mut Duration, said: impl Future<Output = io::Result<()>>) -> Result<(), Stopped> {
    let began = Instant::now();
    let said = timeout(*left, said).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    *left = left.saturating_sub(began.elapsed());
    said.map_err(Stopped::Worker)
}

/// Says `head` and hands over the file with it.
async fn hand(worker: &mut UnixStream, head: &[u8], file: &File) -> io::Result<()> {
    let send = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        let files = [file.as_fd()];
        if !beside.push(SendAncillaryMessage::ScmRights(&files)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(sendmsg(&*worker, &[IoSlice::new(head)], &mut beside, SendFlags::NOSIGNAL)?)
    };
    let said = worker.async_io(Interest::WRITABLE, send).await?;
    worker.write_all(head.get(said..).unwrap_or_default()).await
}

/// Reads a part of a file from the disk, piece by piece, for the worker.
async fn pour(
    worker: &mut UnixStream,
    file: &Arc<File>,
    (from, length): (u64, u64),
    left: &mut Duration,
) -> Result<(), Stopped> {
    let end = from.saturating_add(length);
    let mut at = from;
    while at < end {
        let (file, size) = (Arc::clone(file), (end - at).min(PIECE));
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; size as usize];
            file.read_exact_at(&mut piece, at).map(|()| piece)
        });
        let piece = read.await.unwrap_or_else(|e| Err(io::Error::other(e))).map_err(Stopped::Source)?;
        within(left, worker.write_all(&piece)).await?;
        at += size;
    }
    Ok(())
}
