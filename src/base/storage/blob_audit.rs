//! Looking after stored objects: listing them, hashing them again, setting aside what no row names.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use super::blob_disk::Disk;
use super::layout::{folder_of, is_address, move_up};
use super::slots::sync_dir;
use crate::digest::{Running, RunningSha256};
use crate::fault::{Fault, Result};

/// What hashing again found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The bytes are what the name says.
    Sound,
    /// They are others.
    Changed,
    /// They cannot be read.
    Unreadable,
    /// There is no such file.
    Missing,
}

impl Found {
    /// As recorded.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Changed => "hash",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
        }
    }
}

/// Whether this program, not the object, is at fault: it has too many files open, or no memory. Such an object is no damage.
pub(super) fn is_ours(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

impl Disk {
    /// Addresses of the objects of one folder (`0..FOLDERS`), in order.
    pub async fn folder(&self, number: u32) -> Result<Vec<String>> {
        let folder = folder_of(self.objects_dir(), number);
        blocking(move || listed(&folder).map_err(|e| Fault::io("list objects", &e))).await
    }

    /// When an object was written, ms since 1970; absent when there is none.
    pub async fn written_at(&self, address: &str) -> Result<Option<i64>> {
        let path = self.path(address)?;
        blocking(move || match std::fs::metadata(&path) {
            Ok(meta) => Ok(Some(written_at(&meta))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Fault::io("look at an object", &e)),
        })
        .await
    }

    /// Reads an object and hashes it.
    pub async fn rehash(&self, address: &str) -> Result<Found> {
        let (path, wanted) = (self.path(address)?, address.to_owned());
        blocking(move || {
            let mut file = match std::fs::File::open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Missing),
                Err(e) if is_ours(&e) => return Err(Fault::io("open object", &e)),
                Err(_) => return Ok(Found::Unreadable),
            };
            match proves(&mut file, &wanted) {
                Ok(true) => Ok(Found::Sound),
                Ok(false) => Ok(Found::Changed),
                Err(e) if is_ours(&e) => Err(Fault::io("read object", &e)),
                Err(_) => Ok(Found::Unreadable),
            }
        })
        .await
    }

    /// Moves an object written before `before` (ms) out of the store into `swept/`, with the hour in its name; a person may
    /// bring it back. False when an equal object came meanwhile: it stays, its row may be on its way.
    pub async fn set_aside(&self, address: &str, now: i64, before: i64) -> Result<bool> {
        let (from, aside) = (self.path(address)?, self.aside_dir());
        let to = aside.join(format!("{now}-{address}"));
        blocking(move || {
            std::fs::create_dir_all(&aside).map_err(|e| Fault::io("make swept folder", &e))?;
            std::fs::rename(&from, &to).map_err(|e| Fault::io("set object aside", &e))?;
            // Looked at only now: before the move another one may have taken its place.
            let meta = std::fs::metadata(&to).map_err(|e| Fault::io("look at swept object", &e))?;
            if written_at(&meta) < before {
                return Ok(true);
            }
            std::fs::rename(&to, &from).map_err(|e| Fault::io("bring object back", &e))?;
            Ok(false)
        })
        .await
    }

    /// Removes one object that was set aside at `now`.
    pub async fn drop_one_aside(&self, address: &str, now: i64) -> Result<()> {
        let path = self.aside_dir().join(format!("{now}-{address}"));
        blocking(move || std::fs::remove_file(&path).map_err(|e| Fault::io("remove swept object", &e))).await
    }

    /// Removes what was set aside before `before`; answers how many.
    pub async fn drop_aside(&self, before: i64) -> Result<usize> {
        let aside = self.aside_dir();
        blocking(move || {
            let Ok(entries) = std::fs::read_dir(&aside) else { return Ok(0) };
            let mut gone = 0;
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let at = name.split('-').next().and_then(|n| n.parse::<i64>().ok());
                if at.is_some_and(|at| at < before) {
                    std::fs::remove_file(entry.path()).map_err(|e| Fault::io("remove swept object", &e))?;
                    gone += 1;
                }
            }
            Ok(gone)
        })
        .await
    }

    /// Gives a kept object the name it had before decision 0057 as well, in the place of what stands there; the sweeper takes
    /// the other name when no row says it. What a crash leaves of it is removed with what was set aside.
    pub async fn under_older_name(&self, kept: &str, older: &str) -> Result<()> {
        let (from, to) = (self.path(kept)?, self.path(older)?);
        let aside = self.aside_dir();
        let beside = aside.join(format!("0-{older}"));
        let work = move || {
            let clear = || match std::fs::remove_file(&beside) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
                _ => Ok(()),
            };
            let folder = to.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
            std::fs::create_dir_all(folder)?;
            std::fs::create_dir_all(&aside)?;
            clear()?;
            std::fs::hard_link(&from, &beside)?;
            // Never a moment without the name, and it is on disk before anybody is told.
            std::fs::rename(&beside, &to)?;
            // Two names of one file are left as they are by a rename.
            clear()?;
            sync_dir(folder)
        };
        blocking(move || work().map_err(|e| Fault::io("bring an object back", &e))).await
    }

    fn aside_dir(&self) -> PathBuf {
        self.objects_dir().with_file_name("swept")
    }
}

/// Whether the bytes are those of the address: their BLAKE3, or for an object from before decision 0057 their SHA-256.
pub(super) fn proves(file: &mut std::fs::File, address: &str) -> std::io::Result<bool> {
    let mut hash = Running::default();
    read(file, |part| hash.update(part))?;
    if hash.finish_hex() == address {
        return Ok(true);
    }
    file.rewind()?;
    let mut hash = RunningSha256::default();
    read(file, |part| hash.update(part))?;
    Ok(hash.finish_hex() == address)
}

fn read(file: &mut std::fs::File, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut buffer = vec![0_u8; 256 * 1024];
    loop {
        let n = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..n).filter(|p| !p.is_empty()) else { return Ok(()) };
        take(part);
    }
}

/// ms since 1970; a time that cannot be told is late.
fn written_at(meta: &std::fs::Metadata) -> i64 {
    let since = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    since.and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(i64::MAX)
}

/// Addresses in a folder. What lies deeper was brought back from a backup of an earlier build: it is moved to its place.
fn listed(folder: &Path) -> std::io::Result<Vec<String>> {
    let (mut all, deep) = flat(folder)?;
    if deep {
        let moved = move_up(folder)?;
        tracing::warn!(folder = %folder.display(), objects = moved, "storage.moved to their place");
        (all, _) = flat(folder)?;
    }
    all.sort();
    Ok(all)
}

/// Addresses in a folder, and whether anything lies deeper.
pub(super) fn flat(folder: &Path) -> std::io::Result<(Vec<String>, bool)> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
        Err(e) => return Err(e),
    };
    let (mut all, mut deep) = (Vec::new(), false);
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            deep = true;
        } else if is_address(&name) {
            all.push(name);
        } else {
            tracing::warn!(file = %entry.path().display(), "storage.not an object");
        }
    }
    Ok((all, deep))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::internal("disk task stopped"))?
}

#[cfg(test)]
mod tests {
    use super::Found;
    use crate::digest::sha256_hex;
    use crate::storage::blob::Blobs;

    #[tokio::test]
    async fn an_object_proves_its_address_also_the_one_of_an_earlier_build() {
        let folder = std::env::temp_dir().join(format!("yigong-rehash-{}", std::process::id()));
        let blobs = Blobs::open(&folder, "t".into()).await.unwrap().with_reserve(0);
        let bytes: Vec<u8> = (0..300_000_u32).map(|i| (i % 255) as u8).collect();
        let now = blobs.put(&bytes).await.unwrap();
        let before = sha256_hex(&bytes);
        let old = blobs.path(&before).unwrap();
        std::fs::write(&old, &bytes).unwrap();
        for address in [&now, &before] {
            assert_eq!(blobs.disk().rehash(address).await.unwrap(), Found::Sound);
        }
        let mut other = bytes;
        other[299_999] ^= 1;
        std::fs::write(&old, &other).unwrap();
        assert_eq!(blobs.disk().rehash(&before).await.unwrap(), Found::Changed);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
