//! The sending side of an association, shared by its reader and by the operation that is at work on it: one message at a time.

use tokio::sync::{Mutex, MutexGuard};
use yigong_formats::dicom::command::Command;

use super::dialogue::Break;
use super::door::Out;
use super::scu::object::Reader;
use super::wire::{fragment_limit, put_fragment, put_message, send};

/// Where messages go out. A message holds it from its first byte to its last.
pub(super) struct Line {
    out: Mutex<Out>,
    body_limit: usize,
}

impl Line {
    pub(super) fn new(out: Out, body_limit: usize) -> Self {
        Self { out: Mutex::new(out), body_limit }
    }

    /// Sends a command and its data set, if it has one, as one write.
    pub(super) async fn message(
        &self,
        context: u8,
        command: &Command,
        data: Option<&[u8]>,
    ) -> Result<(), Break> {
        let mut bytes = Vec::with_capacity(512 + data.map_or(0, <[u8]>::len));
        put_message(&mut bytes, context, true, &command.encode(), self.body_limit);
        if let Some(data) = data {
            put_message(&mut bytes, context, false, data, self.body_limit);
        }
        let mut out = self.out.lock().await;
        if send(&mut *out, &bytes).await { Ok(()) } else { Err(Break::Gone) }
    }

    /// Sends a command and a stored object behind it, piece by piece. An object that cannot be read to its end breaks the
    /// association: its message has begun.
    pub(super) async fn object(
        &self,
        context: u8,
        command: &Command,
        mut reader: Reader,
    ) -> Result<(), Break> {
        let size = fragment_limit(self.body_limit);
        let mut bytes = Vec::with_capacity(self.body_limit + 512);
        put_message(&mut bytes, context, true, &command.encode(), self.body_limit);
        let mut out = self.out.lock().await;
        loop {
            let (fragment, last) = reader.next(size).await.map_err(|error| {
                tracing::error!(%error, "a stored object cannot be read while it is sent");
                Break::Abort(0, "a stored object cannot be read")
            })?;
            put_fragment(&mut bytes, context, false, last, fragment);
            if !send(&mut *out, &bytes).await {
                return Err(Break::Gone);
            }
            bytes.clear();
            if last {
                return Ok(());
            }
        }
    }

    /// The socket itself, when the association ends.
    pub(super) async fn socket(&self) -> MutexGuard<'_, Out> {
        self.out.lock().await
    }
}
