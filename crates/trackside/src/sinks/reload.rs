//! Reading the configuration again: at SIGHUP, and when the admin API is asked to.
//!
//! All or nothing as far as that goes: a configuration with faults, or with a sink that cannot be built, changes
//! nothing. Sinks whose resolved configuration is the same are not touched; a changed one takes over the place of the
//! former in the log.

use anyhow::Context;
use async_trait::async_trait;
use tokio::signal::unix::{Signal, SignalKind, signal};
use trackside_admin::{Reload, ReloadFailure, shape::Reloaded};
use trackside_core::Error;

use crate::{
    config::{Config, Faults},
    sinks::running::{Running, build_all},
};

/// SIGHUP, taken over from here on.
pub(crate) fn hangups() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("cannot listen for SIGHUP")
}

impl Running {
    /// Reads the configuration again at each signal. Never returns.
    pub(crate) async fn obey(&self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            // It was logged already.
            self.reload().await.ok();
        }
        std::future::pending::<()>().await;
    }

    /// Begins to deliver to what is configured now, unless this process does already.
    pub(crate) async fn begin(&self) {
        let began = std::mem::replace(&mut self.state.lock().await.delivers, true);
        if !began {
            tracing::info!("the server that delivered to sinks and webhooks has ended; this one does from here on");
            // A fault was logged, and is when it is read again.
            self.reload().await.ok();
        }
    }

    async fn take_over(&self, config: Config) -> anyhow::Result<Reloaded> {
        let mut state = self.state.lock().await;
        let mut done = Reloaded { restart_needed: config.differing_settings(&state.config), ..Reloaded::default() };
        let mut wanted = Vec::new();
        for sink in &config.sinks {
            let names = match state.config.sinks.iter().find(|former| former.name == sink.name) {
                Some(former) if former == sink => {
                    done.unchanged.push(sink.name.clone());
                    continue;
                }
                Some(_) => &mut done.changed,
                None => &mut done.added,
            };
            names.push(sink.name.clone());
            wanted.push(sink.clone());
        }
        let kept = |name: &String| config.sinks.iter().any(|sink| sink.name == *name);
        let former = state.config.sinks.iter().map(|sink| sink.name.clone());
        done.removed = former.filter(|name| !kept(name)).collect();
        for built in build_all(&self.builder, &wanted).await? {
            state.put(&self.fanout, built).await?;
        }
        for name in &done.removed {
            state.withdraw(&self.fanout, name).await?;
        }
        // What takes a restart stays as it is, and is named again next time.
        state.config.sinks = config.sinks;
        Ok(done)
    }
}

#[async_trait]
impl Reload for Running {
    async fn reload(&self) -> Result<Reloaded, ReloadFailure> {
        if !self.state.lock().await.delivers {
            let why = "another server on this database delivers to the sinks; have that one read the configuration";
            tracing::warn!(why, "configuration not read again");
            return Err(ReloadFailure::Failed(Error::conflict(why)));
        }
        let outcome = match self.sources.resolve() {
            Ok(config) => self.take_over(config).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(done) => {
                let Reloaded { added, changed, removed, restart_needed, .. } = &done;
                tracing::info!(?added, ?changed, ?removed, "configuration read again");
                if !restart_needed.is_empty() {
                    tracing::warn!(settings = ?restart_needed, "these have changed, which takes a restart");
                }
                Ok(done)
            }
            Err(error) => Err(refused(error)),
        }
    }
}

/// Logs why a configuration was not taken over.
fn refused(error: anyhow::Error) -> ReloadFailure {
    match error.downcast::<Faults>() {
        Ok(Faults { faults, .. }) => {
            for fault in &faults {
                tracing::error!(%fault, "the configuration has a fault");
            }
            tracing::error!(faults = faults.len(), "what ran before goes on");
            ReloadFailure::Faults(faults.into_iter().map(Into::into).collect())
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the configuration cannot be used; what ran before goes on");
            ReloadFailure::Failed(Error::conflict(format!("{error:#}")))
        }
    }
}
