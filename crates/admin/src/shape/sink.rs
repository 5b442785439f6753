use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trackside_fanout::SinkStatus;

use crate::shape::BackfillProgress;

/// All sinks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sinks {
    /// By name.
    pub sinks: Vec<Sink>,
    /// Size of the log of events that some sink has yet to get.
    pub log_bytes: u64,
}

/// One sink, as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sink {
    /// Its name in the configuration.
    pub name: String,
    /// What it is, e.g. `mlflow`; empty when it is not configured.
    #[serde(rename = "type")]
    pub type_name: String,
    /// `ok`, `retrying`, `open`, `paused` or `not_configured`.
    pub state: String,
    /// What it has yet to get.
    pub lag: Lag,
    /// Items delivered since it was added.
    pub delivered: u64,
    /// Items it cannot represent, by kind.
    pub withheld: BTreeMap<String, u64>,
    /// Dead letters that wait for a decision.
    pub dead: u64,
    /// Runs and models that lost their place in a full log and wait to be sent again whole.
    pub lost: u64,
    /// Failed tries since the start of the process, by kind of error.
    pub failures: BTreeMap<String, u64>,
    /// The last failure since the start of the process; kept when it is over.
    pub last_error: Option<LastError>,
    /// A backfill under way.
    pub backfill: Option<BackfillProgress>,
}

/// What a sink has yet to get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Changes, as clients made them.
    pub entries: u64,
    /// Items in them: points, params, tags and so on.
    pub items: u64,
    /// Their bytes in the log.
    pub bytes: u64,
    /// Age of the oldest, in milliseconds.
    pub millis: i64,
}

/// The last failure of a sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Kind of error, in lower case.
    pub kind: String,
    /// What went wrong.
    pub message: String,
}

impl From<SinkStatus> for Sink {
    fn from(status: SinkStatus) -> Self {
        Self {
            name: status.name,
            type_name: status.type_name.to_owned(),
            state: status.state.as_str().to_owned(),
            lag: Lag {
                entries: status.lag.entries,
                items: status.lag.items,
                bytes: status.lag.bytes,
                millis: status.lag_millis,
            },
            delivered: status.delivered,
            withheld: status.withheld.iter().map(|(kind, n)| (kind.as_str().to_owned(), n)).collect(),
            dead: status.dead,
            lost: status.lost,
            failures: status.failures.into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect(),
            last_error: status.last_error.map(|error| LastError {
                at_ms: error.at.millis(),
                kind: error.kind.to_owned(),
                message: error.message,
            }),
            backfill: status.backfill.map(BackfillProgress::from),
        }
    }
}
