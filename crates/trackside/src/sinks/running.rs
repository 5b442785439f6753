//! The sinks as they run: what was configured, and fan-out which delivers.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, bail};
use trackside_adapter_sqlite::SqliteStore;
use trackside_core::Result;
use trackside_fanout::{Fanout, Sink, SinkState};

use crate::{
    config::{Config, Sources, sink::SinkConfig},
    sinks::{Builder, build::Built, reachability::unreachable},
};

/// All sinks of the process, equal to the configuration as it was last read.
#[derive(Debug)]
pub(crate) struct Running {
    pub(super) fanout: Fanout,
    pub(super) builder: Builder,
    pub(super) sources: Sources,
    /// Held while the set of sinks changes.
    pub(super) state: tokio::sync::Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Config,
    /// Open copies, by sink.
    pub(super) copies: BTreeMap<String, SqliteStore>,
    /// Sinks of the start that have not been asked yet whether they answer.
    unasked: Vec<Sink>,
    /// Whether this process delivers at all, see [`crate::duties`].
    pub(super) delivers: bool,
}

impl Running {
    /// Sinks that somebody else delivers to, until [`Self::begin`].
    pub(crate) fn idle(fanout: Fanout, builder: Builder, sources: Sources, mut config: Config) -> Self {
        config.sinks.clear();
        let state = State { config, copies: BTreeMap::new(), unasked: Vec::new(), delivers: false };
        Self { fanout, builder, sources, state: state.into() }
    }

    /// Builds all sinks and begins to deliver. Fails when one cannot be built, and when one does not answer although
    /// the configuration says that all must.
    pub(crate) async fn start(
        fanout: Fanout,
        builder: Builder,
        sources: Sources,
        config: Config,
    ) -> anyhow::Result<Self> {
        let built = build_all(&builder, &config.sinks).await?;
        let mut unasked: Vec<Sink> = built.iter().map(|built| built.sink.clone()).collect();
        if config.require_reachable {
            let silent = unreachable(&std::mem::take(&mut unasked)).await;
            if !silent.is_empty() {
                let lines: Vec<String> = silent.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect();
                bail!("start.require_reachable is true and not every sink can be reached:{}", lines.concat());
            }
        }
        let mut state = State { config, copies: BTreeMap::new(), unasked, delivers: true };
        for built in built {
            state.put(&fanout, built).await?;
        }
        let running = Self { fanout, builder, sources, state: state.into() };
        running.name_idle().await?;
        Ok(running)
    }

    /// What delivers.
    pub(crate) fn fanout(&self) -> &Fanout {
        &self.fanout
    }

    /// Reports every sink that does not answer. Nothing waits for it.
    pub(crate) async fn report_unreachable(&self) {
        let sinks = std::mem::take(&mut self.state.lock().await.unasked);
        for (sink, why) in unreachable(&sinks).await {
            tracing::warn!(sink, why, "this sink cannot be reached now; what it is to get is kept until it can");
        }
    }

    /// Lets sinks catch up until the deadline, then stops them and closes copies.
    pub(crate) async fn close(&self, deadline: Duration) {
        self.fanout.close(deadline).await;
        let copies = std::mem::take(&mut self.state.lock().await.copies);
        for copy in copies.values() {
            copy.close().await;
        }
    }

    /// Says which sinks hold their place in the log without being configured: the log grows for their sake.
    async fn name_idle(&self) -> Result<()> {
        for status in self.fanout.status().await? {
            if status.state == SinkState::NotConfigured {
                let (sink, entries) = (status.name, status.lag.entries);
                tracing::warn!(
                    sink,
                    entries,
                    "not configured any more; its place in the log is kept until `trackside sinks remove`"
                );
            }
        }
        Ok(())
    }
}

impl State {
    /// Begins to deliver to a sink, in the place of the one of that name.
    pub(super) async fn put(&mut self, fanout: &Fanout, built: Built) -> Result<()> {
        let name = built.sink.tracker.name().to_owned();
        let type_name = built.sink.type_name;
        fanout.put(built.sink).await?;
        let former = match built.copy {
            Some(copy) => self.copies.insert(name.clone(), copy),
            None => self.copies.remove(&name),
        };
        if let Some(former) = former {
            former.close().await;
        }
        tracing::info!(sink = name, r#type = type_name, "mirroring");
        Ok(())
    }

    /// Stops delivering to a sink; its place in the log is kept.
    pub(super) async fn withdraw(&mut self, fanout: &Fanout, name: &str) -> Result<()> {
        fanout.withdraw(name).await?;
        if let Some(copy) = self.copies.remove(name) {
            copy.close().await;
        }
        tracing::info!(sink = name, "not configured any more");
        Ok(())
    }
}

/// Builds all or none.
pub(super) async fn build_all(builder: &Builder, configs: &[SinkConfig]) -> anyhow::Result<Vec<Built>> {
    let (builder, configs) = (builder.clone(), configs.to_vec());
    let build = move || {
        let built = configs
            .iter()
            .map(|config| builder.build(config).with_context(|| format!("sinks.{} cannot be used", config.name)));
        built.collect()
    };
    tokio::task::spawn_blocking(build).await.context("building the sinks failed")?
}
