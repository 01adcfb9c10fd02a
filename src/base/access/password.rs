//! Passwords by argon2id; at most three hashes at a time (each takes 64 MiB): two for whoever says to be somebody, one for who is signed in.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fault::{Fault, Result};

static SLOTS: LazyLock<Line> = LazyLock::new(|| Line::new(2));
static OWN_SLOT: LazyLock<Line> = LazyLock::new(|| Line::new(1));

/// So many may wait; more are told to come again, for each of them takes a quarter of a second.
const WAITING: usize = 40;

/// Who waits for a hash.
struct Line {
    slots: Semaphore,
    places: Semaphore,
}

impl Line {
    fn new(slots: usize) -> Self {
        Self { slots: Semaphore::new(slots), places: Semaphore::new(slots + WAITING) }
    }

    /// A slot, when it is our turn.
    async fn turn(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>)> {
        let place = self
            .places
            .try_acquire()
            .map_err(|_| Fault::Busy { detail: "too many sign in at once".into() })?;
        let slot = self.slots.acquire().await.map_err(|_| Fault::internal("hash slots closed"))?;
        Ok((place, slot))
    }
}

/// Whose password is held against its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody: these wait for each other.
    Anyone,
    /// A person who is signed in waits for no stranger.
    SignedIn,
}

/// How much work a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// 64 MiB, 3 passes: every real account.
    Full,
    /// 4 MiB, 1 pass: demonstration accounts, whose passwords are printed anyway.
    Demo,
}

fn hasher(cost: Cost) -> Result<Argon2<'static>> {
    let (memory_kib, passes) = match cost {
        Cost::Full => (64 * 1024, 3),
        Cost::Demo => (4 * 1024, 1),
    };
    let params =
        Params::new(memory_kib, passes, 1, None).map_err(|e| Fault::internal(format!("argon2: {e}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password with the given salt (16 bytes or more).
pub async fn hash(password: &str, salt: [u8; 32], cost: Cost) -> Result<String> {
    let _turn = SLOTS.turn().await?;
    let password = password.to_owned();
    blocking(move || {
        hasher(cost)?
            .hash_password_with_salt(password.as_bytes(), &salt[..16])
            .map(|h| h.to_string())
            .map_err(|e| Fault::internal(format!("argon2: {e}")))
    })
    .await
}

/// A turn to look at a password; given back when dropped.
pub struct Turn(#[expect(dead_code, reason = "held")] (SemaphorePermit<'static>, SemaphorePermit<'static>));

/// Waits for a turn. Who counts tries takes it before, so that none is counted of which the password was never looked at.
///
/// # Errors
/// `Busy` while too many wait.
pub async fn turn(who: Who) -> Result<Turn> {
    let line = if who == Who::SignedIn { &OWN_SLOT } else { &SLOTS };
    Ok(Turn(line.turn().await?))
}

/// Whether the password fits the hash.
///
/// # Errors
/// As [`turn`].
pub async fn verify(password: &str, stored: &str, who: Who) -> Result<bool> {
    verify_in(turn(who).await?, password, stored).await
}

/// Whether the password fits the hash, at one's turn.
///
/// # Errors
/// A stored hash that is none.
pub async fn verify_in(_turn: Turn, password: &str, stored: &str) -> Result<bool> {
    let (password, stored) = (password.to_owned(), stored.to_owned());
    blocking(move || {
        let parsed = PasswordHash::new(&stored).map_err(|e| Fault::internal(format!("stored hash: {e}")))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::internal("hash task stopped"))?
}
