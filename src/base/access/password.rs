//! Passwords by argon2id; at most two hashes at a time (each takes 64 MiB).

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

use crate::fault::{Fault, Result};

static SLOTS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

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
    let _slot = SLOTS.acquire().await.map_err(|_| Fault::internal("hash slots closed"))?;
    let password = password.to_owned();
    blocking(move || {
        hasher(cost)?
            .hash_password_with_salt(password.as_bytes(), &salt[..16])
            .map(|h| h.to_string())
            .map_err(|e| Fault::internal(format!("argon2: {e}")))
    })
    .await
}

/// Whether the password fits the hash.
pub async fn verify(password: &str, stored: &str) -> Result<bool> {
    let _slot = SLOTS.acquire().await.map_err(|_| Fault::internal("hash slots closed"))?;
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
