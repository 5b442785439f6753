//! What an operator may tune. The defaults suit a laptop and a team's server alike.

use std::{sync::Arc, time::Duration};

use trackside_core::{Clock, Error, IdSource, RandomIds, Result, SystemClock};

use crate::series::{MOST_POINTS, Sealing};

/// Settings of a [`crate::SqliteStore`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Reads that run at the same time; more of them wait. Default 4: reads are short and bound by the processor.
    pub readers: usize,
    /// How long to wait for another process that writes to the same file. Default 5 s: longer than any group of
    /// ours takes, shorter than a client's patience.
    pub busy_timeout: Duration,
    /// Page cache of the writer. Default 16 MiB: the pages that thousands of
    /// series at a time are written to.
    pub writer_cache_kib: u32,
    /// Page cache of each reader. Default 4 MiB: a page of a search; the system's file cache holds the rest.
    pub reader_cache_kib: u32,
    /// Most requests in one transaction. Default 512: beyond that the disk's flush, which grouping saves, no
    /// longer dominates.
    pub group_max_jobs: usize,
    /// No request joins a transaction that has run for so long. Default 5 ms, about one flush of a disk, so
    /// that the first in a group waits at most twice as long as alone.
    pub group_max_time: Duration,
    /// Requests that may wait for the writer; more of them wait at the door. Default 512: one full group is
    /// gathered while another is written. A request holds at most a few hundred KiB.
    pub queue: usize,
    /// A search looks up which runs can pass its filter if these are fewer; otherwise it tries one after the other.
    /// Default 4,000: of 100,000 runs a page of 100 takes some milliseconds either way.
    pub few_runs: u32,
    /// When points are packed, and how many together.
    pub sealing: Sealing,
    /// Says when an entry of the log or a delivery is written. Default: the machine's. Other instants come with the
    /// requests.
    pub clock: Arc<dyn Clock>,
    /// Names deliveries. Default: random ids. Other ids come with the requests.
    pub ids: Arc<dyn IdSource>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            writer_cache_kib: 16 * 1024,
            reader_cache_kib: 4 * 1024,
            group_max_jobs: 512,
            group_max_time: Duration::from_millis(5),
            queue: 512,
            few_runs: 4_000,
            sealing: Sealing::default(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        }
    }
}

impl Config {
    /// `Invalid` when a count is zero or too large.
    pub(crate) fn validate(&self) -> Result<()> {
        let counts = [
            ("readers", self.readers),
            ("group_max_jobs", self.group_max_jobs),
            ("queue", self.queue),
            ("tail_points", self.sealing.tail_points),
            ("unsealed_points", self.sealing.unsealed_points),
            ("chunk_points", self.sealing.chunk_points),
        ];
        let zero = counts.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect::<Vec<_>>();
        if !zero.is_empty() {
            return Err(Error::invalid(format!("{} must be at least 1", zero.join(", "))));
        }
        let sizes = [("unsealed_points", self.sealing.unsealed_points), ("chunk_points", self.sealing.chunk_points)];
        match sizes.iter().find(|(_, points)| *points > MOST_POINTS) {
            Some((name, _)) => Err(Error::invalid(format!("{name} must be at most {MOST_POINTS}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_zero_counts_are_named_at_once() {
        Config::default().validate().unwrap();
        let config = Config { readers: 0, queue: 0, ..Config::default() };
        assert_eq!(config.validate().unwrap_err().message(), "readers, queue must be at least 1");
    }

    #[test]
    fn counts_of_points_are_bounded() {
        let with =
            |sealing| Config { sealing, ..Config::default() }.validate().map_err(|error| error.message().to_owned());
        let most = Sealing { unsealed_points: MOST_POINTS, chunk_points: MOST_POINTS, ..Sealing::default() };
        assert_eq!(with(most), Ok(()));
        let wrong = Sealing { chunk_points: MOST_POINTS + 1, ..most };
        assert_eq!(with(wrong), Err("chunk_points must be at most 65536".to_owned()));
        let wrong = Sealing { unsealed_points: MOST_POINTS + 1, ..most };
        assert_eq!(with(wrong), Err("unsealed_points must be at most 65536".to_owned()));
    }
}
