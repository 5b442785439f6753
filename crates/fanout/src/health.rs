//! What the worker of a sink has met, shared with whoever asks; and the log lines, one per change of state.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use trackside_core::{Error, Timestamp};

use crate::{LastError, SinkState, breaker::Circuit};

/// Written by the worker, read by `status`. The lock is never held over an await.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Met>);

#[derive(Debug, Clone, Default)]
struct Met {
    state: Option<SinkState>,
    failures: BTreeMap<&'static str, u64>,
    last_error: Option<LastError>,
}

impl Health {
    /// Notes a failed try and what the breaker makes of it.
    pub(crate) fn failed(&self, sink: &str, error: &Error, at: Timestamp, circuit: Circuit, in_a_row: u32) {
        let kind = error.kind().as_str();
        let mut met = self.met();
        *met.failures.entry(kind).or_default() += 1;
        met.last_error = Some(LastError { at, kind, message: error.message().to_owned() });
        let state = if circuit == Circuit::Open { SinkState::Open } else { SinkState::Retrying };
        let before = met.state.replace(state);
        drop(met);
        // From open to half open and back is no news.
        match (before, state) {
            (Some(SinkState::Open), _) | (Some(SinkState::Retrying), SinkState::Retrying) => {}
            (_, SinkState::Open) => {
                tracing::error!(sink, kind, %error, in_a_row, "sink {sink} keeps failing: only probes are sent until one succeeds; events wait in the log");
            }
            _ => tracing::warn!(sink, kind, %error, "sink {sink} failed: trying again; events wait in the log"),
        }
    }

    /// Notes that something was delivered.
    pub(crate) fn succeeded(&self, sink: &str) {
        let before = self.met().state.replace(SinkState::Ok);
        if matches!(before, Some(SinkState::Open | SinkState::Retrying)) {
            tracing::info!(sink, "sink {sink} delivers again");
        }
    }

    /// Notes batches given up.
    pub(crate) fn buried(sink: &str, n: usize, first_reason: &str) {
        tracing::error!(
            sink,
            n,
            reason = first_reason,
            "sink {sink} refused {n} batches: see `trackside sinks dead-letters list {sink}`"
        );
    }

    /// How it stands as far as the worker knows.
    pub(crate) fn state(&self) -> SinkState {
        self.met().state.unwrap_or(SinkState::Ok)
    }

    /// Failed tries by kind, and the last one.
    pub(crate) fn failures(&self) -> (BTreeMap<&'static str, u64>, Option<LastError>) {
        let met = self.met();
        (met.failures.clone(), met.last_error.clone())
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
