//! One cell of the table, once: prepare, load, read back.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;

use crate::{
    client::Client,
    load::{self, Outcome, Plan},
    machine, readback,
    scenario::Scenario,
    stats::float,
};

/// Creating runs and reading them back; MLflow takes seconds for 64 runs.
const PREPARE_LIMIT: Duration = Duration::from_mins(2);
const READ_BACK_LIMIT: Duration = Duration::from_mins(5);

/// Before the window: connections are new and caches cold.
const WARM_UP: Duration = Duration::from_secs(1);

/// A scenario at a number of connections.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) scenario: &'static dyn Scenario,
    pub(crate) connections: usize,
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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// In the scenario's unit.
    pub(crate) units_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Requests answered, also during warm-up.
    pub(crate) n_answered: u64,
}

impl Settings {
    /// Half the cores for the generator unless told otherwise: the server has the rest.
    pub(crate) fn new(seconds: u64, threads: Option<std::num::NonZeroUsize>) -> Self {
        let n_threads = threads.map_or_else(|| (machine::n_cores() / 2).max(1), std::num::NonZeroUsize::get);
        Self { window: Duration::from_secs(seconds), pace: None, n_threads }
    }
}

/// Measures one cell on the server at `address`. An error voids it: the server failed, or lost what it acknowledged.
pub(crate) async fn measure(
    address: SocketAddr,
    keeps_points: bool,
    cell: Cell,
    settings: Settings,
) -> anyhow::Result<Measured> {
    let ids = if keeps_points {
        let creating =
            async { Client::connect(address).await?.create(cell.scenario.subject(), cell.connections).await };
        tokio::time::timeout(PREPARE_LIMIT, creating).await.context("creating runs took too long")??
    } else {
        (0..cell.connections).map(|number| format!("{number:032x}")).collect()
    };
    let plan = Plan {
        address,
        scenario: cell.scenario,
        ids: ids.clone(),
        warm_up: WARM_UP,
        window: settings.window,
        pace: settings.pace,
        n_threads: settings.n_threads,
    };
    let outcome = tokio::task::spawn_blocking(move || load::run(&plan)).await.context("the generator failed")??;
    if keeps_points {
        let reading = read_back(address, cell.scenario, &ids, &outcome);
        tokio::time::timeout(READ_BACK_LIMIT, reading).await.context("reading back took too long")??;
    }
    Ok(Measured {
        units_per_second: outcome.requests_per_second * float(cell.scenario.units_per_request()),
        p50_ms: outcome.p50_ms,
        p99_ms: outcome.p99_ms,
        n_answered: outcome.n_answered.iter().sum(),
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
