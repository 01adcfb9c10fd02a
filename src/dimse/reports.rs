//! Open associations that may be told something: a job hands a report to the association it belongs to, and gets the peer's
//! status back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// A report that an open association has not delivered by then goes out on one of our own.
const DELIVERY: Duration = Duration::from_secs(60);
/// Reports that may wait for one association.
const WAITING: usize = 4;

/// An N-EVENT-REPORT for an open association.
pub struct Report {
    /// SOP class; the association must have a context for it.
    pub sop_class: &'static str,
    /// SOP instance.
    pub sop_instance: &'static str,
    /// Event Type ID.
    pub event: u16,
    /// Event information in Explicit VR Little Endian.
    pub explicit: Vec<u8>,
    /// The same in Implicit VR Little Endian.
    pub implicit: Vec<u8>,
}

/// A report on its way; dropped without an answer it counts as not delivered.
pub(super) struct Told {
    pub(super) report: Report,
    pub(super) answer: oneshot::Sender<u16>,
}

type Open = Mutex<HashMap<String, mpsc::Sender<Told>>>;

/// The open associations by id. Cheap to clone; the listener and the jobs share one.
#[derive(Clone, Default)]
pub struct Reports(Arc<Open>);

/// An association's place among them; taken back when dropped.
pub(super) struct Listening {
    pub(super) id: String,
    pub(super) told: mpsc::Receiver<Told>,
    open: Arc<Open>,
}

impl Reports {
    /// An association is open and may be told something.
    pub(super) fn listen(&self, id: String) -> Listening {
        let (sender, told) = mpsc::channel(WAITING);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), sender);
        Listening { id, told, open: Arc::clone(&self.0) }
    }

    /// Tells the association; the peer's status, or `None` when it is closed or does not answer in time.
    pub async fn tell(&self, id: &str, report: Report) -> Option<u16> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()?;
        let (answer, heard) = oneshot::channel();
        let told = async {
            sender.send(Told { report, answer }).await.ok()?;
            // Only the association holds it now: when it closes, nobody waits.
            drop(sender);
            heard.await.ok()
        };
        timeout(DELIVERY, told).await.ok().flatten()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            sop_class: "1.2",
            sop_instance: "1.2.3",
            event: 1,
            explicit: Vec::new(),
            implicit: Vec::new(),
        }
    }

    #[tokio::test]
    async fn one_who_has_gone_is_not_told() {
        let reports = Reports::default();
        assert_eq!(reports.tell("a", report()).await, None);
        let mut listening = reports.listen("a".into());
        let telling = tokio::spawn({
            let reports = reports.clone();
            async move { reports.tell("a", report()).await }
        });
        let told = listening.told.recv().await.map(|t| t.answer.send(7));
        assert_eq!((told, telling.await.ok()), (Some(Ok(())), Some(Some(7))));
        let telling = tokio::spawn({
            let reports = reports.clone();
            async move { reports.tell("a", report()).await }
        });
        let unanswered = listening.told.recv().await;
        drop((unanswered, listening));
        assert_eq!(telling.await.ok(), Some(None));
        assert_eq!(reports.tell("a", report()).await, None);
    }
}
