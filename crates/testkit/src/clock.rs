//! A clock that stands still until told otherwise.

use std::sync::atomic::{AtomicI64, Ordering};

use trackside_core::{Clock, Timestamp};

/// A clock set by hand; it starts at the epoch and never moves by itself.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this many milliseconds since the epoch.
    pub const fn at(millis: i64) -> Self {
        Self(AtomicI64::new(millis))
    }

    /// Shows this instant from now on; it may lie in the past.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Moves on by this many milliseconds and returns the new instant.
    pub fn advance(&self, millis: i64) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(millis, Ordering::SeqCst).wrapping_add(millis))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_only_when_told() {
        let clock = ManualClock::at(5);
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.advance(2), Timestamp::from_millis(7));
        clock.set(Timestamp::from_millis(-1));
        assert_eq!(clock.now(), Timestamp::from_millis(-1));
    }
}
