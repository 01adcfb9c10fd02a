//! What changed, told to open pages: a ring of recent events and a broadcast. Carries ids, never patient text.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

/// Events kept for pages that reconnect with `Last-Event-ID`.
const KEPT: usize = 2_000;

/// Slice of the event that ends a stream.
pub const STOP: &str = "stop";

/// One change. Receivers fetch the object again; the event proves nothing.
#[derive(Debug, Clone, Serialize)]
pub struct LiveEvent {
    /// Position in the stream of this process.
    pub seq: u64,
    /// Which slice: `worklist report critical imaging ecg lab delivery clinic outbox storage`.
    pub slice: &'static str,
    /// What happened, usually `changed`.
    pub kind: &'static str,
    /// Id of the object.
    pub id: String,
    /// Facility whose pages are concerned.
    pub facility: String,
}

/// The stream of changes of this process.
#[derive(Clone)]
pub struct Live {
    ring: Arc<Mutex<(u64, VecDeque<LiveEvent>)>>,
    sender: broadcast::Sender<LiveEvent>,
}

impl Default for Live {
    fn default() -> Self {
        Self { ring: Arc::new(Mutex::new((0, VecDeque::new()))), sender: broadcast::channel(1_024).0 }
    }
}

impl Live {
    /// Tells open pages that `id` of `slice` changed. Call after the commit.
    pub fn changed(&self, slice: &'static str, id: &str, facility: &str) {
        let event = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.0 += 1;
            let event = LiveEvent {
                seq: ring.0,
                slice,
                kind: "changed",
                id: id.to_owned(),
                facility: facility.to_owned(),
            };
            ring.1.push_back(event.clone());
            if ring.1.len() > KEPT {
                ring.1.pop_front();
            }
            event
        };
        // No open page is not an error.
        let _ = self.sender.send(event);
    }

    /// Tells every open stream to end: the program stops.
    pub fn stop(&self) {
        self.changed(STOP, "", "");
    }

    /// Events after `seq`, and the receiver for those to come.
    #[must_use]
    pub fn follow(&self, seq: Option<u64>) -> (Vec<LiveEvent>, broadcast::Receiver<LiveEvent>) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let missed = seq.map_or_else(Vec::new, |s| ring.1.iter().filter(|e| e.seq > s).cloned().collect());
        (missed, receiver)
    }
}
