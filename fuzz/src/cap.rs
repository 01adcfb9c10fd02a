//! An allocator that ends the program above a limit: without a sanitizer libFuzzer sees only what is resident once a second.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator with a limit on live bytes.
pub struct Cap {
    limit: usize,
    live: AtomicUsize,
}

impl Cap {
    /// At most `limit` bytes live.
    pub const fn new(limit: usize) -> Self {
        Self { limit, live: AtomicUsize::new(0) }
    }

    fn take(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if live > self.limit {
            // Nothing here may allocate. libFuzzer keeps the input of a program that aborts.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"more memory than the limit\n");
            std::process::abort();
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged; only a count is kept beside it.
unsafe impl GlobalAlloc for Cap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() {
            self.take(size - layout.size());
        } else {
            self.live.fetch_sub(layout.size() - size, Ordering::Relaxed);
        }
        // SAFETY: the caller's contract is passed on.
        unsafe { System.realloc(place, layout, size) }
    }
}
