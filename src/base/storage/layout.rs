//! Where objects lie: `objects/ab/<address>`, 256 folders that are there from the start.
//!
//! A folder that must be made for an object costs more than the object: its own inode, its own block, another wait for the
//! journal. Earlier builds had 65,536 of them, made one by one (decision 0066); their files are moved up once.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::slots::sync_dir;

/// Folders of objects: the first two digits of an address.
pub const FOLDERS: u32 = 0x100;
/// Says that no object lies deeper; whoever prepares a store holds its lock.
const MARK: &str = "layout";
/// What stands in it.
const FLAT: &[u8] = b"objects/ab/<address>\n";

/// An address is 64 hex digits and nothing else: no name from outside reaches the disk.
pub(super) fn is_address(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The file of an address, in the folder of objects.
#[must_use]
pub fn place_of(objects: &Path, address: &str) -> PathBuf {
    objects.join(&address[..2]).join(address)
}

/// The folder of a number (`0..FOLDERS`).
pub(super) fn folder_of(objects: &Path, number: u32) -> PathBuf {
    objects.join(format!("{number:02x}"))
}

/// Makes what is missing of the folders and moves up what an earlier build stored. Several processes of this build may call it
/// at once. `others` = whether another process is at work on the store: one of an earlier build would look for its objects where
/// they were, and put new ones where nobody looks.
///
/// # Errors
/// `ResourceBusy` when objects must be moved and there are others.
pub(super) fn prepare(objects: &Path, others: impl FnOnce() -> io::Result<bool>) -> io::Result<()> {
    std::fs::create_dir_all(objects)?;
    let mut mark =
        File::options().create(true).truncate(false).read(true).write(true).open(objects.join(MARK))?;
    mark.lock()?;
    let mut said = Vec::new();
    mark.read_to_end(&mut said)?;
    let flat = said == FLAT;
    let mut deep = Vec::new();
    for number in 0..FOLDERS {
        let folder = folder_of(objects, number);
        match std::fs::create_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && flat => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                if !folders_in(&folder)?.is_empty() {
                    deep.push(folder);
                }
            }
            made => made?,
        }
    }
    if !deep.is_empty() {
        if others()? {
            let why =
                "another process is at work on the store; stop it: objects are moved into fewer folders once";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
        }
        tracing::warn!(folders = deep.len(), "storage.objects are moved into fewer folders, once");
    }
    let (many, mut moved) = (deep.len(), 0);
    for (done, folder) in deep.into_iter().enumerate() {
        moved += move_up(&folder)?;
        if done % 16 == 15 {
            tracing::warn!(done = done + 1, of = many, objects = moved, "storage.moving objects");
        }
    }
    if !flat {
        mark.set_len(0)?;
        // Reading a half written mark has moved the place where writing goes on.
        mark.rewind()?;
        mark.write_all(FLAT)?;
        mark.sync_all()?;
    }
    sync_dir(objects)
}

fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Moves the objects of the folders in `folder` into it and removes those folders; answers how many. A power cut in between
/// leaves every object under one of its two places: the next start goes on.
pub(super) fn move_up(folder: &Path) -> io::Result<u64> {
    let deep = folders_in(folder)?;
    let mut moved = 0;
    for lower in &deep {
        // Read to the end before anything is moved: the folder changes under the reader otherwise.
        let objects = std::fs::read_dir(lower)?.collect::<io::Result<Vec<_>>>()?;
        for object in objects {
            std::fs::rename(object.path(), folder.join(object.file_name()))?;
            moved += 1;
        }
    }
    // The new names are on disk before the old folders go.
    sync_dir(folder)?;
    for lower in &deep {
        std::fs::remove_dir(lower)?;
    }
    sync_dir(folder)?;
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use crate::storage::blob::Blobs;

    #[tokio::test]
    async fn what_an_earlier_build_stored_deeper_is_found() {
        let folder = std::env::temp_dir().join(format!("yigong-layout-{}", std::process::id()));
        let objects = folder.join("objects");
        let addresses = ["0a".repeat(32), format!("0a0b{}", "00".repeat(30)), "ff".repeat(32)];
        let put_deep = |address: &str| {
            let deep = objects.join(&address[..2]).join(&address[2..4]);
            std::fs::create_dir_all(&deep).unwrap();
            std::fs::write(deep.join(address), address).unwrap();
        };
        for address in &addresses {
            put_deep(address);
        }
        // A power cut in the middle: one object is up already, the mark is half written.
        std::fs::rename(objects.join("0a/0b").join(&addresses[1]), objects.join("0a").join(&addresses[1]))
            .unwrap();
        std::fs::write(objects.join("layout"), "objects/").unwrap();
        for run in ["first", "second"] {
            let blobs = Blobs::open(&folder, run.into()).await.unwrap();
            for address in &addresses {
                assert_eq!(blobs.read(address).await.unwrap(), address.as_bytes());
                assert_eq!(blobs.path(address).unwrap(), objects.join(&address[..2]).join(address));
            }
            assert!(!objects.join("0a/0b").exists(), "the deeper folders are gone");
            assert_eq!(std::fs::read(objects.join("layout")).unwrap(), super::FLAT);
        }
        assert_eq!(std::fs::read_dir(&objects).unwrap().count(), 256 + 1);
        // What a backup of an earlier build brings back is found by whoever lists the folder.
        let blobs = Blobs::open(&folder, "third".into()).await.unwrap();
        let late = format!("0a0c{}", "11".repeat(30));
        put_deep(&late);
        assert!(blobs.disk().folder(0x0a).await.unwrap().contains(&late));
        assert_eq!(blobs.read(&late).await.unwrap(), late.as_bytes());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn nothing_is_moved_beneath_another_process() {
        let folder = std::env::temp_dir().join(format!("yigong-layout-busy-{}", std::process::id()));
        let living = Blobs::open(&folder, "living".into()).await.unwrap();
        let objects = folder.join("objects");
        std::fs::remove_file(objects.join("layout")).unwrap();
        std::fs::create_dir_all(objects.join("0a/0b")).unwrap();
        let refused = Blobs::open(&folder, "new".into()).await.err().unwrap().to_string();
        assert!(refused.contains("another process"), "{refused}");
        drop(living);
        Blobs::open(&folder, "new".into()).await.unwrap();
        assert!(!objects.join("0a/0b").exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
