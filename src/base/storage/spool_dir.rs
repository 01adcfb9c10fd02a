//! Spool folders of the processes that share one data folder. Each process has its own and holds its lock: a start
//! removes what a dead run left and never what a living one is writing (`yigong import` beside `yigong serve`).

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held while a process looks through the folders or makes its own.
const GATE: &str = "gate";
/// Ending of the lock of a run.
const LOCK: &str = "lock";

/// This process's own folder.
pub(super) struct SpoolDir {
    path: PathBuf,
    run: String,
    /// No other process had a folder when this one was made.
    pub(super) is_alone: bool,
    /// Released by the operating system when the process ends, however it ends.
    _lock: File,
}

impl SpoolDir {
    /// Sweeps `spool` and makes the folder of `run` in it.
    /// `rescue` is called with each file that a dead run left, before its folder is removed; `false` = the file stays.
    pub(super) fn open(
        spool: &Path,
        run: &str,
        rescue: impl Fn(&Path) -> io::Result<bool>,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(spool)?;
        let _gate = gate(spool)?;
        let is_alone = sweep(spool, &rescue)? == 0;
        Ok(Self { is_alone, ..Self::make(spool, run)? })
    }

    /// Another folder of this run, beside this one.
    pub(super) fn another(&self) -> io::Result<Self> {
        let spool = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        let _gate = gate(spool)?;
        Self::make(spool, &self.run)
    }

    fn make(spool: &Path, run: &str) -> io::Result<Self> {
        // A second store of the same name in one process (tests) gets a number.
        let mut number = 0;
        loop {
            let name = if number == 0 { run.to_owned() } else { format!("{run}-{number}") };
            let path = spool.join(&name);
            let lock = lock_file(&path.with_extension(LOCK))?;
            match lock.try_lock() {
                // What could not be looked through still lies in it, under names that would be used again.
                Ok(()) if path.exists() => {
                    std::fs::remove_file(path.with_extension(LOCK))?;
                    number += 1;
                }
                Ok(()) => {
                    std::fs::create_dir_all(&path)?;
                    return Ok(Self { path, run: run.to_owned(), is_alone: false, _lock: lock });
                }
                Err(TryLockError::WouldBlock) => number += 1,
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
    }

    /// Takes the folder away with what is in it: nobody was given a name in it. Best effort, the next start looks again.
    pub(super) fn remove(self) {
        let _ = std::fs::remove_dir_all(&self.path);
        let _ = std::fs::remove_file(self.path.with_extension(LOCK));
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a process has a folder in `spool`.
pub(super) fn in_use(spool: &Path) -> io::Result<bool> {
    if !spool.exists() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(spool)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == LOCK) {
            match lock_file(&path)?.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(true),
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
    }
    Ok(false)
}

/// Waits for its turn among the processes.
fn gate(spool: &Path) -> io::Result<File> {
    let gate = lock_file(&spool.join(GATE))?;
    gate.lock()?;
    Ok(gate)
}

fn lock_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// Takes care of the folders of runs that hold their lock no more, and of whatever else lies there; answers how many runs live.
fn sweep(spool: &Path, rescue: &impl Fn(&Path) -> io::Result<bool>) -> io::Result<usize> {
    let mut alive = Vec::new();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(spool)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|n| n == GATE) {
            continue;
        }
        if path.extension().is_some_and(|e| e == LOCK) {
            match lock_file(&path)?.try_lock() {
                Ok(()) => std::fs::remove_file(&path)?,
                Err(TryLockError::WouldBlock) => alive.push(path.with_extension("")),
                Err(TryLockError::Error(e)) => return Err(e),
            }
        } else {
            names.push(path);
        }
    }
    for path in names.into_iter().filter(|p| !alive.contains(p)) {
        if path.is_dir() {
            let mut all = true;
            for left in std::fs::read_dir(&path)? {
                all &= rescue(&left?.path())?;
            }
            if all {
                std::fs::remove_dir(&path)?;
            }
        } else {
            rescue(&path)?;
        }
    }
    Ok(alive.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_sweeps_the_dead_and_spares_the_living() {
        let spool = std::env::temp_dir().join(format!("yigong-spool-{}", std::process::id()));
        std::fs::create_dir_all(&spool).unwrap();
        std::fs::write(spool.join("loose"), b"from an earlier version").unwrap();
        let gone = |path: &Path| std::fs::remove_file(path).map(|()| true);
        let living = SpoolDir::open(&spool, "a", gone).unwrap();
        let dead = SpoolDir::open(&spool, "b", gone).unwrap();
        assert!(living.is_alone && !dead.is_alone);
        for dir in [&living, &dead] {
            std::fs::write(dir.path().join("1"), b"half an object").unwrap();
        }
        let dead_path = dead.path().to_owned();
        drop(dead);
        let again = SpoolDir::open(&spool, "a", gone).unwrap();
        assert_ne!(again.path(), living.path());
        assert!(living.path().join("1").exists(), "a living run lost its spool file");
        assert!(!dead_path.exists() && !spool.join("loose").exists());
        std::fs::remove_dir_all(&spool).unwrap();
    }

    #[test]
    fn what_cannot_be_read_keeps_nothing_from_starting() {
        let spool = std::env::temp_dir().join(format!("yigong-spool-bad-{}", std::process::id()));
        std::fs::create_dir_all(&spool).unwrap();
        let dead = SpoolDir::open(&spool, "a", |_| Ok(true)).unwrap();
        let (left, good) = (dead.path().join("1"), dead.path().join("2"));
        std::fs::write(&left, b"on a bad sector").unwrap();
        std::fs::write(&good, b"whole").unwrap();
        drop(dead);
        let bad = |path: &Path| {
            if path == left { Ok(false) } else { std::fs::remove_file(path).map(|()| true) }
        };
        let next = SpoolDir::open(&spool, "a", bad).unwrap();
        assert!(left.exists() && !good.exists());
        assert_ne!(next.path(), left.parent().unwrap(), "its names are not used again");
        drop(next);
        let last = SpoolDir::open(&spool, "a", |path| std::fs::remove_file(path).map(|()| true)).unwrap();
        assert!(!left.exists() && last.path() == left.parent().unwrap());
        std::fs::remove_dir_all(&spool).unwrap();
    }
}
