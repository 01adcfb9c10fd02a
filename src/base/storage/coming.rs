//! Addresses whose objects are being written while their rows may stand already (decision 0077): who reads one of them waits
//! until its file is there, or until it is known that it will not be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What is being written by this process.
#[derive(Default)]
pub(super) struct Coming {
    /// By address: how many are writing it. Two senders may bring one object.
    writing: Mutex<HashMap<String, usize>>,
    /// How many there are in all: reading an object must not cost a lock while nothing is being written.
    all: AtomicUsize,
    over: Notify,
}

/// One that is being written; over when it is dropped.
pub(super) struct Writing {
    coming: Arc<Coming>,
    address: String,
}

impl Coming {
    /// From here on readers of this address wait.
    pub(super) fn begin(self: &Arc<Self>, address: &str) -> Writing {
        *self.lock().entry(address.to_owned()).or_default() += 1;
        self.all.fetch_add(1, Ordering::SeqCst);
        Writing { coming: Arc::clone(self), address: address.to_owned() }
    }

    /// Waits while anybody writes this address.
    pub(super) async fn over(&self, address: &str) {
        while self.all.load(Ordering::SeqCst) > 0 {
            let mut over = std::pin::pin!(self.over.notified());
            // Heard from now on: what ends between the look and the wait is not missed.
            over.as_mut().enable();
            if !self.lock().contains_key(address) {
                return;
            }
            over.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut writing = self.coming.lock();
        if let Some(n) = writing.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                writing.remove(&self.address);
            }
        }
        drop(writing);
        self.coming.all.fetch_sub(1, Ordering::SeqCst);
        self.coming.over.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits(coming: &Arc<Coming>, address: &'static str) -> bool {
        tokio::time::timeout(Duration::from_millis(50), coming.over(address)).await.is_err()
    }

    #[tokio::test]
    async fn a_reader_waits_for_the_last_writer_of_its_object_alone() {
        let coming = Arc::new(Coming::default());
        assert!(!waits(&coming, "a").await);
        let (one, two) = (coming.begin("a"), coming.begin("a"));
        assert!(waits(&coming, "a").await);
        assert!(!waits(&coming, "b").await, "another object is not waited for");
        drop(one);
        assert!(waits(&coming, "a").await, "the second is still writing");
        let reader = Arc::clone(&coming);
        let reading = tokio::spawn(async move { reader.over("a").await });
        tokio::task::yield_now().await;
        drop(two);
        tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
        assert!(!waits(&coming, "a").await);
        assert!(coming.lock().is_empty());
    }
}
