//! The worker's end: what the server says, and the frame, which comes behind the request or lies in a file handed over with it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::CodecError;
use super::error::refused;

/// The socket to the server.
pub(super) struct Input<'a> {
    socket: BorrowedFd<'a>,
    /// The file that came with what was read last.
    handed: Option<OwnedFd>,
}

impl<'a> Input<'a> {
    pub(super) fn new(socket: BorrowedFd<'a>) -> Self {
        Self { socket, handed: None }
    }

    /// The file that came with the request.
    pub(super) fn handed(&mut self) -> Option<File> {
        self.handed.take().map(File::from)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        let read = loop {
            let into = &mut [IoSliceMut::new(into)];
            match recvmsg(self.socket, into, &mut beside, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => break other?.bytes,
            }
        };
        for message in beside.drain() {
            if let RecvAncillaryMessage::ScmRights(files) = message {
                self.handed = files.last().or(self.handed.take());
            }
        }
        Ok(read)
    }
}

/// The stored bytes of a frame.
pub(super) struct Body<'a> {
    from: Source<'a>,
    left: u64,
}

enum Source<'a> {
    Stream(&'a mut dyn Read),
    File(File, VecDeque<(u64, u64)>),
}

impl<'a> Body<'a> {
    /// The next bytes of a stream.
    pub(super) fn stream(stream: &'a mut dyn Read, length: u64) -> Self {
        Self { from: Source::Stream(stream), left: length }
    }

    /// Parts of a file: offset and length.
    pub(super) fn file(file: File, parts: Vec<(u64, u64)>) -> Self {
        let left = parts.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
        Self { from: Source::File(file, parts.into()), left }
    }

    /// Bytes that are still to be read.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// All that is left.
    ///
    /// # Errors
    /// Reading; an end before the end.
    pub(super) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.left).map_err(|_| io::ErrorKind::InvalidData)?;
        // Not zeroed first: every byte of it is read.
        let mut bytes = Vec::with_capacity(length);
        self.read_to_end(&mut bytes)?;
        if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Passes over what a refusal left unread: the next request stands behind it. Of a file nothing stands before that.
    ///
    /// # Errors
    /// Reading.
    pub(super) fn finish(mut self) -> io::Result<()> {
        match self.from {
            Source::Stream(_) => io::copy(&mut self, &mut io::sink()).map(drop),
            Source::File(..) => Ok(()),
        }
    }

    /// What it says about a frame that it could not be read: of a stored file that is the disk's fault, not the frame's.
    pub(super) fn fault(&self, error: &io::Error) -> CodecError {
        match self.from {
            Source::Stream(_) => refused(format!("the frame ended: {error}")),
            Source::File(..) => CodecError::Unavailable(format!("stored frame: {error}")),
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let into = &mut into[..most];
        if into.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.from {
            Source::Stream(stream) => stream.read(into)?,
            Source::File(file, parts) => next(file, parts, into)?,
        };
        self.left -= read as u64;
        Ok(read)
    }
}

/// Reads on in the first part that has bytes left.
fn next(file: &File, parts: &mut VecDeque<(u64, u64)>, into: &mut [u8]) -> io::Result<usize> {
    while let Some((offset, length)) = parts.front_mut() {
        if *length == 0 {
            parts.pop_front();
            continue;
        }
        let most = usize::try_from(*length).unwrap_or(usize::MAX).min(into.len());
        let read = file.read_at(&mut into[..most], *offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *offset += read as u64;
        *length -= read as u64;
        return Ok(read);
    }
    Ok(0)
}
