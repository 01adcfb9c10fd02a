//! Names for spool files, made in advance: a file whose name is on disk already needs only its data synced.
//!
//! Creating a file and syncing its folder for every object costs a second wait for the journal. Here the folder is
//! synced once for many empty files, by a thread of its own while there are still some. What a power cut leaves under such
//! a name is found again by `rescue`.

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
    /// Its lock is held for as long as anybody makes names in it.
    folder: SpoolDir,
    direct: bool,
    numbers: Mutex<Numbers>,
    made: Condvar,
}

#[derive(Default)]
struct Numbers {
    next: u64,
    made: u64,
    /// Somebody is making more.
    making: bool,
    /// The folder could not be synced. A second sync may say yes to what the first one lost, so there is none.
    unsure: bool,
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
        Self(Arc::new(Shared { folder, direct, numbers: Mutex::default(), made: Condvar::new() }))
    }

    /// A file that is empty and whose name is durable. `direct` = writes go past the page cache where the file system can.
    /// Blocking.
    pub(super) fn take(&self, direct: bool) -> io::Result<Slot> {
        let path = self.0.folder.path().join(self.number()?.to_string());
        let mut options = OpenOptions::new();
        options.write(true);
        if direct && self.0.direct {
            options.custom_flags(libc::O_DIRECT);
        }
        let file = options.open(&path)?;
        Ok(Slot { path, file, taken: false })
    }

    fn number(&self) -> io::Result<u64> {
        let mut numbers = self.0.lock();
        loop {
            let left = numbers.made - numbers.next;
            if left == 0 && numbers.unsure {
                return Err(io::Error::other(
                    "the spool folder could not be synced; no more is taken until a restart",
                ));
            }
            if left < LOW && !numbers.making && !numbers.unsure {
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
                return Ok(numbers.next - 1);
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
        let first = self.lock().made;
        for n in first..first + BATCH {
            match File::create_new(self.folder.path().join(n.to_string())) {
                // Left by an attempt that could not make all of them.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                created => drop(created?),
            }
        }
        let synced = sync_dir(self.folder.path());
        let mut numbers = self.lock();
        match &synced {
            Ok(()) => numbers.made += BATCH,
            Err(_) => numbers.unsure = true,
        }
        synced
    }
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
