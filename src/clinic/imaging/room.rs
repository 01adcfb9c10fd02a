//! How much memory frames may take, one frame and all of them together.

use std::ops::Deref;

use tokio::sync::{Semaphore, SemaphorePermit};
use yigong_base::Ctx;
use yigong_base::fault::{Fault, Result};

/// MiB of frames at once over all requests: the stored bytes of a frame and the samples made from them.
const ALL: u32 = 1024;

/// What a coded frame may be longer than its samples: headers, tables, padding.
const SLACK: u64 = 1 << 20;

static ROOM: Semaphore = Semaphore::const_new(ALL as usize);

/// Slug of a frame that is not read for its length.
pub(super) const TOO_LARGE: &str = "frame-large";

/// Bytes of a frame, coded or decoded, that are taken into memory at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most(u64);

impl Most {
    /// As configured.
    #[must_use]
    pub fn of(ctx: &Ctx) -> Self {
        Self(u64::try_from(ctx.config.imaging.max_frame_bytes).unwrap_or(0))
    }
}

impl Default for Most {
    /// As the configuration has it when nothing is said.
    fn default() -> Self {
        Self(256 << 20)
    }
}

/// Bytes of a frame, and the room they take until they are dropped.
#[derive(Debug)]
pub struct Framed {
    bytes: Vec<u8>,
    _room: SemaphorePermit<'static>,
}

impl Framed {
    /// The bytes alone, for a body that is sent.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Deref for Framed {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Room for one frame of `stored` bytes whose samples take `samples` bytes. A coded frame is never much longer than its
/// samples: one that is was not made by an encoder, and it is refused before a byte of it is read.
///
/// # Errors
/// `Invalid` with the slug `frame-large`.
pub(super) async fn take(stored: u64, samples: u64, most: Most) -> Result<Room> {
    let allowed = samples.saturating_mul(2).saturating_add(SLACK).min(most.0);
    if stored > allowed || samples > most.0 {
        let detail = format!("{stored} bytes for {samples} bytes of samples; at most {allowed} are read");
        return Err(Fault::invalid(TOO_LARGE, detail));
    }
    let mib = u32::try_from((stored + samples).div_ceil(1 << 20)).unwrap_or(ALL).clamp(1, ALL);
    let taken = ROOM.acquire_many(mib).await.map_err(|_| Fault::internal("no room for frames"))?;
    Ok(Room(taken))
}

/// Room that is taken.
pub struct Room(SemaphorePermit<'static>);

impl Room {
    pub(super) fn filled(self, bytes: Vec<u8>) -> Framed {
        Framed { bytes, _room: self.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_is_as_long_as_its_samples_allow_and_never_longer_than_the_limit() {
        let most = Most(8 << 20);
        for (stored, samples) in [(3 << 20, 1 << 20), (8 << 20, 8 << 20), (0, 1), (SLACK, 0)] {
            assert!(take(stored, samples, most).await.is_ok(), "{stored} {samples}");
        }
        let mib = 1 << 20;
        for (stored, samples) in
            [(3 * mib + 1, mib), (8 * mib + 1, 8 * mib), (10, 8 * mib + 1), (u64::MAX, u64::MAX)]
        {
            let refused = take(stored, samples, most).await.err();
            assert!(
                matches!(&refused, Some(Fault::Invalid { what, .. }) if what == TOO_LARGE),
                "{stored} {samples} {refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn frames_wait_until_there_is_room_and_none_waits_for_more_than_all() {
        let most = Most(u64::MAX / 4);
        let whole = take(900 << 20, 900 << 20, most).await.unwrap();
        let second = tokio::spawn(take(1, 1, most));
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        let framed = whole.filled(vec![1, 2]);
        assert_eq!(&framed[..], [1, 2]);
        drop(framed);
        assert!(second.await.unwrap().is_ok());
    }
}
