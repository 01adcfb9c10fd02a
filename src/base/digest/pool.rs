//! Threads that hash. What waits is taken together, so that a busy server hashes several objects in one pass.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::lanes::{Lane, WIDTH, advance};

/// Bytes that may be shared with a writer while they are hashed.
pub type Shared = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A SHA-256 between two pieces of a message (FIPS 180-4 §5.3.3 gives the first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    state: [u32; 8],
    bytes: u64,
}

impl Default for Progress {
    fn default() -> Self {
        let state = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        Self { state, bytes: 0 }
    }
}

impl Progress {
    /// The digest as 64 hex digits, after the last piece.
    #[must_use]
    pub fn hex(&self) -> String {
        let mut bytes = [0_u8; 32];
        for (to, word) in bytes.chunks_exact_mut(4).zip(self.state) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        super::hex(&bytes)
    }

    /// The end of the message: a one bit, zeros, the length in bits (FIPS 180-4 §5.1.1).
    fn close(&mut self, tail: &[u8]) {
        let mut blocks = [[0_u8; 64]; 2];
        let flat = blocks.as_flattened_mut();
        for (to, from) in flat.iter_mut().zip(tail.iter().chain(&[0x80])) {
            *to = *from;
        }
        let used = if tail.len() < 56 { 1 } else { 2 };
        if let Some(end) = flat.get_mut(used * 64 - 8..used * 64) {
            end.copy_from_slice(&(self.bytes * 8).to_be_bytes());
        }
        let blocks = blocks.get(..used).unwrap_or_default();
        advance(&mut [Lane { state: &mut self.state, blocks }]);
    }
}

/// Handle to the threads; they end when the last handle goes.
pub struct Hashing {
    queue: Arc<Queue>,
}

struct Queue {
    jobs: Mutex<Jobs>,
    bell: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

struct Job {
    from: Progress,
    data: Shared,
    last: bool,
    done: oneshot::Sender<Progress>,
}

impl Hashing {
    /// Starts the threads: one for every two processors, the other one receives and writes.
    pub fn start() -> std::io::Result<Self> {
        let queue = Arc::new(Queue { jobs: Mutex::default(), bell: Condvar::new() });
        let threads = std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).clamp(1, 4));
        for n in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name(format!("hash-{n}")).spawn(move || queue.run())?;
        }
        Ok(Self { queue })
    }

    /// Continues `from` over `data`. A piece that is not the `last` one is a multiple of 64 bytes long.
    pub fn submit(&self, from: Progress, data: Shared, last: bool) -> oneshot::Receiver<Progress> {
        let (done, receiver) = oneshot::channel();
        self.queue.lock().waiting.push_back(Job { from, data, last, done });
        self.queue.bell.notify_one();
        receiver
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.bell.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some(jobs) = self.next() {
            work(jobs);
        }
    }

    /// Waits; `None` when nothing is left and the handle is gone.
    fn next(&self) -> Option<Vec<Job>> {
        let mut jobs = self.lock();
        loop {
            if !jobs.waiting.is_empty() {
                let count = jobs.waiting.len().min(WIDTH);
                return Some(jobs.waiting.drain(..count).collect());
            }
            if jobs.closed {
                return None;
            }
            jobs = self.bell.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn work(mut jobs: Vec<Job>) {
    let mut lanes: Vec<Lane<'_>> = jobs
        .iter_mut()
        .map(|job| {
            let data: &[u8] = (*job.data).as_ref();
            job.from.bytes += data.len() as u64;
            Lane { state: &mut job.from.state, blocks: data.as_chunks().0 }
        })
        .collect();
    advance(&mut lanes);
    for mut job in jobs {
        if job.last {
            job.from.close((*job.data).as_ref().as_chunks::<64>().1);
        }
        // The bytes go back before the one who waits is told: their memory is used again.
        drop(job.data);
        // Nobody waits for an object that was given up.
        let _ = job.done.send(job.from);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Hashing, Progress};
    use crate::digest::sha256_hex;

    #[tokio::test]
    async fn equals_the_plain_digest_at_every_length() {
        let hashing = Hashing::start().unwrap();
        let all: Vec<u8> = (0..400_u32).map(|i| (i * 7 + i / 3) as u8).collect();
        let waiting: Vec<_> = (0..all.len())
            .map(|n| hashing.submit(Progress::default(), Arc::new(all[..n].to_vec()), true))
            .collect();
        for (n, done) in waiting.into_iter().enumerate() {
            assert_eq!(done.await.unwrap().hex(), sha256_hex(&all[..n]), "{n} bytes");
        }
    }

    #[tokio::test]
    async fn pieces_make_one_message() {
        let hashing = Hashing::start().unwrap();
        let all: Vec<u8> = (0..100_000_u32).map(|i| (i >> 3) as u8).collect();
        let mut progress = Progress::default();
        for (n, piece) in all.chunks(64 * 100).enumerate() {
            let last = (n + 1) * 6400 >= all.len();
            progress = hashing.submit(progress, Arc::new(piece.to_vec()), last).await.unwrap();
        }
        assert_eq!(progress.hex(), sha256_hex(&all));
    }
}
