//! What a user sees of a sink.

use std::collections::BTreeMap;

use trackside_core::{
    Timestamp, Withheld,
    store::{Cursor, Lag},
};

use crate::{backfill::Backfill, worker::Handle};

/// How a sink stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkState {
    /// Delivering, or with nothing to deliver.
    Ok,
    /// The last try failed; another follows.
    Retrying,
    /// Too many failures in a row: only probes are sent until one succeeds.
    Open,
    /// A user has paused it.
    Paused,
    /// It has a place in the log but is not in the configuration.
    NotConfigured,
}

impl SinkState {
    /// The name, as users see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retrying => "retrying",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::NotConfigured => "not_configured",
        }
    }
}

/// The last failure of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// Kind of error, in lower case.
    pub kind: &'static str,
    /// What went wrong.
    pub message: String,
}

/// A backfill under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillStatus {
    /// What is sent, as the user asked for it.
    pub selection: String,
    /// Runs that are done, those included that the sink had already.
    pub done: u64,
    /// Runs in all, as counted when it began.
    pub total: u64,
}

/// One sink, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkStatus {
    /// Its name in the configuration.
    pub name: String,
    /// What it is, e.g. `mlflow`; empty when it is not configured.
    pub type_name: &'static str,
    /// How it stands.
    pub state: SinkState,
    /// What it has yet to get.
    pub lag: Lag,
    /// Age of the oldest event it has yet to get, in milliseconds; zero when there is none.
    pub lag_millis: i64,
    /// Items delivered since it was added.
    pub delivered: u64,
    /// Items it cannot represent, by kind.
    pub withheld: Withheld,
    /// Dead letters that wait for a decision.
    pub dead: u64,
    /// Runs and models that lost their place in a full log and wait to be sent again whole.
    pub lost: u64,
    /// Failed tries since the start of the process, by kind of error.
    pub failures: BTreeMap<&'static str, u64>,
    /// The last failure since the start of the process; kept when it is over.
    pub last_error: Option<LastError>,
    /// A backfill under way.
    pub backfill: Option<BackfillStatus>,
}

impl SinkStatus {
    pub(crate) fn new(worker: Option<&Handle>, cursor: Cursor, now: Timestamp) -> Self {
        let state = match worker {
            None => SinkState::NotConfigured,
            Some(_) if cursor.paused => SinkState::Paused,
            Some(worker) => worker.health.state(),
        };
        let (failures, last_error) = worker.map(|worker| worker.health.failures()).unwrap_or_default();
        Self {
            name: cursor.sink,
            type_name: worker.map_or("", |worker| worker.sink.type_name),
            state,
            lag_millis: cursor.lag.since.map_or(0, |since| now.millis().saturating_sub(since.millis()).max(0)),
            lag: cursor.lag,
            delivered: cursor.delivered,
            withheld: cursor.withheld,
            dead: cursor.dead,
            lost: cursor.lost,
            failures,
            last_error,
            backfill: cursor.backfill.and_then(|text| Backfill::read(&text).ok()).map(|backfill| backfill.status()),
        }
    }
}
