//! Names for spool files, made in advance: a file whose name is on disk already needs only its data synced.
//!
//! Creating a file and syncing its folder for every object costs a second wait for the journal. Here the folder is
//! synced once for many empty files, by a thread of its own while there are still some. What a power cut leaves under such
//! a name is found again by `rescue`. A folder that could not be synced once is left for another one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::spool_dir::SpoolDir;

/// Files made at once.
const BATCH: u64 = 64;
/// With fewer than this left, more are made.
const LOW: u64 = 48;

/// The names of one spool folder: `0`, `1`, `2` …
pub(super) struct Slots(Arc<Shared>);

struct Shared {
    direct: bool,
    numbers: Mutex<Numbers>,
    made: Condvar,
}

struct Numbers {
    /// Its lock is held for as long as anybody makes names in it.
    folder: Arc<SpoolDir>,
    next: u64,
    made: u64,
    /// Somebody is making more.
    making: bool,
    /// The folder could not be synced. A second sync may say yes to what the first one lost, so there is none: the names that
    /// were made before are used, and then those of another folder.
    unsure: bool,
    /// Folders that could not be synced; objects may still be on their way in them.
    left_behind: Vec<Arc<SpoolDir>>,
}

/// Takes back `making` however the making ends.
struct Making<'a>(&'a Shared);

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.0.lock().making = false;
        self.0.made.notify_all();
    }
}

/// A file for one object. Dropped before `taken`, it is removed.
pub(super) struct Slot {
    pub(super) path: PathBuf,
    pub(super) file: File,
    taken: bool,
}

impl Slots {
    /// `direct` = the file system takes writes past its memory.
    pub(super) fn new(folder: SpoolDir, direct: bool) -> Self {
        let folder = Arc::new(folder);
        let (making, unsure, left_behind) = (false, false, Vec::new());
        let numbers = Mutex::new(Numbers { folder, next: 0, made: 0, making, unsure, left_behind });
        Self(Arc::new(Shared { direct, numbers, made: Condvar::new() }))
    }

    /// A file that is empty and whose name is durable. `direct` = writes go past the page cache where the file system can.
    /// Blocking.
    pub(super) fn take(&self, direct: bool) -> io::Result<Slot> {
        let path = self.name()?;
        let mut options = OpenOptions::new();
        options.write(true);
        if direct && self.0.direct {
            options.custom_flags(libc::O_DIRECT);
        }
        let file = options.open(&path)?;
        Ok(Slot { path, file, taken: false })
    }

    fn name(&self) -> io::Result<PathBuf> {
        let mut numbers = self.0.lock();
        loop {
            let left = numbers.made - numbers.next;
            let more = if numbers.unsure { left == 0 } else { left < LOW };
            if more && !numbers.making {
                numbers.making = true;
                let shared = Arc::clone(&self.0);
                let making = move || shared.make().inspect_err(|e| tracing::warn!(error = %e, "spool.names"));
                if left > 0 {
                    let thread = std::thread::Builder::new().name("spool-names".into());
                    if thread.spawn(making).is_err() {
                        // The last one then makes more itself.
                        numbers.making = false;
                    }
                } else {
                    drop(numbers);
                    making()?;
                    numbers = self.0.lock();
                    continue;
                }
            }
            if left > 0 {
                numbers.next += 1;
                return Ok(numbers.folder.path().join((numbers.next - 1).to_string()));
            }
            numbers = self.0.made.wait(numbers).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next names. Called by whoever set `making`.
    fn make(&self) -> io::Result<()> {
        let _making = Making(self);
        let (folder, first, unsure) = {
            let numbers = self.lock();
            (Arc::clone(&numbers.folder), numbers.made, numbers.unsure)
        };
        if unsure {
            return self.make_elsewhere(&folder);
        }
        create(&folder, first)?;
        let synced = sync_dir(folder.path());
        let mut numbers = self.lock();
        match &synced {
            Ok(()) => numbers.made += BATCH,
            Err(_) => numbers.unsure = true,
        }
        synced
    }

    /// Makes names in a new folder beside one that could not be synced. Nothing of the new one has been lost yet: when it can be
    /// synced, its names are good.
    fn make_elsewhere(&self, unsure: &SpoolDir) -> io::Result<()> {
        let folder = unsure.another()?;
        let parent = folder.path().parent().unwrap_or(folder.path());
        let good = create(&folder, 0).and_then(|()| sync_dir(folder.path())).and_then(|()| sync_dir(parent));
        if let Err(error) = good {
            folder.remove();
            return Err(error);
        }
        tracing::warn!(folder = %folder.path().display(), "spool.names: goes on in another folder");
        let mut numbers = self.lock();
        let before = std::mem::replace(&mut numbers.folder, Arc::new(folder));
        numbers.left_behind.push(before);
        (numbers.next, numbers.made, numbers.unsure) = (0, BATCH, false);
        Ok(())
    }
}

/// Empty files with the next numbers.
fn create(folder: &SpoolDir, first: u64) -> io::Result<()> {
    for n in first..first + BATCH {
        match File::create_new(folder.path().join(n.to_string())) {
            // Left by an attempt that could not make all of them.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            created => drop(created?),
        }
    }
    Ok(())
}

impl Slot {
    /// Moves the synced file to its address. From here on it is an object.
    pub(super) fn rename(mut self, target: &Path) -> io::Result<()> {
        place(&self.path, target)?;
        self.taken = true;
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.taken {
            // Best effort: the next start looks through the folder.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Moves a file to its address; makes the folder of the address again when somebody removed it.
fn place(source: &Path, target: &Path) -> io::Result<()> {
    match std::fs::rename(source, target) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let parent = target.parent().ok_or(e)?;
            std::fs::create_dir_all(parent)?;
            std::fs::rename(source, target)
        }
        moved => moved,
    }
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
