//! Where objects lie: `objects/ab/<address>`, 256 folders that are there from the start.
//!
//! A folder that must be made for an object costs more than the object: its own inode, its own block, another wait for the
//! journal. Earlier builds had 65,536 of them, made one by one (decision 0066); their files are moved up once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::slots::sync_dir;

/// Folders of objects: the first two digits of an address.
pub const FOLDERS: u32 = 0x100;
/// Says that no object lies deeper; whoever prepares a store holds its lock.
const MARK: &str = "layout";
/// What stands in it.
const FLAT: &[u8] = b"objects/ab/<address>\n";

/// The file of an address of 64 hex digits.
pub(super) fn place_of(objects: &Path, address: &str) -> PathBuf {
    objects.join(&address[..2]).join(address)
}

/// The folder of a number (`0..FOLDERS`).
pub(super) fn folder_of(objects: &Path, number: u32) -> PathBuf {
    objects.join(format!("{number:02x}"))
}

/// Makes what is missing of the folders and moves up what an earlier build stored. Several processes may call it at once.
pub(super) fn prepare(objects: &Path) -> io::Result<()> {
    std::fs::create_dir_all(objects)?;
    let mut mark =
        File::options().create(true).truncate(false).read(true).write(true).open(objects.join(MARK))?;
    mark.lock()?;
    let mut said = Vec::new();
    mark.read_to_end(&mut said)?;
    let mut moved = 0_u64;
    for number in 0..FOLDERS {
        let folder = folder_of(objects, number);
        match std::fs::create_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                if said != FLAT {
                    moved += move_up(&folder)?;
                }
            }
            made => made?,
        }
    }
    if said != FLAT {
        if moved > 0 {
            tracing::info!(objects = moved, "storage.moved_up");
        }
        mark.set_len(0)?;
        mark.write_all(FLAT)?;
        mark.sync_all()?;
    }
    sync_dir(objects)
}

/// Moves the objects of the folders in `folder` into it and removes those folders; answers how many. A power cut in between
/// leaves every object under one of its two places: the next start goes on.
fn move_up(folder: &Path) -> io::Result<u64> {
    let mut moved = 0;
    for entry in std::fs::read_dir(folder)? {
        let deep = entry?.path();
        if !deep.is_dir() {
            continue;
        }
        for object in std::fs::read_dir(&deep)? {
            let object = object?;
            std::fs::rename(object.path(), folder.join(object.file_name()))?;
            moved += 1;
        }
        // The new names are on disk before the old folder goes.
        sync_dir(folder)?;
        std::fs::remove_dir(&deep)?;
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
        for address in &addresses {
            let deep = objects.join(&address[..2]).join(&address[2..4]);
            std::fs::create_dir_all(&deep).unwrap();
            std::fs::write(deep.join(address), address).unwrap();
        }
        for run in ["first", "second"] {
            let blobs = Blobs::open(&folder, run.into()).await.unwrap();
            for address in &addresses {
                assert_eq!(blobs.read(address).await.unwrap(), address.as_bytes());
                assert_eq!(blobs.path(address).unwrap(), objects.join(&address[..2]).join(address));
            }
            assert!(!objects.join("0a/0b").exists(), "the deeper folders are gone");
        }
        assert_eq!(std::fs::read_dir(&objects).unwrap().count(), 256 + 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
