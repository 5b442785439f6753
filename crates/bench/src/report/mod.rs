//! What was measured, in full: every round of every cell. Written as JSON; the table is made of it.

pub(crate) mod book;
pub(crate) mod markdown;
pub(crate) mod sheet;
pub(crate) mod table;

use serde::Serialize;

use crate::{
    machine::Machine,
    measure::{Cell, Measured},
    stats::{float, median, number},
};

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) date: String,
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    /// The first one is compared with the others.
    pub(crate) servers: Vec<ServerReport>,
    pub(crate) cells: Vec<CellReport>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Settings {
    /// Measured per cell, server and round.
    pub(crate) seconds: u64,
    pub(crate) n_rounds: usize,
    /// Of the generator.
    pub(crate) n_threads: usize,
    /// Whether the generator is a release build.
    pub(crate) optimised: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct ServerReport {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) durability: &'static str,
    pub(crate) keeps_points: bool,
    pub(crate) cold_start_ms: Vec<f64>,
    /// When idle.
    pub(crate) n_processes: usize,
    pub(crate) idle_memory_bytes: u64,
    /// Over all cells, while they were loaded and read back.
    pub(crate) peak_memory_bytes: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct CellReport {
    pub(crate) scenario: &'static str,
    #[serde(skip)]
    pub(crate) title: &'static str,
    pub(crate) connections: usize,
    /// What `units_per_second` counts.
    pub(crate) unit: &'static str,
    /// Per server, in the order of `Report::servers`.
    pub(crate) rounds: Vec<Vec<Round>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Round {
    Measured(Measured),
    Void { reason: String },
}

/// Medians over rounds, each quantity by itself; of memory it is the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Medians {
    pub(crate) units_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cpu_seconds_per_1000_requests: f64,
    pub(crate) load_memory_bytes: u64,
}

impl ServerReport {
    pub(crate) fn cold_start_ms(&self) -> f64 {
        median(self.cold_start_ms.iter().copied()).unwrap_or_default()
    }

    pub(crate) fn summary(&self) -> String {
        let memory = float(self.idle_memory_bytes) / f64::from(1 << 20);
        let start = number(self.cold_start_ms());
        format!(
            "{}; cold start {start} ms, idle memory {} MiB in {} process(es)",
            self.version,
            number(memory),
            self.n_processes
        )
    }
}

impl CellReport {
    pub(crate) fn new(cell: Cell, n_servers: usize) -> Self {
        Self {
            scenario: cell.scenario.name(),
            title: cell.scenario.title(),
            connections: cell.connections,
            unit: cell.scenario.unit(),
            rounds: (0..n_servers).map(|_| Vec::new()).collect(),
        }
    }

    /// `None` when a round is void: medians of the others would hide it.
    pub(crate) fn medians(&self, server: usize) -> Option<Medians> {
        let rounds: Option<Vec<&Measured>> = self.rounds[server].iter().map(Round::measured).collect();
        let rounds = rounds?;
        let over = |value: fn(&Measured) -> f64| median(rounds.iter().map(|round| value(round)));
        Some(Medians {
            units_per_second: over(|round| round.units_per_second)?,
            p50_ms: over(|round| round.p50_ms)?,
            p99_ms: over(|round| round.p99_ms)?,
            cpu_seconds_per_1000_requests: over(|round| round.cpu_seconds_per_1000_requests)?,
            load_memory_bytes: rounds.iter().map(|round| round.load_memory_bytes).max()?,
        })
    }
}

impl Round {
    pub(crate) fn measured(&self) -> Option<&Measured> {
        if let Self::Measured(measured) = self { Some(measured) } else { None }
    }

    /// The most memory that the server took in it.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        self.measured().map_or(0, |it| it.load_memory_bytes.max(it.read_back_memory_bytes))
    }

    pub(crate) fn summary(&self, unit: &str) -> String {
        match self {
            Self::Measured(it) => format!(
                "{} {unit}/s, p50 {} ms, p99 {} ms",
                number(it.units_per_second),
                number(it.p50_ms),
                number(it.p99_ms)
            ),
            Self::Void { reason } => format!("void: {reason}"),
        }
    }
}

impl From<anyhow::Result<Measured>> for Round {
    fn from(outcome: anyhow::Result<Measured>) -> Self {
        match outcome {
            Ok(measured) => Self::Measured(measured),
            Err(error) => Self::Void { reason: format!("{error:#}") },
        }
    }
}
