//! Objects copied to another place: each is hashed on its way, for a copy of damage is none.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::blob_audit::{flat, is_ours, proves};
use super::layout::{FOLDERS, folder_of, is_address, place_of};
use crate::digest::Running;

/// Copies that get their names together, after one sync of the file system for all of them.
const BATCH: usize = 500;
/// Read at once.
const PIECE: usize = 1 << 20;
/// A copy that is not yet sure to be on the disk.
const PART: &str = "part";

/// What copying did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Objects copied.
    pub new: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were there.
    pub held: u64,
    /// Addresses whose bytes are others, or cannot be read: not copied.
    pub damaged: Vec<String>,
    /// Addresses that were asked for and are not there.
    pub missing: Vec<String>,
}

/// Copies whole objects from one `objects` folder to another.
pub struct Mirror {
    from: PathBuf,
    to: PathBuf,
    /// Opened before anything is written: a write that fails later is told to it.
    root: File,
    waiting: Vec<PathBuf>,
    done: Copied,
}

impl Mirror {
    /// Makes the folders of `to` and removes what a copy that was broken off left there.
    ///
    /// # Errors
    /// Of the file system.
    pub fn new(from: &Path, to: &Path) -> io::Result<Self> {
        for number in 0..FOLDERS {
            let folder = folder_of(to, number);
            std::fs::create_dir_all(&folder)?;
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|e| e == PART) {
                    std::fs::remove_file(path)?;
                }
            }
        }
        Ok(Self {
            from: from.to_owned(),
            to: to.to_owned(),
            root: File::open(to)?,
            waiting: Vec::new(),
            done: Copied::default(),
        })
    }

    /// Copies every object that is not there yet.
    ///
    /// # Errors
    /// Of the file system copied to.
    pub fn all(mut self) -> io::Result<Copied> {
        for number in 0..FOLDERS {
            let held: BTreeSet<String> = flat(&folder_of(&self.to, number))?.0.into_iter().collect();
            let (all, deep) = flat(&folder_of(&self.from, number))?;
            if deep {
                let why =
                    "the store is of an earlier build: start this program once, which moves its objects up";
                return Err(io::Error::other(why));
            }
            for address in all {
                if held.contains(&address) {
                    self.done.held += 1;
                } else {
                    self.one(&address)?;
                }
            }
        }
        // What was given up meanwhile is named by no later copy of the database.
        self.done.missing.clear();
        self.finish()
    }

    /// Copies one object.
    ///
    /// # Errors
    /// Of the file system copied to; `InvalidInput` for what is no address.
    pub fn one(&mut self, address: &str) -> io::Result<()> {
        if !is_address(address) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{address} is no address")));
        }
        let target = place_of(&self.to, address);
        if target.exists() {
            self.done.held += 1;
            return Ok(());
        }
        let source = match File::open(place_of(&self.from, address)) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.done.missing.push(address.to_owned());
                return Ok(());
            }
            Err(e) if is_ours(&e) => return Err(e),
            Err(_) => {
                self.done.damaged.push(address.to_owned());
                return Ok(());
            }
        };
        let part = target.with_extension(PART);
        match copy(source, &part, address)? {
            Some(bytes) => {
                self.done.new += 1;
                self.done.bytes += bytes;
                self.waiting.push(target);
            }
            None => {
                std::fs::remove_file(&part)?;
                self.done.damaged.push(address.to_owned());
            }
        }
        if self.waiting.len() >= BATCH { self.settle() } else { Ok(()) }
    }

    /// Waits until all is on the disk under its name.
    ///
    /// # Errors
    /// Of the file system copied to.
    pub fn finish(mut self) -> io::Result<Copied> {
        self.settle()?;
        Ok(self.done)
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        rustix::fs::syncfs(&self.root)?;
        for target in self.waiting.drain(..) {
            std::fs::rename(target.with_extension(PART), &target)?;
        }
        Ok(rustix::fs::syncfs(&self.root)?)
    }
}

/// Copies a file; its length, or `None` when it cannot be read to its end or is not what its address says.
fn copy(mut source: File, part: &Path, address: &str) -> io::Result<Option<u64>> {
    let mut target = File::options().read(true).write(true).create(true).truncate(true).open(part)?;
    let (mut hash, mut bytes, mut piece) = (Running::default(), 0, vec![0; PIECE]);
    loop {
        let n = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(None),
        };
        let read = piece.get(..n).unwrap_or_default();
        hash.update(read);
        target.write_all(read)?;
        bytes += n as u64;
    }
    if hash.finish_hex() == address {
        return Ok(Some(bytes));
    }
    // What an earlier build stored has another kind of address (decision 0057).
    io::Seek::rewind(&mut target)?;
    Ok(proves(&mut target, address)?.then_some(bytes))
}
