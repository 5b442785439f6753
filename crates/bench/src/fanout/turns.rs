//! The same load on three servers in turns.
//!
//! Slices are short and alternate, so that what else the machine does falls on all alike; a figure is the median over
//! slices. Kinds of load run side by side: what hurts a client may be another client's request.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use serde::Serialize;

use super::{backlog::Drained, sinks::Sinks};
use crate::{
    measure::{Cell, Settings, Target, measure},
    progress::step,
    report::{CellReport, Medians, Round},
    scenario::Kind,
    server::Running,
    stats::median,
};

/// A training process each, that logs a metric per step of 20 ms: far from what the server can, so that a latency is
/// its own and not that of a queue.
const STEPPING: (Kind, usize, Duration) = (Kind::LogMetric, 8, Duration::from_millis(20));
/// A training process each, that buffers: 8,000 points per second together.
const BUFFERING: (Kind, usize, Duration) = (Kind::LogBatch, 2, Duration::from_millis(250));
/// Before anything counts.
const REHEARSAL: Duration = Duration::from_secs(3);
/// Of load while a backlog drains: as long as that takes, in such slices.
const DRAIN_SLICE: Duration = Duration::from_secs(5);

pub(super) const SERVERS: [&str; 3] = ["without sinks", "healthy sinks", "two more in trouble"];

/// All rounds, per kind of load and server, in the order of [`SERVERS`].
#[derive(Debug, Serialize)]
pub(super) struct Turns {
    pub(super) stepping: CellReport,
    pub(super) buffering: CellReport,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            stepping: CellReport::new(cell(STEPPING), SERVERS.len()),
            buffering: CellReport::new(cell(BUFFERING), SERVERS.len()),
        }
    }

    /// Loads each server for `total`.
    pub(super) async fn take(&mut self, servers: &[Running; 3], slice: Duration, total: Duration) {
        for server in servers {
            server.resume().await;
            drop(load(server, REHEARSAL).await);
            server.pause();
        }
        let n_rounds = total.as_millis().div_ceil(slice.as_millis());
        for round in 0..n_rounds {
            for turn in 0..servers.len() {
                // Each round begins with another one.
                let index = (turn + usize::try_from(round).unwrap_or(0)) % servers.len();
                servers[index].resume().await;
                let (stepping, buffering) = load(&servers[index], slice).await;
                servers[index].pause();
                step(&format!(
                    "round {}/{n_rounds}, {}: one metric {}; 1,000 points {}",
                    round + 1,
                    SERVERS[index],
                    stepping.summary("requests"),
                    buffering.summary("points")
                ));
                self.stepping.rounds[index].push(stepping);
                self.buffering.rounds[index].push(buffering);
            }
        }
    }

    pub(super) fn cells(&self) -> [&CellReport; 2] {
        [&self.stepping, &self.buffering]
    }

    /// Why slices failed: a request that was not answered by 200, or a point that was not there afterwards.
    pub(super) fn failures(&self, server: usize) -> Vec<&str> {
        let rounds = self.cells().into_iter().flat_map(|cell| &cell.rounds[server]);
        rounds
            .filter_map(|round| if let Round::Void { reason } = round { Some(reason.as_str()) } else { None })
            .collect()
    }

    /// Requests answered.
    pub(super) fn n_answered(&self, server: usize) -> u64 {
        let rounds = self.cells().into_iter().flat_map(|cell| &cell.rounds[server]);
        rounds.filter_map(Round::measured).map(|it| it.n_answered).sum()
    }
}

/// The p99 of two servers in the same rounds as a ratio: the median of the rounds' ratios.
pub(super) fn p99_ratio(cell: &CellReport, server: usize, to: usize) -> Option<f64> {
    let pairs = cell.rounds[server].iter().zip(&cell.rounds[to]);
    let ratios: Option<Vec<f64>> = pairs.map(|(one, other)| Some(p99(one)? / p99(other)?)).collect();
    median(ratios?)
}

/// Resumes a sink under load until it has caught up. Also the p99 of one metric, in ms.
pub(super) async fn drain_under_load(
    server: &Running,
    sinks: &mut Sinks,
    name: &str,
) -> anyhow::Result<(Drained, f64)> {
    let over = AtomicBool::new(false);
    let draining = async {
        let drained = sinks.drain(server, name).await;
        over.store(true, Ordering::Relaxed);
        drained
    };
    let loading = async {
        let mut rounds = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let (stepping, buffering) = load(server, DRAIN_SLICE).await;
            rounds.push((stepping, buffering));
        }
        rounds
    };
    let (drained, rounds) = tokio::join!(draining, loading);
    let mut cell = CellReport::new(cell(STEPPING), 1);
    for (stepping, buffering) in rounds {
        if let Round::Void { reason } = buffering {
            anyhow::bail!("while {name} drained: {reason}");
        }
        cell.rounds[0].push(stepping);
    }
    let medians: Medians = cell.medians(0).with_context(|| format!("a request failed while {name} drained"))?;
    Ok((drained?, medians.p99_ms))
}

/// A slice: both kinds of load side by side.
async fn load(server: &Running, window: Duration) -> (Round, Round) {
    let kind = |load: (Kind, usize, Duration)| {
        let settings = Settings { pace: Some(load.2), window, ..Settings::new(0, NonZeroUsize::new(1)) };
        // Memory is read elsewhere, and two kinds of load at once would both read it.
        measure(Target { root: None, ..server.target() }, cell(load), settings)
    };
    let (stepping, buffering) = tokio::join!(kind(STEPPING), kind(BUFFERING));
    (Round::from(stepping), Round::from(buffering))
}

fn cell((kind, connections, _): (Kind, usize, Duration)) -> Cell {
    Cell { scenario: kind.scenario(), connections }
}

fn p99(round: &Round) -> Option<f64> {
    round.measured().map(|it| it.p99_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measured;

    #[test]
    fn a_ratio_is_of_the_same_rounds_and_void_with_one_of_them() {
        let measured = |p99_ms| {
            Round::Measured(Measured {
                units_per_second: 1.0,
                p50_ms: 1.0,
                p99_ms,
                n_answered: 7,
                cpu_seconds_per_1000_requests: 1.0,
                load_memory_bytes: 1,
                read_back_memory_bytes: 1,
            })
        };
        let mut turns = Turns::new();
        turns.stepping.rounds =
            vec![vec![], [1.0, 10.0, 100.0].map(measured).into(), [1.5, 13.0, 900.0].map(measured).into()];
        assert_eq!(p99_ratio(&turns.stepping, 2, 1), Some(1.5));
        assert_eq!((turns.n_answered(2), turns.failures(2).len()), (21, 0));
        turns.stepping.rounds[2][1] = Round::Void { reason: "500".to_owned() };
        assert_eq!(p99_ratio(&turns.stepping, 2, 1), None);
        assert_eq!((turns.n_answered(2), turns.failures(2)), (14, vec!["500"]));
    }
}
