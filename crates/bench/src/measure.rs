//! One cell of the table, once: prepare, load, read back.

use std::{net::SocketAddr, pin::pin, time::Duration};

use anyhow::Context as _;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::{
    client::Client,
    load::{self, Outcome, Plan},
    machine,
    process::{self, Process},
    readback,
    scenario::Scenario,
    stats::float,
};

/// Creating runs and reading them back; MLflow takes seconds for 64 runs.
const PREPARE_LIMIT: Duration = Duration::from_mins(2);
const READ_BACK_LIMIT: Duration = Duration::from_mins(5);

/// Before the window: connections are new and caches cold.
const WARM_UP: Duration = Duration::from_secs(1);

/// Between readings of memory. The kernel walks every page of the tree for one.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// A scenario at a number of connections.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) scenario: &'static dyn Scenario,
    pub(crate) connections: usize,
}

/// The server that is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// Whether it keeps what it is sent.
    pub(crate) keeps_points: bool,
    /// The root of its process tree, when that is on this machine and to be weighed.
    pub(crate) root: Option<u32>,
}

/// How long, and by how many threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) window: Duration,
    /// From one request of a connection to its next; `None` is a closed loop.
    pub(crate) pace: Option<Duration>,
    pub(crate) n_threads: usize,
}

/// A result whose points were read back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Measured {
    /// In the scenario's unit.
    pub(crate) units_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Requests answered, also during warm-up.
    pub(crate) n_answered: u64,
    /// Of the whole process tree, from the first request to the last answer.
    pub(crate) cpu_seconds_per_1000_requests: f64,
    /// Most memory of the whole process tree under the load.
    pub(crate) load_memory_bytes: u64,
    /// The same while what it had written was read back.
    pub(crate) read_back_memory_bytes: u64,
}

impl Target {
    fn processes(&self) -> Vec<Process> {
        self.root.map(process::tree).unwrap_or_default()
    }

    /// Does something and says the most memory that the server took meanwhile.
    async fn weighed<T>(&self, doing: impl Future<Output = T>) -> (T, u64) {
        let mut readings = tokio::time::interval(MEMORY_EVERY);
        readings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut doing = pin!(doing);
        let mut peak = 0;
        let done = loop {
            tokio::select! {
                done = &mut doing => break done,
                _ = readings.tick(), if self.root.is_some() => peak = process::memory_bytes(&self.processes()).max(peak),
            }
        };
        (done, process::memory_bytes(&self.processes()).max(peak))
    }
}

impl Settings {
    /// Half the cores for the generator unless told otherwise: the server has the rest.
    pub(crate) fn new(seconds: u64, threads: Option<std::num::NonZeroUsize>) -> Self {
        let n_threads = threads.map_or_else(|| (machine::n_cores() / 2).max(1), std::num::NonZeroUsize::get);
        Self { window: Duration::from_secs(seconds), pace: None, n_threads }
    }
}

/// Measures one cell on one server. An error voids it: the server failed, or lost what it acknowledged.
pub(crate) async fn measure(target: Target, cell: Cell, settings: Settings) -> anyhow::Result<Measured> {
    let ids = if target.keeps_points {
        let creating =
            async { Client::connect(target.address).await?.create(cell.scenario.subject(), cell.connections).await };
        tokio::time::timeout(PREPARE_LIMIT, creating).await.context("creating runs took too long")??
    } else {
        (0..cell.connections).map(|number| format!("{number:032x}")).collect()
    };
    let plan = Plan {
        address: target.address,
        scenario: cell.scenario,
        ids: ids.clone(),
        warm_up: WARM_UP,
        window: settings.window,
        pace: settings.pace,
        n_threads: settings.n_threads,
    };
    let cpu_before = process::cpu_time(&target.processes());
    let (outcome, load_memory_bytes) = target.weighed(tokio::task::spawn_blocking(move || load::run(&plan))).await;
    let cpu_time = process::cpu_time(&target.processes()).saturating_sub(cpu_before);
    let outcome = outcome.context("the generator failed")??;
    let mut read_back_memory_bytes = 0;
    if target.keeps_points {
        let reading = read_back(target.address, cell.scenario, &ids, &outcome);
        let read;
        (read, read_back_memory_bytes) = target.weighed(tokio::time::timeout(READ_BACK_LIMIT, reading)).await;
        read.context("reading back took too long")??;
    }
    let n_answered = outcome.n_answered.iter().sum();
    Ok(Measured {
        units_per_second: outcome.requests_per_second * float(cell.scenario.units_per_request()),
        p50_ms: outcome.p50_ms,
        p99_ms: outcome.p99_ms,
        n_answered,
        cpu_seconds_per_1000_requests: cpu_time.as_secs_f64() / float(n_answered) * 1e3,
        load_memory_bytes,
        read_back_memory_bytes,
    })
}

async fn read_back(
    address: SocketAddr,
    scenario: &dyn Scenario,
    ids: &[String],
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let mut client = Client::connect(address).await?;
    for (id, &n_answered) in ids.iter().zip(&outcome.n_answered) {
        readback::check(&mut client, id, &scenario.expected(n_answered)).await?;
    }
    Ok(())
}
