//! From the first signal to the end.
//!
//! The first SIGINT or SIGTERM lets running requests finish and sinks catch up; a second one, or the deadline, cuts
//! both. Either way the store is closed after the last request, so that every answer that was sent is kept, and what
//! sinks have yet to get is in its log.

use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use trackside_server::Shutdown;

/// The signals that end the process.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes both signals over from here on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// Turns signals into the phases of `shutdown`. Never returns: drop it when all is done.
    pub(crate) async fn drive(mut self, shutdown: &Shutdown, deadline: Duration) {
        let name = self.next().await;
        tracing::info!(signal = name, deadline_secs = deadline.as_secs(), "finishing running requests");
        shutdown.soft.cancel();
        tokio::select! {
            name = self.next() => tracing::warn!(signal = name, "second signal: cutting running requests"),
            () = tokio::time::sleep(deadline) => tracing::warn!("deadline: cutting running requests"),
        }
        shutdown.hard.cancel();
        std::future::pending::<()>().await;
    }
}
