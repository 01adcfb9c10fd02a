//! A frame on its way to a worker: bytes in memory, or a stored file, whose pages go into the pipe without passing through
//! this process.

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Advice;
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};

/// Where the stored bytes of a frame are.
#[derive(Debug, Clone)]
pub enum Frame<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a file: offset and length of each part, in order.
    File(Arc<File>, Vec<(u64, u64)>),
}

impl Frame<'_> {
    /// Bytes.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, parts) => parts.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length)),
        }
    }
}

/// How pouring a file ended before its end.
pub(super) enum Stopped {
    /// The file could not be read.
    Source(io::Error),
    /// The worker takes no more.
    Worker(io::Error),
}

/// Pours the parts of `file` into a pipe that does not block; a full pipe is waited for no longer than `wall` in all. Blocking.
pub(super) fn pour(file: &File, parts: &[(u64, u64)], pipe: &OwnedFd, wall: Duration) -> Result<(), Stopped> {
    let mut left = wall;
    for (offset, length) in parts {
        // A part that is not in memory is asked for as a whole: the disk is faster than step by step.
        let _ = rustix::fs::fadvise(file, *offset, NonZero::new(*length), Advice::WillNeed);
        let (mut at, end) = (*offset, offset.saturating_add(*length));
        while at < end {
            let most = usize::try_from(end - at).unwrap_or(usize::MAX);
            // The offset is moved on by what went.
            match splice(file, Some(&mut at), pipe, None, most, SpliceFlags::MOVE | SpliceFlags::NONBLOCK) {
                Ok(0) => return Err(Stopped::Source(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => room(pipe, &mut left).map_err(Stopped::Worker)?,
                Err(Errno::PIPE) => return Err(Stopped::Worker(io::ErrorKind::BrokenPipe.into())),
                Err(other) => return Err(Stopped::Source(other.into())),
            }
        }
    }
    Ok(())
}

/// Waits until the pipe takes something again; what was waited is taken from `left`.
fn room(pipe: &OwnedFd, left: &mut Duration) -> io::Result<()> {
    let began = Instant::now();
    let wait = Timespec::try_from(*left).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut waiting = [PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT)];
    let polled = poll(&mut waiting, Some(&wait));
    *left = left.saturating_sub(began.elapsed());
    match polled {
        Ok(0) => Err(io::ErrorKind::TimedOut.into()),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(other) => Err(other.into()),
    }
}
