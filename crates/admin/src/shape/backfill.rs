use serde::{Deserialize, Serialize};
use trackside_fanout::BackfillStatus;

/// Which part of the history a sink shall get: exactly one of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backfill {
    /// Every run and model.
    #[serde(default)]
    pub all: bool,
    /// Runs and logged models of the experiment of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Runs and logged models begun at or after this time, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
}

/// A backfill has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Runs in all.
    pub total: u64,
}

/// A backfill under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillProgress {
    /// What is sent, as the user asked for it.
    pub selection: String,
    /// Runs that are done.
    pub done: u64,
    /// Runs in all.
    pub total: u64,
}

impl From<BackfillStatus> for BackfillProgress {
    fn from(status: BackfillStatus) -> Self {
        Self { selection: status.selection, done: status.done, total: status.total }
    }
}
