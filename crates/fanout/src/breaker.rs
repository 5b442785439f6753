//! When to try again: growing random pauses, and a breaker that sends only probes to a peer that keeps failing.
//!
//! The pause before try n + 1 is random between nothing and `base * 2^n`, at most `max`: "full jitter", which spreads
//! many senders evenly (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

use std::time::Duration;

use trackside_core::Retry;

use crate::Policy;

/// Failures in a row, and what they mean for the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Breaker {
    failures: u32,
}

/// Whether data may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Circuit {
    /// All is well.
    Closed,
    /// The last tries failed; the next is another one.
    Retrying,
    /// Only a probe may be sent; when it succeeds the breaker is half open, and the next try decides.
    Open,
}

impl Breaker {
    /// Counts a failure; says how long to wait. `chance` is uniform over all 64-bit numbers.
    pub(crate) fn failed(&mut self, policy: &Policy, retry: Retry, chance: u64) -> Duration {
        let doublings = self.failures.min(32);
        self.failures = self.failures.saturating_add(1);
        let ceiling = policy.retry_base.saturating_mul(1 << doublings.min(31)).min(policy.retry_max);
        let pause = share(ceiling, chance);
        match retry {
            Retry::After(least) => least.saturating_add(share(policy.retry_base, chance)),
            Retry::Later | Retry::Never => pause,
        }
    }

    /// A probe was answered: one try may follow, and one more failure opens the breaker again.
    pub(crate) fn half_open(&mut self, policy: &Policy) {
        self.failures = self.failures.min(policy.breaker_failures.saturating_sub(1));
    }

    /// Something was delivered.
    pub(crate) const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Where it stands.
    pub(crate) const fn circuit(self, policy: &Policy) -> Circuit {
        match self.failures {
            0 => Circuit::Closed,
            n if n < policy.breaker_failures => Circuit::Retrying,
            _ => Circuit::Open,
        }
    }

    /// Failures in a row.
    pub(crate) const fn failures(self) -> u32 {
        self.failures
    }
}

/// That share of a duration which `chance` is of all numbers.
fn share(whole: Duration, chance: u64) -> Duration {
    let nanos = whole.as_nanos().saturating_mul(u128::from(chance)) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            retry_base: Duration::from_millis(100),
            retry_max: Duration::from_secs(1),
            breaker_failures: 3,
            ..Policy::default()
        }
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_are_random_below_it() {
        let mut breaker = Breaker::default();
        let longest: Vec<_> = (0..6).map(|_| breaker.failed(&policy(), Retry::Later, u64::MAX).as_millis()).collect();
        assert_eq!(longest, [99, 199, 399, 799, 999, 999]);
        assert_eq!(breaker.failed(&policy(), Retry::Later, 0), Duration::ZERO);
        assert_eq!(breaker.failed(&policy(), Retry::Later, 1 << 63), Duration::from_millis(500));
    }

    #[test]
    fn the_peer_may_ask_for_longer_pauses_than_the_cap() {
        let asked = Breaker::default().failed(&policy(), Retry::After(Duration::from_secs(90)), 0);
        assert_eq!(asked, Duration::from_secs(90));
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_by_a_delivery() {
        let mut breaker = Breaker::default();
        let mut circuits = Vec::new();
        for _ in 0..3 {
            breaker.failed(&policy(), Retry::Later, 0);
            circuits.push(breaker.circuit(&policy()));
        }
        assert_eq!(circuits, [Circuit::Retrying, Circuit::Retrying, Circuit::Open]);
        breaker.half_open(&policy());
        assert_eq!(breaker.circuit(&policy()), Circuit::Retrying);
        breaker.failed(&policy(), Retry::Later, 0);
        assert_eq!(breaker.circuit(&policy()), Circuit::Open);
        breaker.succeeded();
        assert_eq!(breaker.circuit(&policy()), Circuit::Closed);
    }

    #[test]
    fn countless_failures_do_not_overflow() {
        let mut breaker = Breaker { failures: u32::MAX };
        assert!(breaker.failed(&policy(), Retry::Later, u64::MAX) < Duration::from_secs(1));
    }
}
