//! The admin API, as far as it is needed here.
//!
//! Counters move when a sink writes down how far it is, once per window of the log; they are polled.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;
use serde::Deserialize;

use super::backlog::Drained;
use crate::{client::Client, server::Running};

const API: &str = "/api/trackside/v1/sinks";
/// The error of a measured time; reading counters costs the server next to nothing.
const POLL: Duration = Duration::from_millis(50);
/// Less than 2,000 points per second are not waited for.
const DRAIN_LIMIT: Duration = Duration::from_mins(10);

#[derive(Debug, Deserialize)]
struct All {
    log_bytes: u64,
}

/// One sink, as it stands.
#[derive(Debug, Deserialize)]
pub(super) struct Sink {
    state: String,
    pub(super) lag: Lag,
    delivered: u64,
    withheld: BTreeMap<String, u64>,
    pub(super) dead: u64,
    last_error: Option<LastError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Lag {
    pub(super) items: u64,
    entries: u64,
}

#[derive(Debug, Deserialize)]
struct LastError {
    message: String,
}

/// The sinks of one server.
pub(super) struct Sinks {
    client: Client,
}

impl Sinks {
    pub(super) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { client: Client::connect(address).await? })
    }

    pub(super) async fn sink(&mut self, name: &str) -> anyhow::Result<Sink> {
        self.client.get(&format!("{API}/{name}")).await
    }

    pub(super) async fn log_bytes(&mut self) -> anyhow::Result<u64> {
        Ok(self.client.get::<All>(API).await?.log_bytes)
    }

    pub(super) async fn pause(&mut self, name: &str) -> anyhow::Result<Sink> {
        self.client.post_raw(&format!("{API}/{name}/pause"), Bytes::new()).await
    }

    /// Lets a paused sink go on, and waits until it has dealt with as many items as waited for it.
    pub(super) async fn drain(&mut self, server: &Running, name: &str) -> anyhow::Result<Drained> {
        let before = self.sink(name).await?;
        let n_items = before.lag.items;
        let (resumed, cpu_before) = (Instant::now(), server.cpu_time());
        let _: Sink = self.client.post_raw(&format!("{API}/{name}/resume"), Bytes::new()).await?;
        self.wait(name, |sink| sink.n_done() - before.n_done() >= n_items).await?;
        let cpu_time = server.cpu_time().saturating_sub(cpu_before);
        Ok(Drained { n_items, time: resumed.elapsed(), cpu_time })
    }

    pub(super) async fn wait_until_drained(&mut self, name: &str) -> anyhow::Result<()> {
        self.wait(name, |sink| sink.lag.entries == 0).await
    }

    async fn wait(&mut self, name: &str, is_over: impl Fn(&Sink) -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let sink = self.sink(name).await?;
            if is_over(&sink) {
                return Ok(());
            }
            let error = sink.last_error.as_ref().map_or("no error", |error| &error.message);
            ensure!(
                began.elapsed() < DRAIN_LIMIT,
                "sink {name} is {} and {} items behind after {} s: {error}",
                sink.state,
                sink.lag.items,
                DRAIN_LIMIT.as_secs()
            );
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Sink {
    pub(super) fn n_withheld(&self) -> u64 {
        self.withheld.values().sum()
    }

    fn n_done(&self) -> u64 {
        self.delivered + self.n_withheld()
    }
}
