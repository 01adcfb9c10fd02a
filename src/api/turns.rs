//! Bodies that take long: how many are read at once, of all and of one facility, and how slow they may be. One clinic, or one that
//! pretends to be slow, never keeps the others out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web;
use futures_util::StreamExt;

/// A body that stands still for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// After so long of waiting for a sender it must have kept the least rate, which a line of 64 kbit/s does while it shares it with others.
const RATE_AFTER: Duration = Duration::from_secs(60);
const LEAST_RATE: u64 = 2_000;

/// Places for bodies.
pub struct Turns {
    all: usize,
    each: usize,
    taken: Mutex<Option<HashMap<String, usize>>>,
}

/// A place, given back when dropped.
pub struct Turn<'t> {
    turns: &'t Turns,
    facility: String,
}

impl Turns {
    /// `all` at once, `each` of one facility.
    #[must_use]
    pub const fn new(all: usize, each: usize) -> Self {
        Self { all, each, taken: Mutex::new(None) }
    }

    /// A place for a body of `facility`, if there is one.
    pub fn take(&self, facility: &str) -> Option<Turn<'_>> {
        let mut held = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = held.get_or_insert_default();
        let own = taken.get(facility).copied().unwrap_or_default();
        if own >= self.each || taken.values().sum::<usize>() >= self.all {
            return None;
        }
        taken.insert(facility.to_owned(), own + 1);
        Some(Turn { turns: self, facility: facility.to_owned() })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut held = self.turns.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = held.as_mut() {
            match taken.get_mut(&self.facility) {
                Some(n) if *n > 1 => *n -= 1,
                _ => {
                    taken.remove(&self.facility);
                }
            }
        }
    }
}

/// Why a body was not read to its end.
pub enum Stopped {
    /// No byte for [`SILENCE`], or fewer than [`LEAST_RATE`] a second.
    Slow(String),
    /// The connection broke, or the body is no body.
    Cut(String),
}

/// A body piece by piece.
pub struct Body {
    payload: web::Payload,
    /// How long it has been waited for, in all.
    waited: Duration,
    read: u64,
}

impl Body {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(payload: web::Payload) -> Self {
        Self { payload, waited: Duration::ZERO, read: 0 }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When it stands still, is too slow, or breaks.
    pub async fn next(&mut self) -> Result<Option<web::Bytes>, Stopped> {
        let asked = Instant::now();
        let piece = match tokio::time::timeout(SILENCE, self.payload.next()).await {
            Err(_) => return Err(Stopped::Slow("no byte for 30 s".into())),
            Ok(None) => return Ok(None),
            Ok(Some(Err(e))) => return Err(Stopped::Cut(e.to_string())),
            Ok(Some(Ok(piece))) => piece,
        };
        self.read += piece.len() as u64;
        // Time spent with what had come is not the sender's.
        self.waited += asked.elapsed();
        if self.waited > RATE_AFTER && self.read < self.waited.as_secs() * LEAST_RATE {
            return Err(Stopped::Slow(format!("fewer than {LEAST_RATE} bytes a second")));
        }
        Ok(Some(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn one_facility_never_has_all_places() {
        let turns = Turns::new(4, 2);
        let held: Vec<_> =
            ["C01", "C01", "C02", "C03"].map(|f| turns.take(f)).into_iter().flatten().collect();
        assert_eq!(held.len(), 4);
        assert!(turns.take("C04").is_none(), "all are taken");
        drop(held);
        let own: Vec<_> = (0..5).filter_map(|_| turns.take("C01")).collect();
        assert_eq!(own.len(), 2);
        assert!(turns.take("C02").is_some());
    }
}
