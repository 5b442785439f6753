//! How many runs passed a filter a moment ago. A client asks with each page, and for some filters all runs have to be
//! read to tell.

use std::sync::{Arc, Mutex, PoisonError};

use trackside_core::{ExperimentId, Timestamp};

/// How long a count is good for: as long as it takes to page through what was counted.
const LIFETIME_MS: i64 = 30_000;
/// Counts kept; a client has one.
const MOST: usize = 64;

/// Counts by experiment and filter. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<Vec<Count>>>);

#[derive(Debug)]
struct Count {
    experiment: ExperimentId,
    filter: String,
    at: Timestamp,
    n_runs: u64,
}

impl Counts {
    /// A count that is still good.
    pub(crate) fn of(&self, experiment: ExperimentId, filter: &str, now: Timestamp) -> Option<u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |count: &&Count| now.millis().saturating_sub(count.at.millis()) < LIFETIME_MS;
        let mut known = counts.iter().filter(is_good);
        known.find(|count| count.experiment == experiment && count.filter == filter).map(|count| count.n_runs)
    }

    /// Keeps a count in place of the oldest.
    pub(crate) fn keep(&self, experiment: ExperimentId, filter: &str, at: Timestamp, n_runs: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|known| known.experiment != experiment || known.filter != filter);
        if counts.len() >= MOST {
            counts.remove(0);
        }
        counts.push(Count { experiment, filter: filter.to_owned(), at, n_runs });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_good_for_a_while() {
        let (counts, at) = (Counts::default(), Timestamp::from_millis);
        let experiment = ExperimentId::new(1);
        counts.keep(experiment, "f", at(0), 7);
        assert_eq!(counts.of(experiment, "f", at(LIFETIME_MS - 1)), Some(7));
        assert_eq!(counts.of(experiment, "f", at(LIFETIME_MS)), None);
        assert_eq!(counts.of(ExperimentId::new(2), "f", at(0)), None);
        (0..100).for_each(|n| counts.keep(experiment, &n.to_string(), at(0), n));
        assert_eq!((counts.of(experiment, "99", at(0)), counts.of(experiment, "0", at(0))), (Some(99), None));
    }
}
