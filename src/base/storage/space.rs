//! How much room the file system of the store has, and what new objects leave free.

use serde::Serialize;

use super::blob_disk::Disk;
use crate::fault::{Fault, Result};

/// The largest reserve that is kept unasked, bytes.
const RESERVE: u64 = 20 << 30;

/// Room on the file system of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Space {
    /// Bytes this program may still write.
    pub free: u64,
    /// Bytes of the file system.
    pub whole: u64,
    /// Bytes that new objects leave free.
    pub reserve: u64,
}

impl Space {
    /// New objects are taken.
    #[must_use]
    pub fn has_room(self) -> bool {
        self.free > self.reserve
    }
}

impl Disk {
    /// Room at this moment; `reserve` bytes, or for -1 a twentieth of the file system, 20 GiB at most.
    pub(super) fn space(&self, reserve: i64) -> Result<Space> {
        let about = rustix::fs::statvfs(self.objects_dir())
            .map_err(|e| Fault::io("ask for free space", &e.into()))?;
        let (free, whole) = (about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize);
        let reserve = u64::try_from(reserve).unwrap_or_else(|_| (whole / 20).min(RESERVE));
        Ok(Space { free, whole, reserve })
    }
}
