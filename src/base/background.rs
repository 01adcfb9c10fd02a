//! Arithmetic that may wait: threads of its own at a lower priority, so that a device that waits for an answer is served
//! before what arrived is understood.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::fault::{Fault, Result};

/// Steps down from the priority of the other threads (`nice`): about a tenth of a processor that others want as well.
const STEPS_DOWN: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// Runs `work` when a thread is free.
///
/// # Errors
/// `Busy` when no thread can be started now; `Internal` when the work panicked.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, wait) = oneshot::channel();
    let job: Work = Box::new(move || {
        if let Ok(made) = catch_unwind(AssertUnwindSafe(work)) {
            // Nobody waits for work that was given up.
            let _ = done.send(made);
        }
    });
    let _counted = Counted::new();
    queue()?.send(job).map_err(|_| Fault::internal("the background threads have ended"))?;
    wait.await.map_err(|_| Fault::internal("background work stopped"))
}

/// Whether so much waits already that nobody should add to it who can come again later.
#[must_use]
pub fn is_full() -> bool {
    WAITING.load(Ordering::Relaxed) >= MUCH
}

/// Pieces of work that are waited for.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// So many are much.
const MUCH: usize = 8;

struct Counted;

impl Counted {
    fn new() -> Self {
        WAITING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The queue of the threads. A start that failed is tried again by the next piece of work.
fn queue() -> Result<Sender<Work>> {
    static QUEUE: Mutex<Option<Sender<Work>>> = Mutex::new(None);
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(queue) = &*queue {
        return Ok(queue.clone());
    }
    let started = start().map_err(|e| Fault::Busy { detail: format!("background threads: {e}") })?;
    Ok(queue.insert(started).clone())
}

/// Starts a thread for each processor; one is enough.
fn start() -> std::io::Result<Sender<Work>> {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for n in 0..threads {
        let receiver = Arc::clone(&receiver);
        let thread = std::thread::Builder::new().name(format!("background-{n}"));
        match thread.spawn(move || serve(&receiver)) {
            Err(error) if n == 0 => return Err(error),
            Err(error) => tracing::warn!(%error, threads = n, "background.fewer threads"),
            Ok(_) => {}
        }
    }
    Ok(sender)
}

fn serve(receiver: &Mutex<Receiver<Work>>) {
    if let Err(error) = rustix::process::nice(STEPS_DOWN) {
        tracing::warn!(%error, "background.priority");
    }
    loop {
        // Held only while waiting: whoever gets a piece of work lets the next thread wait.
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::run;

    #[tokio::test]
    async fn work_is_done_and_a_panic_ends_only_its_own() {
        let made = futures(20).await;
        assert_eq!(made, (0..20).map(|n| n * n).collect::<Vec<_>>());
        assert!(run(|| panic!("of this test")).await.is_err());
        assert_eq!(run(|| 7).await.unwrap(), 7);
    }

    async fn futures(count: u32) -> Vec<u32> {
        let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(run(move || n * n))).collect();
        let mut made = Vec::new();
        for task in tasks {
            made.push(task.await.unwrap().unwrap());
        }
        made
    }
}
