//! Names for spool files, made in advance: a file whose name is on disk already needs only its data synced.
//!
//! Creating a file and syncing its folder for every object costs a second wait for the journal. Here the folder is
//! synced once for many empty files. What a power cut leaves under such a name is found again by `rescue`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files made at once.
const BATCH: u64 = 64;

/// The names of one spool folder: `0`, `1`, `2` …
pub(super) struct Slots {
    folder: PathBuf,
    numbers: Mutex<Numbers>,
}

#[derive(Default)]
struct Numbers {
    next: u64,
    made: u64,
}

/// A file for one object. Dropped before `taken`, it is removed.
pub(super) struct Slot {
    pub(super) path: PathBuf,
    pub(super) file: File,
    taken: bool,
}

impl Slots {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, numbers: Mutex::default() }
    }

    /// A file that is empty and whose name is durable. `direct` = writes go past the page cache where the file system can.
    /// Blocking.
    pub(super) fn take(&self, direct: bool) -> io::Result<Slot> {
        let path = self.folder.join(self.number()?.to_string());
        let mut options = OpenOptions::new();
        options.write(true);
        let file = if direct {
            let past_cache = options.clone().custom_flags(libc::O_DIRECT).open(&path);
            past_cache.or_else(|_| options.open(&path))?
        } else {
            options.open(&path)?
        };
        Ok(Slot { path, file, taken: false })
    }

    fn number(&self) -> io::Result<u64> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers.next == numbers.made {
            for n in numbers.made..numbers.made + BATCH {
                File::create_new(self.folder.join(n.to_string()))?;
            }
            sync_dir(&self.folder)?;
            numbers.made += BATCH;
        }
        numbers.next += 1;
        Ok(numbers.next - 1)
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

/// Moves a file to its address; makes the folder of the address when it is the first one there.
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
