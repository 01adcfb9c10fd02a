//! Whether stored bytes can be had without waiting for the disk.

use std::fs::File;
use std::io::IoSliceMut;

use rustix::io::{ReadWriteFlags, preadv2};

/// Asked once for so many bytes.
const ASKED: u64 = 64 << 10;

/// Whether a part of a file lies in the memory of the system, as far as one byte in 64 KiB and the last one say. Where the system
/// drops a page between this and the reading, whoever reads waits for the disk once. `false` where the file system cannot tell.
#[must_use]
pub fn is_near(file: &File, from: u64, length: u64) -> bool {
    let end = from.saturating_add(length);
    let is_there = |at: u64| {
        let mut byte = [0];
        preadv2(file, &mut [IoSliceMut::new(&mut byte)], at, ReadWriteFlags::NOWAIT) == Ok(1)
    };
    length == 0 || ((from..end).step_by(ASKED as usize).all(is_there) && is_there(end - 1))
}
