//! A known number of points, logged as fast as one client can, and what came of them.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;

use crate::{
    client::{Client, Empty},
    readback,
    scenario::{Kind, Template},
    stats::{float, number},
};

/// Runs that take turns, as those of a small cluster do.
const N_RUNS: usize = 8;

/// Runs with points that are counted later.
pub(super) struct Backlog {
    client: Client,
    runs: Vec<Logged>,
}

struct Logged {
    run_id: String,
    template: Template,
    n_requests: u64,
}

/// What a sink had to get, and how long that took.
#[derive(Debug)]
pub(super) struct Drained {
    pub(super) n_items: u64,
    pub(super) time: Duration,
    /// Of the whole server, on all cores.
    pub(super) cpu_time: Duration,
}

impl Backlog {
    pub(super) async fn create(address: SocketAddr) -> anyhow::Result<Self> {
        let mut client = Client::connect(address).await?;
        let run_ids = client.create_runs(N_RUNS).await?;
        let logged = |run_id: String| {
            let template = Kind::LogBatch.scenario().template(&run_id);
            Logged { run_id, template, n_requests: 0 }
        };
        Ok(Self { client, runs: run_ids.into_iter().map(logged).collect() })
    }

    /// Logs at least so many points more.
    pub(super) async fn log(&mut self, n_points: u64) -> anyhow::Result<()> {
        let scenario = Kind::LogBatch.scenario();
        for number in 0..n_points.div_ceil(scenario.units_per_request()) {
            let next = usize::try_from(number).unwrap_or(0) % N_RUNS;
            let run = &mut self.runs[next];
            let body = run.template.render(run.n_requests);
            let _: Empty = self.client.post_raw(scenario.path(), body).await?;
            run.n_requests += 1;
        }
        Ok(())
    }

    /// Whether a server has all of them, and no others.
    pub(super) async fn check(&self, address: SocketAddr) -> anyhow::Result<()> {
        let mut client = Client::connect(address).await?;
        for run in &self.runs {
            let expected = Kind::LogBatch.scenario().expected(run.n_requests);
            readback::check(&mut client, &run.run_id, &expected).await.context("the backlog")?;
        }
        Ok(())
    }

    pub(super) fn n_points(&self) -> u64 {
        self.runs.iter().map(|run| run.n_requests).sum::<u64>() * Kind::LogBatch.scenario().units_per_request()
    }
}

impl Drained {
    pub(super) fn per_second(&self) -> f64 {
        float(self.n_items) / self.time.as_secs_f64()
    }

    /// What the time would allow if the server had one core to itself: does not move with what else the machine does.
    pub(super) fn per_cpu_second(&self) -> f64 {
        float(self.n_items) / self.cpu_time.as_secs_f64()
    }

    pub(super) fn summary(&self) -> String {
        let (n_items, rate) = (self.n_items, number(self.per_second()));
        format!(
            "{n_items} items drained in {:.1} s, {rate}/s; {:.1} s of CPU",
            self.time.as_secs_f64(),
            self.cpu_time.as_secs_f64()
        )
    }
}
