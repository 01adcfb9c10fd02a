//! One counted log line a source a minute: floods of strange connections must not fill the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(60);
/// Sources remembered at most; beyond, the memory is dropped and lines may repeat.
const MOST: usize = 4096;

/// When each source was last written about, and how often since.
#[derive(Default)]
pub(super) struct Quiet(Mutex<HashMap<String, (Instant, u64)>>);

impl Quiet {
    /// `Some(n)`: write a line now, `n` events of this source since the last line (this one included).
    pub(super) fn count(&self, source: String) -> Option<u64> {
        self.count_at(source, Instant::now())
    }

    fn count_at(&self, source: String, now: Instant) -> Option<u64> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.clear();
        }
        match seen.get_mut(&source) {
            Some((at, n)) if now.duration_since(*at) < PERIOD => {
                *n += 1;
                None
            }
            Some(entry) => {
                let n = entry.1 + 1;
                *entry = (now, 0);
                Some(n)
            }
            None => {
                seen.insert(source, (now, 0));
                Some(1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, PERIOD, Quiet};

    #[test]
    fn one_line_a_minute() {
        let (quiet, now) = (Quiet::default(), Instant::now());
        assert_eq!(quiet.count_at("a".into(), now), Some(1));
        assert_eq!(quiet.count_at("a".into(), now), None);
        assert_eq!(quiet.count_at("a".into(), now), None);
        assert_eq!(quiet.count_at("b".into(), now), Some(1));
        assert_eq!(quiet.count_at("a".into(), now + PERIOD), Some(3));
    }
}
