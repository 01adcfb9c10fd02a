//! A stored file, its header read: what rendering and transcoding work from.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use yigong_base::Ctx;
use yigong_base::codec::{Frame, Shape};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::spool::{Content, Spooled};
use yigong_formats::dicom::frames::{self, Frames};
use yigong_formats::dicom::image::Image;
use yigong_formats::dicom::plausible::{Mode, mode_at};
use yigong_formats::dicom::rewrite::{Piece, Wanted, rewrite};
use yigong_formats::dicom::{FileSource, Keep, Object, Refusal, Source};

use super::egress;
use super::plain::{self, Plain};
use super::retrieve::Stored;
use super::room::{self, Framed, Most, Room};

/// Values kept: look-up tables and overlays are larger than what the index keeps.
const KEEP: Keep = Keep { value: 4 << 20, text: 1 << 20, total: 64 << 20, tokens: 400_000, pixels: false };

/// An opened object.
pub struct Opened {
    file: Arc<File>,
    /// Bytes of the object: a spool file may be longer.
    length: u64,
    /// The corrected copy this one reads; gone with it.
    spooled: Option<Arc<Spooled>>,
    /// The inflated data set of a deflated object.
    inflated: Option<Arc<Plain>>,
    most: Most,
    /// Header.
    pub object: Object,
    /// Image description.
    pub image: Image,
    /// Where the frames are.
    pub frames: Frames,
}

impl Opened {
    /// Scans the file on a blocking thread.
    ///
    /// # Errors
    /// The scanner's refusals as `Invalid`, storage faults.
    pub async fn read(ctx: &Ctx, path: &Path) -> Result<Self> {
        let most = Most::of(ctx);
        let own = path.to_owned();
        if let Some(opened) = blocking(move || Self::read_unless_deflated(&own, most)).await? {
            return Ok(opened);
        }
        let (inflated, own) = (plain::of(ctx, path).await?, path.to_owned());
        blocking(move || Self::read_now(&own, None, inflated, most)).await
    }

    /// The same for a command that has no store.
    ///
    /// # Errors
    /// As [`Opened::read`].
    pub async fn alone(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || {
            let inflated = plain::alone(&path)?;
            Self::read_now(&path, None, inflated, Most::default())
        })
        .await
    }

    /// The object as it goes out: corrected objects are read from a spool file that lives as long as this.
    ///
    /// # Errors
    /// As [`Opened::read`]; `Storage` for a damaged object.
    pub async fn outgoing(ctx: &Ctx, stored: &Stored) -> Result<Self> {
        egress::sound(stored)?;
        if stored.overlay.is_empty() {
            return Self::read(ctx, &ctx.blobs.path(&stored.object)?).await;
        }
        let mut spool = ctx.blobs.scratch()?;
        let mut file = egress::open(ctx, stored).await?;
        while let Some(part) = file.next(1 << 20).await? {
            spool.write(&part).await?;
        }
        let spooled = spool.finish_as_file().await?;
        let Content::File(path) = spooled.content() else {
            return Err(Fault::internal("a spool file without a file"));
        };
        let (path, length, most) = (path.to_owned(), spooled.len, Most::of(ctx));
        let inflated = plain::once(ctx, &path, length).await?;
        let mut opened = blocking(move || Self::read_now(&path, Some(length), inflated, most)).await?;
        opened.spooled = Some(Arc::new(spooled));
        Ok(opened)
    }

    /// An object that is not kept yet; it is read as long as this lives, whatever becomes of the spool file's name.
    ///
    /// # Errors
    /// As [`Opened::read`].
    pub(super) async fn spooled(ctx: &Ctx, spooled: &Spooled) -> Result<Self> {
        let Content::File(path) = spooled.content() else {
            return Err(Fault::internal("a spool file without a file"));
        };
        let (path, length, most) = (path.to_owned(), spooled.len, Most::of(ctx));
        blocking(move || Self::read_now(&path, Some(length), None, most)).await
    }

    /// Whether this reads a corrected copy.
    #[must_use]
    pub fn is_corrected(&self) -> bool {
        self.spooled.is_some()
    }

    fn read_unless_deflated(path: &Path, most: Most) -> Result<Option<Self>> {
        let (file, length) = found(path, None)?;
        let mut source = FileSource::new(&file, length);
        if plain::start_in(&mut source)?.is_some() {
            return Ok(None);
        }
        let parts = indexed(Object::read(&mut source, None, KEEP), &mut source).map_err(refused)?;
        Ok(Some(Self::of(file, length, None, most, parts)))
    }

    fn read_now(path: &Path, length: Option<u64>, inflated: Option<Arc<Plain>>, most: Most) -> Result<Self> {
        let (file, length) = found(path, length)?;
        let mut source = FileSource::new(&file, length);
        let parts = match &inflated {
            Some(plain) => {
                let mut inside = plain.source()?;
                let object = Object::read_inflated(&mut source, &mut inside, plain.truncated, KEEP);
                indexed(object, &mut inside)
            }
            None => indexed(Object::read(&mut source, None, KEEP), &mut source),
        };
        Ok(Self::of(file, length, inflated, most, parts.map_err(refused)?))
    }

    fn of(
        file: File,
        length: u64,
        inflated: Option<Arc<Plain>>,
        most: Most,
        (object, image, frames): (Object, Image, Frames),
    ) -> Self {
        Self { file: Arc::new(file), length, spooled: None, inflated, most, object, image, frames }
    }

    /// Image pixel attributes for the codec worker.
    #[must_use]
    pub fn shape(&self) -> Shape {
        shape(&self.image)
    }

    /// The bytes before the data set.
    ///
    /// # Errors
    /// Storage faults.
    pub(super) async fn head(&self) -> Result<Vec<u8>> {
        self.range(0, self.object.head.dataset).await
    }

    /// Bytes of all frames once they are decoded, as the header says.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        let image = &self.image;
        let frames = u64::from(image.frames).max(self.frames.count() as u64);
        let pixels = u64::from(image.rows).saturating_mul(u64::from(image.cols));
        let bits = u64::from(image.samples).saturating_mul(u64::from(image.bits_allocated));
        pixels.saturating_mul(bits).div_ceil(8).saturating_mul(frames)
    }

    /// The transfer syntax the frames are really in.
    #[must_use]
    pub fn syntax(&self) -> &str {
        self.frames.syntax(&self.object.head.transfer_syntax)
    }

    /// Stored bytes of frame `n`, from 0; they take room among all frames until they are dropped.
    ///
    /// # Errors
    /// `NotFound` when there is no such frame; `frame-large` when it is too long to be read; storage faults.
    pub async fn frame(&self, n: usize) -> Result<Framed> {
        let ranges = self.frames.ranges(n).ok_or_else(|| self.no_frame())?;
        let (Some((start, _)), Some((last, length))) = (ranges.first(), ranges.last()) else {
            return Err(Fault::not_found("frame"));
        };
        let length = last.saturating_add(*length).saturating_sub(*start);
        let room = room::take(length, self.image.frame_bytes().unwrap_or(0), self.most).await?;
        // fragments lie behind one another: one read, then the item headers are left out
        let mut span = self.range(*start, length).await?;
        let mut end = 0;
        for (offset, length) in &ranges {
            let from = usize::try_from(offset.saturating_sub(*start)).unwrap_or(usize::MAX);
            let to = usize::try_from(*length).ok().and_then(|l| from.checked_add(l)).unwrap_or(usize::MAX);
            if to > span.len() || from < end {
                return Err(Fault::invalid("truncated", "the file ends early"));
            }
            span.copy_within(from..to, end);
            end += to - from;
        }
        span.truncate(end);
        Ok(room.filled(self.frames.aligned(n, span)))
    }

    /// Frame `n`, from 0, for a codec worker: the places of its bytes in the file where they are its bytes as they are.
    ///
    /// # Errors
    /// As [`Opened::frame`].
    pub async fn stretch(&self, n: usize) -> Result<Stretch> {
        if self.inflated.is_some() || matches!(self.frames, Frames::Packed { .. }) {
            return Ok(Stretch::Held(self.frame(n).await?));
        }
        let parts = self.frames.ranges(n).ok_or_else(|| self.no_frame())?;
        if parts.iter().any(|(offset, length)| offset.saturating_add(*length) > self.length) {
            return Err(Fault::invalid("truncated", "the file ends early"));
        }
        let length = parts.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
        let room = room::take(length, self.image.frame_bytes().unwrap_or(0), self.most).await?;
        Ok(Stretch::There { file: Arc::clone(&self.file), parts, _room: room })
    }

    /// Why there is no such frame: the defect that hides every frame, where there is one.
    fn no_frame(&self) -> Fault {
        let hiding = ["pixel-size", "pixel-length", "fragment-count", "value-past-end"];
        match hiding.into_iter().find(|slug| self.object.defects.has(slug)) {
            Some(slug) if self.frames.count() == 0 => {
                Fault::invalid(slug, "no frame of this object can be found")
            }
            _ => Fault::not_found("frame"),
        }
    }

    /// So many bytes of the file, or of the inflated data set.
    ///
    /// # Errors
    /// Storage faults; `Invalid` when the file ends before.
    pub async fn range(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let size = usize::try_from(length).map_err(|_| Fault::invalid("pixel-size", "range too long"))?;
        if let Some(plain) = &self.inflated {
            return plain.range(offset, length).await;
        }
        if offset.saturating_add(length) > self.length {
            return Err(Fault::invalid("truncated", "the file ends early"));
        }
        let file = Arc::clone(&self.file);
        blocking(move || {
            let mut out = vec![0; size];
            file.read_exact_at(&mut out, offset).map_err(|e| Fault::io("read object", &e))?;
            Ok(out)
        })
        .await
    }

    /// The data set laid out anew, from the file or from what was inflated.
    ///
    /// # Errors
    /// The scanner's refusals, storage faults.
    pub(super) async fn rewrite(&self, wanted: Wanted) -> Result<Vec<Piece>> {
        let (file, length) = (Arc::clone(&self.file), self.length);
        let (inflated, start) = (self.inflated.clone(), self.object.head.dataset);
        let labelled = Mode::of(&self.object.head.transfer_syntax);
        blocking(move || {
            let made = match inflated {
                Some(plain) => lay_out(&mut plain.source()?, 0, labelled, &wanted),
                None => lay_out(&mut FileSource::new(&*file, length), start, labelled, &wanted),
            };
            made.map_err(refused)
        })
        .await
    }
}

/// The stored bytes of one frame, for a codec worker.
pub enum Stretch {
    /// In memory.
    Held(Framed),
    /// In the file; the worker's memory is room as well.
    There {
        /// The file.
        file: Arc<File>,
        /// Offset and length, in order.
        parts: Vec<(u64, u64)>,
        /// Until the worker has answered.
        _room: Room,
    },
}

impl Stretch {
    /// As the pool takes it.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        match self {
            Self::Held(bytes) => Frame::Bytes(bytes),
            Self::There { file, parts, .. } => Frame::File(Arc::clone(file), parts.clone()),
        }
    }
}

/// A file and the bytes of it that count.
fn found(path: &Path, length: Option<u64>) -> Result<(File, u64)> {
    let io = |e: std::io::Error| Fault::io("read object header", &e);
    let file = File::open(path).map_err(io)?;
    let length = match length {
        Some(length) => length,
        None => file.metadata().map_err(io)?.len(),
    };
    Ok((file, length))
}

/// What was scanned, with its description and its frames.
fn indexed<S: Source>(
    read: std::result::Result<Object, Refusal>,
    source: &mut S,
) -> std::result::Result<(Object, Image, Frames), Refusal> {
    let mut object = read?;
    let image = Image::of(&object);
    let mut defects = object.defects.clone();
    let frames = frames::index(&object, &image, source, &mut defects);
    object.defects = defects;
    Ok((object, image, frames))
}

/// In the encoding that is really there, as the scanner finds it.
fn lay_out<S: Source>(
    source: &mut S,
    start: u64,
    labelled: Mode,
    wanted: &Wanted,
) -> std::result::Result<Vec<Piece>, Refusal> {
    let mode = mode_at(source, start, Some(labelled)).unwrap_or(labelled);
    rewrite(source, start, mode, wanted)
}

pub(super) fn refused(refusal: Refusal) -> Fault {
    Fault::invalid(refusal.slug, refusal.detail)
}

/// Image pixel attributes as the codec worker takes them; what does not fit becomes a value that it refuses.
#[must_use]
pub fn shape(image: &Image) -> Shape {
    let small = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    Shape {
        rows: image.rows,
        cols: image.cols,
        samples: small(image.samples),
        bits_allocated: small(image.bits_allocated),
        bits_stored: small(image.bits_stored),
        high_bit: small(image.high_bit),
        signed: image.signed,
        photometric: image.photometric.clone(),
        planar: small(image.planar),
        float: image.float,
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::internal("reading an object stopped"))?
}
