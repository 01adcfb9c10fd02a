//! The data set of a deflated object, inflated once into a spool file that every request for it reads (PS3.5 §A.5).

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OnceCell, Semaphore, SemaphorePermit, mpsc};
use yigong_base::Ctx;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::spool::{Content, Spooled};
use yigong_formats::dicom::inflate::inflate_to;
use yigong_formats::dicom::{FileSource, Source, head, uid};

use super::open::{blocking, refused};

/// Inflated files at once, of 512 MiB at most each; a request for another one waits.
const FILES: usize = 8;
/// Those of them that are kept for the next request.
const KEPT: usize = 4;
/// How long.
const FOR: Duration = Duration::from_secs(600);
/// Handed from the inflating thread to the disk at once.
const PART: usize = 1 << 20;

static ROOM: Semaphore = Semaphore::const_new(FILES);

/// An inflated data set on the disk; gone when the last reader is.
pub struct Plain {
    path: PathBuf,
    length: u64,
    /// The stream ended early or was damaged.
    pub truncated: bool,
    _owner: Owner,
}

/// What takes the file away.
enum Owner {
    Spool(
        #[expect(dead_code, reason = "dropped with the file")] Spooled,
        #[expect(dead_code, reason = "as before")] SemaphorePermit<'static>,
    ),
    /// Of a command, not of the server.
    Own(PathBuf),
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Self::Own(path) = self {
            // Best effort: it lies in the folder for such files.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Plain {
    /// Bytes of the data set.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// For the scanner.
    ///
    /// # Errors
    /// Storage faults.
    pub fn source(&self) -> Result<FileSource<File>> {
        let file = File::open(&self.path).map_err(|e| Fault::io("open an inflated object", &e))?;
        Ok(FileSource::new(file, self.length()))
    }

    /// So many bytes from a place.
    ///
    /// # Errors
    /// `Invalid` behind the end; storage faults.
    pub async fn range(self: &Arc<Self>, offset: u64, length: u64) -> Result<Vec<u8>> {
        let this = Arc::clone(self);
        blocking(move || {
            use std::os::unix::fs::FileExt as _;
            // The file may be longer than the data set.
            let there = offset.checked_add(length).is_some_and(|end| end <= this.length());
            let size = usize::try_from(length).ok().filter(|_| there);
            let mut out = vec![0; size.ok_or_else(|| Fault::invalid("truncated", "the file ends early"))?];
            let io = |e: std::io::Error| Fault::io("read an inflated object", &e);
            File::open(&this.path).map_err(io)?.read_exact_at(&mut out, offset).map_err(io)?;
            Ok(out)
        })
        .await
    }
}

type Cell = Arc<OnceCell<Arc<Plain>>>;
type Kept = VecDeque<(PathBuf, Instant, Cell)>;

static HELD: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// The inflated data set of the object at `path`; `None` when its head does not say that it is deflated, or nothing inflates.
///
/// # Errors
/// `inflate-limit` and the refusals of the head; storage faults.
pub async fn of(ctx: &Ctx, path: &Path) -> Result<Option<Arc<Plain>>> {
    let Some(start) = start(path, None).await? else { return Ok(None) };
    let cell = cell(path);
    let made = cell.get_or_try_init(|| made(ctx, path, None, start)).await;
    if made.is_err() {
        forget(path);
    }
    // Plain bytes under a deflated label: the file itself is read.
    Ok(Some(Arc::clone(made?)).filter(|p| p.length > 0))
}

/// The same of a file that only this request reads, its first `length` bytes.
///
/// # Errors
/// As [`of`].
pub(super) async fn once(ctx: &Ctx, path: &Path, length: u64) -> Result<Option<Arc<Plain>>> {
    let Some(start) = start(path, Some(length)).await? else { return Ok(None) };
    let made = made(ctx, path, Some(length), start).await?;
    Ok(Some(made).filter(|p| p.length > 0))
}

/// The same for a command that has no store: the file stands in the folder for temporary files.
///
/// # Errors
/// As [`of`].
pub(super) fn alone(path: &Path) -> Result<Option<Arc<Plain>>> {
    let Some(start) = start_now(path, None)? else { return Ok(None) };
    let name = format!("yigong-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (own, io) = (std::env::temp_dir().join(name), |e: std::io::Error| Fault::io("inflate an object", &e));
    let mut out = File::create_new(&own).map_err(io)?;
    let owner = Owner::Own(own.clone());
    let mut written = Ok(());
    let (length, truncated) = inflate_to(&mut file(path, None)?, start, &mut |part| {
        written = out.write_all(part);
        written.is_ok()
    })
    .map_err(refused)?;
    written.map_err(io)?;
    Ok(Some(Arc::new(Plain { path: own, length, truncated, _owner: owner })).filter(|p| p.length > 0))
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Where the deflated stream begins.
async fn start(path: &Path, length: Option<u64>) -> Result<Option<u64>> {
    let path = path.to_owned();
    blocking(move || start_now(&path, length)).await
}

fn start_now(path: &Path, length: Option<u64>) -> Result<Option<u64>> {
    start_in(&mut file(path, length)?)
}

/// The same in an open file.
pub(super) fn start_in<S: Source>(source: &mut S) -> Result<Option<u64>> {
    let head = head::read(source, None, &mut Default::default()).map_err(refused)?;
    Ok((head.transfer_syntax == uid::DEFLATED_LE).then_some(head.dataset))
}

fn file(path: &Path, length: Option<u64>) -> Result<FileSource<File>> {
    let io = |e: &std::io::Error| Fault::io("read object header", e);
    let file = File::open(path).map_err(|e| io(&e))?;
    let there = file.metadata().map_err(|e| io(&e))?.len();
    Ok(FileSource::new(file, length.unwrap_or(there)))
}

/// The place of one object among those kept, the latest last.
fn cell(path: &Path) -> Cell {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|(_, at, _)| at.elapsed() < FOR);
    let found = held.iter().position(|(p, ..)| p == path).and_then(|i| held.remove(i));
    let cell = found.map_or_else(Cell::default, |(_, _, cell)| cell);
    held.push_back((path.to_owned(), Instant::now(), Arc::clone(&cell)));
    while held.len() > KEPT {
        held.pop_front();
    }
    cell
}

fn forget(path: &Path) {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).retain(|(p, ..)| p != path);
}

async fn made(ctx: &Ctx, path: &Path, length: Option<u64>, start: u64) -> Result<Arc<Plain>> {
    let path = path.to_owned();
    let room = ROOM.acquire().await.map_err(|_| Fault::internal("no room for inflated objects"))?;
    let mut spool = ctx.blobs.scratch()?;
    let (give, mut parts) = mpsc::channel::<Vec<u8>>(2);
    let inflating = tokio::task::spawn_blocking(move || {
        let mut source = file(&path, length)?;
        let mut part = Vec::with_capacity(PART);
        let done = inflate_to(&mut source, start, &mut |bytes| {
            part.extend_from_slice(bytes);
            // A reader that has gone away ends it.
            part.len() < PART
                || give.blocking_send(std::mem::replace(&mut part, Vec::with_capacity(PART))).is_ok()
        });
        let (_, truncated) = done.map_err(refused)?;
        give.blocking_send(part).map_err(|_| Fault::internal("inflating stopped"))?;
        if let Some(kind) = source.failed() {
            return Err(Fault::io("read object", &kind.into()));
        }
        Ok(truncated)
    });
    while let Some(part) = parts.recv().await {
        spool.write(&part).await?;
    }
    let truncated = inflating.await.map_err(|_| Fault::internal("inflating stopped"))??;
    let spooled = spool.finish_as_file().await?;
    let Content::File(path) = spooled.content() else {
        return Err(Fault::internal("a spool file without a file"));
    };
    let (path, length) = (path.to_owned(), spooled.len);
    Ok(Arc::new(Plain { path, length, truncated, _owner: Owner::Spool(spooled, room) }))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::Compression;
    use flate2::read::DeflateEncoder;
    use yigong_base::access::Permit;
    use yigong_base::testing::engines;
    use yigong_formats::dicom::dataset::Writer;
    use yigong_formats::dicom::{Vr, part10, tag};

    use super::super::retrieve::{frame_bytes, instance};
    use super::super::testing::{device, send_bytes};
    use super::*;

    const CLASS: &str = "1.2.840.10008.5.1.4.1.1.7.2";
    const FRAMES: u8 = 5;

    /// Frames of 64 x 64 pixels, each of its own number.
    fn deflated() -> Vec<u8> {
        let mut w = Writer::new(true);
        w.text(tag::SOP_CLASS, Vr::UI, CLASS);
        w.text(tag::SOP_INSTANCE, Vr::UI, "1.2.3.4.5");
        w.text(tag::MODALITY, Vr::CS, "OT");
        w.text(tag::PATIENT_NAME, Vr::PN, "Wang");
        w.text(tag::PATIENT_ID, Vr::LO, "P1");
        w.text(tag::STUDY_UID, Vr::UI, "1.2.3");
        w.text(tag::SERIES_UID, Vr::UI, "1.2.3.4");
        w.element(tag::SAMPLES, Vr::US, &1u16.to_le_bytes());
        w.text(tag::PHOTOMETRIC, Vr::CS, "MONOCHROME2");
        w.text(tag::FRAMES, Vr::IS, &FRAMES.to_string());
        let numbers = [tag::ROWS, tag::COLS, tag::BITS_ALLOCATED, tag::BITS_STORED, tag::HIGH_BIT];
        for (t, n) in numbers.into_iter().zip([64u16, 64, 8, 8, 7]) {
            w.element(t, Vr::US, &n.to_le_bytes());
        }
        w.element(tag::PIXEL_REPRESENTATION, Vr::US, &[0, 0]);
        let pixels: Vec<u8> = (0..FRAMES).flat_map(|n| [n; 64 * 64]).collect();
        w.element(tag::PIXELS, Vr::OW, &pixels);
        let mut file = part10::head(CLASS, "1.2.3.4.5", uid::DEFLATED_LE);
        DeflateEncoder::new(&w.bytes[..], Compression::fast()).read_to_end(&mut file).unwrap();
        file
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn requests_for_frames_of_a_deflated_object_share_one_file() {
        let bench = &engines().await.unwrap()[0];
        let (ctx, permit) = (bench.ctx.clone(), Permit::system("test"));
        let peer = device(bench, "C01").await;
        send_bytes(bench, &peer, &deflated()).await.unwrap();
        let mut conn = ctx.db.read(&permit).await.unwrap();
        let id = conn.one("SELECT id FROM instance", yigong_base::args![]).await.unwrap().text("id").unwrap();
        let stored = instance(&mut conn, &permit, &id).await.unwrap();
        drop(conn);
        let asked: Vec<_> = (0..usize::from(FRAMES))
            .map(|n| {
                let (ctx, stored) = (ctx.clone(), stored.clone());
                tokio::spawn(async move { frame_bytes(&ctx, &stored, n).await.unwrap().into_bytes() })
            })
            .collect();
        for (n, frame) in (0..FRAMES).zip(asked) {
            assert_eq!(frame.await.unwrap(), [n; 64 * 64]);
        }
        let path = ctx.blobs.path(&stored.object).unwrap();
        let (one, two) = (of(&ctx, &path).await.unwrap().unwrap(), of(&ctx, &path).await.unwrap().unwrap());
        assert!(Arc::ptr_eq(&one, &two) && !one.truncated);
        assert!(one.range(one.length() - 1, 2).await.is_err(), "nothing is read behind the end");

        // opened whole, with its own copy, or by a command: the same frames
        let opened = super::super::open::Opened::read(&ctx, &path).await.unwrap();
        assert_eq!(opened.object.deflated, Some(one.length()));
        assert_eq!(&opened.frame(3).await.unwrap()[..], [3; 64 * 64]);
        let alone = super::super::open::Opened::alone(&path).await.unwrap();
        assert_eq!(&alone.frame(4).await.unwrap()[..], [4; 64 * 64]);
        let own = once(&ctx, &path, std::fs::metadata(&path).unwrap().len()).await.unwrap().unwrap();
        assert_eq!((own.length(), own.path == one.path), (one.length(), false));

        // the file goes with its last reader
        let (spool, own) = (one.path.clone(), own);
        let own_path = own.path.clone();
        drop(own);
        assert!(!own_path.exists() && spool.exists());
        forget(&path);
        drop((one, two, opened));
        assert!(!spool.exists());
    }

    #[tokio::test]
    async fn what_is_not_deflated_is_left_alone() {
        let bench = &engines().await.unwrap()[0];
        let folder = std::env::temp_dir().join(format!("yigong-plain-{}", std::process::id()));
        let plain = super::super::testing::Shot::default().bytes();
        std::fs::write(&folder, &plain).unwrap();
        assert!(of(&bench.ctx, &folder).await.unwrap().is_none());
        // the label is wrong: nothing inflates, the file itself is read
        let mut mislabelled = part10::head(CLASS, "1.2.3", uid::DEFLATED_LE);
        mislabelled.extend_from_slice(&[0xFF; 64]);
        std::fs::write(&folder, &mislabelled).unwrap();
        assert!(of(&bench.ctx, &folder).await.unwrap().is_none());
        std::fs::remove_file(&folder).unwrap();
    }
}
