//! Stored objects on their way out (specification §7.4, egress): corrections applied, preamble zeroed, all else as received.
//!
//! Every edge that hands out an object goes through here: WADO-RS, C-GET, C-MOVE, the sender. Nothing is written; what goes
//! out is read from the stored file and a few new bytes, so size costs no memory.

mod correction;

use std::fs::File;
use std::io::{IoSliceMut, Read, Seek, SeekFrom};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::Advice;
use rustix::io::{ReadWriteFlags, preadv2};
use yigong_base::Ctx;
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::overlay::{self, Change, Piece, Plan, Spliced};
use yigong_formats::dicom::{Defects, FileSource, Keep, Object, head};

pub use correction::{Correction, Overlay};

use super::retrieve::Stored;

impl Stored {
    /// Entity tag of the object with its corrections.
    #[must_use]
    pub fn etag(&self) -> String {
        self.overlay.etag(&self.object)
    }
}

/// Bytes that are known to be wrong are never served (specification §7.1).
///
/// # Errors
/// `Storage` for a damaged or missing object.
pub fn sound(stored: &Stored) -> Result<()> {
    match &stored.damaged {
        None => Ok(()),
        Some(kind) => {
            Err(Fault::storage(format!("object {} is damaged ({kind}) and is not served", stored.object)))
        }
    }
}

/// An object that is going out.
pub struct Outgoing {
    file: Arc<File>,
    plan: Plan,
    head: u64,
    piece: usize,
    inside: u64,
    /// The disk had to be waited for.
    waited: bool,
}

/// What goes out next.
pub enum Next {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Part of the stored file that lies in the memory of the system: offset and length.
    File(Arc<File>, u64, u64),
}

/// A stored part shorter than this is not worth a door of its own.
const SHORT: u64 = 64 << 10;
/// Longest part of a file that goes out as one: soon after it was asked whether it can be had without waiting.
const LONG: u64 = 1 << 20;

/// Whether a stored part lies in the memory of the system is asked once for so many bytes.
const ASKED: u64 = 64 << 10;

/// A part of what is read next.
enum Part {
    New(Vec<u8>),
    Stored(u64, u64),
}

impl Outgoing {
    /// Bytes of the whole.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.plan.length
    }

    /// True once the disk had to be waited for: from then on every read goes through another thread, and larger ones are better.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.waited
    }

    /// The next bytes, at most `most`; `None` at the end.
    ///
    /// # Errors
    /// `Storage` when the stored file is shorter than it was.
    pub async fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>> {
        let (parts, bytes) = self.take(most.max(1));
        if bytes == 0 {
            return Ok(None);
        }
        if !self.waited {
            if let Some(all) = read_now(&self.file, &parts, bytes) {
                return Ok(Some(all));
            }
            self.waited = true;
        }
        let file = Arc::clone(&self.file);
        let read = move || -> std::io::Result<Vec<u8>> {
            let mut all = Vec::with_capacity(bytes);
            for part in parts {
                match part {
                    Part::New(new) => all.extend_from_slice(&new),
                    Part::Stored(offset, length) => {
                        (&*file).seek(SeekFrom::Start(offset))?;
                        (&*file).take(length).read_to_end(&mut all)?;
                    }
                }
            }
            if all.len() == bytes { Ok(all) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
        };
        blocking(move || read().map_err(|e| Fault::io("read stored object", &e))).await.map(Some)
    }

    /// The next bytes, at most `most`, or a longer part of the stored file that need not be read by this program; `None` at the
    /// end.
    ///
    /// # Errors
    /// As [`Outgoing::next`].
    pub async fn next_or_file(&mut self, most: usize) -> Result<Option<Next>> {
        let mut most = most.max(1);
        match self.plan.pieces.get(self.piece) {
            Some(Piece::Copy { offset, length }) => {
                let (from, left) = (offset + self.inside, (length - self.inside).min(LONG));
                if left >= SHORT && is_near(&self.file, from, left) {
                    self.inside += left;
                    if self.inside >= *length {
                        self.piece += 1;
                        self.inside = 0;
                    }
                    return Ok(Some(Next::File(Arc::clone(&self.file), from, left)));
                }
                // The disk goes on while the client takes what is read first. A hint: what comes of it is seen when it is read.
                let _ = rustix::fs::fadvise(&self.file, from, NonZero::new(left), Advice::WillNeed);
            }
            // What stands before a stored part goes out alone.
            Some(Piece::Bytes(all)) => most = most.min(all.len().max(1)),
            None => {}
        }
        Ok(self.next(most).await?.map(Next::Bytes))
    }

    /// Where the next `most` bytes are, and how many there still are.
    fn take(&mut self, most: usize) -> (Vec<Part>, usize) {
        let (mut parts, mut bytes) = (Vec::new(), 0);
        while let Some(piece) = self.plan.pieces.get(self.piece) {
            let left = piece.length().saturating_sub(self.inside);
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(most - bytes);
            if take == 0 && left > 0 {
                break;
            }
            match piece {
                Piece::Bytes(all) => {
                    let from = usize::try_from(self.inside).unwrap_or(usize::MAX);
                    parts.push(Part::New(all.get(from..from + take).unwrap_or_default().to_vec()));
                }
                Piece::Copy { offset, .. } => parts.push(Part::Stored(offset + self.inside, take as u64)),
            }
            bytes += take;
            self.inside += take as u64;
            if self.inside >= piece.length() {
                self.piece += 1;
                self.inside = 0;
            }
        }
        (parts, bytes)
    }

    /// Passes over everything before the data set, for a sender that wants that alone (PS3.8 Annex E); answers its length.
    pub fn skip_head(&mut self) -> u64 {
        self.skip(self.head);
        self.plan.length.saturating_sub(self.head)
    }

    fn skip(&mut self, mut n: u64) {
        while let Some(piece) = self.plan.pieces.get_mut(self.piece) {
            let whole = piece.length();
            if n >= whole {
                n -= whole;
                self.piece += 1;
                continue;
            }
            match piece {
                Piece::Copy { offset, length } => {
                    *offset += n;
                    *length -= n;
                }
                Piece::Bytes(all) => {
                    all.drain(..usize::try_from(n).unwrap_or(0).min(all.len()));
                }
            }
            return;
        }
    }
}

/// Whether a part of a file lies in the memory of the system, as far as one byte in [`ASKED`] and the last one say. Where the
/// system drops a page between this and the sending, the one who sends waits for the disk.
fn is_near(file: &File, from: u64, length: u64) -> bool {
    let end = from.saturating_add(length);
    let is_there = |at: u64| {
        let mut byte = [0];
        preadv2(file, &mut [IoSliceMut::new(&mut byte)], at, ReadWriteFlags::NOWAIT) == Ok(1)
    };
    length == 0 || ((from..end).step_by(ASKED as usize).all(is_there) && is_there(end - 1))
}

/// The parts, when all that is stored of them lies in the memory of the system: no other thread is troubled then. `None` when
/// the disk must be waited for, or when the file system cannot tell.
fn read_now(file: &File, parts: &[Part], bytes: usize) -> Option<Vec<u8>> {
    let (mut all, mut at) = (vec![0; bytes], 0);
    for part in parts {
        match part {
            Part::New(new) => {
                all.get_mut(at..at + new.len())?.copy_from_slice(new);
                at += new.len();
            }
            Part::Stored(offset, length) => {
                let end = at + usize::try_from(*length).ok()?;
                let mut offset = *offset;
                while at < end {
                    let into = IoSliceMut::new(all.get_mut(at..end)?);
                    let read =
                        preadv2(file, &mut [into], offset, ReadWriteFlags::NOWAIT).ok().filter(|n| *n > 0)?;
                    at += read;
                    offset += read as u64;
                }
            }
        }
    }
    Some(all)
}

/// Opens an object for sending: a Part-10 file with every correction in it.
///
/// # Errors
/// `Storage` for a damaged object or a failing disk, `Invalid` when a correction cannot be written into it.
pub async fn open(ctx: &Ctx, stored: &Stored) -> Result<Outgoing> {
    let wanted = Wanted::of(ctx, stored)?;
    blocking(move || wanted.open()).await
}

/// Opens several, with one change of threads.
///
/// # Errors
/// Of each, as [`open`].
pub async fn open_all(ctx: &Ctx, stored: &[Stored]) -> Result<Vec<Result<Outgoing>>> {
    let wanted: Vec<Result<Wanted>> = stored.iter().map(|s| Wanted::of(ctx, s)).collect();
    blocking(move || Ok(wanted.into_iter().map(|w| w?.open()).collect())).await
}

/// An object that is to be opened.
struct Wanted {
    path: PathBuf,
    class: String,
    changes: Vec<Change>,
}

impl Wanted {
    fn of(ctx: &Ctx, stored: &Stored) -> Result<Self> {
        sound(stored)?;
        let (class, changes) = (stored.sop_class.clone(), stored.overlay.changes());
        Ok(Self { path: ctx.blobs.path(&stored.object)?, class, changes })
    }

    fn open(self) -> Result<Outgoing> {
        let io = |e: std::io::Error| Fault::io("read stored object", &e);
        let file = File::open(&self.path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut source = FileSource::new(&file, length);
        // A correction never reaches into the head: it is as long as it was stored.
        let head = head::read(&mut source, None, &mut Defects::default()).map_err(refused)?.dataset;
        let plan = if self.changes.is_empty() {
            overlay::untouched(&mut source, &self.class)
        } else {
            overlay::plan(&mut source, &self.changes).map_err(refused)?
        };
        if !plan.missed.is_empty() {
            tracing::warn!(paths = ?plan.missed, "egress.missed");
        }
        Ok(Outgoing { file: Arc::new(file), plan, head, piece: 0, inside: 0, waited: false })
    }
}

/// The whole outgoing file in memory, for small ones.
///
/// # Errors
/// As [`open`].
pub async fn bytes(ctx: &Ctx, stored: &Stored) -> Result<Vec<u8>> {
    let mut outgoing = open(ctx, stored).await?;
    let mut all = Vec::with_capacity(usize::try_from(outgoing.length()).unwrap_or(0));
    while let Some(mut part) = outgoing.next(1 << 20).await? {
        all.append(&mut part);
    }
    Ok(all)
}

/// The object as a receiver would scan it, for metadata.
///
/// # Errors
/// As [`open`].
pub async fn object(ctx: &Ctx, stored: &Stored) -> Result<Object> {
    sound(stored)?;
    let (path, stored) = (ctx.blobs.path(&stored.object)?, stored.clone());
    blocking(move || {
        let mut source = source(&path)?;
        let read = if stored.overlay.is_empty() {
            Object::read(&mut source, None, Keep::INDEX)
        } else {
            let plan = overlay::plan(&mut source, &stored.overlay.changes()).map_err(refused)?;
            Object::read(&mut Spliced::new(&mut source, &plan), None, Keep::INDEX)
        };
        read.map_err(refused)
    })
    .await
}

fn source(path: &std::path::Path) -> Result<FileSource<std::fs::File>> {
    let io = |e: &std::io::Error| Fault::io("read stored object", e);
    let file = std::fs::File::open(path).map_err(|e| io(&e))?;
    let length = file.metadata().map_err(|e| io(&e))?.len();
    Ok(FileSource::new(file, length))
}

fn refused(r: yigong_formats::dicom::Refusal) -> Fault {
    Fault::invalid(r.slug, r.detail)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::internal("reading a stored object stopped"))?
}
