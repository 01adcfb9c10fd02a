//! Time as an argument: the only place that reads the machine's clock.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// Where "now" comes from. Two implementations: the machine and the tests' stepped clock.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now(&self) -> i64;

    /// How far the machine's clock was set away from this one, ms; 0 while the two agree. Until [`Clock::follow`] this one goes on
    /// as if nobody had touched the other.
    fn set_by(&self) -> i64 {
        0
    }

    /// Is set by so much, too; nothing else changes, so whatever the machine's clock was set by meanwhile is still seen.
    fn follow(&self, _by: i64) {}

    /// Whether the machine's clock was behind what has happened when this one began, and has not been followed since.
    fn is_pinned(&self) -> bool {
        false
    }

    /// Is not before `at` (ms since 1970 UTC), which has happened: the machine's clock counts as set back.
    fn not_before(&self, _at: i64) {}

    /// Goes by the machine's clock less `by` ms: it is wrong by so much.
    fn hold(&self, _by: i64) {}
}

/// Furthest the machine's clock moves against the time since it was started and is still not called set, ms.
const STEP_MS: i64 = 5_000;

/// The machine's clock; when that is set, the time goes on as before until somebody has seen to what hangs on it.
#[derive(Debug)]
pub struct SystemClock {
    /// The machine's clock less the time since the machine was started, ms.
    offset: AtomicI64,
    /// The machine's clock was behind what has happened.
    pinned: AtomicBool,
}

impl SystemClock {
    /// The machine's clock as it is now.
    #[must_use]
    pub fn new() -> Self {
        Self { offset: AtomicI64::new(machine() - since_start()), pinned: AtomicBool::new(false) }
    }

    fn steady(&self) -> i64 {
        since_start() + self.offset.load(Ordering::Relaxed)
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let (machine, since_start) = (machine(), since_start());
        let offset = self.offset.load(Ordering::Relaxed);
        let steady = since_start + offset;
        if machine.abs_diff(steady) > STEP_MS.unsigned_abs() {
            return steady;
        }
        // Small corrections are gone with, so that many of them are never a large one. Who had to wait here takes nothing back.
        let corrected = machine - since_start;
        let _ = self.offset.compare_exchange(offset, corrected, Ordering::Relaxed, Ordering::Relaxed);
        self.pinned.store(false, Ordering::Relaxed);
        machine
    }

    fn set_by(&self) -> i64 {
        // Asked for on both sides of the other clock: a thread that had to wait in between has seen nothing.
        let (before, steady) = (machine(), self.steady());
        let by = machine() - steady;
        if by.abs() > STEP_MS && before.abs_diff(steady) > STEP_MS.unsigned_abs() { by } else { 0 }
    }

    fn follow(&self, by: i64) {
        self.offset.fetch_add(by, Ordering::Relaxed);
    }

    fn is_pinned(&self) -> bool {
        self.pinned.load(Ordering::Relaxed)
    }

    fn not_before(&self, at: i64) {
        if self.now() < at {
            self.pinned.store(true, Ordering::Relaxed);
            self.offset.store(at - since_start(), Ordering::Relaxed);
        }
    }

    fn hold(&self, by: i64) {
        self.offset.store(machine() - by - since_start(), Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
fn machine() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Time since the machine was started, ms; also while it slept.
fn since_start() -> i64 {
    let t = clock_gettime(ClockId::Boottime);
    t.tv_sec * SECOND_MS + t.tv_nsec / 1_000_000
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct SteppedClock(AtomicI64);

impl SteppedClock {
    /// Starts at `now` (ms since 1970 UTC).
    #[must_use]
    pub fn at(now: i64) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Moves forward by `ms`.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// One second, minute, hour and day in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_has_happened() {
        let clock = SystemClock::new();
        let now = clock.now();
        assert_eq!(clock.set_by(), 0);
        clock.not_before(now - HOUR_MS);
        assert!(clock.now() < now + MINUTE_MS);
        // the machine's clock went back by an hour
        clock.not_before(now + HOUR_MS);
        assert!((now + HOUR_MS..now + HOUR_MS + MINUTE_MS).contains(&clock.now()));
        assert!((HOUR_MS - MINUTE_MS..=HOUR_MS).contains(&-clock.set_by()));
        clock.follow(clock.set_by());
        assert!((now..now + MINUTE_MS).contains(&clock.now()));
        assert_eq!(clock.set_by(), 0);
    }

    #[test]
    fn a_clock_that_was_behind_is_pinned_until_it_is_followed() {
        let clock = SystemClock::new();
        clock.not_before(machine() + HOUR_MS);
        assert!(clock.set_by() < 0 && clock.is_pinned());
        // somebody sets it, two days are gone since what was recorded
        clock.offset.fetch_sub(HOUR_MS + 2 * DAY_MS, Ordering::Relaxed);
        assert!(clock.set_by() > DAY_MS && clock.is_pinned());
        clock.follow(clock.set_by());
        assert!(clock.set_by() == 0 && clock.now() > 0 && !clock.is_pinned());
        clock.hold(DAY_MS);
        assert!((machine() - clock.now()).abs_diff(DAY_MS) < 500);
        assert!(clock.set_by().abs_diff(DAY_MS) < 500);
    }

    #[test]
    fn small_corrections_are_gone_with() {
        let clock = SystemClock::new();
        clock.offset.fetch_add(STEP_MS - SECOND_MS, Ordering::Relaxed);
        assert_eq!(clock.set_by(), 0);
        assert!(clock.now().abs_diff(machine()) < 500);
        clock.offset.fetch_sub(STEP_MS + SECOND_MS, Ordering::Relaxed);
        assert!(clock.set_by() > STEP_MS);
        assert!(machine() - clock.now() > STEP_MS);
    }
}
