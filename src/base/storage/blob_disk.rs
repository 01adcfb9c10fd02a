//! Blobs on a local disk: `objects/ab/<address>`. Blob first, row second: when `keep` returns, the data is synced under
//! a durable name. A failed sync is never retried (the kernel may have dropped the pages): the file is removed, the
//! caller fails.
//!
//! The durable name is the one in the spool folder (see `slots`); the rename to the address is in the journal of the
//! file system and reaches the disk with it, so a power cut leaves the object under one of the two. The next start gives
//! what it finds in the spool its address (`rescue`). This needs a file system with a journal or a log: ext4, XFS, Btrfs, ZFS.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::block::{ALIGN, Block, Blocks};
use super::layout::{is_address, place_of, prepare};
use super::slots::{Slot, Slots, sync_dir};
use super::spool::{Body, Spooled};
use super::spool_dir::{SpoolDir, in_use};
use crate::digest::{Running, RunningSha256};
use crate::fault::{Fault, Result};

/// The folder of a disk store, and what is needed to fill it.
pub struct Disk {
    objects: PathBuf,
    pub(super) slots: Slots,
    pub(super) blocks: Arc<Blocks>,
    is_alone: bool,
}

impl Disk {
    /// Creates the folders and looks through what an earlier run left in the spool.
    pub async fn open(root: &Path, run: String) -> Result<Self> {
        let (objects, spool) = (root.join("objects"), root.join("spool"));
        let opened = blocking(move || {
            prepare(&objects, || in_use(&spool))?;
            let spool_dir = SpoolDir::open(&spool, &run, |path| rescue(&objects, path))?;
            sync_dir(&spool)?;
            sync_dir(objects.parent().unwrap_or(&objects))?;
            let blocks = Arc::default();
            let direct = try_direct(spool_dir.path(), &blocks);
            if let Err(error) = &direct {
                tracing::info!(%error, "storage.spool: large objects go through the memory of the system");
            }
            let is_alone = spool_dir.is_alone;
            Ok(Self { objects, slots: Slots::new(spool_dir, direct.is_ok()), blocks, is_alone })
        });
        opened.await.map_err(|e| Fault::io("open blob store", &e))
    }

    /// No other process used the data folder when this one opened it: whatever was running then runs no more.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    pub(super) fn objects_dir(&self) -> &Path {
        &self.objects
    }

    /// The file of an address.
    pub fn path(&self, address: &str) -> Result<PathBuf> {
        if !is_address(address) {
            return Err(Fault::internal("a blob address is 64 hex digits"));
        }
        Ok(place_of(&self.objects, address))
    }

    /// Writes, syncs and renames. A caller that goes away meanwhile leaves an object
    /// without a row, like any other.
    pub(super) async fn keep(self: &Arc<Self>, spooled: Spooled) -> Result<String> {
        let disk = Arc::clone(self);
        let kept = blocking(move || disk.sync(spooled)).await;
        kept.map_err(|e| Fault::io("keep object", &e))
    }

    fn sync(&self, Spooled { body, address, len }: Spooled) -> io::Result<String> {
        let target = self.path(&address).map_err(io::Error::other)?;
        let slot = match body {
            Body::Memory(block) => self.write(&block)?,
            Body::File(slot) => {
                // Its last block was written whole.
                slot.file.set_len(len)?;
                slot
            }
        };
        slot.file.sync_data()?;
        slot.rename(&target)?;
        Ok(address)
    }

    fn write(&self, block: &Block) -> io::Result<Slot> {
        let slot = self.slots.take(false)?;
        slot.file.write_all_at(block.as_ref(), 0)?;
        Ok(slot)
    }

    /// Whether more than the reserve is free, or that part of it (4 = a quarter), see [`Disk::space`].
    pub(super) fn has_room(&self, reserve: i64, part: u64) -> Result<()> {
        let space = self.space(reserve)?;
        if space.free > space.reserve / part.max(1) {
            return Ok(());
        }
        let (free, reserve) = (space.free >> 20, space.reserve >> 20);
        Err(Fault::storage(format!("{free} MiB are free, {reserve} MiB are kept in reserve")))
    }

    /// Writes and syncs a few bytes and removes them: the readiness probe.
    pub(super) async fn probe(self: &Arc<Self>) -> Result<()> {
        use std::io::Write;
        let disk = Arc::clone(self);
        let synced = blocking(move || {
            let mut slot = disk.slots.take(false)?;
            slot.file.write_all(b"probe")?;
            slot.file.sync_data()
        });
        synced.await.map_err(|e| Fault::io("sync probe", &e))
    }
}

/// Writes a block past the memory of the system: some file systems let such a file be opened and refuse to write it. Its name
/// is gone before: nothing of it is ever taken for an object.
fn try_direct(folder: &Path, blocks: &Arc<Blocks>) -> io::Result<()> {
    let path = folder.join("probe");
    File::create(&path)?;
    let opened = File::options().write(true).custom_flags(libc::O_DIRECT).open(&path);
    std::fs::remove_file(&path)?;
    let mut block = blocks.take();
    block.fill(&[0; ALIGN]);
    opened?.write_all_at(block.whole(), 0)
}

/// A file that an unclean end left in the spool becomes the object of its content: its row may be committed. If it is
/// not, or the file is half an object, it is an object without a row like any other. Empty files are unused names.
///
/// It gets the name it has today and the one an earlier build would have given it (decision 0057): which of the two its
/// row says is not known here, and the sweeper takes the one that no row names.
///
/// `false` = it cannot be read, and stays for the next start and for a person: it must not keep everything else from starting.
///
/// # Errors
/// When it cannot be given its address: the disk is at fault, and rows may name it.
fn rescue(objects: &Path, path: &Path) -> io::Result<bool> {
    let addresses = match addresses(path) {
        Ok(addresses) => addresses,
        Err(error) => {
            tracing::error!(file = %path.display(), %error, "storage.spool an object that a run left behind cannot be read");
            return Ok(false);
        }
    };
    if !addresses.is_empty() {
        File::open(path)?.sync_data()?;
    }
    for address in addresses {
        also(path, &place_of(objects, &address))?;
    }
    std::fs::remove_file(path)?;
    Ok(true)
}

/// What a file's content is named by, today and by an earlier build; an empty one has no name.
fn addresses(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let (mut hash, mut before) = (Running::default(), RunningSha256::default());
    let mut buffer = vec![0_u8; 1 << 18];
    let mut whole = 0_u64;
    loop {
        let n = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..n).filter(|p| !p.is_empty()) else { break };
        hash.update(part);
        before.update(part);
        whole += n as u64;
    }
    if whole == 0 {
        return Ok(Vec::new());
    }
    Ok(vec![hash.finish_hex(), before.finish_hex()])
}

/// Gives a file another name, whose folder is synced. What stands under that name with other bytes is damaged, for the name
/// is their hash: the whole copy takes its place.
pub(super) fn also(source: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(folder)?;
    match std::fs::hard_link(source, target) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            // One that cannot be read is no copy.
            if !same_bytes(source, target).unwrap_or(false) {
                let beside = target.with_extension("whole");
                match std::fs::remove_file(&beside) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => {}
                }
                std::fs::hard_link(source, &beside)?;
                std::fs::rename(&beside, target)?;
            }
        }
        linked => linked?,
    }
    sync_dir(folder)
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let mut left = one.metadata()?.len();
    if left != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0_u8; 1 << 18], vec![0_u8; 1 << 18]);
    while left > 0 {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(a.len());
        let (Some(a), Some(b)) = (a.get_mut(..n), b.get_mut(..n)) else { break };
        one.read_exact(a)?;
        other.read_exact(b)?;
        if a != b {
            return Ok(false);
        }
        left -= n as u64;
    }
    Ok(true)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| io::Error::other("disk task stopped"))?
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use crate::digest::address_of;
    use crate::storage::blob::Blobs;
    use crate::storage::spool::Content;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            Self::under(&std::env::temp_dir(), name)
        }

        fn under(folder: &Path, name: &str) -> Self {
            let path = folder.join(format!("yigong-blob-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// Files of the spool that hold something.
        fn spooled(&self) -> usize {
            let full = |e: std::io::Result<std::fs::DirEntry>| e.unwrap().metadata().unwrap().len() > 0;
            std::fs::read_dir(self.0.join("spool/t")).unwrap().map(full).filter(|f| *f).count()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn pattern(len: usize, seed: usize) -> Vec<u8> {
        (0..len).map(|i| (i.wrapping_mul(31) ^ (i >> 7) ^ seed) as u8).collect()
    }

    async fn open(folder: &Path) -> Blobs {
        Blobs::open(folder, "t".into()).await.unwrap().with_reserve(0)
    }

    #[tokio::test]
    async fn objects_of_every_size_come_back_as_they_were() {
        every_size(&Folder::new("sizes")).await;
    }

    /// There, and on other file systems of the kind, writes past the memory are refused or are none.
    #[tokio::test]
    async fn also_on_a_file_system_that_is_memory() {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            every_size(&Folder::under(memory, "sizes")).await;
        } else {
            eprintln!("left out: there is no /dev/shm");
        }
    }

    async fn every_size(folder: &Folder) {
        let blobs = open(&folder.0).await;
        for len in [0, 1, 63, 4096, 1 << 20, (1 << 20) + 1, 3 << 20, 5_000_003] {
            let bytes = pattern(len, len);
            let mut spool = blobs.spool().await.unwrap();
            for part in bytes.chunks(131_060) {
                spool.write(part).await.unwrap();
            }
            let spooled = spool.finish().await.unwrap();
            match spooled.content() {
                Content::Memory(held) => assert_eq!(held, bytes),
                Content::File(path) => assert_eq!(std::fs::read(path).unwrap()[..len], bytes[..]),
            }
            let address = blobs.keep(spooled).await.unwrap();
            assert_eq!(address, address_of(&bytes), "{len} bytes");
            assert!(blobs.read(&address).await.unwrap() == bytes, "{len} bytes");
        }
        assert_eq!(folder.spooled(), 0);
        blobs.probe().await.unwrap();
    }

    #[tokio::test]
    async fn objects_received_side_by_side_do_not_mix() {
        let folder = Folder::new("beside");
        let blobs = open(&folder.0).await;
        let mut tasks = Vec::new();
        for n in 0..40_usize {
            let blobs = blobs.clone();
            tasks.push(tokio::spawn(async move {
                let bytes = pattern(20_000 + n * 90_001, n);
                let address = blobs.put(&bytes).await.unwrap();
                assert_eq!(address, address_of(&bytes));
                assert!(blobs.read(&address).await.unwrap() == bytes);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_given_up_leaves_nothing() {
        let folder = Folder::new("given-up");
        let blobs = open(&folder.0).await;
        let bytes = pattern(3_000_000, 1);
        let mut spool = blobs.spool().await.unwrap();
        spool.write(&bytes).await.unwrap();
        drop(spool);
        let mut spool = blobs.spool().await.unwrap();
        spool.write(&bytes).await.unwrap();
        drop(spool.finish().await.unwrap());
        for _ in 0..200 {
            if folder.spooled() == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(folder.spooled(), 0);
        for folder in std::fs::read_dir(folder.0.join("objects")).unwrap() {
            let folder = folder.unwrap().path();
            assert!(!folder.is_dir() || std::fs::read_dir(folder).unwrap().next().is_none());
        }
    }

    #[tokio::test]
    async fn what_a_power_cut_left_under_its_spool_name_is_found_again() {
        let folder = Folder::new("rescue");
        let bytes = pattern(50_000, 3);
        let address = {
            let blobs = open(&folder.0).await;
            let address = blobs.put(&bytes).await.unwrap();
            // The rename did not reach the disk.
            std::fs::rename(blobs.path(&address).unwrap(), folder.0.join("spool/t/7")).unwrap();
            address
        };
        let older = crate::digest::sha256_hex(&bytes);
        {
            let blobs = open(&folder.0).await;
            for address in [&address, &older] {
                assert!(
                    blobs.read(address).await.unwrap() == bytes,
                    "by today's name and by that of an earlier build"
                );
            }
            // Sent again after the copy that is there was damaged, and cut off before the rename reached the disk.
            std::fs::write(folder.0.join("spool/t/9"), &bytes).unwrap();
            std::fs::remove_file(blobs.path(&address).unwrap()).unwrap();
            let mut rotten = bytes.clone();
            rotten[40_000] ^= 1;
            std::fs::write(blobs.path(&address).unwrap(), &rotten).unwrap();
        }
        let blobs = open(&folder.0).await;
        assert!(blobs.read(&address).await.unwrap() == bytes, "the whole copy wins");
        assert_eq!(
            std::fs::read_dir(folder.0.join("spool/t")).unwrap().count(),
            0,
            "unused names are removed"
        );
    }
}
