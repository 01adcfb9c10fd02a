//! Identifiers and secrets as an argument: the only place that draws random numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Source of identifiers. Two implementations: random (production) and counted (tests).
pub trait Ids: Send + Sync {
    /// A new identifier: 32 lower-case hex digits, ordered by time of making.
    fn next(&self) -> String;
    /// 32 random bytes for a secret.
    fn secret_bytes(&self) -> [u8; 32];

    /// A 256-bit secret as 64 hex digits.
    fn secret(&self) -> String {
        crate::digest::hex(&self.secret_bytes())
    }
}

/// UUID version 7 and the operating system's random numbers.
#[derive(Debug, Default, Clone, Copy)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes real identifiers")]
    fn next(&self) -> String {
        uuid::Uuid::now_v7().simple().to_string()
    }

    fn secret_bytes(&self) -> [u8; 32] {
        let mut bytes = [0_u8; 32];
        // Without randomness no secret is safe: stopping the process is the only right answer.
        if getrandom::fill(&mut bytes).is_err() {
            std::process::abort();
        }
        bytes
    }
}

/// Counted identifiers for tests: `00…01`, `00…02`, …
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn next(&self) -> String {
        format!("{:032x}", self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn secret_bytes(&self) -> [u8; 32] {
        crate::digest::sha256(&self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes())
    }
}
